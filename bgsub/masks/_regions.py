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

# Pixels in a word, which are compared at once with what the run before them is made of; and
# words that are, before each of them.
_WORD_PX = 8
_BLOCK_WORDS = 16
_ALL_FOREGROUND = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
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
        # Rows of other widths do not consist of whole words.
        n_words = width // _WORD_PX
        self._words = np.empty((height, n_words), np.uint64) if width % _WORD_PX else None
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
        words = self._words_of(mask)
        n_runs = _find_runs(mask, words, self._start, self._row_first)
        if n_runs >= len(self._start):
            self._reserve(n_runs + n_runs // 2)
            _find_runs(mask, words, self._start, self._row_first)
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

    def _words_of(self, mask: Mask) -> NDArray[np.uint64]:
        """Return eight pixels in each number, as far as they go in a row."""
        if self._words is None:
            return mask.view(np.uint64)
        pixels = self._words.view(np.uint8)
        pixels[:] = mask[:, : pixels.shape[1]]
        return self._words


@device
def _are_all(words: NDArray[np.uint64], y: int, first: int, value: np.uint64) -> bool:
    """Whether a whole block is of one value: a loop of known length."""
    differs = np.uint64(0)
    for i in range(_BLOCK_WORDS):
        differs |= words[np.uintp(y), np.uintp(first) + np.uintp(i)] ^ value
    return bool(differs == 0)


@device
def _find_changes(
    mask: Mask,
    y: int,
    first: int,
    n: int,
    was: np.uint64,
    n_runs: int,
    start: NDArray[np.int32],
) -> int:
    """Find where runs begin among some pixels; return how many have begun so far.

    A place is written for each pixel, and kept where a run begins: no branch, which could not
    be foreseen in noise.  Indices are unsigned: signed ones might count from the end, which
    takes a third more time.
    """
    last = len(start) - 1
    was_foreground = was != 0
    for i in range(n):
        is_foreground = mask[np.uintp(y), np.uintp(first) + np.uintp(i)] == FOREGROUND
        start[np.uintp(min(n_runs, last))] = first + i
        n_runs += is_foreground != was_foreground
        was_foreground = is_foreground
    return n_runs


@kernel
def _find_runs(
    mask: Mask,
    words: NDArray[np.uint64],
    start: NDArray[np.int32],
    row_first: NDArray[np.int64],
) -> int:
    """Find where runs begin, and return how many there are; too many are only counted.

    Runs of a row take turns.  That it begins with foreground is told by an empty run of
    background at its beginning.
    """
    height, width = mask.shape
    n_words = words.shape[1]
    last = len(start) - 1
    n_runs = 0
    for y in range(height):
        row_first[y] = n_runs
        start[min(n_runs, last)] = 0
        n_runs += 1
        current = np.uint64(0)
        word = 0
        while word < n_words:
            end = min(word + _BLOCK_WORDS, n_words)
            if end - word == _BLOCK_WORDS and _are_all(words, y, word, current):
                word = end
                continue
            while word < end:
                if words[np.uintp(y), np.uintp(word)] != current:
                    x = word * _WORD_PX
                    n_runs = _find_changes(mask, y, x, _WORD_PX, current, n_runs, start)
                    is_foreground = mask[y, x + _WORD_PX - 1] == FOREGROUND
                    current = _ALL_FOREGROUND if is_foreground else np.uint64(0)
                word += 1
        x = n_words * _WORD_PX
        n_runs = _find_changes(mask, y, x, width - x, current, n_runs, start)
    row_first[height] = n_runs
    start[min(n_runs, last)] = 0
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
