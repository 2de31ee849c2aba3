"""Clips for golden masks: made by integer arithmetic alone, so the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_FRAMES = 48
HEIGHT, WIDTH = 37, 53


def _hash(t: int, salt: int) -> NDArray[np.int64]:
    """Return noise of shape (H, W) from 0 to 65535, different for each t and salt."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.uint32)
    h = (x * np.uint32(73856093)) ^ (y * np.uint32(19349663))
    h ^= np.uint32((t * 83492791 + salt * 2654435761) % 2**32)
    for shift, factor in ((16, 0x45D9F3B), (15, 0x2C1B3C6D)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    noise: NDArray[np.int64] = (h >> np.uint32(16)).astype(np.int64)
    return noise


def _scene(salt: int) -> NDArray[np.int64]:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.int64)
    channels = [60 + (x * (3 + c) + y * (5 - c) + 7 * salt) % 90 for c in range(3)]
    return np.stack(channels, axis=-1)


def _finished(picture: NDArray[np.int64], t: int) -> NDArray[np.uint8]:
    noise = np.stack([_hash(t, 11 + c) % 9 - 4 for c in range(3)], axis=-1)
    frame: NDArray[np.uint8] = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return frame


def moving_square() -> NDArray[np.uint8]:
    """A bright square crosses, with a shadow below it."""
    frames = []
    for t in range(N_FRAMES):
        picture = _scene(0)
        left = t - 8
        if left >= 0:
            picture[20:24, left : left + 9] = picture[20:24, left : left + 9] * 7 // 10
            picture[10:20, left : left + 9] = [210, 190, 230]
        frames.append(_finished(picture, t))
    return np.stack(frames)


def swaying_leaves() -> NDArray[np.uint8]:
    """The left half shows either of two textures, at random."""
    frames = []
    for t in range(N_FRAMES):
        picture = _scene(0)
        swaying = _hash(t, 5) % 3 == 0
        swaying[:, WIDTH // 2 :] = False
        picture[swaying] = _scene(9)[swaying] + 60
        frames.append(_finished(picture, t))
    return np.stack(frames)


def light_switch() -> NDArray[np.uint8]:
    """The light goes on a third of the way, and slowly off again."""
    frames = []
    for t in range(N_FRAMES):
        light = 10 if t < 16 else 15 - (t - 16) // 6
        frames.append(_finished(_scene(2) * light // 10, t))
    return np.stack(frames)


CLIPS = {
    "moving_square": moving_square,
    "swaying_leaves": swaying_leaves,
    "light_switch": light_switch,
}
