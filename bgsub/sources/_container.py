"""Opening a recorded clip, and what its container says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.codec.context import ThreadType

from bgsub.cores import count_cores
from bgsub.errors import SourceOpenError
from bgsub.sources._pictures import scaled_size

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Clip", "open_clip", "refuse_size"]

MAX_SIDE_PX = 16384
MAX_PIXELS = 200_000_000

_TIMEOUT_S = 60.0
# Text shown as pictures, scripts that name other files, and single pictures.
_NOT_CLIPS = frozenset({"tty", "concat", "hls", "dash", "sdp", "image2"})
# Formats whose header says how long the clip should be.  Others estimate it, or read it from
# the last time stamp, so that a cut-off clip looks complete.
_STREAM_DURATION = frozenset({"mov", "asf"})
_CONTAINER_DURATION = frozenset({"matroska", "flv"})
_DEFAULT_RATE = Fraction(25)
# Pictures up to this size are decoded by one core as fast as motion is looked for in them,
# made smaller, by another.
_SMALL_PX = 1280 * 720
_MAX_RATE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """An open container with its video stream, and what it declares.

    Attributes
    ----------
    container : av.container.InputContainer
    stream : av.VideoStream
    rate : Fraction
        Mean frame rate; 25 if the clip does not tell.
    origin : int or None
        The stream's tick that is time 0.
    declared_end_s : float or None
        Where the pictures should end, in seconds after `origin`; None if the container does
        not say so independently of what it holds.
    exact_durations : bool
        The container states how long each frame is shown.
    """

    container: av.container.InputContainer
    stream: av.VideoStream
    rate: Fraction
    origin: int | None
    declared_end_s: float | None
    exact_durations: bool

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick of the stream."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def is_avi(self) -> bool:
        """AVI stores decoding times only."""
        return self.container.format.name == "avi"

    @property
    def can_seek(self) -> bool:
        """Raw streams have no time stamps, and those of MPEG-PS are wrong after seeking."""
        return self.origin is not None and self.container.format.name != "mpeg"

    @property
    def n_frames(self) -> int | None:
        """The declared number of frames, if there is one."""
        if self.stream.frames > 0:
            return self.stream.frames
        end_s = self.declared_end_s or self._estimated_end_s()
        return None if end_s is None else max(1, round(end_s * self.rate))

    @property
    def started_at(self) -> datetime | None:
        """The wall-clock time of time 0, if a sensible one is stored."""
        for metadata in (self.container.metadata, self.stream.metadata):
            text = metadata.get("creation_time", "")
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                continue
            # Cameras without a clock write the epoch of the format: 1904 or 1970.
            if moment.year > 1980:
                return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return None

    def _estimated_end_s(self) -> float | None:
        if self.stream.duration:
            return float(self.stream.duration * self.time_base)
        duration = self.container.duration
        return duration / av.time_base if duration and duration > 0 else None


def open_clip(
    path: Path,
    *,
    n_threads: int,
    n_busy_cores: int = 0,
    scale: float = 1.0,
    max_side_px: int | None = None,
) -> Clip:
    """Open `path` for decoding.

    Parameters
    ----------
    path : Path
        The file.
    n_threads : int
        Threads of the decoder; 0 takes one for each core.
    n_busy_cores : int
        How many cores others use all the time: small pictures are left to the rest.
    scale : float
        Factor of the picture's size that is wanted: of reduced pictures not all is decoded.
    max_side_px : int or None
        The wanted picture's longer side is at most this.

    Raises
    ------
    SourceOpenError
        If it cannot be read, is no clip, or holds no pictures.
    """
    _check_file(path)
    try:
        container = av.open(
            str(path.absolute()),
            metadata_errors="replace",
            # A clip is a file: a playlist or script in disguise must not reach the network.
            options={"protocol_whitelist": "file"},
            timeout=_TIMEOUT_S,
        )
    except av.error.FFmpegError as error:
        raise SourceOpenError(_not_readable(path, error)) from error
    try:
        stream = _video_stream(path, container)
        context = stream.codec_context
        wanted = scaled_size(
            context.width, context.height, scale=scale, max_side_px=max_side_px
        )
        _configure(stream, n_threads or _n_threads(stream, n_busy_cores), wanted)
        return _describe(container, stream)
    except BaseException:
        container.close()
        raise


def refuse_size(path: Path, width: int, height: int) -> None:
    """Raise SourceOpenError if a picture of `width` by `height` pixels is out of bounds."""
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        msg = (
            f"'{path}' claims pictures of {width}×{height} pixels, more than bgsub takes "
            f"({MAX_SIDE_PX} a side, {MAX_PIXELS // 1_000_000} million in all); "
            "it is probably damaged"
        )
        raise SourceOpenError(msg)


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            msg = f"'{path}' is a folder, not a clip; give a file, or a folder of pictures"
            raise SourceOpenError(msg)
        if not path.exists():
            msg = f"'{path}' does not exist; check the name"
            raise SourceOpenError(msg)
        if not path.is_file():
            msg = f"'{path}' is not a regular file; copy the clip to one first"
            raise SourceOpenError(msg)
        with path.open("rb") as file:
            head = file.read(16)
    except PermissionError as error:
        msg = f"'{path}' may not be read; check its permissions"
        raise SourceOpenError(msg) from error
    except OSError as error:
        msg = f"'{path}' cannot be read ({error.strerror}); check the disk or the connection"
        raise SourceOpenError(msg) from error
    if not head:
        msg = f"'{path}' is empty; the recording was probably never written"
        raise SourceOpenError(msg)
    if head.lstrip(b"\xef\xbb\xbf").startswith(b"#EXTM3U"):
        msg = f"'{path}' is a playlist, not a clip; give the clips it names"
        raise SourceOpenError(msg)


def _not_readable(path: Path, error: av.error.FFmpegError) -> str:
    if isinstance(error, av.error.PermissionError):
        return f"'{path}' may not be read; check its permissions"
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return f"'{path}' could not be read within {_TIMEOUT_S:.0f} s; check the disk"
    return (
        f"'{path}' is not a clip that can be read: it is no video file, or it is damaged, "
        "or it was cut off before its index was written"
    )


def _video_stream(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    name = container.format.name
    if name == "tty":
        msg = f"'{path}' holds text, not pictures; give a clip"
        raise SourceOpenError(msg)
    if name.endswith("_pipe") or name == "image2":
        msg = f"'{path}' is a single picture; give a clip, or a folder of pictures"
        raise SourceOpenError(msg)
    if name in _NOT_CLIPS:
        msg = f"'{path}' only names other files; give the clips themselves"
        raise SourceOpenError(msg)
    covers = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & covers]
    if not streams:
        holds = "sound but no pictures" if container.streams.audio else "no pictures"
        msg = f"'{path}' holds {holds}; give a clip with video"
        raise SourceOpenError(msg)
    best = container.streams.best("video")
    stream = next((s for s in streams if s is best), streams[0])
    if getattr(stream, "codec_context", None) is None:
        msg = f"'{path}' is compressed in a way that cannot be decoded here; convert it first"
        raise SourceOpenError(msg)
    refuse_size(path, stream.codec_context.width, stream.codec_context.height)
    return stream


def _n_threads(stream: av.VideoStream, n_busy_cores: int) -> int:
    """Return how many threads to decode with; 0 is one for each core.

    More threads than there are cores for them make the decoder work a fifth more, and get in
    the way of who waits for the pictures.
    """
    context = stream.codec_context
    if n_busy_cores == 0 or context.width * context.height > _SMALL_PX:
        return 0
    return max(1, count_cores() - n_busy_cores)


def _configure(stream: av.VideoStream, n_threads: int, wanted: tuple[int, int]) -> None:
    context = stream.codec_context
    context.thread_type = ThreadType.AUTO
    context.thread_count = n_threads
    context.options = {"max_pixels": str(MAX_PIXELS)}
    if 2 * wanted[0] <= context.width and 2 * wanted[1] <= context.height:
        # Pictures from which no other is predicted need not have the edges of their blocks
        # smoothed, a tenth of the decoder's work: where four pixels and more become one,
        # they are smoothed anyway.
        context.options = {**context.options, "skip_loop_filter": "noref"}
    if context.codec.intra_only or not context.codec.lossy:
        # A damaged picture is left out instead of smeared. Where pictures build on each other
        # that would cost all up to the next keyframe, so there the decoder mends what it can.
        context.options = {**context.options, "err_detect": "explode"}


def _describe(container: av.container.InputContainer, stream: av.VideoStream) -> Clip:
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    rate = next((r for r in rates if r is not None and 0 < r <= _MAX_RATE), _DEFAULT_RATE)
    names = set(container.format.name.split(","))
    return Clip(
        container=container,
        stream=stream,
        rate=rate,
        origin=stream.start_time,
        declared_end_s=_declared_end_s(container, stream, rate, names),
        exact_durations=bool(names & {"mov", "avi"}),
    )


def _declared_end_s(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    rate: Fraction,
    names: set[str],
) -> float | None:
    """Return where the pictures end by the container's header alone, or None."""
    if names & {"avi"}:
        # The demuxer shortens the duration of a cut-off file; the frame count stays.
        return float(stream.frames / rate) if stream.frames > 0 else None
    time_base = stream.time_base or Fraction(1, 1000)
    if names & _STREAM_DURATION and stream.duration:
        return float(stream.duration * time_base)
    if not names & _CONTAINER_DURATION:
        return None
    # These give the end on the container's clock, which need not begin at 0.
    start_s = float((stream.start_time or 0) * time_base)
    tagged_s = _seconds(stream.metadata.get("DURATION", ""))
    if tagged_s is not None:
        return tagged_s - start_s
    if len(container.streams) == 1 and container.duration and container.duration > 0:
        return container.duration / av.time_base - start_s
    return None


def _seconds(text: str) -> float | None:
    """Read Matroska's ``HH:MM:SS.fraction``."""
    parts = text.split(":")
    try:
        hours, minutes, seconds = (float(p) for p in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
