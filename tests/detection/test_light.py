"""Curves of light: what the whole picture did, and nothing that only a part of it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgsub.detection.light import find_curves, may_be_another
from bgsub.detection.reference import Reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHAPE = (90, 120)
_NONE = np.zeros(_SHAPE, np.uint8)


def _background(
    channels: tuple[int, ...] = (), low: int = 30, high: int = 180
) -> NDArray[np.uint8]:
    rng = np.random.default_rng(11)
    return rng.integers(low, high, (*_SHAPE, *channels), np.uint8)


def _lit(picture: NDArray[np.uint8], gain: float, gamma: float = 1.0) -> NDArray[np.uint8]:
    noise = np.random.default_rng(12).normal(0, 2, picture.shape)
    levels = gain * 255 * (picture / 255.0) ** gamma + noise
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize(
    ("gain", "gamma"), [(0.5, 1.0), (0.75, 1.0), (1.3, 1.0), (1.0, 0.7), (1.0, 1.5)]
)
def test_curves_are_the_change_of_light(
    channels: tuple[int, ...], gain: float, gamma: float
) -> None:
    background = _background(channels)
    curves = find_curves(_lit(background, gain, gamma), background, _NONE)
    assert curves is not None
    assert curves.shape == (channels[0] if channels else 1, 256)
    levels = np.arange(35, 175)
    for curve in curves:
        np.testing.assert_allclose(
            curve[levels], gain * 255 * (levels / 255) ** gamma, rtol=0.03, atol=1.5
        )


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("gain", [0.5, 0.75, 1.3])
def test_a_quick_look_sees_what_is_not_yet_known(
    channels: tuple[int, ...], gain: float
) -> None:
    background = _background(channels, high=150)
    lit = _lit(background, gain)
    known = np.full((3, 4, channels[0] if channels else 1), gain, np.float32)
    assert may_be_another(lit, background, _NONE, np.ones_like(known))
    assert not may_be_another(lit, background, _NONE, known)
    assert not may_be_another(background, background, _NONE, np.ones_like(known))
    assert may_be_another(background, background, _NONE, known)


def test_each_channel_has_its_own_curve() -> None:
    background = _background((3,))
    picture = background.copy()
    for channel, gain in enumerate((0.6, 0.9, 1.2)):
        picture[..., channel] = _lit(background[..., channel], gain)
    curves = find_curves(picture, background, _NONE)
    assert curves is not None
    np.testing.assert_allclose(curves[:, 100], [60, 90, 120], atol=2)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_nothing_is_found_where_the_light_stays(channels: tuple[int, ...]) -> None:
    background = _background(channels)
    assert find_curves(background, background, _NONE) is None
    assert find_curves(_lit(background, 1.0), background, _NONE) is None


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_objects_that_are_a_minority_are_no_light(share: float) -> None:
    background = _background()
    picture = _lit(background, 1.0)
    picture[: int(share * _SHAPE[0])] = 240
    assert find_curves(picture, background, _NONE) is None


def test_objects_do_not_change_the_curves() -> None:
    background = _background()
    picture = _lit(background, 0.6)
    # Seven tenths of the picture show the light, and three an object that is no shade of it.
    picture[: int(0.3 * _SHAPE[0])] = 235
    mask = _NONE.copy()
    mask[: int(0.3 * _SHAPE[0])] = 255
    curves = find_curves(picture, background, mask)
    alone = find_curves(_lit(background, 0.6), background, _NONE)
    assert curves is not None
    assert alone is not None
    np.testing.assert_allclose(curves[0, 40:170], alone[0, 40:170], atol=2)


def test_what_is_masked_does_not_count() -> None:
    background = _background()
    picture = background.copy()
    picture[:80] = _lit(background, 0.5)[:80]
    mask = _NONE.copy()
    mask[:80] = 255
    assert find_curves(picture, background, _NONE) is not None
    assert find_curves(picture, background, mask) is None
    assert find_curves(picture, background, np.full(_SHAPE, 255, np.uint8)) is None


def test_another_picture_is_no_light() -> None:
    background = _background()
    other = np.random.default_rng(5).integers(0, 256, _SHAPE, np.uint8)
    assert find_curves(other, background, _NONE) is None


def test_black_and_tiny_pictures_say_nothing() -> None:
    background = _background()
    assert find_curves(np.zeros(_SHAPE, np.uint8), background, _NONE) is None
    tiny = background[:3, :3]
    assert find_curves(tiny // 2, tiny, _NONE[:3, :3]) is None


def test_what_becomes_brighter_than_white_is_remembered() -> None:
    background = _background(low=40, high=230)
    reference = Reference(background)
    brighter = _lit(background, 1.5)
    curves = find_curves(brighter, background, _NONE)
    assert curves is not None
    np.testing.assert_allclose(curves[0, 215], 322, rtol=0.03)
    reference.map_levels(curves)
    assert reference.picture.max() == 255
    assert (brighter >= 254)[reference.is_saturated()].mean() > 0.95
    # The light goes back: so does the picture, also where it was white.
    reference.map_levels(np.arange(256, dtype=np.float32)[None] / np.float32(1.5))
    np.testing.assert_allclose(reference.picture.astype(int), background.astype(int), atol=4)
