"""Light that changes in a part of the picture: foreground without an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["ShadingFinder"]

_MIN_CELLS = 60
_AFTER_S = 0.2
_EVERY_S = 0.07
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
    place.

    Parameters
    ----------
    shape : tuple of int
        Of the grid, (h, w).
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._since_s = np.full(shape, np.inf, np.float32)
        self._next_s = -np.inf

    def find(
        self,
        mask: Mask,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
        timestamp_s: float,
    ) -> NDArray[np.bool_] | None:
        """Look at one frame.

        Parameters
        ----------
        mask : Mask, shape (h, w)
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
        fading = _fading(mask, picture, background)
        if fading is None:
            self._since_s[:] = np.inf
            return None
        self._since_s[~fading] = np.inf
        self._since_s[fading] = np.minimum(self._since_s[fading], np.float32(timestamp_s))
        stays = self._since_s <= timestamp_s - _AFTER_S
        if 2 * np.count_nonzero(stays) < np.count_nonzero(fading):
            return None
        self._since_s[:] = np.inf
        # It goes on beyond the mask; learnt without its surroundings it would get an edge.
        around = cv2.dilate(fading.view(np.uint8), _MARGIN)
        found: NDArray[np.bool_] = (around > 0) & (fading | (mask == 0))
        return found


def _fading(
    mask: Mask, picture: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    """Return the regions whose difference from the background is flat at their rim."""
    if cv2.countNonZero(mask) < _MIN_CELLS:
        return None
    n_regions, found = cv2.connectedComponents(mask, connectivity=8)
    labels: NDArray[np.int32] = np.asarray(found, np.int32)
    difference = cv2.GaussianBlur(cv2.absdiff(picture, background), (3, 3), 0)
    across = cv2.Sobel(difference, cv2.CV_32F, 1, 0)
    along = cv2.Sobel(difference, cv2.CV_32F, 0, 1)
    steepness = cv2.magnitude(across, along)
    inside = cv2.erode(mask, _SQUARE)
    rim = cv2.subtract(mask, inside) > 0
    rim[[0, -1]] = False
    rim[:, [0, -1]] = False
    on_rim = labels[rim]
    n_rim = np.maximum(np.bincount(on_rim, minlength=n_regions), 1)
    steep = np.bincount(on_rim, weights=steepness[rim], minlength=n_regions) / n_rim / _SOBEL
    within = mask > 0
    on_mask = labels[within]
    sizes = np.maximum(np.bincount(on_mask, minlength=n_regions), 1)
    levels = np.bincount(on_mask, weights=difference[within], minlength=n_regions)
    fades = steep < _MOST_STEEP * levels / sizes
    fades &= sizes >= _MIN_CELLS
    fades[0] = False
    return fades[labels] if fades.any() else None
