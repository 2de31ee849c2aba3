"""Small pictures with known classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = (40, 120, 210)
COLOURS = ((30, 60, 180), (40, 160, 60), (200, 190, 90))


def stripes(height: int = 36, width: int = 48) -> NDArray[np.uint8]:
    """Three upright stripes: the class of each pixel."""
    return np.repeat((np.arange(width) * 3 // width)[None], height, axis=0).astype(np.uint8)


def grey(sigma: float = 6.0) -> NDArray[np.uint8]:
    return _noisy(np.asarray(LEVELS, float)[stripes()], sigma)


def colour(sigma: float = 6.0) -> NDArray[np.uint8]:
    return _noisy(np.asarray(COLOURS, float)[stripes()], sigma)


def _noisy(picture: NDArray[np.float64], sigma: float) -> NDArray[np.uint8]:
    random = np.random.default_rng(7)
    return np.clip(picture + random.normal(0, sigma, picture.shape), 0, 255).astype(np.uint8)
