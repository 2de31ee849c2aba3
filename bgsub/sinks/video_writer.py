"""Encoding video with exact timestamps into files that stay playable."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import av.error
from av.codec.context import Flags as CodecFlags

from bgsub.errors import SinkOpenError, SinkWriteError
from bgsub.files import PartFile, prepare_folder, write_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

__all__ = ["VideoWriter", "add_encoder", "size_error"]

# Encoders take a frame rate as a hint; the timestamps are what counts.
_USUAL_FPS = 25.0
_HINT_RANGE_FPS = (1.0, 240.0)
_KEY_INTERVAL_S = 2.0

# Fixed, so that the same clip gives the same file on every machine.
_ENCODER_THREADS = 4

_FORMATS = {".mkv": "matroska", ".mp4": "mp4"}
_CONTAINER_OPTIONS = {
    # At most a second of video is held back: that is what a killed process loses.
    ".mkv": {"cluster_time_limit": "1000", "flush_packets": "1"},
    # Fragments while it grows, turned into an ordinary file when it is closed.
    ".mp4": {
        "movflags": "hybrid_fragmented",
        "frag_duration": "1000000",
        "flush_packets": "1",
    },
}
# Matroska counts in milliseconds; 1/90000 s divides the periods of all usual frame rates.
_TIME_BASES = {".mkv": Fraction(1, 1000), ".mp4": Fraction(1, 90_000)}

# FFmpeg's AVColorRange, AVColorPrimaries, AVColorTransferCharacteristic and AVColorSpace.
_LIMITED_RANGE = 1
_FULL_RANGE = 2
_BT709 = 1
_BT601_MATRIX = 6


class VideoWriter:
    """One video file, encoded frame by frame with exact timestamps.

    Parameters
    ----------
    path : Path
        The final name; its suffix, ``.mkv`` or ``.mp4``, is the container.
    width, height : int
        Size of every picture in pixels.
    fps : float or None
        Mean frame rate, a hint to the encoder; never used for time.
    codec, pix_fmt : str
        FFmpeg's names; the pixel format is ``gray``, in full range, or ``yuv420p`` (even
        sizes only).
    options : mapping
        The encoder's options.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        fps: float | None,
        codec: str,
        pix_fmt: str,
        options: Mapping[str, str],
    ) -> None:
        self.path = path
        self._width = width
        self._height = height
        self._fps = fps
        self._codec = codec
        self._pix_fmt = pix_fmt
        self._options = dict(options)
        self._time_base = _TIME_BASES[path.suffix]
        rows = height if pix_fmt == "gray" else height * 3 // 2
        self._shape = (rows, width)
        self._file = PartFile(path)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._last_pts: int | None = None
        self._n_frames = 0
        self._failure: str | None = None

    def open(self) -> None:
        """Create the file under its temporary name and start the encoder.

        Raises
        ------
        SinkOpenError
            If the folder or the file cannot be created, or the encoder refuses the size.
        """
        if self._container is not None:
            return
        prepare_folder(self.path.parent)
        self._file.open()
        try:
            self._container = av.open(
                self._file,
                "w",
                format=_FORMATS[self.path.suffix],
                options=_CONTAINER_OPTIONS[self.path.suffix],
            )
            self._stream = add_encoder(
                self._container,
                width=self._width,
                height=self._height,
                fps=self._fps,
                codec=self._codec,
                pix_fmt=self._pix_fmt,
                options=self._options,
                time_base=self._time_base,
            )
        except av.error.FFmpegError as error:
            self._file.discard()
            self._container = None
            size = f"{self._width}x{self._height}"
            message = (
                f"{self.path} cannot be encoded as {self._codec} of {size} pixels "
                f"({error.strerror}); "
                "switch this output off, or reduce the size with input.scale."
            )
            raise SinkOpenError(message) from error

    def write(self, picture: NDArray[np.uint8], timestamp_s: float) -> None:
        """Encode one picture.

        Parameters
        ----------
        picture : ndarray of uint8
            ``gray``: shape (height, width).  ``yuv420p``: the planes one after the other,
            shape (height * 3 / 2, width).  C-contiguous; free to be reused on return.
        timestamp_s : float
            Time in seconds.  Kept to the container's precision (1 ms in Matroska); times that
            would fall together are moved apart by one step.

        Raises
        ------
        SinkWriteError
            If it cannot be kept; every later call raises it again.
        """
        if self._failure is not None:
            raise SinkWriteError(self._failure)
        if self._container is None or self._stream is None:
            message = f"{self.path} is not open: nothing can be written to it."
            raise SinkWriteError(message)
        if picture.shape != self._shape:
            raise size_error(self.path, picture.shape, self._shape, timestamp_s)
        pts = round(timestamp_s / self._time_base)
        if self._last_pts is not None:
            pts = max(pts, self._last_pts + 1)
        frame = self._frame(picture)
        frame.pts = self._last_pts = pts
        frame.time_base = self._time_base
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise self._fail(error) from error
        self._n_frames += 1

    def _frame(self, picture: NDArray[np.uint8]) -> av.VideoFrame:
        if self._pix_fmt == "gray":
            # Not copied: the encoders used here have done with it when they return.
            return av.VideoFrame.from_numpy_buffer(picture, format="gray")
        # PyAV takes buffers of planes for heights that are multiples of 4 only.
        return av.VideoFrame.from_ndarray(picture, format=self._pix_fmt)

    def _fail(self, error: Exception) -> SinkWriteError:
        """Remember the failure for later calls, and return it as the user reads it."""
        kept = "nothing of it is kept"
        if self._n_frames:
            part = self._file.part
            kept = f"what was written of the {self._n_frames} frames before is in {part}"
        cause = self._file.error or error
        if isinstance(cause, OSError):
            failure = write_error(cause, self.path, kept)
        else:
            failure = SinkWriteError(
                f"The encoder of {self.path} failed ({error}); {kept}; switch this output off."
            )
        self._failure = str(failure)
        return failure

    def close(self) -> None:
        """Complete the file and give it its final name; again does nothing.

        Without a frame the file is removed; after an error it keeps its temporary name.

        Raises
        ------
        SinkWriteError
            If the file cannot be completed.
        """
        container, self._container = self._container, None
        stream, self._stream = self._stream, None
        if container is None or stream is None:
            return
        if self._failure is not None or self._n_frames == 0:
            self._give_up(container)
            return
        try:
            container.mux(stream.encode(None))
            container.close()
            self._file.complete()
        except (av.error.FFmpegError, OSError) as error:
            failure = self._fail(error)
            self._give_up(container)
            raise failure from error

    def _give_up(self, container: OutputContainer) -> None:
        # The failure is known already, or there is no frame to lose.
        with contextlib.suppress(av.error.FFmpegError, OSError):
            container.close()
        if self._n_frames:
            self._file.keep()
        else:
            self._file.discard()


