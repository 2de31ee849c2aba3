"""Measurements of regions the slow way: one region, one pixel and one channel after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def dimmed(
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    inside: NDArray[np.uint8],
    limits: tuple[float, float, float, float],
    level: float,
) -> NDArray[np.bool_]:
    """Return where the log ratio is within limits, even in all channels and in space."""
    darkest, brightest, most_spread, most_gradient = limits
    logs = np.log(picture + level) - np.log(background + level)
    ratio = logs.mean(axis=2)
    padded = np.pad(ratio, 1, mode="edge")
    height, width = ratio.shape
    found = np.zeros(ratio.shape, bool)
    smooth = np.array([1, 2, 1]) / 4
    for y in range(height):
        for x in range(width):
            window = padded[y : y + 3, x : x + 3]
            across = smooth @ (window[:, 2] - window[:, 0])
            along = (window[2] - window[0]) @ smooth
            found[y, x] = (
                inside[y, x] > 0
                and darkest < ratio[y, x] < brightest
                and np.ptp(logs[y, x]) < most_spread
                and np.hypot(across, along) < most_gradient
            )
    return found


def columns(
    region: NDArray[np.bool_], inside: NDArray[np.uint8], reach_px: int
) -> tuple[int, int, int]:
    """Return in how many columns a region is, ends with the object, and begins and ends so."""
    n_columns = n_at_foot = n_alone = 0
    for x in range(region.shape[1]):
        rows, object_rows = np.flatnonzero(region[:, x]), np.flatnonzero(inside[:, x])
        if not rows.size:
            continue
        at_foot = object_rows[-1] - rows[-1] <= reach_px
        n_columns += 1
        n_at_foot += at_foot
        n_alone += at_foot and rows[0] - object_rows[0] <= reach_px
    return n_columns, n_at_foot, n_alone


def inner(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a region all of whose neighbours are in it and in the picture."""
    found = np.zeros_like(region)
    for y in range(1, region.shape[0] - 1):
        for x in range(1, region.shape[1] - 1):
            found[y, x] = region[y - 1 : y + 2, x - 1 : x + 2].all()
    return found


def sums(
    region: NDArray[np.bool_], picture: NDArray[np.float64], background: NDArray[np.float64]
) -> list[float]:
    """Return count, sums of x, y, x², y², xy, and of the levels p, b, p², b², pb."""
    y, x = np.nonzero(region)
    p, b = picture[region], background[region]
    terms = [np.ones(len(x)), x, y, x * x, y * y, x * y, p, b, p * p, b * b, p * b]
    return [float(np.sum(term)) for term in terms]
