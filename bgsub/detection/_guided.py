"""The compiled guided filter, at half the resolution and back.

A part of the rows needs no more than some rows around it, so that threads can share them.
Indices are unsigned where loops would not be vectorised otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Line = int | np.int64

__all__ = ["REACH", "make_scratch", "smooth_guided", "taps_of_pairs"]

# Windows are squares of 5 × 5; the sums are written out, which makes them fast.
REACH = 2
_1, _2, _3, _4 = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
# Rows and columns on either side that a mean of two neighbours of a Gaussian needs.
_TAPS = 4
# So many rows are kept: those of a window, and no more.
_RING = 8
# Lines are no numbers of Python's: Numba compiles a function anew for each of those that it is
# called with.  What is kept of each row: what is fitted, the picture, their product, its
# square; the windows' slopes and offsets; the means of those.
_SOFT, _GUIDE, _PRODUCTS, _SQUARES = np.int64(0), np.int64(1), np.int64(2), np.int64(3)
_WINDOWS, _LINES, _N_KEPT = np.int64(4), np.int64(6), 8
# Lines of the scratch after those: the means of a row's windows, a row with its edges, and
# the even and the odd pixels of one.
_MEANS, _WIDE, _EVEN, _ODD = np.int64(64), np.int64(68), np.int64(69), np.int64(70)
_N_SCRATCH = 71


def make_scratch(width: int) -> NDArray[np.float32]:
    """Return what :func:`smooth_guided` needs to work on pictures of a width."""
    return np.empty(_N_SCRATCH * (2 * ((width + 1) // 2) + 2 * _TAPS), np.float32)


def taps_of_pairs(taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return one half of a filter that takes the mean of two pixels, too.

    Parameters
    ----------
    taps : ndarray of float32, shape (5,)
        One half of a filter, from the outermost tap to the middle.
    """
    pairs: NDArray[np.float32] = np.float32(0.5) * taps
    pairs[1:] = np.float32(0.5) * (taps[:-1] + taps[1:])
    return pairs


