"""Results as video: the masks without loss, and the clip with the foreground marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from bgsub.errors import SinkError
from bgsub.sinks.canvas import EvenCanvas
from bgsub.sinks.drawing import Painter
from bgsub.sinks.video_writer import VideoWriter, size_error

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from bgsub.frames import FrameResult, StreamInfo

__all__ = ["ClipVideo", "MaskVideo", "OverlayVideo", "ProbabilityVideo"]

# FFV1 cannot cut pictures of one row or column into slices; only its first version has none.
_MIN_SLICED_PX = 16
# How x264 writes masks, and how probabilities.  The number of threads is fixed, so that the
# same pictures give the same file on every machine.
_FLAT = "cabac=1:keyint=1:threads=1"
_NOISY = "cabac=0:threads=2"


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
    """The masks as lossless video in Matroska, 8-bit grey: every value is read back exactly.

    Timestamps are the source's own, to the millisecond.

    Parameters
    ----------
    path : Path
        Where to, with the suffix ``.mkv``.
    info : StreamInfo
        The source's size and frame rate.

    Notes
    -----
    Arithmetic coding: on masks, which are mostly flat, it makes half the size and costs next
    to nothing.  Every frame is a key frame: looking for motion takes two fifths of the
    encoder's time, to save half of a few kilobytes a frame.
    """

    def __init__(self, path: Path, info: StreamInfo) -> None:
        super().__init__(_lossless(path, info, is_flat=True))

    def write(self, result: FrameResult) -> None:
        """Add the mask of one frame."""
        mask = np.ascontiguousarray(result.mask)
        self._writer.write(mask, result.frame.timestamp_s)


class ProbabilityVideo(_VideoSink):
    """The foreground probability as lossless video in Matroska, 8-bit grey.

    255 is surely foreground; from 128 on a pixel is foreground, before cleaning.  Timestamps
    are the source's own, to the millisecond.

    Parameters
    ----------
    path : Path
        Where to, with the suffix ``.mkv``.
    info : StreamInfo
        The source's size and frame rate.

    Notes
    -----
    Probabilities have noise where masks have runs: arithmetic coding would take more than
    twice the time to save a twelfth of the size.
    """

    def __init__(self, path: Path, info: StreamInfo) -> None:
        super().__init__(_lossless(path, info, is_flat=False))

    def write(self, result: FrameResult) -> None:
        """Add the probability of one frame; the detector must have been asked for it."""
        if result.probability is None:
            msg = "the detector was not asked for the foreground probability"
            raise ValueError(msg)
        self._writer.write(np.ascontiguousarray(result.probability), result.frame.timestamp_s)


class ClipVideo(_VideoSink):
    """The frames as they are, as H.264 in MP4 that browsers play.

    The video begins with its first frame.  Frames of odd width or height get one more column
    or row, a copy of the last: H.264 in the common 4:2:0 form has even sizes only.

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
        self, path: Path, info: StreamInfo, crf: int = 20, max_value: float | None = None
    ) -> None:
        self._size = (info.height, info.width)
        self._canvas = EvenCanvas(info.height, info.width, max_value)
        self._first_s: float | None = None
        options = {
            "preset": "ultrafast",
            "crf": str(crf),
            # Slices instead of frames on several threads: nothing is held back.  Deblocking
            # and the 8x8 transform cost next to nothing and show.
            "x264-params": "sliced-threads=1:deblock=0,0:8x8dct=1",
        }
        super().__init__(
            VideoWriter(
                path,
                width=self._canvas.width,
                height=self._canvas.height,
                fps=info.fps,
                codec="libx264",
                pix_fmt="yuv420p",
                options=options,
            )
        )

    def write(self, result: FrameResult) -> None:
        """Add one frame."""
        timestamp_s = result.frame.timestamp_s
        image = result.frame.image
        if image.shape[:2] != self._size:
            raise size_error(self._writer.path, image.shape, self._size, timestamp_s)
        self._mark(self._canvas.draw(image), result)
        if self._first_s is None:
            self._first_s = timestamp_s
        self._writer.write(self._canvas.planes(), timestamp_s - self._first_s)

    def _mark(self, picture: NDArray[np.uint8], result: FrameResult) -> None:
        """Draw into the picture what the video adds to the frame: nothing."""


class OverlayVideo(ClipVideo):
    """The clip with the foreground marked, as H.264 in MP4 that browsers play.

    Foreground and shadow are tinted, regions boxed; time code and event state stand in a
    corner.  The time code tells the source's time.

    Parameters
    ----------
    path, info, crf, max_value
        As for :class:`ClipVideo`.
    """

    def __init__(
        self, path: Path, info: StreamInfo, crf: int, max_value: float | None = None
    ) -> None:
        super().__init__(path, info, crf, max_value)
        self._painter = Painter(info.height, info.width)

    def _mark(self, picture: NDArray[np.uint8], result: FrameResult) -> None:
        self._painter.paint(picture, result)


def _lossless(path: Path, info: StreamInfo, *, is_flat: bool) -> VideoWriter:
    """Return a writer of 8-bit grey from which every value is read back exactly.

    H.264 without loss takes a third of FFV1's time, since it passes over what stays as it was.
    Decoders fill in the colour that it leaves out, and FFmpeg's conversion to BGR, which
    OpenCV reads by, then errs by two levels of green in pictures of odd height: those few
    are FFV1, which is grey throughout.
    """
    if info.height % 2 == 0:
        codec = "libx264"
        options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "qp": "0",
            "x264-params": _FLAT if is_flat else _NOISY,
        }
    else:
        codec = "ffv1"
        options = {"coder": str(int(not is_flat)), "context": "0"}
        if min(info.width, info.height) < _MIN_SLICED_PX:
            options |= {"level": "1"}
        else:
            options |= {"level": "3", "slices": "4", "slicecrc": "1"}
    return VideoWriter(
        path,
        width=info.width,
        height=info.height,
        fps=info.fps,
        codec=codec,
        pix_fmt="gray",
        options=options,
    )
