"""What happens before the camera in the tests of the robust detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.detection._clips import (
    SIZE,
    clip,
    world,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection import Detection

Pictures = list["NDArray[np.uint8]"]

WORLD = world(1)
SQUARE_PX = 20
SHARE = SQUARE_PX**2 / (SIZE[0] * SIZE[1])


def with_square(x: int, background: NDArray[np.uint8] = WORLD) -> NDArray[np.uint8]:
    picture = background.copy()
    picture[26 : 26 + SQUARE_PX, max(0, x) : max(0, x + SQUARE_PX)] = (220, 60, 40)
    return picture


def crossing_at(t: int) -> NDArray[np.uint8]:
    """A square crosses the picture from frame 30 on."""
    return WORLD if t < 30 else with_square((t - 30) * 2 - 10)


def stopping_clip(n_frames: int) -> Pictures:
    return clip(n_frames, lambda t: WORLD if t < 60 else with_square(30))


def leaving_clip(n_frames: int) -> Pictures:
    return clip(n_frames, lambda t: with_square(30) if t < 40 else WORLD)


def shaken_clip(n_frames: int) -> Pictures:
    noise = np.random.default_rng(2).normal(0, 1, (SIZE[0] + 20, SIZE[1] + 20))
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    large = np.asarray(np.clip(120 + 50 * smooth / smooth.std(), 0, 255), np.uint8)
    shifts = np.random.default_rng(3).integers(-4, 5, (n_frames, 2))
    shifts[:5] = 0

    def view(t: int) -> NDArray[np.uint8]:
        y, x = 10 - shifts[t]
        return large[y : y + SIZE[0], x : x + SIZE[1]]

    return clip(n_frames, view)


def brightening_clip(n_frames: int) -> Pictures:
    """It becomes half as bright again, within a third of a second from frame 40 on."""

    def lit(t: int) -> NDArray[np.uint8]:
        gain = 1 + 0.5 * min(max(t - 40, 0) / 8, 1)
        return np.asarray(np.minimum(WORLD * gain, 255), np.uint8)

    return clip(n_frames, lit)


def glittering_clip(n_frames: int) -> Pictures:
    """On the left, one in eight spots has any brightness at any time."""

    def glitter(t: int) -> NDArray[np.uint8]:
        rng = np.random.default_rng(t)
        picture = WORLD.copy()
        spots = np.kron(rng.random((24, 14)) < 0.12, np.ones((3, 3), bool))
        levels = np.kron(rng.integers(90, 255, (24, 14)), np.ones((3, 3), int))
        picture[:, :42][spots] = levels[spots][:, None]
        return picture

    return clip(n_frames, glitter)


def switching_clip(n_frames: int) -> Pictures:
    other = np.asarray(255 - world(9), np.uint8)
    return clip(n_frames, lambda t: WORLD if t < 60 else other)


def dark_clip(n_frames: int) -> Pictures:
    """A scene at night, crossed by something a little brighter."""
    night = np.asarray(world(4) / 8, np.uint8)

    def picture(t: int) -> NDArray[np.uint8]:
        if t < 30:
            return night
        seen = night.copy()
        seen[26:46, (t - 30) * 2 : (t - 30) * 2 + 20] += 28
        return seen

    return clip(n_frames, picture, noise=1.0)


def faint_clip(n_frames: int) -> Pictures:
    """Something as far from its background as the threshold crosses, in noise."""

    def picture(t: int) -> NDArray[np.uint8]:
        if t < 60:
            return WORLD
        seen = WORLD.copy()
        seen[26:46, 30:50] = np.clip(seen[26:46, 30:50].astype(int) + 38, 0, 255)
        return seen

    return clip(n_frames, picture, noise=6.0)


def pale_clip(n_frames: int) -> Pictures:
    """Something fainter than the threshold crosses at last, in little noise."""

    def picture(t: int) -> NDArray[np.uint8]:
        if t < n_frames - 30:
            return WORLD
        seen = WORLD.copy()
        x = 2 * (t - n_frames + 40)
        seen[26:46, x : x + 20] += 27
        return seen

    return clip(n_frames, picture, noise=1.0)


def sunny_clip(n_frames: int) -> Pictures:
    """Something crosses that casts a shadow to its right."""

    def picture(t: int) -> NDArray[np.uint8]:
        if t < 30:
            return WORLD
        x = (t - 30) * 2
        seen = WORLD.copy()
        shadow = seen[42:56, x + 14 : x + 44]
        seen[42:56, x + 14 : x + 44] = (shadow * 0.6).astype(np.uint8)
        seen[16:56, x : x + 14] = (220, 60, 40)
        return seen

    return clip(n_frames, picture, noise=1.0)


def masks_of(detections: list[Detection]) -> NDArray[np.bool_]:
    return np.array([detection.mask == 255 for detection in detections])


def truth_of_crossing(n_frames: int) -> NDArray[np.bool_]:
    return np.array([(crossing_at(t) != WORLD).any(axis=2) for t in range(n_frames)])


def specked_clip(n_frames: int) -> Pictures:
    """Single pixels are wrong in every frame, as of a bad link, and a square crosses."""
    images = clip(n_frames, crossing_at)
    for t, image in enumerate(images):
        rng = np.random.default_rng(t)
        image[rng.random(SIZE) < 0.03] = rng.integers(0, 256, 3)
    return images
