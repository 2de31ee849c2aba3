"""Noise, for experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bgsub.frames import Image

__all__ = ["add_noise"]


def add_noise(picture: Image, sigma: float, seed: int) -> Image:
    """Return a picture with independent Gaussian noise in each channel, clipped to its range.

    Parameters
    ----------
    picture : ndarray
        uint8 or uint16; not modified.
    sigma : float
        Standard deviation in levels of 255, whatever the type.
    seed : int
        The same seed gives the same noise.
    """
    white = int(np.iinfo(picture.dtype).max)
    random = np.random.default_rng(seed)
    noisy = np.empty_like(picture)
    scale = np.float32(sigma * white / 255.0)
    # Row by row: a large picture needs little memory beside its own.
    for row, result in zip(picture, noisy, strict=True):
        noise = random.standard_normal(row.shape, np.float32) * scale
        result[...] = np.clip(np.rint(row + noise), 0, white)
    return noisy
