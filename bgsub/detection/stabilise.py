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
# Pictures half as fine tell in a quarter of the time that there is no shift; this much, in
# their pixels, may be one.
_LEAST_OF_HALVES = 0.13
# A camera that stood still for so many looks is looked at now and then only: at one in so many
# frames, after so many looks more at fewer still.
_PATIENCE = 25
_EVERY = (1, 5, 8)


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
        factor = max(1, -(-shape[0] // _LINES))
        self._whole = _Correlation(shape, factor)
        self._halves = _Correlation(shape, 2 * factor)
        self._scale = factor * step
        self._steady = 0
        self._number = 0

    def is_due(self) -> bool:
        """Count a frame, and return whether it is to be looked at."""
        self._number += 1
        every = _EVERY[min(self._steady // _PATIENCE, len(_EVERY) - 1)]
        return self._number % every == 0

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
        if not self._whole.is_enough:
            return 0.0, 0.0
        if self._steady and self._halves.is_enough:
            x, y, _ = self._halves.shift(picture, background)
            if np.hypot(x, y) < _LEAST_OF_HALVES:
                self._steady += 1
                return 0.0, 0.0
        x, y, response = self._whole.shift(picture, background)
        length = float(np.hypot(x, y))
        if not _LEAST <= length <= self._whole.most or response < _MIN_RESPONSE:
            self._steady += 1
            return 0.0, 0.0
        self._steady = 0
        return x * self._scale, y * self._scale


class _Correlation:
    """Compares the middle of pictures that are made smaller by a whole factor.

    Parameters
    ----------
    shape : tuple of int
        Of the pictures, (h, w).
    factor : int
        How many of their pixels are one.

    Attributes
    ----------
    is_enough : bool
        Whether there is enough to compare.
    most : float
        The longest shift that can be a shake.
    """

    def __init__(self, shape: tuple[int, int], factor: int) -> None:
        height, width = (-(-side // factor) for side in shape)
        self._size = (width, height)
        self._is_reduced = factor > 1
        self.most = _MOST_FRACTION * max(width, height)
        rows, columns = _fast_size(height), _fast_size(width)
        self.is_enough = min(rows, columns) >= _MIN_SIDE
        top, left = (height - rows) // 2, (width - columns) // 2
        self._middle = slice(top, top + rows), slice(left, left + columns)
        if self.is_enough:
            self._window = cv2.createHanningWindow((columns, rows), cv2.CV_32F)

    def shift(
        self, picture: NDArray[np.uint8], background: NDArray[np.uint8]
    ) -> tuple[float, float, float]:
        """Return how far a picture lies to the right and below, and how clear that is."""
        # With a window phaseCorrelate overwrites its inputs: they are copies.
        (x, y), response = cv2.phaseCorrelate(
            self._reduced(background), self._reduced(picture), self._window
        )
        return x, y, response

    def _reduced(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self._is_reduced:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        return picture[self._middle].astype(np.float32)


def _fast_size(length: int) -> int:
    """Return the largest length up to this one that a Fourier transform is fast for.

    It is even: in pictures of odd sides OpenCV's phaseCorrelate is off by half a pixel.
    """
    length -= length % 2
    while length > 0 and cv2.getOptimalDFTSize(length) != length:
        length -= 2
    return length


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
