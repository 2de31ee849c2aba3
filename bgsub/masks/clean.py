"""All cleaning steps in their order, for frames of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.errors import FrameShapeError
from bgsub.masks._boxes import merge_boxes
from bgsub.masks._regions import AREA, RegionFinder
from bgsub.masks.majority import check_side, majority, vote
from bgsub.masks.region import restrict

if TYPE_CHECKING:
    from bgsub.frames import Box, Mask

__all__ = ["CleanedMask", "MaskCleaner"]

# More boxes than this say nothing more about a frame.
_MAX_BOXES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedMask:
    """A mask after cleaning, and what was learnt on the way.

    Attributes
    ----------
    mask : Mask, shape (H, W)
        Read-only, and the receiver's own.
    coverage : float
        Foreground pixels over all pixels of the frame, 0 to 1.
    boxes : tuple of Box
        Around the foreground regions, largest first; see :func:`bgsub.masks.find_boxes`.
    """

    mask: Mask
    coverage: float
    boxes: tuple[Box, ...]


class MaskCleaner:
    """Cleans the masks of one clip: majority, holes, region, small things, in this order.

    The region comes after the majority and the holes, so that inside it the mask is what it
    would be without one.

    Parameters
    ----------
    frame_shape : tuple of int
        (H, W) of the masks.
    median_px : int
        Side of the square whose majority decides a pixel; odd, 1 is off.
    fill_holes_fraction : float
        Holes up to this share of the frame are filled; 0 is off.
    min_area_fraction : float
        Connected regions below this share of the frame are dropped; 0 is off.
    keep_shadows : bool
        Whether shadow keeps its label (127) or becomes background.
    region : Mask, shape (H, W), or None
        255 where motion counts, 0 elsewhere; None is everywhere.

    Raises
    ------
    ConfigError
        If `median_px` is even or out of range.
    FrameShapeError
        If the region has another shape than the frames.
    """

    def __init__(
        self,
        *,
        frame_shape: tuple[int, int],
        median_px: int,
        fill_holes_fraction: float,
        min_area_fraction: float,
        keep_shadows: bool,
        region: Mask | None,
    ) -> None:
        check_side(median_px)
        self._shape = tuple(frame_shape)
        if region is not None:
            self._check_shape("region", region)
        size_px = self._shape[0] * self._shape[1]
        self._median_px = median_px
        self._max_hole_px = fill_holes_fraction * size_px
        self._min_area_px = min_area_fraction * size_px
        self._keep_shadows = keep_shadows
        self._region = region
        self._finder = RegionFinder(*frame_shape)

    def clean(self, mask: Mask) -> CleanedMask:
        """Clean one mask.

        Parameters
        ----------
        mask : Mask, shape (H, W)
            From the model; not modified.

        Returns
        -------
        CleanedMask
            The cleaned mask, its coverage and boxes.

        Raises
        ------
        FrameShapeError
            If the mask has another shape than `frame_shape`.

        Notes
        -----
        The cost grows with the foreground; a mask without any costs next to nothing.
        """
        self._check_shape("mask", mask)
        if not cv2.hasNonZero(mask):
            empty = np.zeros_like(mask)
            empty.setflags(write=False)
            return CleanedMask(mask=empty, coverage=0.0, boxes=())
        cleaned = (majority if self._keep_shadows else vote)(mask, self._median_px)
        max_hole_px = self._max_hole_px
        if self._region is not None:
            if max_hole_px >= 1:
                self._finder.settle(cleaned, max_hole_px=max_hole_px, min_area_px=0)
            # What it cuts off is no hole, and what it leaves may be small.
            cleaned = restrict(cleaned, self._region)
            max_hole_px = 0
        found = self._finder.settle(
            cleaned, max_hole_px=max_hole_px, min_area_px=self._min_area_px
        )
        cleaned.setflags(write=False)
        return CleanedMask(
            mask=cleaned,
            coverage=int(found[:, AREA].sum()) / mask.size,
            boxes=merge_boxes(found, max_boxes=_MAX_BOXES),
        )

    def _check_shape(self, what: str, mask: Mask) -> None:
        if mask.shape != self._shape:
            msg = f"The {what} is {mask.shape}, the frames are {self._shape}; give equal sizes."
            raise FrameShapeError(msg)
