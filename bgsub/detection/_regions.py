"""Compiled measurements of regions that may be shadow, and what decides about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._runs import AREA, BOTTOM, END, LABEL, LEFT, RIGHT, ROW, START, TOP
from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["N_SUMS", "choose", "measure"]

# Columns of the table of sums: two groups of statistics, of whole regions and of their inner
# pixels, then columns of pixels: all, those that end at the lower edge of the object, and those
# that also begin at its upper edge.
_N, _X, _Y, _XX, _YY, _XY, _P, _B, _PP, _BB, _PB = range(11)
INNER = 11
COLUMNS, AT_FOOT, ALONE, N_SUMS = 22, 23, 24, 25
# Small regions have next to no inner pixels.
_MIN_INNER = 6
# A shadow lies on the ground: in this share of its columns nothing of the object is below it,
# to within some pixels, and its centre is not high above the object's lowest point.
_MIN_AT_FOOT = 0.8
_MOST_HEIGHT = 0.6
# It shows the ground's texture (correlation of the logarithms), darker by one factor (their
# difference deviates by less than this),
_MIN_CORRELATION = 0.3
_MOST_DEVIATION = 0.06
# or is long and low,
_MIN_ELONGATION = 4.0
_MOST_DEVIATION_OF_LONG = 0.1
# or sticks out: in this share of its columns there is nothing but it.
_MIN_ALONE = 0.6
_MIN_AT_FOOT_OF_ALONE = 0.95
_MIN_CORRELATION_OF_ALONE = 0.0
_MOST_DEVIATION_OF_ALONE = 0.15
_MOST_HEIGHT_WITHOUT_TEXTURE = 0.4
# Luma as OpenCV has it, in 1/32768.
_BLUE, _GREEN, _RED, _HALF, _BITS = 3735, 19235, 9798, 16384, 15


@kernel
def choose(
    objects: NDArray[np.int32],
    object_boxes: NDArray[np.int32],
    regions: NDArray[np.int32],
    region_boxes: NDArray[np.int32],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    reach_px: int,
    min_px: float,
    seeds: NDArray[np.uint8],
) -> bool:
    """Keep the regions that are shadows.

    Parameters
    ----------
    objects, object_boxes, regions, region_boxes, picture, background, logarithms, reach_px
        As for :func:`measure`.
    min_px : float
        Smaller regions are none.
    seeds : ndarray of uint8, shape (h, w)
        1 in regions, 0 elsewhere; 0 is written into those that are no shadows.

    Returns
    -------
    bool
        Whether there are any.
    """
    sums = np.zeros((len(region_boxes), N_SUMS), np.float64)
    owners = np.zeros(len(region_boxes), np.int32)
    measure(
        objects,
        object_boxes,
        regions,
        region_boxes,
        seeds,
        picture,
        background,
        logarithms,
        reach_px,
        sums,
        owners,
    )
    is_shadow = np.zeros(len(region_boxes), np.bool_)
    is_any = False
    for label in range(1, len(region_boxes)):
        owner = object_boxes[owners[label]]
        is_shadow[label] = region_boxes[label, AREA] >= min_px and _is_shadow(
            sums[label], owner[BOTTOM] - 1.0, np.float64(owner[BOTTOM] - owner[TOP])
        )
        is_any |= is_shadow[label]
    for i in range(len(regions)):
        if not is_shadow[regions[i, LABEL]]:
            seeds[regions[i, ROW], regions[i, START] : regions[i, END]] = 0
    return is_any


@kernel
def _is_shadow(sums: NDArray[np.float64], lowest: float, height: float) -> bool:
    """Decide about a region; `lowest` and `height` are its object's last row and rows."""
    n = sums[_N]
    x, y = sums[_X] / n, sums[_Y] / n
    xx, yy = sums[_XX] / n - x * x, sums[_YY] / n - y * y
    xy = sums[_XY] / n - x * y
    inner = sums[INNER : 2 * INNER] if sums[INNER + _N] >= _MIN_INNER else sums
    n = inner[_N]
    p, b = inner[_P] / n, inner[_B] / n
    pp, bb = inner[_PP] / n - p * p, inner[_BB] / n - b * b
    pb = inner[_PB] / n - p * b
    at_foot, alone = sums[AT_FOOT] / sums[COLUMNS], sums[ALONE] / sums[COLUMNS]
    above = (lowest - y) / height
    correlation = pb / np.sqrt(pp * bb + 1e-8)
    deviation = np.sqrt(max(pp + bb - 2 * pb, 0.0))
    half_sum, root = (xx + yy) / 2 + 0.1, np.hypot((xx - yy) / 2, xy)
    elongation = np.sqrt((half_sum + root) / max(half_sum - root, 1e-6))
    if not (at_foot >= _MIN_AT_FOOT and above <= _MOST_HEIGHT):
        return False
    if correlation >= _MIN_CORRELATION and deviation <= _MOST_DEVIATION:
        return True
    is_long = elongation >= _MIN_ELONGATION and deviation <= _MOST_DEVIATION_OF_LONG
    sticks_out = (
        alone >= _MIN_ALONE
        and at_foot >= _MIN_AT_FOOT_OF_ALONE
        and correlation >= _MIN_CORRELATION_OF_ALONE
        and deviation <= _MOST_DEVIATION_OF_ALONE
    )
    return bool(above <= _MOST_HEIGHT_WITHOUT_TEXTURE and (is_long or sticks_out))


@kernel
def measure(
    objects: NDArray[np.int32],
    object_boxes: NDArray[np.int32],
    regions: NDArray[np.int32],
    region_boxes: NDArray[np.int32],
    mask: NDArray[np.uint8],
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
    mask : ndarray of uint8, shape (h, w)
        Not 0 in the regions.
    picture, background : ndarray of uint8, shape (h, w, channels)
        Grey or BGR.
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
    _add_moments(regions, mask, picture, background, logarithms, sums)


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
    mask: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    sums: NDArray[np.float64],
) -> None:
    """Add up places and levels of each region's pixels, and of the inner ones again."""
    for i in range(len(regions)):
        y, label = regions[i, ROW], regions[i, LABEL]
        for x in range(regions[i, START], regions[i, END]):
            is_inner = _is_inner(mask, y, x)
            p = np.float64(logarithms[_luma(picture[y, x])])
            b = np.float64(logarithms[_luma(background[y, x])])
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
def _luma(levels: NDArray[np.uint8]) -> int:
    if len(levels) == 1:
        return int(levels[0])
    total = _BLUE * int(levels[0]) + _GREEN * int(levels[1]) + _RED * int(levels[2])
    return (total + _HALF) >> _BITS


@kernel
def _is_inner(mask: NDArray[np.uint8], y: int, x: int) -> bool:
    """Return whether all neighbours of a pixel are in a region, which then is the same."""
    height, width = mask.shape
    if not (0 < y < height - 1 and 0 < x < width - 1):
        return False
    for i in range(y - 1, y + 2):
        for j in range(x - 1, x + 2):
            if not mask[i, j]:
                return False
    return True
