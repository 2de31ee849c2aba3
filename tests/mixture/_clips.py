"""Small clips that make every branch of the model matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHITE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def busy_clip(
    n_frames: int, shape: tuple[int, ...], *, dtype: str = "uint8", seed: int = 0
) -> NDArray[Any]:
    """Return (n_frames, *shape): two backgrounds that alternate, noise, passing objects."""
    rng = np.random.default_rng(seed)
    scenes = rng.uniform(30.0, 220.0, (2, *shape))
    pixels = shape[:2] + (1,) * (len(shape) - 2)
    clip = np.empty((n_frames, *shape))
    for t in range(n_frames):
        swaying = rng.random(pixels) < 0.3
        clip[t] = np.where(swaying, scenes[1], scenes[0])
        shadow = rng.random(pixels) < 0.1
        clip[t] *= np.where(shadow, 0.7, 1.0)
        thing = rng.random(pixels) < 0.1
        clip[t] = np.where(thing, rng.uniform(0.0, 255.0, shape), clip[t])
        clip[t] += rng.normal(0.0, 4.0, shape)
    clip = np.clip(clip, 0.0, 255.0) / 255.0 * WHITE[dtype]
    return (np.rint(clip) if dtype != "float32" else clip).astype(dtype)
