"""A coarse picture of the background, for comparing whole regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection.pictures import to_luma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["Reference"]

_SATURATED = 250
# Frames are passed over until what they would have changed is this share.
_LEAST_RATE = 0.01


class Reference:
    """Follows the picture where nothing is foreground.

    It is cheaper than asking the model for its means, and says the same about regions.  What
    was too bright for a while is remembered as bright as it must have been.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w) or (h, w, 3)
        The first one.
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._mean: NDArray[np.float32] = picture.astype(np.float32)
        self._picture: NDArray[np.uint8] | None = None
        self._luma: NDArray[np.uint8] | None = None
        self._was_mapped = False
        self._rate = 0.0

    @property
    def picture(self) -> NDArray[np.uint8]:
        """The background, uint8, in the shape of the pictures."""
        if self._picture is None:
            self._picture = cv2.convertScaleAbs(self._mean)  # type: ignore[assignment]
        assert self._picture is not None
        return self._picture

    @property
    def luma(self) -> NDArray[np.uint8]:
        """The luma of the background, uint8, shape (h, w)."""
        if self._luma is None:
            self._luma = to_luma(self.picture)
        return self._luma

    def is_saturated(self) -> NDArray[np.bool_]:
        """Return where the background is too bright for some channel, shape (h, w)."""
        brightest = self.picture
        if brightest.ndim == 3:
            brightest = brightest.max(axis=2)
        return brightest >= _SATURATED

    def update(self, picture: NDArray[np.uint8], mask: Mask, rate: float) -> None:
        """Follow a picture at a learning rate where the mask, of shape (h, w), is 0.

        At small rates one picture stands for those before it.
        """
        self._rate = 1 - (1 - self._rate) * (1 - rate)
        if self._rate < _LEAST_RATE:
            return
        rate, self._rate = self._rate, 0.0
        follows = cv2.bitwise_not(mask)
        # Only by a curve can it have become brighter than white.
        if self._was_mapped and float(self._mean.max()) > 255.0:
            follows[self.is_saturated()] = 0
        cv2.accumulateWeighted(picture, self._mean, rate, mask=follows)
        self._picture = self._luma = None

    def relearn(self, picture: NDArray[np.uint8], where: NDArray[np.bool_]) -> None:
        """Take over a picture where something is true, shape (h, w)."""
        self._mean[where] = picture[where]
        self._picture = self._luma = None

    def map_levels(self, curves: NDArray[np.float32]) -> None:
        """Change the levels of each channel by a curve of shape (C, 256)."""
        levels = np.arange(256, dtype=np.float32)
        channels = self._mean.reshape(-1, len(curves))
        for c, curve in enumerate(curves):
            # Above white the curve goes on as a line through black.
            brighter = np.maximum(channels[:, c] / 255, 1)
            channels[:, c] = np.interp(channels[:, c], levels, curve) * brighter
        self._was_mapped = True
        self._picture = self._luma = None
