"""The compiled last step: from the coarse evidence and the full picture to the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import kernel

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
    starts: NDArray[np.int32],
    column_shares: NDArray[np.float32],
    margin: np.float32,
    last: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    probability: NDArray[np.uint8],
) -> None:
    """Decide each pixel by ``slope * luma + offset``, interpolated between the cells.

    Parameters
    ----------
    slope, offset : ndarray of float32, shape (h, w)
        For each cell; the evidence is in units of the match threshold.
    is_near : ndarray of uint8, shape (h, w)
        0 in cells that have nothing to decide: there the mask stays 0.
    luma : ndarray of uint8, shape (H, W)
        The picture.
    rows : ndarray of int32, shape (H,)
        The cell before each pixel's centre.
    starts : ndarray of int32, shape (w + 1,)
        The first of the pixels whose centres come after that of each cell, and the end.
    row_shares, column_shares : ndarray of float32, shapes (H,) and (W,)
        The share of the next cell.
    margin : float32
        What was background needs evidence above ``1 + margin``, foreground above
        ``1 - margin``.
    last : ndarray of uint8, shape (H, W)
        The last mask.
    mask : ndarray of uint8, shape (H, W)
        All 0; foreground is written as 255.
    probability : ndarray of uint8, shape (H, W) or (0, 0)
        All 0; written if it has a size: at least 128 where the mask is 255, below elsewhere.
    """
    n_rows, n_columns = slope.shape
    one = np.float32(1)
    for y in range(len(mask)):
        row, share = rows[y], row_shares[y]
        after = min(row + 1, n_rows - 1)
        for column in range(n_columns):
            if not is_near[row, column]:
                continue
            following = min(column + 1, n_columns - 1)
            slope_left = slope[row, column]
            slope_left += share * (slope[after, column] - slope_left)
            slope_right = slope[row, following]
            slope_right += share * (slope[after, following] - slope_right)
            left = offset[row, column]
            left += share * (offset[after, column] - left)
            right = offset[row, following]
            right += share * (offset[after, following] - right)
            for x in range(starts[column], starts[column + 1]):
                part = column_shares[x]
                a = slope_left + part * (slope_right - slope_left)
                b = left + part * (right - left)
                evidence = a * np.float32(luma[y, x]) + b
                threshold = one - margin if last[y, x] else one + margin
                is_foreground = evidence > threshold
                mask[y, x] = np.uint8(255) if is_foreground else np.uint8(0)
                if probability.size:
                    probability[y, x] = _level(evidence, threshold)


@kernel
def _level(evidence: np.float32, threshold: np.float32) -> np.uint8:
    """Return the probability in 1/255, on the side of 127.5 where the decision is."""
    squared = max(evidence, np.float32(0)) ** 2
    level = np.float32(255) * squared / (squared + threshold * threshold)
    if evidence > threshold:
        return np.uint8(max(level + np.float32(0.5), np.float32(128)))
    return np.uint8(min(level + np.float32(0.5), np.float32(127)))