@kernel
def smooth_guided(
    found: NDArray[np.float32],
    luma: NDArray[np.uint8],
    pairs: NDArray[np.float32],
    flatness: np.float32,
    fitted: NDArray[np.float32],
    scratch: NDArray[np.float32],
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
    pairs : ndarray of float32, shape (5,)
        The filter, as :func:`taps_of_pairs` returns it.
    flatness : float32
        Added to the picture's variance.
    fitted : ndarray of float32, shape (2, h, w)
        Written: slopes and offsets.
    scratch : ndarray of float32
        From :func:`make_scratch`; its content does not matter.
    first, last : int
        The pairs of rows that are written; the last one is not.
    """
    height, width = (luma.shape[0] + 1) // 2, (luma.shape[1] + 1) // 2
    # Rows that are interpolated, that have windows, and that are in windows.
    top, bottom = max(first - 1, 0), min(last + 1, height)
    upper, lower = max(top - REACH, 0), min(bottom + REACH, height)
    begin, end = max(upper - REACH, 0), min(lower + REACH, height)
    for newest in range(begin, last + 2 * REACH + 1):
        if newest < end:
            _halve(found, pairs, newest, width, scratch)
            _halve_luma(luma, newest, scratch)
            _multiply(newest, width, scratch)
        y = newest - REACH
        if upper <= y < lower:
            for k in range(4):
                _average(_SOFT + k, y, height, width, _MEANS + k, scratch)
            _fit(y, flatness, width, scratch)
        y = newest - 2 * REACH
        if top <= y < bottom:
            for k in range(2):
                _average(_WINDOWS + k, y, height, width, _kept(y, _LINES + k), scratch)
        y = newest - 2 * REACH - 1
        if first <= y < last:
            for k in range(2):
                _double(k, y, height, scratch, fitted)


# Scratch is one row of numbers, in which a line has a place: slices of arrays of more
# dimensions take several times as long to compile.


@device
def _kept(row: int, k: _Line) -> _Line:
    return row % _RING * _N_KEPT + k


@device
def _place(line: _Line, width: int) -> np.uintp:
    """Return where a line begins: each has room for a row with the edges of a filter."""
    return np.uintp(line * (2 * width + 2 * _TAPS))


@device
def _multiply(row: int, width: int, scratch: NDArray[np.float32]) -> None:
    soft, guide = _place(_kept(row, _SOFT), width), _place(_kept(row, _GUIDE), width)
    products = _place(_kept(row, _PRODUCTS), width)
    squares = _place(_kept(row, _SQUARES), width)
    for i in range(width):
        x = np.uintp(i)
        scratch[products + x] = scratch[guide + x] * scratch[soft + x]
        scratch[squares + x] = scratch[guide + x] * scratch[guide + x]


@device
def _fit(row: int, flatness: np.float32, width: int, scratch: NDArray[np.float32]) -> None:
    slope, offset = _place(_kept(row, _WINDOWS), width), _place(_kept(row, _WINDOWS + 1), width)
    soft, guide = _place(_MEANS, width), _place(_MEANS + 1, width)
    products, squares = _place(_MEANS + 2, width), _place(_MEANS + 3, width)
    for i in range(width):
        x = np.uintp(i)
        covariance = scratch[products + x] - scratch[guide + x] * scratch[soft + x]
        variance = scratch[squares + x] - scratch[guide + x] * scratch[guide + x]
        a = covariance / (variance + flatness)
        scratch[slope + x] = a
        scratch[offset + x] = scratch[soft + x] - a * scratch[guide + x]


@device
def _halve(
    found: NDArray[np.float32],
    pairs: NDArray[np.float32],
    row: int,
    n: int,
    scratch: NDArray[np.float32],
) -> None:
    """Write the means of two rows and columns of what a symmetric filter makes."""
    width = found.shape[1]
    a, b, c, d, e = pairs[0], pairs[1], pairs[2], pairs[3], pairs[4]
    wide, even, odd = _place(_WIDE, n), _place(_EVEN, n), _place(_ODD, n)
    column = wide + np.uintp(_TAPS)
    _add_pairs(found, 2 * row, pairs, column, scratch)
    for i in range(_TAPS):
        scratch[wide + np.uintp(i)] = scratch[column + np.uintp(_mirrored(i - _TAPS, width))]
    for i in range(width, 2 * n + _TAPS):
        scratch[column + np.uintp(i)] = scratch[column + np.uintp(_mirrored(i, width))]
    for i in range(n + _TAPS):
        x = np.uintp(i)
        scratch[even + x] = scratch[wide + _2 * x]
        scratch[odd + x] = scratch[wide + _2 * x + _1]
    target = _place(_kept(row, _SOFT), n)
    for i in range(n):
        x, y = even + np.uintp(i), odd + np.uintp(i)
        total = a * (scratch[x] + scratch[y + _4]) + b * (scratch[y] + scratch[x + _4])
        total += c * (scratch[x + _1] + scratch[y + _3]) + d * (
            scratch[y + _1] + scratch[x + _3]
        )
        scratch[target + np.uintp(i)] = total + e * (scratch[x + _2] + scratch[y + _2])


@device
def _add_pairs(
    found: NDArray[np.float32],
    y: int,
    pairs: NDArray[np.float32],
    column: np.uintp,
    scratch: NDArray[np.float32],
) -> None:
    """Filter two rows into one; for each tap there is a row above and one below."""
    height, width = found.shape
    above_a, below_a = _mirrored(y - 4, height), _mirrored(y + 5, height)
    above_b, below_b = _mirrored(y - 3, height), _mirrored(y + 4, height)
    above_c, below_c = _mirrored(y - 2, height), _mirrored(y + 3, height)
    above_d, below_d = _mirrored(y - 1, height), _mirrored(y + 2, height)
    above_e, below_e = _mirrored(y, height), _mirrored(y + 1, height)
    a, b, c, d, e = pairs[0], pairs[1], pairs[2], pairs[3], pairs[4]
    for i in range(width):
        x = np.uintp(i)
        total = a * (found[above_a, x] + found[below_a, x])
        total += b * (found[above_b, x] + found[below_b, x])
        total += c * (found[above_c, x] + found[below_c, x])
        total += d * (found[above_d, x] + found[below_d, x])
        total += e * (found[above_e, x] + found[below_e, x])
        scratch[column + x] = total


@device
def _halve_luma(luma: NDArray[np.uint8], row: int, scratch: NDArray[np.float32]) -> None:
    height, width = luma.shape
    upper, lower = 2 * row, _mirrored(2 * row + 1, height)
    target = _place(_kept(row, _GUIDE), (width + 1) // 2)
    for i in range(width // 2):
        x = np.uintp(i)
        total = np.uint32(luma[upper, _2 * x]) + np.uint32(luma[upper, _2 * x + _1])
        total += np.uint32(luma[lower, _2 * x]) + np.uint32(luma[lower, _2 * x + _1])
        scratch[target + x] = np.float32(np.int32(total)) * np.float32(0.25)
    if width % 2:
        beside = _mirrored(width, width)
        sides = np.int32(luma[upper, width - 1]) + np.int32(luma[upper, beside])
        sides += np.int32(luma[lower, width - 1]) + np.int32(luma[lower, beside])
        scratch[target + np.uintp(width // 2)] = np.float32(sides) * np.float32(0.25)


@device
def _mirrored(i: int, n: int) -> int:
    """Return the place that stands for one outside: the outermost is there once."""
    while not 0 <= i < n:
        if n == 1:
            return 0
        i = -i if i < 0 else 2 * (n - 1) - i
    return i


@device
def _average(
    k: _Line, y: int, height: int, width: int, line: _Line, scratch: NDArray[np.float32]
) -> None:
    """Write the means of the windows around a row."""
    share = np.float32(1 / (2 * REACH + 1) ** 2)
    columns, target = _place(_WIDE, width), _place(line, width)
    a = _place(_kept(_repeated(y - 2, height), k), width)
    b = _place(_kept(_repeated(y - 1, height), k), width)
    c = _place(_kept(y, k), width)
    d = _place(_kept(_repeated(y + 1, height), k), width)
    e = _place(_kept(_repeated(y + 2, height), k), width)
    inner = columns + np.uintp(REACH)
    for i in range(width):
        x = np.uintp(i)
        total = scratch[a + x] + scratch[b + x] + scratch[c + x]
        scratch[inner + x] = total + scratch[d + x] + scratch[e + x]
    for i in range(REACH):
        x = np.uintp(i)
        scratch[columns + x] = scratch[inner + np.uintp(_repeated(i - REACH, width))]
        after = np.uintp(width + i)
        scratch[inner + after] = scratch[inner + np.uintp(_repeated(width + i, width))]
    for i in range(width):
        x = columns + np.uintp(i)
        total = scratch[x] + scratch[x + _1] + scratch[x + _2]
        scratch[target + np.uintp(i)] = (total + scratch[x + _3] + scratch[x + _4]) * share


@device
def _repeated(i: int, n: int) -> int:
    """Return the place that stands for one outside: the outermost is there twice."""
    while not 0 <= i < n:
        i = -i - 1 if i < 0 else 2 * n - 1 - i
    return i


@device
def _double(
    k: int, row: int, height: int, scratch: NDArray[np.float32], fitted: NDArray[np.float32]
) -> None:
    """Interpolate two rows of the full resolution."""
    n_rows, n_columns = fitted.shape[1], fitted.shape[2]
    n = (n_columns + 1) // 2
    near, far = np.float32(0.75), np.float32(0.25)
    wide, here = _place(_WIDE, n), _place(_kept(row, _LINES + k), n)
    inner, end = wide + _1, wide + np.uintp(n)
    for y in range(2 * row, min(2 * row + 2, n_rows)):
        other = max(row - 1, 0) if y % 2 == 0 else min(row + 1, height - 1)
        beside = _place(_kept(other, _LINES + k), n)
        for i in range(n):
            x = np.uintp(i)
            scratch[inner + x] = near * scratch[here + x] + far * scratch[beside + x]
        scratch[wide], scratch[end + _1] = scratch[inner], scratch[end]
        for i in range(n_columns // 2):
            x = np.uintp(i)
            middle = near * scratch[inner + x]
            fitted[k, y, _2 * x] = far * scratch[wide + x] + middle
            fitted[k, y, _2 * x + _1] = middle + far * scratch[inner + x + _1]
        if n_columns % 2:
            fitted[k, y, n_columns - 1] = far * scratch[end - _1] + near * scratch[end]
