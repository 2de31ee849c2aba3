"""Light of lamps on dark ground, told from bright objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.detection.glares import GlareFinder

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHAPE = (180, 320)


def _noisy(levels: NDArray[np.floating], seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, 4, _SHAPE)
    return np.clip(np.rint(levels + noise), 0, 255).astype(np.uint8)


def _ground(level: int) -> NDArray[np.float64]:
    return np.full(_SHAPE, float(level))


def _pool(softness_px: float) -> NDArray[np.float64]:
    """Return a pool of light, 0 to 1, as soft at its edge as is said."""
    pool = np.zeros(_SHAPE)
    cv2.ellipse(pool, (120, 90), (40, 24), 0.0, 0.0, 360.0, 1.0, cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(pool, (0, 0), softness_px), np.float64)


def _mask(pool: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.where(pool > 0.3, 255, 0).astype(np.uint8)


def test_a_pool_of_light_on_a_dark_street_is_found() -> None:
    pool = _pool(7)
    lit = _noisy(_ground(30) + 60 * pool, 1)
    glares = GlareFinder().find(_mask(pool), lit, _noisy(_ground(30), 2))
    assert glares is not None
    assert glares[pool > 0.6].mean() > 0.95
    assert not glares[_mask(pool) == 0].any()


@pytest.mark.parametrize(
    ("softness_px", "ground", "contrast"),
    [(1.0, 30, 60), (7.0, 120, 60), (7.0, 50, -40)],
    ids=["object with an edge", "in daylight", "darker"],
)
def test_nothing_else_is_taken_for_one(softness_px: float, ground: int, contrast: int) -> None:
    pool = _pool(softness_px)
    seen = _noisy(_ground(ground) + contrast * pool, 3)
    assert GlareFinder().find(_mask(pool), seen, _noisy(_ground(ground), 4)) is None


def test_the_car_behind_its_light_stays() -> None:
    pool = _pool(7)
    levels = _ground(30) + 60 * pool
    car = (slice(60, 110), slice(170, 230))
    levels[car] = 120
    mask = _mask(pool)
    mask[car] = 255
    glares = GlareFinder().find(mask, _noisy(levels, 5), _noisy(_ground(30), 6))
    assert glares is not None
    assert glares[pool > 0.6].mean() > 0.8
    assert glares[car].mean() < 0.1


def test_a_dark_corner_of_a_bright_picture_is_no_night() -> None:
    pool = _pool(7)
    dark, lit = _noisy(_ground(30), 2), _noisy(_ground(30) + 60 * pool, 1)
    dark[:, 180:] += 100
    lit[:, 180:] += 100
    assert GlareFinder().find(_mask(pool), lit, dark) is not None
    dark[:, 140:180] += 100
    lit[:, 140:180] += 100
    assert GlareFinder().find(_mask(pool), lit, dark) is None


def test_day_follows_night() -> None:
    pool = _pool(7)
    dark, lit = _noisy(_ground(30), 2), _noisy(_ground(30) + 60 * pool, 1)
    finder = GlareFinder()
    for _ in range(2):
        assert finder.find(_mask(pool), lit, dark) is not None
        assert finder.find(_mask(pool), lit + np.uint8(100), dark + np.uint8(100)) is None


def test_without_foreground_there_is_none() -> None:
    dark = _noisy(_ground(30), 7)
    assert GlareFinder().find(np.zeros(_SHAPE, np.uint8), dark, dark) is None
