"""A camera that shakes: how far the picture has moved against the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Stabiliser", "moved"]

# The pictures that are compared have at most this many lines.
_LINES = 270
# In smaller ones there is too little to compare.
_MIN_SIDE = 16
# Shifts, in pixels of those pictures: a smaller one cannot be told from noise, a larger one is
# no shake.
_LEAST = 0.3
_MOST_FRACTION = 0.15
_MIN_RESPONSE = 0.05
# A camera that stood still for a while is looked at now and then only.
_PATIENCE = 50
_EVERY = 5


class Stabiliser:
    """Measures the translation of the picture by phase correlation.

    After Kuglin and Hines 1975, with sub-pixel peaks as OpenCV finds them.

    Parameters
    ----------
    shape : tuple of int
        Of the working grid, (h, w).
    step : int
        Pixels of a frame for each cell of the grid.
    """

    def __init__(self, shape: tuple[int, int], *, step: int) -> None:
        self._factor = max(1, -(-shape[0] // _LINES))
        height, width = (-(-side // self._factor) for side in shape)
        self._size = (width, height)
        self._scale = self._factor * step
        self._window = None
        if min(width, height) >= _MIN_SIDE:
            self._window = cv2.createHanningWindow(self._size, cv2.CV_32F)
        self._steady = 0
        self._number = 0

    def shift(
        self, picture: NDArray[np.uint8], background: NDArray[np.uint8]
    ) -> tuple[float, float]:
        """Return how far the picture lies to the right and below, in pixels of the frame.

        Parameters
        ----------
        picture, background : ndarray of uint8, shape (h, w)
            Luma of the frame and of the background.

        Returns
        -------
        tuple of float
            (0, 0) where no shift is found.
        """
        self._number += 1
        if self._window is None or (self._steady >= _PATIENCE and self._number % _EVERY):
            return 0.0, 0.0
        # OpenCV's phaseCorrelate with a window overwrites its inputs: they are copies.
        (x, y), response = cv2.phaseCorrelate(
            self._reduced(background), self._reduced(picture), self._window
        )
        length = float(np.hypot(x, y))
        too_far = length > _MOST_FRACTION * max(self._size)
        if length < _LEAST or too_far or response < _MIN_RESPONSE:
            self._steady += 1
            return 0.0, 0.0
        self._steady = 0
        return x * self._scale, y * self._scale

    def _reduced(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self._factor > 1:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        return picture.astype(np.float32)


def moved(picture: NDArray[Any], x: float, y: float, *, nearest: bool) -> NDArray[Any]:
    """Return the picture moved right and down; what comes in repeats the edge.

    Parameters
    ----------
    picture : ndarray of shape (H, W) or (H, W, 3)
        A picture, or a mask.
    x, y : float
        Pixels.
    nearest : bool
        Take the nearest pixel's value (for masks) instead of interpolating.
    """
    height, width = picture.shape[:2]
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    return cv2.warpAffine(
        picture,
        matrix,
        (width, height),
        flags=cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
