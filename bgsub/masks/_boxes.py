"""Boxes around the regions of a mask, fragments together with what they are part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.frames import Box
from bgsub.jit import device, kernel
from bgsub.masks._regions import AREA, BOTTOM, LEFT, N_COLUMNS, RIGHT, TOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["largest_first", "merge_boxes"]


def largest_first(found: NDArray[Any], at_most: int) -> NDArray[Any]:
    """Return the rows of the largest regions, those of one size from the top left."""
    order = np.lexsort((found[:, LEFT], found[:, TOP], -found[:, AREA]))
    return found[order[:at_most]]


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
        Largest first, by the number of foreground pixels.
    """
    things = largest_first(found, max_boxes).astype(np.int64)
    n_things = len(things)
    while (n_merged := _merge_once(things[:n_things])) < n_things:
        n_things = n_merged
    return tuple(
        Box(x=left, y=top, width=right - left, height=bottom - top)
        for _, left, top, right, bottom in largest_first(things[:n_things], n_things).tolist()
    )


@kernel
def _merge_once(things: NDArray[np.int64]) -> int:
    """Let each box take in those after it that are part of it; return how many are left."""
    n_merged = 0
    for i in range(len(things)):
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