def add_encoder(
    container: OutputContainer,
    *,
    width: int,
    height: int,
    fps: float | None,
    codec: str,
    pix_fmt: str,
    options: Mapping[str, str],
    time_base: Fraction,
    key_interval_s: float = _KEY_INTERVAL_S,
    has_global_header: bool = False,
) -> VideoStream:
    """Add a video stream to a container and open its encoder.

    The colour is described as OpenCV converts it; grey is in full range.

    Parameters
    ----------
    container : OutputContainer
        Opened for writing.
    width, height, fps, codec, pix_fmt, options
        As for :class:`VideoWriter`.
    time_base : Fraction
        What the timestamps count, in seconds.
    key_interval_s : float
        Time between key frames at the mean frame rate.
    has_global_header : bool
        Whether the decoder's parameters stay out of the packets although the container does
        not ask for it.

    Raises
    ------
    av.error.FFmpegError
        If the encoder refuses the size or an option.
    """
    fps = min(max(fps or _USUAL_FPS, _HINT_RANGE_FPS[0]), _HINT_RANGE_FPS[1])
    rate = Fraction(fps).limit_denominator(1001)
    stream = cast("VideoStream", container.add_stream(codec, rate=rate, options=dict(options)))
    encoder = stream.codec_context
    encoder.width = width
    encoder.height = height
    encoder.pix_fmt = pix_fmt
    encoder.time_base = time_base
    encoder.gop_size = max(2, round(key_interval_s * fps))
    encoder.thread_count = _ENCODER_THREADS
    if has_global_header:
        encoder.flags |= CodecFlags.global_header
    if pix_fmt == "yuv420p":
        encoder.color_range = _LIMITED_RANGE
        encoder.color_primaries = _BT709
        encoder.color_trc = _BT709
        encoder.colorspace = _BT601_MATRIX
    else:
        # Grey is data: players and OpenCV must not stretch it.
        encoder.color_range = _FULL_RANGE
    encoder.open()
    return stream


def size_error(
    path: Path, shape: tuple[int, ...], expected: tuple[int, ...], timestamp_s: float
) -> SinkWriteError:
    """Return the error for a picture whose shape, (rows, columns), is not the video's."""
    return SinkWriteError(
        f"The picture at {timestamp_s:.3f} s is {shape[1]}x{shape[0]} pixels but {path} holds "
        f"{expected[1]}x{expected[0]}: a video has one size, so write the rest to another."
    )
