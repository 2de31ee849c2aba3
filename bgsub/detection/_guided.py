"""The compiled guided filter, at half the resolution and back.

A part of the rows needs no more than some rows around it, so that threads can share them.
Indices are unsigned where loops would not be vectorised otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["REACH", "smooth_guided"]

# Windows are squares of 5 × 5; the sums are written out, which makes them fast.
REACH = 2
_1, _2, _3, _4 = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
# Rows and columns on either side that a mean of two neighbours of a Gaussian needs.
_TAPS = 4
# So many rows are kept: those of a window, and no more.
_RING = 8


@kernel
def smooth_guided(
    found: NDArray[np.float32],
    luma: NDArray[np.uint8],
    taps: NDArray[np.float32],
    flatness: np.float32,
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Fit ``slope * luma + offset`` in every window, and write the mean of all that overlap.

    Both pictures are made half as fine for that; what is found is interpolated.

    Parameters
    ----------
    found : ndarray of float32, shape (h, w)
        What is fitted, once it is smoothed by a filter.
    luma : ndarray of uint8, shape (h, w)
        The picture.
    taps : ndarray of float32, shape (5,)
        One half of the filter, from the outermost tap to the middle.
    flatness : float32
        Added to the picture's variance.
    slope, offset : ndarray of float32, shape (h, w)
        Written.
    first, last : int
        The pairs of rows that are written; the last one is not.
    """
    height, width = (luma.shape[0] + 1) // 2, (luma.shape[1] + 1) // 2
    # Rows that are interpolated, that have windows, and that are in windows.
    top, bottom = max(first - 1, 0), min(last + 1, height)
    upper, lower = max(top - REACH, 0), min(bottom + REACH, height)
    begin, end = max(upper - REACH, 0), min(lower + REACH, height)
    # The last rows of each kind: what is fitted, the picture, their product, its square; the
    # windows' slopes and offsets; the means of those.
    pictures = np.empty((_RING, 4, width), np.float32)
    windows = np.empty((_RING, 2, width), np.float32)
    lines = np.empty((_RING, 2, width), np.float32)
    means = np.empty((4, width), np.float32)
    columns = np.empty(width + 2 * REACH, np.float32)
    wide = np.empty(2 * width + 2 * _TAPS, np.float32)
    halves = np.empty((2, width + _TAPS), np.float32)
    for newest in range(begin, last + 2 * REACH + 1):
        if newest < end:
            row = pictures[newest % _RING]
            _halve(found, taps, newest, wide, halves, row[0])
            _halve_luma(luma, newest, row[1])
            _multiply(row)
        y = newest - REACH
        if upper <= y < lower:
            for k in range(4):
                _average(pictures, k, y, height, columns, means[k])
            _fit(means, flatness, windows[y % _RING])
        y = newest - 2 * REACH
        if top <= y < bottom:
            for k in range(2):
                _average(windows, k, y, height, columns, lines[y % _RING, k])
        y = newest - 2 * REACH - 1
        if first <= y < last:
            _double(lines, 0, y, height, wide, slope)
            _double(lines, 1, y, height, wide, offset)


@kernel
def _multiply(row: NDArray[np.float32]) -> None:
    soft, guide, products, squares = row[0], row[1], row[2], row[3]
    for i in range(len(guide)):
        products[i] = guide[i] * soft[i]
        squares[i] = guide[i] * guide[i]


@kernel
def _fit(means: NDArray[np.float32], flatness: np.float32, window: NDArray[np.float32]) -> None:
    slope, offset = window[0], window[1]
    soft, guide, products, squares = means[0], means[1], means[2], means[3]
    for i in range(len(guide)):
        a = (products[i] - guide[i] * soft[i]) / (squares[i] - guide[i] * guide[i] + flatness)
        slope[i] = a
        offset[i] = soft[i] - a * guide[i]


@kernel
def _halve(
    found: NDArray[np.float32],
    taps: NDArray[np.float32],
    row: int,
    wide: NDArray[np.float32],
    halves: NDArray[np.float32],
    target: NDArray[np.float32],
) -> None:
    """Write the means of two rows and columns of what a symmetric filter makes."""
    width, n = found.shape[1], len(target)
    # The filter and the mean of two at once.
    share = np.float32(0.5)
    a, b, c = share * taps[0], share * (taps[0] + taps[1]), share * (taps[1] + taps[2])
    d, e = share * (taps[2] + taps[3]), share * (taps[3] + taps[4])
    column = wide[_TAPS : _TAPS + width]
    _add_pairs(found, 2 * row, 0, a, False, column)
    _add_pairs(found, 2 * row, 1, b, True, column)
    _add_pairs(found, 2 * row, 2, c, True, column)
    _add_pairs(found, 2 * row, 3, d, True, column)
    _add_pairs(found, 2 * row, 4, e, True, column)
    for i in range(_TAPS):
        wide[i] = column[_mirrored(i - _TAPS, width)]
    for i in range(width, 2 * n + _TAPS):
        wide[_TAPS + i] = column[_mirrored(i, width)]
    even, odd = halves[0], halves[1]
    for i in range(n + _TAPS):
        x = np.uintp(i)
        even[x], odd[x] = wide[_2 * x], wide[_2 * x + _1]
    for i in range(n):
        x = np.uintp(i)
        total = a * (even[x] + odd[x + _4]) + b * (odd[x] + even[x + _4])
        total += c * (even[x + _1] + odd[x + _3]) + d * (odd[x + _1] + even[x + _3])
        target[x] = total + e * (even[x + _2] + odd[x + _2])


