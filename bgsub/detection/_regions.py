"""Compiled measurements of regions that may be shadow, and what decides about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._runs import AREA, BOTTOM, END, LABEL, LEFT, RIGHT, ROW, START, TOP
from bgsub.detection.pictures import flattened
from bgsub.jit import as_read_only, device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection._runs import Regions

__all__ = ["BY_ITSELF", "N_SUMS", "decide", "measure"]

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
# Or it is as dark as the scene's other shadows (log ratios differ by less than this); then it
# may lie behind the object's foot in most columns if what is seen does not contradict, or show
# anything if it is wider than high.
_LIKE_OTHERS = 0.06
_MIN_AT_FOOT_LIKE_OTHERS = 0.3
_MOST_DEVIATION_LIKE_OTHERS = 0.1
_MIN_WIDTH_TO_HEIGHT = 1.5
# What regions are.
_NO_SHADOW, _BY_TONE, BY_ITSELF = range(3)
# Luma as OpenCV has it, in 1/32768.
_BLUE, _GREEN, _RED, _HALF, _BITS = 3735, 19235, 9798, 16384, 15


def decide(
    objects: Regions,
    regions: Regions,
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    reach_px: int,
    min_px: float,
    tone: float,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Decide which regions are shadows.

    Parameters
    ----------
    objects, regions, picture, background, logarithms, reach_px
        As for :func:`measure`.
    min_px : float
        Smaller regions are none.
    tone : float
        Log ratio of picture and background in the scene's shadows; not a number if unknown.

    Returns
    -------
    tuple of ndarray of uint8 and float64, shape (regions + 1,)
        0 for what is no shadow, `BY_ITSELF` for what is one whatever the tone, another number
        for what is one because of it; and the regions' log ratios.
    """
    sums, owners = measure(objects, regions, picture, background, logarithms, reach_px)
    verdicts, ratios = np.zeros(len(sums), np.uint8), np.zeros(len(sums))
    _decide(objects.boxes, regions.boxes, owners, sums, min_px, tone, verdicts, ratios)
    return verdicts, ratios


