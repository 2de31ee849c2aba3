"""Recorded clips, decoded with PyAV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import av

from bgsub.errors import SourceError, SourceOpenError
from bgsub.frames import Frame, StreamInfo
from bgsub.sources._container import Clip, open_clip, refuse_size
from bgsub.sources._faults import ProblemLog
from bgsub.sources._pictures import PictureConverter
from bgsub.sources._reader import ClipReader, DecodedFrame

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from types import TracebackType

    from bgsub.frames import Problem

__all__ = ["ClipSource"]

# How far before the wanted time to seek when the container lands behind it.
_SEEK_BACK_S = (0.0, 2.0, 10.0, 40.0)
# Half a microsecond: start and end are compared with times rounded to floating point.
_EPSILON_S = 5e-7


class ClipSource:
    """The frames of a recorded clip, with the container's time stamps.

    Any container and codec that FFmpeg reads.  Grey video, and without `colour` every video,
    is delivered as (H, W) uint8, everything else as (H, W, 3) BGR uint8, upright by the clip's
    display matrix; pixels are taken as square.  Corrupt pictures are skipped and reported in
    :attr:`problems`; a clip that breaks off or changes its picture size ends there, with a
    problem that says so.

    Parameters
    ----------
    path : Path
        The file.
    start_s : float
        Time of the clip in seconds from which frames are delivered.
    end_s : float or None
        Time of the clip before which frames are delivered; None for all.
    scale : float
        Factor of the picture's size, above 0 and at most 1.
    max_side_px : int or None
        The picture's longer side is reduced to at most this.
    colour : bool
        Whether colour is kept; the grey picture of most clips needs no conversion.
    n_threads : int
        Threads of the decoder; 0 takes one for each core.
    n_busy_cores : int
        How many cores others use all the time: small pictures are left to the rest.

    Raises
    ------
    SourceOpenError
        On entering, if the file cannot be read, is no clip, or holds no picture in the
        wanted part.

    Notes
    -----
    Timestamps are those of the clip, also after `start_s`: 0 is the beginning of its video
    stream, and ``StreamInfo.started_at`` is the wall-clock time of it.  ``Frame.index``
    counts the frames from 0, corrupt ones included.  When `start_s` is above 0, decoding
    begins at a keyframe whose number is taken from its time and the mean frame rate: exact
    for a constant rate, an estimate otherwise.

    Where the picture is reduced to half its size or less on each side, H.264 and HEVC
    pictures from which no other is predicted are not deblocked: reduced, they differ by a
    few hundredths of a grey level in the mean, and are decoded in a tenth less time.
    """

    def __init__(
        self,
        path: Path,
        *,
        start_s: float,
        end_s: float | None,
        scale: float,
        max_side_px: int | None = None,
        colour: bool = True,
        n_threads: int = 0,
        n_busy_cores: int = 0,
    ) -> None:
        self._path = path
        self._start_s = start_s
        self._end_s = end_s
        self._scale = scale
        self._max_side_px = max_side_px
        self._colour = colour
        self._n_threads = n_threads
        self._n_busy_cores = n_busy_cores
        self._log = ProblemLog()
        self._clip: Clip | None = None
        self._info: StreamInfo | None = None
        self._frames: Generator[Frame] | None = None
        self._every = 1

    @property
    def info(self) -> StreamInfo:
        """What is known of the clip; valid once entered."""
        if self._info is None:
            raise self._not_open()
        return self._info

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What went wrong so far; grows while frames are read."""
        return self._log.problems

    def __enter__(self) -> Self:
        if self._clip is None:
            self._log = ProblemLog()
            try:
                self._open()
            except BaseException:
                self._close()
                raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def __iter__(self) -> Iterator[Frame]:
        if self._info is None:
            raise self._not_open()
        return iter(()) if self._frames is None else self._frames

    def sampled(self, every: int) -> Iterator[Frame]:
        """Iterate over the frames whose numbers, counted from the first, are multiples.

        Parameters
        ----------
        every : int
            Of what; from 1.  The frames between are decoded only.
        """
        self._every = every
        return iter(self)

    def _open(self) -> None:
        clip, reader, decoded = self._positioned()
        first = next((d for d in decoded if self._is_started(d)), None)
        if first is None or self._is_past_end(first):
            raise SourceOpenError(self._nothing_to_show(reader.last_s))
        if self._start_s > 0:
            # What was wrong before the start was not asked for.
            self._log.clear()
        picture = first.picture
        refuse_size(self._path, picture.width, picture.height)
        converter = PictureConverter(
            picture, scale=self._scale, max_side_px=self._max_side_px, colour=self._colour
        )
        try:
            converter.convert(picture)
        except (av.error.FFmpegError, ValueError) as error:
            msg = (
                f"'{self._path}' has pixels of the kind {picture.format.name}, which cannot "
                "be shown; convert the clip first"
            )
            raise SourceOpenError(msg) from error
        self._info = self._describe(clip, converter)
        self._frames = self._deliver(first, decoded, converter)

    def _positioned(self) -> tuple[Clip, ClipReader, Iterator[DecodedFrame]]:
        """Return a reader whose first frame is at or before the start, and its frames."""
        clip = self._reopen()
        reader = ClipReader(clip, log=self._log, is_seeked=False)
        decoded = reader.frames()
        if self._start_s == 0 or not clip.can_seek:
            return clip, reader, decoded
        # The first frame of all reveals the decoder's delay.
        next(decoded, None)
        delay = reader.delay
        for back_s in _SEEK_BACK_S:
            if not _seek(clip, max(0.0, self._start_s - back_s)):
                break
            reader = ClipReader(clip, log=self._log, is_seeked=True, delay=delay)
            decoded = reader.frames()
            first = next(decoded, None)
            if first is not None and first.timestamp_s <= self._start_s + _EPSILON_S:
                return clip, reader, _chain(first, decoded)
        self._log.clear()
        clip = self._reopen()
        reader = ClipReader(clip, log=self._log, is_seeked=False)
        return clip, reader, reader.frames()

    def _reopen(self) -> Clip:
        if self._clip is not None:
            self._clip.container.close()
        self._clip = open_clip(
            self._path,
            n_threads=self._n_threads,
            n_busy_cores=self._n_busy_cores,
            scale=self._scale,
            max_side_px=self._max_side_px,
        )
        return self._clip

    def _is_started(self, decoded: DecodedFrame) -> bool:
        return decoded.timestamp_s >= self._start_s - _EPSILON_S

    def _is_past_end(self, decoded: DecodedFrame) -> bool:
        return self._end_s is not None and decoded.timestamp_s >= self._end_s - _EPSILON_S

    def _deliver(
        self, first: DecodedFrame, decoded: Iterator[DecodedFrame], converter: PictureConverter
    ) -> Generator[Frame]:
        for shown in _chain(first, decoded):
            number, timestamp_s, picture = shown
            if self._is_past_end(shown):
                self._log.finish()
                return
            if (number - first.number) % self._every:
                continue
            if not converter.fits(picture):
                self._log.finish(
                    _size_change(converter, picture, timestamp_s), at_s=timestamp_s
                )
                return
            try:
                image = converter.convert(picture)
            except (av.error.FFmpegError, ValueError):
                what = (
                    f"the pixels change to a kind that cannot be shown at {timestamp_s:.2f} s"
                )
                self._log.finish(what, at_s=timestamp_s)
                return
            yield Frame(index=number, timestamp_s=timestamp_s, image=image)

    def _describe(self, clip: Clip, converter: PictureConverter) -> StreamInfo:
        n_frames = clip.n_frames
        if n_frames is not None and (self._start_s > 0 or self._end_s is not None):
            total_s = n_frames / float(clip.rate)
            end_s = total_s if self._end_s is None else min(self._end_s, total_s)
            n_frames = max(1, round((end_s - self._start_s) * clip.rate))
        return StreamInfo(
            name=str(self._path),
            width=converter.size[0],
            height=converter.size[1],
            source_width=converter.source_size[0],
            source_height=converter.source_size[1],
            fps=float(clip.rate),
            n_frames=n_frames,
            started_at=clip.started_at,
        )

    def _nothing_to_show(self, last_s: float | None) -> str:
        if last_s is None:
            return (
                f"'{self._path}' holds no picture that can be decoded: it is empty, cut off "
                "near its beginning, or damaged"
            )
        until = "" if self._end_s is None else f" up to {self._end_s:g} s"
        return (
            f"'{self._path}' has no picture from {self._start_s:g} s on{until}; the last one "
            f"seen is at {last_s:.2f} s"
        )

    def _not_open(self) -> SourceError:
        return SourceError(f"'{self._path}' is not open; use it in a with statement")

    def _close(self) -> None:
        if self._frames is not None:
            self._frames.close()
            self._frames = None
        if self._clip is not None:
            self._clip.container.close()
            self._clip = None


def _seek(clip: Clip, to_s: float) -> bool:
    stamp = round(to_s / clip.time_base) + (clip.origin or 0)
    try:
        clip.container.seek(stamp, stream=clip.stream, backward=True)
    except av.error.FFmpegError:
        return False
    return True


def _chain(first: DecodedFrame, rest: Iterator[DecodedFrame]) -> Iterator[DecodedFrame]:
    yield first
    yield from rest


def _size_change(
    converter: PictureConverter, picture: av.VideoFrame, timestamp_s: float
) -> str:
    was_width, was_height = converter.coded_size
    return (
        f"the picture size changes from {was_width}×{was_height} to "
        f"{picture.width}×{picture.height} at {timestamp_s:.2f} s: a recording of one camera "
        "keeps its size, so the rest is left out; split the clip there"
    )
