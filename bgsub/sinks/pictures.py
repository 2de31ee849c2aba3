"""Results as single pictures, written when a run ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from bgsub.errors import BgsubError
from bgsub.files import prepare_folder, write_bytes
from bgsub.sinks.drawing import to_bgr8
from bgsub.sinks.heat import draw_heat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from bgsub.frames import FrameResult, Image

__all__ = ["BackgroundPicture", "Heatmap"]

_KEPT = "nothing of it is kept"


class _PictureSink(ABC):
    """A PNG file made when the sink is left, if there was a frame."""

    def __init__(self, path: Path, background: Callable[[], Image]) -> None:
        self._path = path
        self._background = background
        self._is_open = False
        self._n_frames = 0

    def __enter__(self) -> Self:
        prepare_folder(self._path.parent)
        self._is_open = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        was_open, self._is_open = self._is_open, False
        if not was_open or self._n_frames == 0:
            return
        try:
            _, data = cv2.imencode(".png", self._picture())
            write_bytes(self._path, data.data, kept=_KEPT)
        except BgsubError as error:
            if exc is None:
                raise
            exc.add_note(str(error))

    @abstractmethod
    def _picture(self) -> Image:
        """Return the picture to write."""


class BackgroundPicture(_PictureSink):
    """The scene without moving things, as the model ends up seeing it.

    Parameters
    ----------
    path : Path
        Where to, a PNG file.
    background : callable
        Returns the picture, shape (H, W) or (H, W, C), uint8; called once when the sink is
        left, if there was a frame.
    """

    def write(self, result: FrameResult) -> None:  # noqa: ARG002 - the model has learnt it
        """Note that there was a frame."""
        self._n_frames += 1

    def _picture(self) -> Image:
        return self._background()


class Heatmap(_PictureSink):
    """Where motion was: the share of frames in which each pixel was foreground.

    Parameters
    ----------
    path : Path
        Where to, a PNG file of the frames' size.
    background : callable
        Returns the picture to draw on, shape (H, W) or (H, W, C), uint8; called once when the
        sink is left, if there was a frame.
    """

    def __init__(self, path: Path, background: Callable[[], Image]) -> None:
        super().__init__(path, background)
        self._counts: NDArray[np.uint32] | None = None
        # Counting in bytes is many times faster; they are carried over before they overflow.
        self._recent: NDArray[np.uint8] | None = None
        self._n_recent = 0

    def write(self, result: FrameResult) -> None:
        """Count the foreground of one frame."""
        if self._recent is None or self._counts is None:
            self._recent = np.zeros(result.mask.shape, np.uint8)
            self._counts = np.zeros(result.mask.shape, np.uint32)
        # 255 >> 7 is 1, shadow (127) and background are 0.
        self._recent += result.mask >> 7
        self._n_recent += 1
        self._n_frames += 1
        if self._n_recent == 255:
            self._carry()

    def _carry(self) -> None:
        if self._recent is not None and self._counts is not None:
            self._counts += self._recent
            self._recent[:] = 0
            self._n_recent = 0

    def _picture(self) -> Image:
        self._carry()
        background = to_bgr8(self._background())
        shares = np.asarray(self._counts, np.float32) / np.float32(self._n_frames)
        return draw_heat(shares, background)
