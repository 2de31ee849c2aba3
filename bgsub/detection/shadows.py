"""Shadows that objects cast: regions at their foot that show the ground, darker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._regions import (
    ALONE,
    AT_FOOT,
    COLUMNS,
    INNER,
    N_SUMS,
    WHOLE,
    find_dimmed,
    measure,
)
from bgsub.detection._runs import AREA, BOTTOM, LEFT, RIGHT, TOP, Regions
from bgsub.detection.pictures import as_read_only, to_luma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["find_shadows"]

# Lengths and areas below are meant for pictures of this many lines.
_LINES = 240
# Objects below this are not examined, nor are seeds of shadows below that, in pixels.
_MIN_OBJECT_PX = 50
_MIN_SEED_PX = 10
# Limits of the log ratio of picture and background, of the difference between the channels'
# ratios and of the ratio's gradient per pixel: a seed is what is darker evenly.
_DARKEST, _BRIGHTEST = -1.0, -0.15
_MOST_SPREAD = 0.18
_MOST_GRADIENT = 0.35
# Added to the levels before the logarithm is taken: noise in the dark is no ratio.
_LEVEL = 4.0
# The edge of a shadow, where it is soft or mixed with others, is not part of the seed.
_GROW = np.ones((5, 5), np.uint8)
_BOX = np.ones((3, 3), np.uint8)
_PADDING_PX = 4
# A shadow lies on the ground: in this share of its columns nothing of the object is below it,
# to within some pixels, and its centre is not high above the object's lowest point.
_MIN_AT_FOOT = 0.8
_REACH_PX = 5
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

_LOGARITHMS = np.log(np.arange(256) + _LEVEL).astype(np.float32)


def find_shadows(
    regions: Regions, picture: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    """Return which part of the foreground is shadow.

    No property of single pixels tells a hard shadow from an object in every scene.  Regions
    can be told: a shadow is darker than the ground by nearly the same factor in all channels
    and everywhere, lies at the foot of an object, and shows the ground's texture, is long and
    low or sticks out.  What is so dark that nothing can be seen in it stays foreground.

    Parameters
    ----------
    regions : Regions
        Of the foreground.
    picture, background : ndarray of uint8, shape (h, w) or (h, w, 3)
        The frame and what is behind the foreground.

    Returns
    -------
    ndarray of bool, shape (h, w), or None
        True where the foreground is shadow; also in a rim of two pixels around it, which is
        background here and may be foreground in a finer mask.  None if there is no shadow.

    References
    ----------
    A. Sanin, C. Sanderson and B. C. Lovell, "Shadow detection: a survey and comparative
    evaluation of recent methods", Pattern Recognition 45, 2012, sections 2.4 and 2.5: regions
    of constant chromaticity, compared by their texture.
    """
    height, width = regions.mask.shape
    scale = max(1.0, height / _LINES)
    boxes = regions.boxes
    is_object = boxes[:, AREA] >= _MIN_OBJECT_PX * scale * scale
    if not is_object.any():
        return None
    # Nothing is to be found outside of this.
    top = max(0, int(boxes[is_object, TOP].min()) - _PADDING_PX)
    left = max(0, int(boxes[is_object, LEFT].min()) - _PADDING_PX)
    bottom = min(height, int(boxes[is_object, BOTTOM].max()) + _PADDING_PX)
    right = min(width, int(boxes[is_object, RIGHT].max()) + _PADDING_PX)
    around = slice(top, bottom), slice(left, right)
    inside = regions.chosen(is_object)[around].view(np.uint8)
    found = _shadows_of(
        regions, inside, picture[around], background[around], scale=scale, place=(top, left)
    )
    if found is None:
        return None
    shadows = np.zeros(regions.mask.shape, np.uint8)
    shadows[around] = found
    return shadows.view(np.bool_)


def _shadows_of(
    objects: Regions,
    inside: Mask,
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    *,
    scale: float,
    place: tuple[int, int],
) -> Mask | None:
    """Return the shadows of the objects `inside` and their rims, 0 or 1; None if none.

    All but `objects` is of a part of the picture, which begins in that row and column.
    """
    dimmed = cv2.morphologyEx(_dimmed(inside, picture, background), cv2.MORPH_OPEN, _BOX)
    seeds = Regions(np.asarray(dimmed, np.uint8), diagonal=False)
    is_shadow = seeds.boxes[:, AREA] >= _MIN_SEED_PX * scale * scale
    if not is_shadow.any():
        return None
    sums = np.zeros((len(seeds) + 1, N_SUMS))
    owners = np.zeros(len(seeds) + 1, np.int32)
    top, left = place
    measure(
        objects.runs - np.array([top, left, left, 0], np.int32),
        objects.boxes - np.array([0, left, top, left, top], np.int32),
        seeds.runs,
        seeds.boxes,
        seeds.labels,
        as_read_only(to_luma(picture)),
        as_read_only(to_luma(background)),
        _LOGARITHMS,
        round(_REACH_PX * scale) + _GROW.shape[0] // 2,
        sums,
        owners,
    )
    boxes = objects.boxes[owners[is_shadow]]
    is_shadow[is_shadow] = _are_shadows(
        sums[is_shadow], boxes[:, BOTTOM] - 1 - top, boxes[:, BOTTOM] - boxes[:, TOP]
    )
    if not is_shadow.any():
        return None
    return np.asarray(cv2.dilate(seeds.chosen(is_shadow).view(np.uint8), _GROW), np.uint8)


def _dimmed(
    inside: Mask, picture: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    shape = (*inside.shape, -1)
    dimmed = np.empty_like(inside)
    find_dimmed(
        cv2.blur(picture, (3, 3)).reshape(shape),
        cv2.blur(background, (3, 3)).reshape(shape),
        inside,
        np.asarray(cv2.dilate(inside, _BOX), np.uint8),
        _LOGARITHMS,
        np.empty(inside.shape, np.float32),
        np.float32(_DARKEST),
        np.float32(_BRIGHTEST),
        np.float32(_MOST_SPREAD),
        np.float32(_MOST_GRADIENT),
        dimmed,
    )
    return dimmed


def _are_shadows(
    sums: NDArray[np.float64], lowest: NDArray[np.int32], height: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Decide about regions from their sums, one row each.

    `lowest` and `height` are the last row of their objects, and the objects' number of rows.
    """
    whole = sums[:, WHOLE : WHOLE + INNER]
    inner = sums[:, INNER : 2 * INNER]
    # Small regions have next to no inner pixels.
    inner = np.where(inner[:, :1] >= 6, inner, whole)
    _, _, mean_y, xx, yy, xy, *_ = _moments(whole)
    *_, pp, bb, pb = _moments(inner)
    at_foot = sums[:, AT_FOOT] / sums[:, COLUMNS]
    alone = sums[:, ALONE] / sums[:, COLUMNS]
    above = (lowest - mean_y) / height
    correlation = pb / np.sqrt(pp * bb + 1e-8)
    deviation = np.sqrt(np.maximum(pp + bb - 2 * pb, 0.0))
    half_sum, root = (xx + yy) / 2 + 0.1, np.hypot((xx - yy) / 2, xy)
    elongation = np.sqrt((half_sum + root) / np.maximum(half_sum - root, 1e-6))
    is_ground = (correlation >= _MIN_CORRELATION) & (deviation <= _MOST_DEVIATION)
    is_long = (elongation >= _MIN_ELONGATION) & (deviation <= _MOST_DEVIATION_OF_LONG)
    sticks_out = (
        (alone >= _MIN_ALONE)
        & (at_foot >= _MIN_AT_FOOT_OF_ALONE)
        & (correlation >= _MIN_CORRELATION_OF_ALONE)
        & (deviation <= _MOST_DEVIATION_OF_ALONE)
    )
    is_low = above <= _MOST_HEIGHT_WITHOUT_TEXTURE
    lies = (at_foot >= _MIN_AT_FOOT) & (above <= _MOST_HEIGHT)
    return lies & (is_ground | (is_low & (is_long | sticks_out)))


def _moments(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return count, means of x and y, and central second moments: of places, of levels."""
    n, x, y, xx, yy, xy, p, b, pp, bb, pb = sums.T
    x, y, p, b = x / n, y / n, p / n, b / n
    return (
        n,
        x,
        y,
        xx / n - x * x,
        yy / n - y * y,
        xy / n - x * y,
        pp / n - p * p,
        bb / n - b * b,
        pb / n - p * b,
    )
