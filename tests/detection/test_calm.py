"""Where evidence strays little, less of it is enough."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.detection.calm import Calm
from bgsub.detection.evidence import unsmoothed
from bgsub.detection.pictures import near_foreground

_SHAPE = (40, 60)
_NONE = np.zeros(_SHAPE, np.uint8)


def _update(
    calm: Calm,
    values: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    mask: np.ndarray[tuple[int, int], np.dtype[np.uint8]],
) -> None:
    calm.update(unsmoothed(values, _NONE), None, near_foreground(mask))


def _strays(scale: float, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    noise = np.random.default_rng(seed).normal(0, scale, _SHAPE)
    return np.abs(noise).astype(np.float32)


def test_nothing_is_calm_at_first() -> None:
    assert np.all(Calm(_SHAPE, least=0.5).share == 1)


@pytest.mark.parametrize("least", [0.4, 0.7])
def test_what_keeps_still_needs_the_least(least: float) -> None:
    calm = Calm(_SHAPE, least=least)
    for t in range(150):
        _update(calm, _strays(0.01, t) / calm.share, _NONE)
    np.testing.assert_allclose(calm.share, least)


def test_what_strays_needs_the_whole_threshold_and_its_neighbours_do_not() -> None:
    calm = Calm(_SHAPE, least=0.5)
    for t in range(150):
        strays = _strays(0.01, t)
        strays[:, :20] = _strays(0.3, t)[:, :20]
        _update(calm, strays / calm.share, _NONE)
    assert np.all(calm.share[:, :15] == 1)
    np.testing.assert_allclose(calm.share[:, 50:], 0.5)


def test_between_them_the_share_is_three_times_what_is_rarely_exceeded() -> None:
    calm = Calm(_SHAPE, least=0.1)
    for t in range(400):
        _update(calm, _strays(0.05, t) / calm.share, _NONE)
    # Mean and deviation of the half-normal distribution.
    expected = 3 * 0.05 * (np.sqrt(2 / np.pi) + 3 * np.sqrt(1 - 2 / np.pi))
    assert np.median(calm.share) == pytest.approx(expected, rel=0.1)


def test_objects_do_not_make_their_place_restless() -> None:
    calm = Calm(_SHAPE, least=0.5)
    mask = _NONE.copy()
    mask[10:30, 20:40] = 255
    for t in range(150):
        strays = _strays(0.01, t)
        _update(calm, strays / calm.share, _NONE)
    for t in range(50):
        strays = _strays(0.01, t)
        strays[mask > 0] = 3
        _update(calm, strays / calm.share, mask)
    np.testing.assert_allclose(calm.share, 0.5)


def test_what_blinking_changed_is_taken_out() -> None:
    plain, widened = Calm(_SHAPE, least=0.1), Calm(_SHAPE, least=0.1)
    factor = np.full(_SHAPE, 2.5, np.float32)
    factor[:, 30:] = 1
    for t in range(50):
        strays = _strays(0.05, t)
        plain.update(unsmoothed(strays, _NONE), None, _NONE)
        widened.update(unsmoothed(strays / factor, _NONE), factor, _NONE)
    assert plain.share.min() < 0.9
    np.testing.assert_allclose(widened.share, plain.share, rtol=1e-4)