@kernel
def _add_pairs(
    found: NDArray[np.float32],
    y: int,
    k: int,
    weight: np.float32,
    is_more: bool,
    column: NDArray[np.float32],
) -> None:
    """Add the rows that one tap is for, or write the first of them."""
    height = len(found)
    above, below = found[_mirrored(y - 4 + k, height)], found[_mirrored(y + 5 - k, height)]
    if is_more:
        for x in range(len(column)):
            column[x] += weight * (above[x] + below[x])
    else:
        for x in range(len(column)):
            column[x] = weight * (above[x] + below[x])


@kernel
def _halve_luma(luma: NDArray[np.uint8], row: int, target: NDArray[np.float32]) -> None:
    height, width = luma.shape
    upper, lower = luma[2 * row], luma[_mirrored(2 * row + 1, height)]
    for i in range(width // 2):
        x = np.uintp(i)
        total = np.uint32(upper[_2 * x]) + np.uint32(upper[_2 * x + _1])
        total += np.uint32(lower[_2 * x]) + np.uint32(lower[_2 * x + _1])
        target[x] = np.float32(np.int32(total)) * np.float32(0.25)
    if width % 2:
        beside = _mirrored(width, width)
        sides = np.int32(upper[width - 1]) + np.int32(upper[beside])
        sides += np.int32(lower[width - 1]) + np.int32(lower[beside])
        target[width // 2] = np.float32(sides) * np.float32(0.25)


@kernel
def _mirrored(i: int, n: int) -> int:
    """Return the place that stands for one outside: the outermost is there once."""
    while not 0 <= i < n:
        if n == 1:
            return 0
        i = -i if i < 0 else 2 * (n - 1) - i
    return i


@kernel
def _average(
    ring: NDArray[np.float32],
    k: int,
    y: int,
    height: int,
    columns: NDArray[np.float32],
    target: NDArray[np.float32],
) -> None:
    """Write the means of the windows around a row."""
    width = len(target)
    share = np.float32(1 / (2 * REACH + 1) ** 2)
    a, b = _row(ring, k, y - 2, height), _row(ring, k, y - 1, height)
    c = ring[y % _RING, k]
    d, e = _row(ring, k, y + 1, height), _row(ring, k, y + 2, height)
    inner = columns[REACH : REACH + width]
    for x in range(width):
        inner[x] = a[x] + b[x] + c[x] + d[x] + e[x]
    for x in range(REACH):
        columns[x] = inner[_repeated(x - REACH, width)]
        columns[REACH + width + x] = inner[_repeated(width + x, width)]
    for x in range(width):
        i = np.uintp(x)
        total = columns[i] + columns[i + _1] + columns[i + _2]
        target[i] = (total + columns[i + _3] + columns[i + _4]) * share


@kernel
def _row(ring: NDArray[np.float32], k: int, y: int, height: int) -> NDArray[np.float32]:
    row: NDArray[np.float32] = ring[_repeated(y, height) % _RING, k]
    return row


@kernel
def _repeated(i: int, n: int) -> int:
    """Return the place that stands for one outside: the outermost is there twice."""
    while not 0 <= i < n:
        i = -i - 1 if i < 0 else 2 * n - 1 - i
    return i


@kernel
def _double(
    ring: NDArray[np.float32],
    k: int,
    row: int,
    height: int,
    wide: NDArray[np.float32],
    values: NDArray[np.float32],
) -> None:
    """Interpolate two rows of the full resolution."""
    n = ring.shape[2]
    near, far = np.float32(0.75), np.float32(0.25)
    inner = wide[1 : n + 1]
    here = ring[row % _RING, k]
    for y in range(2 * row, min(2 * row + 2, len(values))):
        other = max(row - 1, 0) if y % 2 == 0 else min(row + 1, height - 1)
        beside = ring[other % _RING, k]
        for i in range(n):
            inner[i] = near * here[i] + far * beside[i]
        wide[0], wide[n + 1] = wide[1], wide[n]
        target = values[y]
        for i in range(len(target) // 2):
            x = np.uintp(i)
            target[_2 * x] = far * wide[x] + near * wide[x + _1]
            target[_2 * x + _1] = near * wide[x + _1] + far * wide[x + _2]
        if len(target) % 2:
            target[len(target) - 1] = far * wide[n - 1] + near * wide[n]
