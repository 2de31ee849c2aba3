"""The coarse grid on which everything but the model and the final mask is worked out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._cells import MOST_STEP, average, enlarge, limit
from bgsub.jit import as_read_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from bgsub.frames import Mask
    from bgsub.mixture.workers import Workers

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
    workers : Workers, optional
        Who works on it; only the calling thread without.

    Attributes
    ----------
    step : int
        Side of a cell in pixels; 1 for small frames.
    height, width : int
        Size of the grid in cells.
    rows, row_shares : ndarray of int32 and of float32, shape (height of the frame,)
        The cell before each pixel's centre, and the share that the next one has in it.
    """

    def __init__(self, height: int, width: int, workers: Workers | None = None) -> None:
        self.step = max(1, min(height, width) // _LINES)
        self.height = height // self.step
        self.width = width // self.step
        self._frame = (height, width)
        self._workers = workers
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
        # In the middle there is one pixel, or the mean of four: at this scale no finer than the
        # mean of the cell, and many times faster.
        how = cv2.INTER_NEAREST_EXACT if self.step % 2 else cv2.INTER_LINEAR
        return self._resized(picture, how)

    def average(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the mean of each cell."""
        if self.step == 1:
            return values
        if self.step == 2 or self.step > MOST_STEP:
            # What OpenCV does fast.
            return self._resized(values, cv2.INTER_AREA)
        whole, cells = self._whole(values), np.empty(self.shape, np.uint8)

        def work(first: int, last: int) -> None:
            average(whole, self.step, cells, first, last)

        self._share(work)
        return cells

    def enlarge(self, cells: Mask) -> Mask:
        """Return an array in which each pixel has the value of its cell."""
        if self.step == 1:
            return cells
        if cells.ndim == 3:
            channels = [self.enlarge(cells[..., c]) for c in range(cells.shape[2])]
            return np.stack(channels, axis=2)
        pixels = np.empty(self._frame, np.uint8)
        cells = np.ascontiguousarray(cells)

        def work(first: int, last: int) -> None:
            enlarge(cells, self.step, pixels, first, last)

        self._share(work)
        return pixels

    def limited(self, pixels: Mask, where: NDArray[np.bool_], value: int) -> Mask:
        """Return an array whose pixels are at most `value` in cells where something is true."""
        limited, line = np.empty_like(pixels), np.empty(pixels.shape[1], np.uint8)
        limit(
            as_read_only(where.view(np.uint8)),
            self.step,
            np.uint8(value),
            as_read_only(pixels),
            line,
            limited,
        )
        return limited

    def _resized(self, picture: NDArray[Any], how: int) -> NDArray[Any]:
        """Return the cells of a picture, none of which needs more than its own pixels."""
        whole = self._whole(picture)
        cells = np.empty((*self.shape, *picture.shape[2:]), picture.dtype)

        def work(first: int, last: int) -> None:
            rows, size = slice(first * self.step, last * self.step), (self.width, last - first)
            cv2.resize(whole[rows], size, dst=cells[first:last], interpolation=how)

        self._share(work)
        return cells

    def _share(self, work: Callable[[int, int], None]) -> None:
        """Call `work` for ranges that cover all rows of cells."""
        if self._workers is None:
            work(0, self.height)
        else:
            self._workers.run_rows(work, self.height, self.width * self.step**2)

    def _whole(self, picture: NDArray[Any]) -> NDArray[Any]:
        return picture[: self.height * self.step, : self.width * self.step]
