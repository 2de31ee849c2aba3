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
    starts, column_shares : ndarray of int32, shape (w + 1,), and of float32, shape (W,)
        The first of the pixels whose centres come after that of each cell, and the share.
    """

    def __init__(self, height: int, width: int) -> None:
        self.step = max(1, min(height, width) // _LINES)
        self.height = -(-height // self.step)
        self.width = -(-width // self.step)
        self._frame = (width, height)
        self._cells = (self.width, self.height)
        # OpenCV halves fast, but does not do so with other steps, nor enlarge.
        self._is_whole = width == self.width * self.step and height == self.height * self.step
        self._averages = self._is_whole and 2 < self.step <= MOST_STEP
        self._sums = np.empty(width, np.uint16)
        self.rows, self.row_shares = _between(height, self.height)
        columns, self.column_shares = _between(width, self.width)
        self.starts = np.searchsorted(columns, np.arange(self.width + 1)).astype(np.int32)

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
        return cv2.resize(picture, self._cells, interpolation=cv2.INTER_LINEAR)

    def average(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the mean of each cell."""
        if self.step == 1:
            return values
        if not self._averages:
            return cv2.resize(values, self._cells, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
        cells = np.empty(self.shape, np.uint8)
        average(values, self.step, self._sums, cells)
        return cells

    def enlarge(self, cells: Mask) -> Mask:
        """Return an array in which each pixel has the value of its cell."""
        if self.step == 1:
            return cells
        if not self._is_whole or cells.ndim > 2:
            return cv2.resize(cells, self._frame, interpolation=cv2.INTER_NEAREST)  # type: ignore[return-value]
        pixels = np.empty(self._frame[::-1], np.uint8)
        enlarge(cells, self.step, pixels)
        return pixels


def _between(n_pixels: int, n_cells: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    centres = (np.arange(n_pixels) + 0.5) * (n_cells / n_pixels) - 0.5
    before = np.clip(np.floor(centres), 0, max(0, n_cells - 2))
    return before.astype(np.int32), np.clip(centres - before, 0.0, 1.0).astype(np.float32)
