"""The coarse picture of the background follows what is not foreground."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.detection.reference import Reference

_LEVELS = np.arange(256, dtype=np.float32)


def _curves(
    gain: float, n_channels: int = 1
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.tile(_LEVELS * np.float32(gain), (n_channels, 1))


@pytest.mark.parametrize("shape", [(1, 1), (4, 5), (4, 5, 3)])
def test_the_first_picture_is_the_background(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    reference = Reference(picture)
    np.testing.assert_array_equal(reference.picture, picture)
    assert reference.picture.dtype == np.uint8
    assert reference.picture is not picture


@pytest.mark.parametrize("channels", [(), (3,)])
def test_it_is_a_running_mean_where_nothing_is_foreground(channels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    shape = (6, 7, *channels)
    first = rng.integers(0, 240, shape, np.uint8)
    reference, mean = Reference(first), first.astype(float)
    for _ in range(30):
        picture = rng.integers(0, 240, shape, np.uint8)
        mask = rng.choice(np.array([0, 255], np.uint8), (6, 7))
        reference.update(picture, mask, 0.1)
        learns = mask == 0
        mean[learns] += 0.1 * (picture[learns] - mean[learns])
    np.testing.assert_allclose(reference.picture, mean, atol=0.51)


def test_small_rates_change_as_much_as_they_should() -> None:
    reference = Reference(np.full((2, 2), 200, np.uint8))
    for _ in range(400):
        reference.update(np.full((2, 2), 100, np.uint8), np.zeros((2, 2), np.uint8), 0.003)
    np.testing.assert_allclose(reference.picture, 100 + 100 * 0.997**400, atol=1)


def test_relearning_takes_a_picture_over_in_its_place_only() -> None:
    reference = Reference(np.full((4, 4), 10, np.uint8))
    where = np.zeros((4, 4), bool)
    where[1:3] = True
    reference.relearn(np.full((4, 4), 200, np.uint8), where)
    np.testing.assert_array_equal(reference.picture, np.where(where, 200, 10))


def test_curves_change_each_channel() -> None:
    reference = Reference(np.full((2, 2, 3), 100, np.uint8))
    reference.map_levels(np.stack([_LEVELS * np.float32(g) for g in (0.5, 1.0, 2.0)]))
    np.testing.assert_array_equal(reference.picture, np.full((2, 2, 3), [50, 100, 200]))


@pytest.mark.parametrize("channels", [(), (3,)])
def test_what_is_too_bright_comes_back_as_it_was(channels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    picture = rng.integers(20, 240, (8, 9, *channels), np.uint8)
    n_channels = channels[0] if channels else 1
    reference = Reference(picture)
    reference.map_levels(_curves(1.6, n_channels))
    bright = reference.picture
    is_saturated = reference.is_saturated()
    assert is_saturated.shape == (8, 9)
    assert is_saturated.any()
    assert not is_saturated.all() or channels
    # White pictures teach nothing about how bright what is white really is.
    for _ in range(50):
        reference.update(bright, np.zeros((8, 9), np.uint8), 0.2)
    reference.map_levels(_curves(1 / 1.6, n_channels))
    np.testing.assert_allclose(reference.picture.astype(int), picture.astype(int), atol=3)


def test_bright_places_follow_when_nothing_was_brighter_than_white() -> None:
    reference = Reference(np.full((2, 2), 255, np.uint8))
    for _ in range(60):
        reference.update(np.full((2, 2), 100, np.uint8), np.zeros((2, 2), np.uint8), 0.2)
    np.testing.assert_array_equal(reference.picture, 100)
