"""Regions of a mask from its runs: holes filled and small regions dropped in one pass.

A row falls into runs of foreground and of background, taken in turn.  Runs of neighbouring
rows that touch are united (He, Chao and Suzuki, "A run-based two-scan labeling algorithm",
IEEE Trans. Image Processing 17(5), 2008, 749-756): foreground over edges and corners,
background over edges only.  A region is known by its first run, and what surrounds it by the
run to the left of that one: a hole lies in the region of foreground before its first run, a
region in the background before its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.frames import BACKGROUND, FOREGROUND
from bgsub.jit import device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["N_COLUMNS", "RegionFinder"]

# Columns of a region's row: its pixels, and the corners of its box, the last outside it.
AREA, LEFT, TOP, RIGHT, BOTTOM = range(5)
N_COLUMNS = 5

# Pixels that are compared at once with what the run before them is made of.
_BLOCK_PX = 64
_FIRST_CAPACITY = 8192
_NONE = -1


class RegionFinder:
    """Settles masks of one size; keeps its working memory from one to the next.

    Parameters
    ----------
    height, width : int
        Size of the masks in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        # Of the type that sums have, so that what works with both is compiled once.
        self._row_first = np.empty(height + 1, np.int64)
        self._width = width
        self._reserve(_FIRST_CAPACITY)

    def _reserve(self, capacity: int) -> None:
        # One place more than there are runs: that of the surroundings.
        self._start = np.empty(capacity + 1, np.int32)
        self._region = np.empty(capacity + 1, np.int32)
        self._owner = np.empty(capacity + 1, np.int32)
        self._around_px = np.empty(capacity + 1, np.int32)
        self._found = np.empty((capacity + 1, N_COLUMNS), np.int32)

    def settle(
        self, mask: Mask, *, max_hole_px: float, min_area_px: float
    ) -> NDArray[np.int32]:
        """Fill holes, then drop small regions, in place.

        Parameters
        ----------
        mask : Mask, shape (H, W), C-contiguous
            Modified.  Only 255 is foreground; shadow stays where it is neither in a filled
            hole nor in foreground.
        max_hole_px : float
            Largest number of pixels, all that a hole encloses, that are filled; below 1
            nothing is.
        min_area_px : float
            Smallest number of pixels, filled holes included, of a region that stays.

        Returns
        -------
        ndarray of int32, shape (n, 5)
            Of each region that is left: its pixels; its box's left and top edge, and its
            right and bottom edge, which are outside.
        """
        n_runs = _find_runs(mask, self._start, self._row_first)
        if n_runs >= len(self._start):
            self._reserve(n_runs + n_runs // 2)
            _find_runs(mask, self._start, self._row_first)
        n_found = _settle(
            mask,
            self._start,
            self._row_first,
            self._region,
            self._owner,
            self._around_px,
            self._found,
            max_hole_px,
            min_area_px,
        )
        return self._found[:n_found].copy()


@device
def _is_all(mask: Mask, y: int, first: int, value: np.uint8) -> bool:
    """Whether a whole block is of one value: a loop of known length."""
    differs = np.uint8(0)
    for i in range(_BLOCK_PX):
        differs |= mask[y, np.uintp(first) + np.uintp(i)] ^ value
    return bool(differs == 0)


@kernel
def _find_runs(mask: Mask, start: NDArray[np.int32], row_first: NDArray[np.int64]) -> int:
    """Find where runs begin, and return how many there are; too many are only counted.

    Runs of a row take turns.  That it begins with foreground is told by an empty run of
    background at its beginning.
    """
    height, width = mask.shape
    capacity = len(start) - 1
    n_runs = 0
    for y in range(height):
        row_first[y] = n_runs
        if n_runs < capacity:
            start[n_runs] = 0
        n_runs += 1
        current = np.uint8(BACKGROUND)
        is_foreground = False
        x = 0
        while x < width:
            end = min(x + _BLOCK_PX, width)
            if end - x == _BLOCK_PX and _is_all(mask, y, x, current):
                x = end
                continue
            for i in range(x, end):
                if (mask[y, i] == FOREGROUND) != is_foreground:
                    is_foreground = not is_foreground
                    if n_runs < capacity:
                        start[n_runs] = i
                    n_runs += 1
            current = np.uint8(FOREGROUND) if is_foreground else np.uint8(BACKGROUND)
            x = end
    row_first[height] = n_runs
    if n_runs <= capacity:
        start[n_runs] = 0
    return n_runs


@device
def _root(region: NDArray[np.int32], i: int) -> int:
    while region[i] != i:
        region[i] = region[region[i]]
        i = region[i]
    return i


@device
def _unite(region: NDArray[np.int32], i: int, j: int) -> None:
    """Put two runs into one region, which is known by its first run."""
    i, j = _root(region, i), _root(region, j)
    if i < j:
        region[j] = i
    else:
        region[i] = j


@device
def _label(
    start: NDArray[np.int32],
    row_first: NDArray[np.int64],
    region: NDArray[np.int32],
    width: int,
) -> None:
    """Give each run the number of the first run of its region."""
    height = len(row_first) - 1
    for i in range(row_first[height]):
        region[i] = i
    for y in range(1, height):
        above, above_end = row_first[y - 1], row_first[y]
        below, below_end = row_first[y], row_first[y + 1]
        # Both rows' first runs are background, so that even distances from them are.
        first = above + below
        while above < above_end and below < below_end:
            above_stop = start[above + 1] if above + 1 < above_end else width
            below_stop = start[below + 1] if below + 1 < below_end else width
            begin = max(start[above], start[below])
            stop = min(above_stop, below_stop)
            is_same = (above + below - first) % 2 == 0
            if is_same and begin < stop:
                _unite(region, above, below)
            if above_stop == below_stop:
                if not is_same and stop < width:
                    # Where one ends and the other begins, foreground touches at a corner.
                    if (above - row_first[y - 1]) % 2 == 1:
                        _unite(region, above, below + 1)
                    else:
                        _unite(region, above + 1, below)
                above += 1
                below += 1
            elif above_stop < below_stop:
                above += 1
            else:
                below += 1
    for i in range(row_first[height]):
        region[i] = region[region[i]]


@device
def _measure(
    start: NDArray[np.int32],
    row_first: NDArray[np.int64],
    region: NDArray[np.int32],
    owner: NDArray[np.int32],
    found: NDArray[np.int32],
    width: int,
) -> None:
    """Count each region's pixels, and box it; background at the edge of the frame has no owner.

    All that is known of a region stands at the number of its first run.
    """
    height = len(row_first) - 1
    for y in range(height):
        for i in range(row_first[y], row_first[y + 1]):
            stop = start[i + 1] if i + 1 < row_first[y + 1] else width
            r = region[i]
            if r == i:
                found[r, AREA], found[r, LEFT], found[r, TOP] = 0, start[i], y
                found[r, RIGHT] = stop
                owner[r] = r
            found[r, AREA] += stop - start[i]
            found[r, LEFT] = min(found[r, LEFT], start[i])
            found[r, RIGHT] = max(found[r, RIGHT], stop)
            found[r, BOTTOM] = y + 1
            is_background = (i - row_first[y]) % 2 == 0
            at_edge = start[i] == 0 or stop == width or y == 0 or y == height - 1
            if is_background and at_edge:
                owner[r] = _NONE


@device
def _sum_up(
    region: NDArray[np.int32],
    owner: NDArray[np.int32],
    around_px: NDArray[np.int32],
    found: NDArray[np.int32],
    n_runs: int,
) -> None:
    """Count the pixels of each region with all that it encloses."""
    for i in range(n_runs):
        around_px[i] = found[i, AREA] if region[i] == i else 0
    # From the inside out: what is inside begins later.
    for i in range(n_runs - 1, -1, -1):
        if region[i] == i and owner[i] != _NONE:
            around_px[region[i - 1]] += around_px[i]


@device
def _fill(
    row_first: NDArray[np.int64],
    region: NDArray[np.int32],
    owner: NDArray[np.int32],
    around_px: NDArray[np.int32],
    found: NDArray[np.int32],
    max_hole_px: float,
) -> None:
    """Give each region the number of the foreground that it ends up in, if it does in any."""
    _sum_up(region, owner, around_px, found, row_first[-1])
    height = len(row_first) - 1
    for y in range(height):
        for i in range(row_first[y], row_first[y + 1]):
            if region[i] != i or owner[i] == _NONE:
                continue
            around = region[i - 1]
            if (i - row_first[y]) % 2 == 1:
                if owner[around] != _NONE:
                    owner[i] = owner[around]
            elif owner[around] != around:
                owner[i] = owner[around]
            elif around_px[i] <= max_hole_px:
                owner[i] = around
                found[around, AREA] += around_px[i]
            else:
                owner[i] = _NONE


@kernel
def _settle(
    mask: Mask,
    start: NDArray[np.int32],
    row_first: NDArray[np.int64],
    region: NDArray[np.int32],
    owner: NDArray[np.int32],
    around_px: NDArray[np.int32],
    found: NDArray[np.int32],
    max_hole_px: float,
    min_area_px: float,
) -> int:
    """Write what changes into the mask; gather what is left in `found`, and count it."""
    height, width = mask.shape
    _label(start, row_first, region, width)
    _measure(start, row_first, region, owner, found, width)
    _fill(row_first, region, owner, around_px, found, max_hole_px)
    for y in range(height):
        for i in range(row_first[y], row_first[y + 1]):
            is_foreground = (i - row_first[y]) % 2 == 1
            last = owner[region[i]]
            if last == _NONE:
                continue
            is_kept = found[last, AREA] >= min_area_px
            if is_foreground and is_kept:
                continue
            stop = start[i + 1] if i + 1 < row_first[y + 1] else width
            for x in range(start[i], stop):
                mask[y, x] = FOREGROUND if is_kept else BACKGROUND
    n_found = 0
    for y in range(height):
        for i in range(row_first[y] + 1, row_first[y + 1], 2):
            if owner[i] == i and region[i] == i and found[i, AREA] >= min_area_px:
                for column in range(N_COLUMNS):
                    found[n_found, column] = found[i, column]
                n_found += 1
    return n_found
