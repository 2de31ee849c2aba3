"""Where evidence strays little, less of it is enough."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.detection.calm import Calm

_SHAPE = (40, 60)
_NONE = np.zeros(_SHAPE, np.uint8)


def _strays(scale: float, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    noise = np.random.default_rng(seed).normal(0, scale, _SHAPE)
    return np.abs(noise).astype(np.float32)


def test_nothing_is_calm_at_first() -> None:
    assert np.all(Calm(_SHAPE, least=0.5).share == 1)


@pytest.mark.parametrize("least", [0.4, 0.7])
def test_what_keeps_still_needs_the_least(least: float) -> None:
    calm = Calm(_SHAPE, least=least)
    for t in range(150):
        calm.update(_strays(0.01, t) / calm.share, _NONE)
    np.testing.assert_allclose(calm.share, least)


def test_what_strays_needs_the_whole_threshold_and_its_neighbours_do_not() -> None:
    calm = Calm(_SHAPE, least=0.5)
    for t in range(150):
        strays = _strays(0.01, t)
        strays[:, :20] = _strays(0.3, t)[:, :20]
        calm.update(strays / calm.share, _NONE)
    assert np.all(calm.share[:, :15] == 1)
    np.testing.assert_allclose(calm.share[:, 50:], 0.5)


def test_between_them_the_share_is_four_times_what_is_rarely_exceeded() -> None:
    calm = Calm(_SHAPE, least=0.1)
    for t in range(400):
        calm.update(_strays(0.05, t) / calm.share, _NONE)
    # Mean and deviation of the half-normal distribution.
    expected = 4 * 0.05 * (np.sqrt(2 / np.pi) + 3 * np.sqrt(1 - 2 / np.pi))
    assert np.median(calm.share) == pytest.approx(expected, rel=0.1)


def test_objects_do_not_make_their_place_restless() -> None:
    calm = Calm(_SHAPE, least=0.5)
    mask = _NONE.copy()
    mask[10:30, 20:40] = 255
    for t in range(150):
        strays = _strays(0.01, t)
        calm.update(strays / calm.share, _NONE)
    for t in range(50):
        strays = _strays(0.01, t)
        strays[mask > 0] = 3
        calm.update(strays / calm.share, mask)
    np.testing.assert_allclose(calm.share, 0.5)
