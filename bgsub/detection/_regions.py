"""Compiled measurements of regions that may be shadow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ALONE",
    "AREA",
    "AT_FOOT",
    "BOTTOM",
    "COLUMNS",
    "INNER",
    "LEFT",
    "N_EDGES",
    "N_SUMS",
    "RIGHT",
    "TOP",
    "WHOLE",
    "find_boxes",
    "find_dimmed",
    "measure",
]

# Columns of the table of boxes: pixels, edges, of which the last two are outside.
AREA, LEFT, TOP, RIGHT, BOTTOM, N_EDGES = range(6)
# Columns of the table of sums: two groups of statistics, of whole regions and of their inner
# pixels, then columns of pixels: all, those that end at the lower edge of the object, and those
# that also begin at its upper edge.
_N, _X, _Y, _XX, _YY, _XY, _P, _B, _PP, _BB, _PB = range(11)
WHOLE, INNER = 0, 11
COLUMNS, AT_FOOT, ALONE, N_SUMS = 22, 23, 24, 25


@kernel
def find_boxes(labels: NDArray[np.int32], boxes: NDArray[np.int32]) -> None:
    """Find size and place of each region, far faster than OpenCV does.

    Parameters
    ----------
    labels : ndarray of int32, shape (h, w)
        Each pixel's region, 0 is none.
    boxes : ndarray of int32, shape (regions + 1, N_EDGES)
        Zeros; written, but for the first row.
    """
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if label == 0:
                continue
            box = boxes[label]
            if box[AREA] == 0:
                box[LEFT], box[TOP] = x, y
            box[AREA] += 1
            box[LEFT] = min(box[LEFT], x)
            box[RIGHT] = max(box[RIGHT], x + 1)
            box[BOTTOM] = y + 1


@kernel
def find_dimmed(
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    inside: NDArray[np.uint8],
    near: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    ratios: NDArray[np.float32],
    darkest: np.float32,
    brightest: np.float32,
    most_spread: np.float32,
    most_gradient: np.float32,
    dimmed: NDArray[np.uint8],
) -> None:
    """Find where the picture is the background, darker by a factor that hardly changes.

    Parameters
    ----------
    picture, background : ndarray of uint8, shape (h, w, channels)
        Smoothed by a 3 × 3 mean.
    inside : ndarray of uint8, shape (h, w)
        0 in pixels that are not asked for.
    near : ndarray of uint8, shape (h, w)
        0 in pixels that have no neighbour that is.
    logarithms : ndarray of float32, shape (256,)
        Of each level.
    ratios : ndarray of float32, shape (h, w)
        Written near the inside: log of picture over background, mean of the channels.
    darkest, brightest : float32
        Limits of that ratio.
    most_spread : float32
        Limit of the difference between the channels' ratios.
    most_gradient : float32
        Limit of the ratio's gradient, per pixel.
    dimmed : ndarray of uint8, shape (h, w)
        Written, 0 or 1.
    """
    height, width, n_channels = picture.shape
    share = np.float32(1) / np.float32(n_channels)
    for y in range(height):
        for x in range(width):
            dimmed[y, x] = 0
            if not near[y, x]:
                continue
            ratio = logarithms[picture[y, x, 0]] - logarithms[background[y, x, 0]]
            lowest = highest = total = ratio
            for c in range(1, n_channels):
                ratio = logarithms[picture[y, x, c]] - logarithms[background[y, x, c]]
                lowest, highest = min(lowest, ratio), max(highest, ratio)
                total += ratio
            mean = total * share
            ratios[y, x] = mean
            dimmed[y, x] = (
                inside[y, x] > 0
                and darkest < mean < brightest
                and highest - lowest < most_spread
            )
    limit = np.float32(64) * most_gradient * most_gradient
    for y in range(height):
        up, down = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            if not dimmed[y, x]:
                continue
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            falling = ratios[down, left] - ratios[up, right]
            rising = ratios[down, right] - ratios[up, left]
            across = rising - falling + 2 * (ratios[y, right] - ratios[y, left])
            along = rising + falling + 2 * (ratios[down, x] - ratios[up, x])
            dimmed[y, x] = 4 * (across * across + along * along) < limit


@kernel
def measure(
    labels: NDArray[np.int32],
    inside: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    reach_px: np.int64,
    sums: NDArray[np.float64],
) -> None:
    """Add up what is to be known of each region.

    Parameters
    ----------
    labels : ndarray of int32, shape (h, w)
        Each pixel's region, 0 is none.
    inside : ndarray of uint8, shape (h, w)
        0 outside the object that the regions belong to.
    picture, background : ndarray of uint8, shape (h, w)
        Luma.
    logarithms : ndarray of float32, shape (256,)
        Of each level.
    reach_px : int
        Regions and objects end together in columns where they do so to within this.
    sums : ndarray of float64, shape (regions + 1, N_SUMS)
        Zeros; written.
    """
    height, width = labels.shape
    nowhere = -1
    column_of = np.full(len(sums), nowhere, np.int64)
    foot_of = np.full(len(sums), nowhere, np.int64)
    for x in range(width):
        lowest = nowhere
        for y in range(height - 1, -1, -1):
            if lowest < 0 and inside[y, x]:
                lowest = y
            label = labels[y, x]
            if label and column_of[label] != x:
                column_of[label] = x
                sums[label, COLUMNS] += 1
                if lowest - y <= reach_px:
                    sums[label, AT_FOOT] += 1
                    foot_of[label] = x
        highest = nowhere
        for y in range(height):
            if highest < 0 and inside[y, x]:
                highest = y
            label = labels[y, x]
            if label and column_of[label] == x:
                column_of[label] = nowhere
                if foot_of[label] == x and y - highest <= reach_px:
                    sums[label, ALONE] += 1
    _add_moments(labels, picture, background, logarithms, sums)


@kernel
def _add_moments(
    labels: NDArray[np.int32],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    sums: NDArray[np.float64],
) -> None:
    """Add up places and levels of each region's pixels, and of the inner ones again."""
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if label == 0:
                continue
            is_inner = _is_inner(labels, y, x)
            p = np.float64(logarithms[picture[y, x]])
            b = np.float64(logarithms[background[y, x]])
            for group in range(2 if is_inner else 1):
                row = sums[label, INNER * group : INNER * (group + 1)]
                row[_N] += 1
                row[_X] += x
                row[_Y] += y
                row[_XX] += x * x
                row[_YY] += y * y
                row[_XY] += x * y
                row[_P] += p
                row[_B] += b
                row[_PP] += p * p
                row[_BB] += b * b
                row[_PB] += p * b


@kernel
def _is_inner(labels: NDArray[np.int32], y: int, x: int) -> bool:
    """Return whether all neighbours of a pixel belong to its region."""
    height, width = labels.shape
    if not (0 < y < height - 1 and 0 < x < width - 1):
        return False
    for i in range(y - 1, y + 2):
        for j in range(x - 1, x + 2):
            if labels[i, j] != labels[y, x]:
                return False
    return True
