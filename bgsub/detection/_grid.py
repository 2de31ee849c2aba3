"""The coarse grid on which everything but the model and the final mask is worked out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._cells import MOST_STEP, average, enlarge

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["Grid"]

# Above this many lines a frame is worked on at a half, a third, ...: objects are larger there,
# not finer, and what depends on neighbourhoods keeps its meaning at every resolution.
_LINES = 360


class Grid:
    """A grid of cells of `step` × `step` pixels over a frame.

    What is left of the frame at its right and lower edges belongs to the last cells.

    Parameters
    ----------
    height, width : int
        Size of the frames in pixels.

    Attributes
    ----------
    step : int
        Side of a cell in pixels; 1 for small frames.
    height, width : int
        Size of the grid in cells.
    rows, row_shares : ndarray of int32 and of float32, shape (height of the frame,)
        The cell before each pixel's centre, and the share that the next one has in it.
    """

    def __init__(self, height: int, width: int) -> None:
        self.step = max(1, min(height, width) // _LINES)
        self.height = height // self.step
        self.width = width // self.step
        self._frame = (height, width)
        self._cells = (self.width, self.height)
        self._sums = np.empty(self.width * self.step, np.uint16)
        centres = (np.arange(height) + 0.5) / self.step - 0.5
        before = np.clip(np.floor(centres), 0, self.height - 1)
        self.rows = before.astype(np.int32)
        self.row_shares = np.clip(centres - before, 0.0, 1.0).astype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of an array with one element for each cell."""
        return self.height, self.width

    def reduce(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return the value in the middle of each cell."""
        if self.step == 1:
            return picture
        # Interpolated between four pixels: at this scale no finer than the mean of the cell,
        # and many times faster.
        return cv2.resize(self._whole(picture), self._cells, interpolation=cv2.INTER_LINEAR)

    def average(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the mean of each cell."""
        if self.step == 1:
            return values
        whole = self._whole(values)
        if self.step == 2 or self.step > MOST_STEP:
            # What OpenCV does fast.
            return cv2.resize(whole, self._cells, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
        cells = np.empty(self.shape, np.uint8)
        average(whole, self.step, self._sums, cells)
        return cells

    def enlarge(self, cells: Mask) -> Mask:
        """Return an array in which each pixel has the value of its cell."""
        if self.step == 1:
            return cells
        if cells.ndim == 3:
            channels = [self.enlarge(cells[..., c]) for c in range(cells.shape[2])]
            return np.stack(channels, axis=2)
        pixels = np.empty(self._frame, np.uint8)
        enlarge(np.ascontiguousarray(cells), self.step, pixels)
        return pixels

    def _whole(self, picture: NDArray[Any]) -> NDArray[Any]:
        return picture[: self.height * self.step, : self.width * self.step]
