"""Connected regions of a mask: holes in them, their size, the boxes around them.

Foreground is connected over edges and corners (8 neighbours), background over edges only
(4 neighbours), as it must be for an outline to separate the two.

Everything is read from the outlines that OpenCV traces: on masks with little foreground that
is many times faster than labelling every pixel.  By Pick's theorem an outline of L steps
through pixel centres that encloses the area A has ``A + L/2 + 1`` pixels on or inside it, and
``A - L/2 + 1`` strictly inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgsub.frames import FOREGROUND, SHADOW, Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["coverage", "drop_small", "fill_holes", "find_boxes"]

# Hierarchy columns of cv2.findContours.
_NEXT, _CHILD, _PARENT = 0, 2, 3
_NONE = -1

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
    outlines : tuple of ndarray
        The outer outline, then those of its holes.
    """

    area_px: int
    box: Box
    outlines: tuple[NDArray[Any], ...]


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
    filled = mask.copy()
    if max_area_px < 1:
        return filled
    outlines, hierarchy = _outlines(foreground(mask))
    for i in np.flatnonzero(hierarchy[:, _PARENT] != _NONE).tolist():
        # One at a time: together, nested ones would cancel out.
        if _pixels_inside(outlines[i]) <= max_area_px:
            cv2.drawContours(filled, [outlines[i]], _NONE, FOREGROUND, cv2.FILLED)
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
    binary = foreground(mask)
    return keep_only(mask, binary, find_components(binary, min_area_px=min_area_px))


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
    found = find_components(foreground(mask), min_area_px=min_area_px)
    return merge_boxes(found, max_boxes=max_boxes)


def foreground(mask: Mask) -> Mask:
    """Return the mask with shadow as background: values 0 and 255."""
    return cv2.threshold(mask, SHADOW, FOREGROUND, cv2.THRESH_BINARY)[1]  # type: ignore[return-value]


def find_components(binary: Mask, *, min_area_px: float) -> list[Component]:
    """Return the connected regions of a mask without shadow that have at least this size."""
    outlines, hierarchy = _outlines(binary)
    components = []
    for i in np.flatnonzero(hierarchy[:, _PARENT] == _NONE).tolist():
        outline = outlines[i]
        # On a noisy mask this spares nearly all of thousands of specks the work below.
        if _most_pixels_within(len(outline)) < min_area_px:
            continue
        holes = [outlines[hole] for hole in _children(hierarchy, i)]
        area_px = _pixels_within(outline) - sum(map(_pixels_inside, holes))
        if area_px >= min_area_px:
            x, y, width, height = cv2.boundingRect(outline)
            box = Box(x=x, y=y, width=width, height=height)
            components.append(Component(area_px=area_px, box=box, outlines=(outline, *holes)))
    return components


def keep_only(mask: Mask, binary: Mask, components: Sequence[Component]) -> Mask:
    """Return the mask with these components as its only foreground; `binary` is all of it."""
    kept: Mask = cv2.subtract(mask, binary)  # type: ignore[assignment]
    outlines = [outline for component in components for outline in component.outlines]
    if outlines:
        cv2.drawContours(kept, outlines, _NONE, FOREGROUND, cv2.FILLED)
    return kept


def merge_boxes(components: Sequence[Component], *, max_boxes: int) -> tuple[Box, ...]:
    """Return the largest components' boxes, each with those that are part of it."""
    largest = sorted(components, key=lambda c: (-c.area_px, c.box.y, c.box.x))[:max_boxes]
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


def _outlines(binary: Mask) -> tuple[Sequence[NDArray[Any]], NDArray[np.int32]]:
    """Return all outlines and, for each, its links to next, previous, child and parent."""
    outlines, hierarchy = cv2.findContours(binary, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    links = hierarchy[0] if len(outlines) else np.empty((0, 4))
    return outlines, links.astype(np.int32, copy=False)


def _children(hierarchy: NDArray[np.int32], i: int) -> Iterator[int]:
    child = int(hierarchy[i, _CHILD])
    while child != _NONE:
        yield child
        child = int(hierarchy[child, _NEXT])


def _most_pixels_within(steps: int) -> float:
    """Bound the pixels within an outline: no shape encloses more than a circle."""
    return steps * steps / (2.0 * math.pi) + steps / 2.0 + 1.0


def _pixels_within(outline: NDArray[Any]) -> int:
    return int(cv2.contourArea(outline) + len(outline) / 2) + 1  # rounds down for one pixel


def _pixels_inside(outline: NDArray[Any]) -> int:
    return int(cv2.contourArea(outline) - len(outline) / 2) + 1