def measure(
    objects: Regions,
    regions: Regions,
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    reach_px: int,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Add up what is to be known of each region.

    Parameters
    ----------
    objects, regions : Regions
        Each of the regions lies within an object.
    picture, background : ndarray of uint8, shape (h, w) or (h, w, channels)
        Grey or BGR.
    logarithms : ndarray of float32, shape (256,)
        Of each level.
    reach_px : int
        Regions and objects end together in columns where they do so to within this.

    Returns
    -------
    tuple of ndarray of float64, shape (regions + 1, N_SUMS), and int32, shape (regions + 1,)
        The sums, and the object of each region.
    """
    n_regions = len(regions.boxes)
    sums, owners = np.zeros((n_regions, N_SUMS), np.float64), np.zeros(n_regions, np.int32)
    ends = [_ends(found.boxes) for found in (objects, regions)]
    spans = [np.empty((end[-1], 2), np.int32) for end in ends]
    _measure(
        objects.runs,
        objects.boxes,
        ends[0],
        spans[0],
        regions.runs,
        regions.boxes,
        ends[1],
        spans[1],
        as_read_only(regions.mask),
        flattened(picture),
        flattened(background),
        logarithms,
        reach_px,
        sums,
        owners,
    )
    return sums, owners


def _ends(boxes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return where each region's columns end, if they stand one after the other."""
    return np.cumsum(boxes[:, RIGHT] - boxes[:, LEFT], dtype=np.int64)


@kernel
def _decide(
    object_boxes: NDArray[np.int32],
    boxes: NDArray[np.int32],
    owners: NDArray[np.int32],
    sums: NDArray[np.float64],
    min_px: float,
    tone: float,
    verdicts: NDArray[np.uint8],
    ratios: NDArray[np.float64],
) -> None:
    """Write what the regions are, and their log ratios."""
    for label in range(1, len(boxes)):
        if boxes[label, AREA] >= min_px:
            top, bottom = object_boxes[owners[label], TOP], object_boxes[owners[label], BOTTOM]
            verdicts[label], ratios[label] = _verdict(
                sums, label, bottom - 1.0, np.float64(bottom - top), tone
            )


@device
def _verdict(
    sums: NDArray[np.float64], label: int, lowest: float, height: float, tone: float
) -> tuple[int, float]:
    """Return what a region is, and its log ratio.

    `lowest` and `height` are its object's last row and rows.
    """
    n = sums[label, _N]
    x, y = sums[label, _X] / n, sums[label, _Y] / n
    xx, yy = sums[label, _XX] / n - x * x, sums[label, _YY] / n - y * y
    xy = sums[label, _XY] / n - x * y
    group = INNER if sums[label, INNER + _N] >= _MIN_INNER else 0
    n = sums[label, group + _N]
    p, b = sums[label, group + _P] / n, sums[label, group + _B] / n
    pp, bb = sums[label, group + _PP] / n - p * p, sums[label, group + _BB] / n - b * b
    pb = sums[label, group + _PB] / n - p * b
    n_columns = sums[label, COLUMNS]
    at_foot, alone = sums[label, AT_FOOT] / n_columns, sums[label, ALONE] / n_columns
    above = (lowest - y) / height
    correlation = pb / np.sqrt(pp * bb + 1e-8)
    deviation = np.sqrt(max(pp + bb - 2 * pb, 0.0))
    half_sum, root = (xx + yy) / 2 + 0.1, np.hypot((xx - yy) / 2, xy)
    elongation = np.sqrt((half_sum + root) / max(half_sum - root, 1e-6))
    if above > _MOST_HEIGHT:
        return _NO_SHADOW, p - b
    is_texture = correlation >= _MIN_CORRELATION and deviation <= _MOST_DEVIATION
    is_long = elongation >= _MIN_ELONGATION and deviation <= _MOST_DEVIATION_OF_LONG
    sticks_out = (
        alone >= _MIN_ALONE
        and at_foot >= _MIN_AT_FOOT_OF_ALONE
        and correlation >= _MIN_CORRELATION_OF_ALONE
        and deviation <= _MOST_DEVIATION_OF_ALONE
    )
    is_low = above <= _MOST_HEIGHT_WITHOUT_TEXTURE
    if at_foot >= _MIN_AT_FOOT and (is_texture or (is_low and (is_long or sticks_out))):
        return BY_ITSELF, p - b
    may_be = (
        at_foot >= _MIN_AT_FOOT_LIKE_OTHERS
        and correlation >= _MIN_CORRELATION_OF_ALONE
        and deviation <= _MOST_DEVIATION_LIKE_OTHERS
    )
    is_wide = n_columns * n_columns >= _MIN_WIDTH_TO_HEIGHT * sums[label, _N]
    may_be |= at_foot >= _MIN_AT_FOOT and is_wide and deviation <= _MOST_DEVIATION_OF_ALONE
    if may_be and abs(p - b - tone) <= _LIKE_OTHERS:
        return _BY_TONE, p - b
    return _NO_SHADOW, p - b


@kernel
def _measure(
    objects: NDArray[np.int32],
    object_boxes: NDArray[np.int32],
    of_objects: NDArray[np.int64],
    around: NDArray[np.int32],
    regions: NDArray[np.int32],
    region_boxes: NDArray[np.int32],
    of_regions: NDArray[np.int64],
    within: NDArray[np.int32],
    mask: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    reach_px: int,
    sums: NDArray[np.float64],
    owners: NDArray[np.int32],
) -> None:
    """Measure as :func:`measure`, with room for the columns of objects and regions."""
    _find_spans(objects, object_boxes, of_objects, around)
    _find_spans(regions, region_boxes, of_regions, within)
    _find_owners(objects, regions, owners)
    for label in range(1, len(region_boxes)):
        owner = owners[label]
        # Where the columns begin that are those of the picture's first one.
        of_object = of_objects[owner - 1] - object_boxes[owner, LEFT]
        left, right = region_boxes[label, LEFT], region_boxes[label, RIGHT]
        of_region = of_regions[label - 1] - left
        for x in range(left, right):
            highest, lowest = within[of_region + x, 0], within[of_region + x, 1]
            if lowest < 0:
                continue
            sums[label, COLUMNS] += 1
            is_at_foot = around[of_object + x, 1] - lowest <= reach_px
            sums[label, AT_FOOT] += is_at_foot
            sums[label, ALONE] += is_at_foot and highest - around[of_object + x, 0] <= reach_px
    _add_moments(regions, mask, picture, background, logarithms, sums)


@device
def _find_spans(
    runs: NDArray[np.int32],
    boxes: NDArray[np.int32],
    ends: NDArray[np.int64],
    spans: NDArray[np.int32],
) -> None:
    """Write highest and lowest row of each region's columns, one region after the other."""
    for i in range(len(spans)):
        spans[i, 0] = spans[i, 1] = -1
    for i in range(len(runs)):
        label = runs[i, LABEL]
        first = ends[label - 1] - boxes[label, LEFT]
        for x in range(runs[i, START], runs[i, END]):
            if spans[first + x, 0] < 0:
                spans[first + x, 0] = runs[i, ROW]
            spans[first + x, 1] = runs[i, ROW]


@device
def _find_owners(
    objects: NDArray[np.int32], regions: NDArray[np.int32], owners: NDArray[np.int32]
) -> None:
    k = 0
    for i in range(len(regions)):
        row, start = regions[i, ROW], regions[i, START]
        while objects[k, ROW] < row or (objects[k, ROW] == row and objects[k, END] <= start):
            k += 1
        owners[regions[i, LABEL]] = objects[k, LABEL]


@device
def _add_moments(
    regions: NDArray[np.int32],
    mask: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    sums: NDArray[np.float64],
) -> None:
    """Add up places and levels of each region's pixels, and of the inner ones again."""
    n_channels = picture.shape[1] // mask.shape[1]
    for i in range(len(regions)):
        y, label = regions[i, ROW], regions[i, LABEL]
        for x in range(regions[i, START], regions[i, END]):
            is_inner = _is_inner(mask, y, x)
            p = np.float64(logarithms[_luma(picture, n_channels, y, x)])
            b = np.float64(logarithms[_luma(background, n_channels, y, x)])
            for group in range(0, 2 * INNER if is_inner else INNER, INNER):
                sums[label, group + _N] += 1
                sums[label, group + _X] += x
                sums[label, group + _Y] += y
                sums[label, group + _XX] += x * x
                sums[label, group + _YY] += y * y
                sums[label, group + _XY] += x * y
                sums[label, group + _P] += p
                sums[label, group + _B] += b
                sums[label, group + _PP] += p * p
                sums[label, group + _BB] += b * b
                sums[label, group + _PB] += p * b


@device
def _luma(levels: NDArray[np.uint8], n_channels: int, y: int, x: int) -> int:
    i = x * n_channels
    if n_channels == 1:
        return int(levels[y, i])
    total = _BLUE * int(levels[y, i]) + _GREEN * int(levels[y, i + 1])
    return (total + _RED * int(levels[y, i + 2]) + _HALF) >> _BITS


@device
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
