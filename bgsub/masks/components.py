"""Connected regions of a mask: holes in them, their size, the boxes around them.

Foreground is connected over edges and corners (8 neighbours), background over edges only
(4 neighbours), as it must be for an outline to separate the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.frames import FOREGROUND, SHADOW, Box
from bgsub.masks._regions import AREA, LEFT, TOP, RegionFinder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["Component", "coverage", "drop_small", "fill_holes", "find_boxes"]

# A box is part of a larger one when at least this share of its area lies in it.
_PART_OF = 0.5

_Edges = tuple[int, int, int, int]  # left, top, and right and bottom, which are outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One connected foreground region.

    Attributes
    ----------
    area_px : int
        Number of its pixels, holes not included.
    box : Box
        The smallest upright rectangle around it.
    """

    area_px: int
    box: Box


def coverage(mask: Mask) -> float:
    """Return the share of the frame that is foreground.

    Parameters
    ----------
    mask : Mask, shape (H, W)
        Shadow counts as background.

    Returns
    -------
    float
        Foreground pixels over all pixels, 0 to 1.
    """
    return cv2.countNonZero(foreground(mask)) / mask.size


def fill_holes(mask: Mask, max_area_px: float) -> Mask:
    """Turn enclosed background into foreground, where it is small.

    Parameters
    ----------
    mask : Mask, shape (H, W)
        Not modified.
    max_area_px : float
        Largest number of pixels that are filled.  A hole's size is all that it encloses,
        also a separate piece of foreground within it.  Below 1 nothing is filled.

    Returns
    -------
    Mask, shape (H, W)
        A new array; shadow in a filled hole is foreground too.  Background that touches the
        edge of the frame is no hole.
    """
    filled, _ = _settled(mask, max_hole_px=max_area_px, min_area_px=0)
    return filled


def drop_small(mask: Mask, min_area_px: float) -> Mask:
    """Turn connected foreground regions that are too small into background.

    Parameters
    ----------
    mask : Mask, shape (H, W)
        Not modified.
    min_area_px : float
        Smallest number of pixels that stays.  Holes do not count, shadow neither counts nor
        connects.

    Returns
    -------
    Mask, shape (H, W)
        A new array.
    """
    kept, _ = _settled(mask, max_hole_px=0, min_area_px=min_area_px)
    return kept


def find_boxes(mask: Mask, *, min_area_px: float, max_boxes: int) -> tuple[Box, ...]:
    """Return the boxes around the connected foreground regions.

    A moving thing often falls into pieces: a box that lies at least half in a larger one
    becomes part of it, and the larger one grows to hold both.

    Parameters
    ----------
    mask : Mask, shape (H, W)
        Shadow neither counts nor connects.
    min_area_px : float
        Regions with fewer pixels are left out.
    max_boxes : int
        How many of the largest regions to take into account at most.

    Returns
    -------
    tuple of Box
        Largest first, by the number of foreground pixels.
    """
    _, found = _settled(mask, max_hole_px=0, min_area_px=min_area_px)
    return merge_boxes(components(found, at_most=max_boxes), max_boxes=max_boxes)


def foreground(mask: Mask) -> Mask:
    """Return the mask with shadow as background: values 0 and 255."""
    return cv2.threshold(mask, SHADOW, FOREGROUND, cv2.THRESH_BINARY)[1]  # type: ignore[return-value]


def components(found: NDArray[np.int32], *, at_most: int) -> list[Component]:
    """Return as records the largest of what :meth:`RegionFinder.settle` found."""
    if len(found) > at_most:
        # A noisy mask has thousands, which cost far more as records.
        largest = np.lexsort((found[:, LEFT], found[:, TOP], -found[:, AREA]))
        found = found[largest[:at_most]]
    return [
        Component(
            area_px=area_px, box=Box(x=left, y=top, width=right - left, height=bottom - top)
        )
        for area_px, left, top, right, bottom in found.tolist()
    ]


def merge_boxes(found: Sequence[Component], *, max_boxes: int) -> tuple[Box, ...]:
    """Return the largest components' boxes, each with those that are part of it."""
    largest = sorted(found, key=lambda c: (-c.area_px, c.box.y, c.box.x))[:max_boxes]
    things = [(c.area_px, _edges(c.box)) for c in largest]
    merged = _merge_once(things)
    while len(merged) < len(things):
        things, merged = merged, _merge_once(merged)
    merged.sort(key=lambda thing: (-thing[0], thing[1][1], thing[1][0]))
    return tuple(
        Box(x=left, y=top, width=right - left, height=bottom - top)
        for _, (left, top, right, bottom) in merged
    )


def _merge_once(things: Sequence[tuple[int, _Edges]]) -> list[tuple[int, _Edges]]:
    merged: list[tuple[int, _Edges]] = []
    for area_px, edges in things:
        left, top, right, bottom = edges
        for i, (other_px, other) in enumerate(merged):
            # Most lie apart, and there may be thousands of pairs: those cost little.
            if left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]:
                continue
            if _is_part(edges, other):
                merged[i] = (area_px + other_px, _around(edges, other))
                break
        else:
            merged.append((area_px, edges))
    return merged


def _is_part(a: _Edges, b: _Edges) -> bool:
    """Whether the smaller of two boxes that overlap lies largely in the other."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height >= _PART_OF * smaller


def _around(a: _Edges, b: _Edges) -> _Edges:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _edges(box: Box) -> _Edges:
    return box.x, box.y, box.x + box.width, box.y + box.height


def _settled(
    mask: Mask, *, max_hole_px: float, min_area_px: float
) -> tuple[Mask, NDArray[np.int32]]:
    settled = mask.copy()
    finder = RegionFinder(*settled.shape)
    return settled, finder.settle(settled, max_hole_px=max_hole_px, min_area_px=min_area_px)
