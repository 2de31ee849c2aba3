"""Boxes around the regions of a mask, fragments together with what they are part of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.frames import Box
from bgsub.jit import device, kernel
from bgsub.masks._regions import AREA, BOTTOM, LEFT, N_COLUMNS, RIGHT, TOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["merge_boxes"]


def merge_boxes(found: NDArray[np.int32], *, max_boxes: int) -> tuple[Box, ...]:
    """Return the largest regions' boxes, each with those that are part of it.

    A box is part of a larger one when at least half of its area lies in it.

    Parameters
    ----------
    found : ndarray of int32, shape (n, 5)
        What :meth:`RegionFinder.settle` found.
    max_boxes : int
        How many regions to take into account at most.

    Returns
    -------
    tuple of Box
        Largest first, by the number of foreground pixels; those of one size from the top left.
    """
    things = np.empty((min(len(found), max_boxes), N_COLUMNS), np.int64)
    n_things = _merge(found.astype(np.int64), things)
    return tuple(
        Box(x=left, y=top, width=right - left, height=bottom - top)
        for _, left, top, right, bottom in things[:n_things].tolist()
    )


@kernel
def _merge(found: NDArray[np.int64], things: NDArray[np.int64]) -> np.int64:
    """Write the largest regions, merged, and return how many there are."""
    # Counts and tables are of one type: what is called is compiled for each anew.
    n_things = np.int64(0)
    for i in range(len(found)):
        n_things = _insert(found, i, things, n_things)
    while True:
        n_merged = _merge_once(things, n_things)
        if n_merged == n_things:
            break
        n_things = n_merged
    # What others were merged into has grown.
    n_sorted = np.int64(0)
    for i in range(n_things):
        n_sorted = _insert(things, i, things, n_sorted)
    return n_things


@device
def _insert(
    regions: NDArray[np.int64], i: int, things: NDArray[np.int64], n: np.int64
) -> np.int64:
    """Put a region among the first n things, which are in order, if there is room.

    Return how many there are then.
    """
    area, left, top = regions[i, AREA], regions[i, LEFT], regions[i, TOP]
    right, bottom = regions[i, RIGHT], regions[i, BOTTOM]
    place = n
    while place > 0 and _is_before(area, left, top, things, place - 1):
        place -= 1
    if place == len(things):
        return n
    n = n if n == len(things) else n + np.int64(1)
    for k in range(n - 1, place, -1):
        for column in range(N_COLUMNS):
            things[k, column] = things[k - 1, column]
    things[place, AREA], things[place, LEFT], things[place, TOP] = area, left, top
    things[place, RIGHT], things[place, BOTTOM] = right, bottom
    return n


@device
def _is_before(
    area: np.int64, left: np.int64, top: np.int64, things: NDArray[np.int64], i: np.int64
) -> bool:
    """Whether a region is larger than a thing, or as large and nearer to the top left."""
    if area != things[i, AREA]:
        return bool(area > things[i, AREA])
    if top != things[i, TOP]:
        return bool(top < things[i, TOP])
    return bool(left < things[i, LEFT])


@device
def _merge_once(things: NDArray[np.int64], n_things: np.int64) -> np.int64:
    """Let each box take in those after it that are part of it; return how many are left."""
    n_merged = np.int64(0)
    for i in range(n_things):
        for j in range(n_merged):
            if _is_part(things, i, j):
                things[j, AREA] += things[i, AREA]
                things[j, LEFT] = min(things[j, LEFT], things[i, LEFT])
                things[j, TOP] = min(things[j, TOP], things[i, TOP])
                things[j, RIGHT] = max(things[j, RIGHT], things[i, RIGHT])
                things[j, BOTTOM] = max(things[j, BOTTOM], things[i, BOTTOM])
                break
        else:
            for column in range(N_COLUMNS):
                things[n_merged, column] = things[i, column]
            n_merged += 1
    return n_merged


@device
def _is_part(things: NDArray[np.int64], i: int, j: int) -> bool:
    """Whether the smaller of two boxes lies largely in the other."""
    left, top = max(things[i, LEFT], things[j, LEFT]), max(things[i, TOP], things[j, TOP])
    width = min(things[i, RIGHT], things[j, RIGHT]) - left
    height = min(things[i, BOTTOM], things[j, BOTTOM]) - top
    if width <= 0 or height <= 0:
        return False
    return bool(2 * width * height >= min(_area(things, i), _area(things, j)))


@device
def _area(things: NDArray[np.int64], i: int) -> int:
    return int((things[i, RIGHT] - things[i, LEFT]) * (things[i, BOTTOM] - things[i, TOP]))
