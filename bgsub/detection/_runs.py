"""Connected regions of a coarse mask, as runs: what is not foreground costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import as_read_only, device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = [
    "AREA",
    "BOTTOM",
    "END",
    "LABEL",
    "LEFT",
    "N_EDGES",
    "RIGHT",
    "ROW",
    "START",
    "TOP",
    "Regions",
]

# Columns of the table of runs; a run's end is outside it.
ROW, START, END, LABEL = range(4)
_N_COLUMNS = 4
# Columns of the table of boxes: pixels, edges, of which the last two are outside.
AREA, LEFT, TOP, RIGHT, BOTTOM, N_EDGES = range(6)
# Room for so many runs is made at first; nearly always that is enough.
_FIRST_CAPACITY = 4096
# Pixels that are compared at once with what the run before them is made of.
_BLOCK = 64


class Regions:
    """The connected regions of a mask, numbered from 1.

    Parameters
    ----------
    mask : Mask, shape (h, w)
        What is not 0 is in a region; all of it has the same value.
    diagonal : bool
        Whether corners connect, too (8 neighbours instead of 4).

    Attributes
    ----------
    mask : Mask, shape (h, w)
        As given.
    runs : ndarray of int32, shape (n, 4)
        Pixels of a row one after the other: row, first column, the column after the last
        one, region; in the order of the picture.
    boxes : ndarray of int32, shape (regions + 1, N_EDGES)
        Of each region, by its number, its pixels and edges; the first row is 0.
    """

    def __init__(self, mask: Mask, *, diagonal: bool = True) -> None:
        self.mask = mask
        self.runs, self.boxes = _found(as_read_only(mask), int(diagonal))
        self._labels: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        """Return the number of regions."""
        return len(self.boxes) - 1

    @property
    def labels(self) -> NDArray[np.int32]:
        """Each pixel's region, shape (h, w); 0 is none."""
        if self._labels is None:
            self._labels = np.zeros(self.mask.shape, np.int32)
            _paint(self.runs, np.arange(len(self.boxes), dtype=np.int32), self._labels)
        return self._labels

    def chosen(self, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the pixels of some regions, shape (h, w).

        Parameters
        ----------
        which : ndarray of bool, shape (regions + 1,)
            By number; the first is not looked at.
        """
        pixels = np.zeros(self.mask.shape, np.uint8)
        _paint(self.runs, which.view(np.uint8), pixels)
        return pixels.view(np.bool_)


def _found(mask: NDArray[np.uint8], reach: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return runs and boxes."""
    capacity = _FIRST_CAPACITY
    while True:
        runs = np.empty((capacity + 1, _N_COLUMNS), np.int32)
        boxes = np.empty((capacity + 1, N_EDGES), np.int32)
        n_runs, n_regions = _find(mask, reach, runs, boxes)
        if n_runs <= capacity:
            return runs[:n_runs], boxes[: n_regions + 1]
        capacity = n_runs


@kernel
def _find(
    mask: NDArray[np.uint8], reach: int, runs: NDArray[np.int32], boxes: NDArray[np.int32]
) -> tuple[int, int]:
    """Write runs and boxes, and return how many there are; too many runs are only counted."""
    n_runs = _find_runs(mask, runs)
    if n_runs >= len(runs):
        return n_runs, 0
    n_regions = _label(runs, n_runs, reach)
    _find_boxes(runs, n_runs, n_regions, boxes)
    return n_runs, n_regions


@device
def _find_runs(mask: NDArray[np.uint8], runs: NDArray[np.int32]) -> int:
    """Write all but the runs' regions, and return how many there are.

    Those for which there is no place are all written to the last one.
    """
    height, width = mask.shape
    most = len(runs) - 1
    n_runs = 0
    for y in range(height):
        value = np.uint8(0)
        x = 0
        while x < width:
            end = min(x + _BLOCK, width)
            differs = np.uint8(0)
            for i in range(x, end):
                differs |= mask[y, np.uintp(i)] ^ value
            if differs:
                for i in range(x, end):
                    if mask[y, i] == value:
                        continue
                    run = min(n_runs, most)
                    if value:
                        runs[run, END] = i
                        n_runs += 1
                    else:
                        runs[run, ROW], runs[run, START] = y, i
                    value = mask[y, i]
            x = end
        if value:
            runs[min(n_runs, most), END] = width
            n_runs += 1
    return n_runs


@device
def _label(runs: NDArray[np.int32], n_runs: int, reach: int) -> int:
    """Write the runs' regions, and return how many there are."""
    above = 0
    for i in range(n_runs):
        runs[i, LABEL] = i
        row, start, end = runs[i, ROW], runs[i, START], runs[i, END]
        while runs[above, ROW] < row - 1 or (
            runs[above, ROW] == row - 1 and runs[above, END] + reach <= start
        ):
            above += 1
        other = above
        while runs[other, ROW] == row - 1 and runs[other, START] < end + reach:
            _unite(runs, other, i)
            other += 1
    n_labels = 0
    # Each run stands for its region's first one, or for one that is already numbered.
    for i in range(n_runs):
        if runs[i, LABEL] == i:
            n_labels += 1
            runs[i, LABEL] = n_labels
        else:
            runs[i, LABEL] = runs[runs[i, LABEL], LABEL]
    return n_labels


@device
def _unite(runs: NDArray[np.int32], i: int, j: int) -> None:
    """Put two runs into one region, which is known by its first run."""
    i, j = _root(runs, i), _root(runs, j)
    if i < j:
        runs[j, LABEL] = i
    else:
        runs[i, LABEL] = j


@device
def _root(runs: NDArray[np.int32], i: int) -> int:
    while runs[i, LABEL] != i:
        runs[i, LABEL] = runs[runs[i, LABEL], LABEL]
        i = runs[i, LABEL]
    return i


@device
def _find_boxes(
    runs: NDArray[np.int32], n_runs: int, n_regions: int, boxes: NDArray[np.int32]
) -> None:
    for label in range(n_regions + 1):
        for column in range(N_EDGES):
            boxes[label, column] = 0
    for i in range(n_runs):
        row, start, end, label = runs[i, ROW], runs[i, START], runs[i, END], runs[i, LABEL]
        if boxes[label, AREA] == 0:
            boxes[label, LEFT], boxes[label, TOP] = start, row
        boxes[label, AREA] += end - start
        boxes[label, LEFT] = min(boxes[label, LEFT], start)
        boxes[label, RIGHT] = max(boxes[label, RIGHT], end)
        boxes[label, BOTTOM] = row + 1


@kernel
def _paint(
    runs: NDArray[np.int32], values: NDArray[np.generic], pixels: NDArray[np.generic]
) -> None:
    for i in range(len(runs)):
        value = values[runs[i, LABEL]]
        for x in range(runs[i, START], runs[i, END]):
            pixels[runs[i, ROW], x] = value
