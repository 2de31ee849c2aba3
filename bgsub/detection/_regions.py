"""Compiled measurements of regions that may be shadow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._runs import END, LABEL, LEFT, RIGHT, ROW, START
from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ALONE",
    "AT_FOOT",
    "COLUMNS",
    "INNER",
    "N_SUMS",
    "WHOLE",
    "find_dimmed",
    "measure",
]

# Columns of the table of sums: two groups of statistics, of whole regions and of their inner
# pixels, then columns of pixels: all, those that end at the lower edge of the object, and those
# that also begin at its upper edge.
_N, _X, _Y, _XX, _YY, _XY, _P, _B, _PP, _BB, _PB = range(11)
WHOLE, INNER = 0, 11
COLUMNS, AT_FOOT, ALONE, N_SUMS = 22, 23, 24, 25


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
    objects: NDArray[np.int32],
    object_boxes: NDArray[np.int32],
    regions: NDArray[np.int32],
    region_boxes: NDArray[np.int32],
    labels: NDArray[np.int32],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    reach_px: int,
    sums: NDArray[np.float64],
    owners: NDArray[np.int32],
) -> None:
    """Add up what is to be known of each region.

    Parameters
    ----------
    objects, object_boxes : ndarray of int32
        Runs and boxes of the objects that the regions belong to.
    regions, region_boxes : ndarray of int32
        Runs and boxes of the regions, each of which lies within an object.
    labels : ndarray of int32, shape (h, w)
        Each pixel's region, 0 is none.
    picture, background : ndarray of uint8, shape (h, w)
        Luma.
    logarithms : ndarray of float32, shape (256,)
        Of each level.
    reach_px : int
        Regions and objects end together in columns where they do so to within this.
    sums : ndarray of float64, shape (regions + 1, N_SUMS)
        Zeros; written.
    owners : ndarray of int32, shape (regions + 1,)
        Written: the object of each region.
    """
    around = _spans(objects, object_boxes)
    within = _spans(regions, region_boxes)
    _find_owners(objects, regions, owners)
    of_region = 0
    of_objects = _ends(object_boxes)
    for label in range(1, len(region_boxes)):
        owner = owners[label]
        # Where the object's columns begin, from where the region does.
        of_object = of_objects[owner - 1] - object_boxes[owner, LEFT]
        left, right = region_boxes[label, LEFT], region_boxes[label, RIGHT]
        for x in range(left, right):
            highest, lowest = within[of_region + x - left, 0], within[of_region + x - left, 1]
            if lowest < 0:
                continue
            sums[label, COLUMNS] += 1
            is_at_foot = around[of_object + x, 1] - lowest <= reach_px
            sums[label, AT_FOOT] += is_at_foot
            sums[label, ALONE] += is_at_foot and highest - around[of_object + x, 0] <= reach_px
        of_region += right - left
    _add_moments(regions, labels, picture, background, logarithms, sums)


@kernel
def _spans(runs: NDArray[np.int32], boxes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return highest and lowest row of each region's columns, one region after the other."""
    ends = _ends(boxes)
    spans = np.empty((ends[len(ends) - 1], 2), np.int32)
    for i in range(len(spans)):
        spans[i, 0] = spans[i, 1] = -1
    for i in range(len(runs)):
        label = runs[i, LABEL]
        first = ends[label - 1] - boxes[label, LEFT]
        for x in range(runs[i, START], runs[i, END]):
            if spans[first + x, 0] < 0:
                spans[first + x, 0] = runs[i, ROW]
            spans[first + x, 1] = runs[i, ROW]
    return spans


@kernel
def _ends(boxes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where each region's columns end, if they stand one after the other."""
    ends = np.zeros(len(boxes), np.int64)
    for label in range(1, len(boxes)):
        ends[label] = ends[label - 1] + boxes[label, RIGHT] - boxes[label, LEFT]
    return ends


@kernel
def _find_owners(
    objects: NDArray[np.int32], regions: NDArray[np.int32], owners: NDArray[np.int32]
) -> None:
    k = 0
    for i in range(len(regions)):
        row, start = regions[i, ROW], regions[i, START]
        while objects[k, ROW] < row or (objects[k, ROW] == row and objects[k, END] <= start):
            k += 1
        owners[regions[i, LABEL]] = objects[k, LABEL]


@kernel
def _add_moments(
    regions: NDArray[np.int32],
    labels: NDArray[np.int32],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    sums: NDArray[np.float64],
) -> None:
    """Add up places and levels of each region's pixels, and of the inner ones again."""
    for i in range(len(regions)):
        y, label = regions[i, ROW], regions[i, LABEL]
        for x in range(regions[i, START], regions[i, END]):
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
