"""The compiled last step: from the coarse evidence and the full picture to the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.mixture._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["decide"]


@kernel
def decide(
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    is_near: NDArray[np.uint8],
    luma: NDArray[np.uint8],
    rows: NDArray[np.int32],
    row_shares: NDArray[np.float32],
    columns: NDArray[np.int32],
    column_shares: NDArray[np.float32],
    margin: np.float32,
    mask: NDArray[np.uint8],
    probability: NDArray[np.uint8],
) -> None:
    """Decide each pixel by ``slope * luma + offset``, interpolated between the cells.

    Parameters
    ----------
    slope, offset : ndarray of float32, shape (h, w)
        For each cell; the evidence is in units of the match threshold.
    is_near : ndarray of uint8, shape (h, w)
        0 in cells that have nothing to decide: there the mask becomes 0.
    luma : ndarray of uint8, shape (H, W)
        The picture.
    rows, columns : ndarray of int32, shapes (H,) and (W,)
        The cell before each pixel's centre.
    row_shares, column_shares : ndarray of float32, shapes (H,) and (W,)
        The share of the next cell.
    margin : float32
        What was background needs evidence above ``1 + margin``, foreground above
        ``1 - margin``.
    mask : ndarray of uint8, shape (H, W)
        The last mask, 0 or 255; written.
    probability : ndarray of uint8, shape (H, W) or (0, 0)
        Written if it has a size: at least 128 where the mask is 255, below elsewhere.
    """
    height, width = mask.shape
    n_rows, n_columns = slope.shape
    slopes = np.empty(n_columns, np.float32)
    offsets = np.empty(n_columns, np.float32)
    one = np.float32(1)
    high, low = one + margin, one - margin
    last_column = n_columns - 1
    for y in range(height):
        row = rows[y]
        after = min(row + 1, n_rows - 1)
        share = row_shares[y]
        any_near = False
        for c in range(n_columns):
            any_near |= (is_near[row, c] | is_near[after, c]) > 0
        if not any_near:
            mask[y] = 0
            if probability.size:
                probability[y] = 0
            continue
        for c in range(n_columns):
            slopes[c] = slope[row, c] + share * (slope[after, c] - slope[row, c])
            offsets[c] = offset[row, c] + share * (offset[after, c] - offset[row, c])
        for x in range(width):
            column = columns[x]
            following = min(column + 1, last_column)
            if not (is_near[row, column] | is_near[after, following]):
                mask[y, x] = 0
                if probability.size:
                    probability[y, x] = 0
                continue
            part = column_shares[x]
            a = slopes[column] + part * (slopes[following] - slopes[column])
            b = offsets[column] + part * (offsets[following] - offsets[column])
            evidence = a * np.float32(luma[y, x]) + b
            threshold = low if mask[y, x] else high
            is_foreground = evidence > threshold
            mask[y, x] = np.uint8(255) if is_foreground else np.uint8(0)
            if probability.size:
                squared = max(evidence, np.float32(0)) ** 2
                level = np.float32(255) * squared / (squared + threshold * threshold)
                rounded = np.uint8(level + np.float32(0.5))
                least, most = (128, 255) if is_foreground else (0, 127)
                probability[y, x] = min(max(rounded, np.uint8(least)), np.uint8(most))
