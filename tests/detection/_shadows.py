"""An object and its shadow on the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.frames import FOREGROUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPE = (120, 160)
# The object stands on row 80; its shadow falls to the right of its foot.
OBJECT = slice(30, 81), slice(50, 70)
COMPACT = slice(60, 81), slice(70, 95)
LONG = slice(72, 81), slice(70, 120)
LEFT_IN_SHADOW = 0.55

Box = tuple[slice, slice]


def texture(seed: int, amplitude: float) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(0, 1, SHAPE)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.asarray(amplitude * smooth / smooth.std())


def ground(amplitude: float) -> NDArray[np.uint8]:
    luma = 130 + texture(0, amplitude)
    return np.clip(luma[..., None] + (4, 0, -4), 0, 255).astype(np.uint8)


def scene(
    amplitude: float,
    shadow: Box,
    gain: float | tuple[float, float, float] = LEFT_IN_SHADOW,
    standing: Box = OBJECT,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return mask, picture and background: a bright object and its shadow on the ground."""
    background = ground(amplitude)
    picture = background.copy()
    picture[shadow] = (background[shadow] * np.asarray(gain)).astype(np.uint8)
    picture[standing] = np.clip(220 + texture(1, 10)[standing], 0, 255)[..., None]
    mask = np.zeros(SHAPE, np.uint8)
    mask[shadow] = mask[standing] = FOREGROUND
    return mask, picture, background
