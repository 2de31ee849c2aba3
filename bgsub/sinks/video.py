"""Results as video: the masks without loss, and the clip with the foreground marked."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING, Self, cast

import av
import av.error
import cv2
import numpy as np

from bgsub.errors import SinkError, SinkOpenError, SinkWriteError
from bgsub.sinks.drawing import Painter, to_bgr8
from bgsub.sinks.files import PartFile, prepare_folder, write_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from bgsub.frames import FrameResult, StreamInfo

__all__ = ["MaskVideo", "OverlayVideo", "VideoWriter"]

# Encoders take a frame rate as a hint; the timestamps are what counts.
_USUAL_FPS = 25.0
_HINT_RANGE_FPS = (1.0, 240.0)

# Fixed, so that the same clip gives the same file on every machine.
_ENCODER_THREADS = 4

# FFV1 cannot cut pictures of one row or column into slices; only its first version has none.
_MIN_SLICED_PX = 16

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
        FFmpeg's names; the pixel format is ``gray`` or ``yuv420p`` (even sizes only).
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
            self._stream = self._new_stream(self._container)
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

    def _new_stream(self, container: OutputContainer) -> VideoStream:
        fps = min(max(self._fps or _USUAL_FPS, _HINT_RANGE_FPS[0]), _HINT_RANGE_FPS[1])
        rate = Fraction(fps).limit_denominator(1001)
        stream = cast(
            "VideoStream", container.add_stream(self._codec, rate=rate, options=self._options)
        )
        encoder = stream.codec_context
        encoder.width = self._width
        encoder.height = self._height
        encoder.pix_fmt = self._pix_fmt
        encoder.time_base = self._time_base
        encoder.thread_count = _ENCODER_THREADS
        if self._pix_fmt == "yuv420p":
            encoder.color_range = _LIMITED_RANGE
            encoder.color_primaries = _BT709
            encoder.color_trc = _BT709
            encoder.colorspace = _BT601_MATRIX
        encoder.open()
        return stream

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
            raise _size_error(self.path, picture.shape, self._shape, timestamp_s)
        pts = round(timestamp_s / self._time_base)
        if self._last_pts is not None:
            pts = max(pts, self._last_pts + 1)
        frame = av.VideoFrame.from_ndarray(picture, format=self._pix_fmt)
        frame.pts = self._last_pts = pts
        frame.time_base = self._time_base
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise self._fail(error) from error
        self._n_frames += 1

    def _fail(self, error: Exception) -> SinkWriteError:
        """Remember the failure for later calls, and return it as the user reads it."""
        kept = f"what was written of the {self._n_frames} frames before is in {self._file.part}"
        cause = self._file.error or error
        if isinstance(cause, OSError):
            failure = write_error(cause, self.path, kept)
        else:
            failure = SinkWriteError(
                f"The encoder of {self.path} failed ({error}), {kept}; switch this output off."
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


def _size_error(
    path: Path, shape: tuple[int, ...], expected: tuple[int, ...], timestamp_s: float
) -> SinkWriteError:
    return SinkWriteError(
        f"The picture at {timestamp_s:.3f} s is {shape[1]}x{shape[0]} pixels but {path} holds "
        f"{expected[1]}x{expected[0]}: a video has one size, so write the rest to another."
    )


class _VideoSink:
    """What both videos share: a writer that opens on entering and closes on leaving."""

    def __init__(self, writer: VideoWriter) -> None:
        self._writer = writer

    def __enter__(self) -> Self:
        self._writer.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._writer.close()
        except SinkError as error:
            if exc is None:
                raise
            exc.add_note(str(error))


class MaskVideo(_VideoSink):
    """The masks as FFV1 in Matroska, 8-bit grey: every value is read back exactly.

    Timestamps are the source's own, to the millisecond.

    Parameters
    ----------
    path : Path
        Where to, with the suffix ``.mkv``.
    info : StreamInfo
        The source's size and frame rate.

    Notes
    -----
    Masks are mostly flat.  Golomb codes with the small context model code runs of equal
    pixels as such: faster than the range coder and, on masks, half the size.
    """

    def __init__(self, path: Path, info: StreamInfo) -> None:
        options = {"coder": "0", "context": "0"}
        if min(info.width, info.height) < _MIN_SLICED_PX:
            options |= {"level": "1"}
        else:
            options |= {"level": "3", "slices": "4", "slicecrc": "1"}
        super().__init__(
            VideoWriter(
                path,
                width=info.width,
                height=info.height,
                fps=info.fps,
                codec="ffv1",
                pix_fmt="gray",
                options=options,
            )
        )

    def write(self, result: FrameResult) -> None:
        """Add the mask of one frame."""
        mask = np.ascontiguousarray(result.mask)
        self._writer.write(mask, result.frame.timestamp_s)


class OverlayVideo(_VideoSink):
    """The clip with the foreground marked, as H.264 in MP4 that browsers play.

    Foreground and shadow are tinted, regions boxed; time code and event state stand in a
    corner.  The video begins with its first frame; the time code tells the source's time.
    Frames of odd width or height get one more column or row, a copy of the last: H.264 in
    the common 4:2:0 form has even sizes only.

    Parameters
    ----------
    path : Path
        Where to, with the suffix ``.mp4``.
    info : StreamInfo
        The source's size and frame rate.
    crf : int
        Compression as in x264, 0 to 51; higher is smaller and coarser.
    max_value : float or None
        The value that means white in the frames; None: by their type.
    """

    def __init__(
        self, path: Path, info: StreamInfo, crf: int, max_value: float | None = None
    ) -> None:
        self._height = info.height
        self._width = info.width
        self._max_value = max_value
        even_height = info.height + info.height % 2
        even_width = info.width + info.width % 2
        self._canvas = np.zeros((even_height, even_width, 3), np.uint8)
        self._planes = np.zeros((even_height * 3 // 2, even_width), np.uint8)
        self._painter = Painter(self._height, self._width)
        self._first_s: float | None = None
        key_interval = max(2, round(2 * min(info.fps or _USUAL_FPS, _HINT_RANGE_FPS[1])))
        options = {
            "preset": "ultrafast",
            "crf": str(crf),
            "g": str(key_interval),
            # Slices instead of frames on several threads: nothing is held back.  Deblocking
            # and the 8x8 transform cost next to nothing and show.
            "x264-params": "sliced-threads=1:deblock=0,0:8x8dct=1",
        }
        super().__init__(
            VideoWriter(
                path,
                width=even_width,
                height=even_height,
                fps=info.fps,
                codec="libx264",
                pix_fmt="yuv420p",
                options=options,
            )
        )

    def write(self, result: FrameResult) -> None:
        """Add one frame with its foreground marked."""
        timestamp_s = result.frame.timestamp_s
        image = to_bgr8(result.frame.image, self._max_value)
        if image.shape[:2] != (self._height, self._width):
            size = (self._height, self._width)
            raise _size_error(self._writer.path, image.shape, size, timestamp_s)
        picture = self._canvas[: self._height, : self._width]
        np.copyto(picture, image)
        self._painter.paint(picture, result)
        self._canvas[self._height :] = self._canvas[self._height - 1]
        self._canvas[:, self._width :] = self._canvas[:, self._width - 1 : self._width]
        cv2.cvtColor(self._canvas, cv2.COLOR_BGR2YUV_I420, dst=self._planes)
        if self._first_s is None:
            self._first_s = timestamp_s
        self._writer.write(self._planes, timestamp_s - self._first_s)
