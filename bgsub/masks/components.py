"""Connected regions of a mask: holes in them, their size, the boxes around them.

Foreground is connected over edges and corners (8 neighbours), background over edges only
(4 neighbours), as it must be for an outline to separate the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.frames import FOREGROUND, SHADOW
from bgsub.masks._boxes import merge_boxes
from bgsub.masks._regions import RegionFinder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Box, Mask

__all__ = ["coverage", "drop_small", "fill_holes", "find_boxes"]


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
    return merge_boxes(found, max_boxes=max_boxes)


def foreground(mask: Mask) -> Mask:
    """Return the mask with shadow as background: values 0 and 255."""
    return cv2.threshold(mask, SHADOW, FOREGROUND, cv2.THRESH_BINARY)[1]  # type: ignore[return-value]


def _settled(
    mask: Mask, *, max_hole_px: float, min_area_px: float
) -> tuple[Mask, NDArray[np.int32]]:
    settled = mask.copy()
    finder = RegionFinder(*settled.shape)
    return settled, finder.settle(settled, max_hole_px=max_hole_px, min_area_px=min_area_px)
