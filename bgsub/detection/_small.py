"""The compiled search for things too small for smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["raise_small"]

# Unsigned, as the index is: else the loop would not be vectorised.
_1 = np.uintp(1)


@kernel
def raise_small(
    found: NDArray[np.float32],
    luma: NDArray[np.uint8],
    widening: NDArray[np.float32],
    share: np.float32,
    least: np.float32,
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    first_row: int,
    last_row: int,
) -> None:
    """Raise ``slope * luma + offset`` to a share of the distances of a cell and its neighbours.

    Parameters
    ----------
    found : ndarray of float32, shape (h, w)
        The distances, of which 3 × 3 are added up; the outermost cells are left alone.
    luma : ndarray of uint8, shape (h, w)
        The picture.
    widening : ndarray of float32, shape (h, w) or (0, 0)
        Divisors of the sums, if it has a size.
    share : float32
        Of the sum.
    least : float32
        Nothing is raised to less.
    slope, offset : ndarray of float32, shape (h, w)
        Read and written.
    first_row, last_row : int
        The rows that are raised; the last one is not.
    """
    height, width = found.shape
    for y in range(max(first_row, 1), min(last_row, height - 1)):
        for i in range(1, width - 1):
            x = np.uintp(i)
            left, right = x - _1, x + _1
            total = found[y - 1, left] + found[y - 1, x] + found[y - 1, right]
            total += found[y, left] + found[y, x] + found[y, right]
            total += found[y + 1, left] + found[y + 1, x] + found[y + 1, right]
            small = share * total
            if widening.size:
                small /= widening[y, x]
            evidence = slope[y, x] * np.float32(luma[y, x]) + offset[y, x]
            is_more = (small > least) & (small > evidence)
            slope[y, x] = np.float32(0) if is_more else slope[y, x]
            offset[y, x] = small if is_more else offset[y, x]
