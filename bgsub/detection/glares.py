"""Light that objects cast on dark ground: headlamps on a street at night."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._runs import AREA, BOTTOM, LEFT, RIGHT, TOP, Regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["GlareFinder"]

# Areas below are meant for pictures of this many lines.
_LINES = 360
_MIN_PX = 150
# In daylight nobody sees the light of a lamp: the ground is darker than this, and so is that
# share of the picture.
_DARK = 60
_MIN_DARK = 0.5
_BRIGHTER, _RATIO = 14, 1.2
# Gradient of the difference per pixel, as a share of it, below which it fades; and the gradient
# that noise has.
_FLAT = 0.1
_NOISE = 1.5
# Share of the surroundings in which it must fade.
_MIN_FADING = 0.65
_MIN_RIM_PX = 10
_BOX = (5, 5)
_OPEN = np.ones((5, 5), np.uint8)
_NEAR = np.ones((3, 3), np.uint8)
_AROUND = np.ones((9, 9), np.uint8)
_PADDING_PX = 8
# What a Sobel filter returns for a slope of one level a pixel.
_SOBEL = 8.0


class GlareFinder:
    """Finds foreground that is only ground which a lamp lights.

    A pool of light fades out all around, as no object does.
    """

    def __init__(self) -> None:
        self._looked_at: NDArray[np.uint8] | None = None
        self._is_night = False

    def find(
        self, mask: Mask, luma: NDArray[np.uint8], background: NDArray[np.uint8]
    ) -> NDArray[np.bool_] | None:
        """Return which part of the foreground is lit ground.

        Parameters
        ----------
        mask : Mask, shape (h, w)
            Foreground, 0 or 255.
        luma, background : ndarray of uint8, shape (h, w)
            Of the frame and of what is behind the foreground; the latter is not changed as
            long as it is the same array.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            True where the foreground is only lit; None if it is nowhere.
        """
        if background is not self._looked_at:
            self._looked_at = background
            n_dark = np.count_nonzero(background < _DARK)
            self._is_night = bool(n_dark >= _MIN_DARK * background.size)
        return _glares(mask, luma, background) if self._is_night else None


def _glares(
    mask: Mask, luma: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    known = np.asarray(cv2.blur(background, _BOX), np.uint8)
    brighter = np.asarray(cv2.subtract(cv2.blur(luma, _BOX), known), np.uint8)
    is_lit = (brighter > _BRIGHTER) & (known < _DARK) & (mask > 0)
    min_px = _MIN_PX * (mask.shape[0] / _LINES) ** 2
    if np.count_nonzero(is_lit) < min_px:
        return None
    difference: NDArray[np.float32] = brighter.astype(np.float32)
    steepness = _steepness(difference)
    is_lit &= difference > np.float32(_RATIO - 1) * known
    is_lit &= steepness < np.maximum(np.float32(_FLAT) * difference, np.float32(_NOISE))
    pools = Regions(
        np.asarray(cv2.morphologyEx(is_lit.view(np.uint8), cv2.MORPH_OPEN, _OPEN), np.uint8),
        diagonal=False,
    )
    is_glare = pools.boxes[:, AREA] >= max(1.0, min_px)
    for pool in np.flatnonzero(is_glare):
        box = pools.boxes[pool]
        around = (
            slice(max(0, box[TOP] - _PADDING_PX), box[BOTTOM] + _PADDING_PX),
            slice(max(0, box[LEFT] - _PADDING_PX), box[RIGHT] + _PADDING_PX),
        )
        inside = (pools.labels[around] == pool).view(np.uint8)
        is_glare[pool] = _fades(inside, difference[around], steepness[around])
    if not is_glare.any():
        return None
    grown = np.asarray(cv2.dilate(pools.chosen(is_glare).view(np.uint8), _AROUND), np.uint8)
    glares: NDArray[np.bool_] = (grown > 0) & (mask > 0)
    return glares


def _steepness(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    across = cv2.Sobel(difference, cv2.CV_32F, 1, 0)
    along = cv2.Sobel(difference, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, along), np.float32) / np.float32(_SOBEL)


def _fades(
    inside: Mask, difference: NDArray[np.float32], steepness: NDArray[np.float32]
) -> bool:
    """Return whether a pool, 0 or 1, has no edge where it ends."""
    rim = cv2.subtract(cv2.dilate(inside, _AROUND), cv2.dilate(inside, _NEAR)) > 0
    if np.count_nonzero(rim) < _MIN_RIM_PX:
        return False
    level = difference[inside > 0].mean()
    return bool(np.mean(steepness[rim] < _FLAT * level) >= _MIN_FADING)
