"""Light that changes in a part of the picture: foreground without an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._outlines import BACKGROUND, N_RIM, N_SUMS, PICTURE, add_up_fading
from bgsub.detection._runs import AREA
from bgsub.jit import as_read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection._runs import Regions

__all__ = ["ShadingFinder"]

_MIN_CELLS = 60
_AFTER_S = 0.2
_EVERY_S = 0.07
# In levels: what changes by more in this time is not there to stay.
_STILL = 8
_MARGIN = np.ones((11, 11), np.uint8)
# Gradient of the difference on the rim, per cell, as a share of the difference inside: an
# object's difference ends within two or three cells, a cloud's shadow fades out.
_MOST_STEEP = 0.1
_SQUARE = np.ones((3, 3), np.uint8)
# What a Sobel filter returns for a slope of one level a cell.
_SOBEL = 8.0


class ShadingFinder:
    """Finds foreground regions that fade out into the background.

    A cloud's shadow, the sun that comes out, a reflex on the wall: the picture differs from
    the background by something that has no edge where the mask has, for a while at the same
    place.  What headlamps shed on the road fades out, too, but does not keep still.

    Parameters
    ----------
    shape : tuple of int
        Of the grid, (h, w).
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._since_s = np.full(shape, np.inf, np.float32)
        self._first = np.zeros(shape, np.uint8)
        self._next_s = -np.inf

    def find(
        self,
        regions: Regions,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
        timestamp_s: float,
    ) -> NDArray[np.bool_] | None:
        """Look at one frame.

        Parameters
        ----------
        regions : Regions
            What was decided.
        picture, background : ndarray of uint8, shape (h, w)
            Luma of the frame and of the background.
        timestamp_s : float
            The frame's time.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            Where only the light is another one, with a margin; None if that is nowhere.
        """
        if timestamp_s < self._next_s:
            return None
        self._next_s = timestamp_s + _EVERY_S
        fading = _fading(regions, picture, background)
        if fading is None:
            self._since_s[:] = np.inf
            return None
        self._since_s[~fading | (cv2.absdiff(picture, self._first) > _STILL)] = np.inf
        begins = fading & (self._since_s == np.inf)
        self._since_s[begins] = timestamp_s
        self._first[begins] = picture[begins]
        stays = self._since_s <= timestamp_s - _AFTER_S
        if 2 * np.count_nonzero(stays) < np.count_nonzero(fading):
            return None
        self._since_s[:] = np.inf
        # It goes on beyond the mask; learnt without its surroundings it would get an edge.
        around = cv2.dilate(fading.view(np.uint8), _MARGIN)
        found: NDArray[np.bool_] = (around > 0) & (fading | (regions.mask == 0))
        return found


def _fading(
    regions: Regions, picture: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    """Return the regions whose difference from the background is flat at their rim."""
    sizes = regions.boxes[:, AREA]
    if not np.any(sizes >= _MIN_CELLS):
        return None
    mask = regions.mask
    difference = cv2.GaussianBlur(cv2.absdiff(picture, background), (3, 3), 0)
    rim = cv2.subtract(mask, cv2.erode(mask, _SQUARE))
    rim[0] = rim[-1] = 0
    rim[:, 0] = rim[:, -1] = 0
    sums = np.zeros((len(sizes), N_SUMS))
    add_up_fading(
        regions.runs,
        as_read_only(np.asarray(rim, np.uint8)),
        as_read_only(np.asarray(difference, np.uint8)),
        sums,
    )
    steep = sums[:, PICTURE] / np.maximum(sums[:, N_RIM], 1) / _SOBEL
    fades: NDArray[np.bool_] = steep < _MOST_STEEP * sums[:, BACKGROUND] / np.maximum(sizes, 1)
    fades &= sizes >= _MIN_CELLS
    return regions.chosen(fades) if fades.any() else None
