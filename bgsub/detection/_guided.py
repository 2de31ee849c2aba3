"""The compiled guided filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fit_guided"]

# Windows are squares of 5 × 5; the sums are written out, which makes them fast.
REACH = 2
_1, _2, _3, _4 = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)


@kernel
def fit_guided(
    guide: NDArray[np.float32],
    soft: NDArray[np.float32],
    flatness: np.float32,
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
) -> None:
    """Fit ``slope * guide + offset`` in every window, and write the mean of all that overlap.

    Parameters
    ----------
    guide, soft : ndarray of float32, shape (h, w)
        The picture, and what is fitted.  Both go on as in a mirror.
    flatness : float32
        Added to the guide's variance.
    slope, offset : ndarray of float32, shape (h, w)
        Written.
    """
    height, width = guide.shape
    products, squares = np.empty_like(guide), np.empty_like(guide)
    for y in range(height):
        for x in range(width):
            products[y, x] = guide[y, x] * soft[y, x]
            squares[y, x] = guide[y, x] * guide[y, x]
    guide_mean, soft_mean = np.empty_like(guide), np.empty_like(guide)
    _average(guide, guide_mean)
    _average(soft, soft_mean)
    _average(products, slope)
    _average(squares, offset)
    for y in range(height):
        for x in range(width):
            g, s = guide_mean[y, x], soft_mean[y, x]
            a = (slope[y, x] - g * s) / (offset[y, x] - g * g + flatness)
            products[y, x] = a
            squares[y, x] = s - a * g
    _average(products, slope)
    _average(squares, offset)


@kernel
def _average(values: NDArray[np.float32], means: NDArray[np.float32]) -> None:
    """Write the mean of each pixel's window."""
    height, width = values.shape
    share = np.float32(1 / (2 * REACH + 1) ** 2)
    columns = np.empty(width + 2 * REACH, np.float32)
    for y in range(height):
        a, b = values[_mirrored(y - 2, height)], values[_mirrored(y - 1, height)]
        c = values[y]
        d, e = values[_mirrored(y + 1, height)], values[_mirrored(y + 2, height)]
        inner = columns[REACH : REACH + width]
        for x in range(width):
            inner[x] = a[x] + b[x] + c[x] + d[x] + e[x]
        for x in range(REACH):
            columns[x] = inner[_mirrored(x - REACH, width)]
            columns[REACH + width + x] = inner[_mirrored(width + x, width)]
        row = means[y]
        for x in range(width):
            i = np.uintp(x)
            total = columns[i] + columns[i + _1] + columns[i + _2]
            row[i] = (total + columns[i + _3] + columns[i + _4]) * share


@kernel
def _mirrored(i: int, n: int) -> int:
    """Return the place that stands for one outside: the edge is there twice."""
    while not 0 <= i < n:
        i = -i - 1 if i < 0 else 2 * n - 1 - i
    return i
