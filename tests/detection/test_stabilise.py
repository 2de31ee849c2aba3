"""Shifts of the picture are measured, and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.detection.stabilise import Stabiliser, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _world(shape: tuple[int, int], seed: int = 3) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, 1, (shape[0] + 80, shape[1] + 80))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    levels = 120 + 45 * smooth / smooth.std()
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def _view(world: NDArray[np.uint8], x: int, y: int) -> NDArray[np.uint8]:
    """What the camera sees when the picture lies `x` to the right and `y` below."""
    height, width = (side - 80 for side in world.shape)
    return world[40 - y : 40 - y + height, 40 - x : 40 - x + width].copy()


@pytest.mark.parametrize("shape", [(72, 96), (97, 61), (300, 340), (541, 300)])
@pytest.mark.parametrize(("x", "y"), [(3, 0), (0, -2), (-5, 4), (6, 6)])
def test_known_shifts_are_found(shape: tuple[int, int], x: int, y: int) -> None:
    world = _world(shape)
    rng = np.random.default_rng(0)
    picture = _view(world, x, y).astype(float) + rng.normal(0, 3, shape)
    found = Stabiliser(shape, step=1).shift(
        np.clip(picture, 0, 255).astype(np.uint8), _view(world, 0, 0)
    )
    coarseness = -(-shape[0] // 270)
    assert found == pytest.approx((x, y), abs=0.4 * coarseness)


@pytest.mark.parametrize("shape", [(97, 61), (72, 97), (97, 72), (241, 427), (481, 853)])
def test_awkward_sizes_do_not_pretend_a_shift(shape: tuple[int, int]) -> None:
    world = _world(shape)
    rng = np.random.default_rng(0)
    stabiliser = Stabiliser(shape, step=1)
    for x, y in [(0, 0), (3, -2), (0, 0), (-4, 0), (0, 0)]:
        noisy = np.clip(_view(world, x, y) + rng.normal(0, 3, shape), 0, 255)
        found = stabiliser.shift(noisy.astype(np.uint8), _view(world, 0, 0))
        assert found == pytest.approx((x, y), abs=0.25)


def test_shifts_are_in_pixels_of_the_frame() -> None:
    world = _world((72, 96))
    found = Stabiliser((72, 96), step=3).shift(_view(world, 2, -3), _view(world, 0, 0))
    assert found == pytest.approx((6, -9), abs=1.2)


def test_an_object_does_not_move_the_camera() -> None:
    world = _world((72, 96))
    background = _view(world, 0, 0)
    stabiliser = Stabiliser(background.shape[:2], step=1)
    for t in range(10):
        picture = background.copy()
        picture[20:45, 10 + 4 * t : 30 + 4 * t] = 250
        assert stabiliser.shift(picture, background) == pytest.approx((0, 0), abs=0.4)


def test_a_steady_camera_is_seen_to_be_so_and_later_shaken_again() -> None:
    world = _world((72, 96))
    background = _view(world, 0, 0)
    rng = np.random.default_rng(0)
    stabiliser = Stabiliser((72, 96), step=1)
    n_looks = 0
    for _ in range(200):
        noisy = np.clip(background + rng.normal(0, 3, background.shape), 0, 255)
        if stabiliser.is_due():
            n_looks += 1
            assert stabiliser.shift(noisy.astype(np.uint8), background) == (0.0, 0.0)
    assert n_looks < 70
    found = [
        stabiliser.shift(_view(world, 4, 1), background) if stabiliser.is_due() else (0.0, 0.0)
        for _ in range(20)
    ]
    assert sum(shift != (0.0, 0.0) for shift in found[:8]) >= 1, "noticed within a third of a s"
    assert all(shift == pytest.approx((4, 1), abs=0.35) for shift in found[8:])


def test_other_pictures_and_far_shifts_are_no_shake() -> None:
    world = _world((72, 96))
    stabiliser = Stabiliser((72, 96), step=1)
    assert stabiliser.shift(_view(world, 35, 0), _view(world, 0, 0)) == (0.0, 0.0)
    other = _view(_world((72, 96), seed=9), 0, 0)
    assert stabiliser.shift(other, _view(world, 0, 0)) == (0.0, 0.0)
    flat = np.full((72, 96), 90, np.uint8)
    assert stabiliser.shift(flat, flat) == (0.0, 0.0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (2, 2), (15, 300)])
def test_tiny_frames_are_left_alone(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, *shape), np.uint8)
    assert Stabiliser(shape, step=1).shift(one, other) == (0.0, 0.0)


@pytest.mark.parametrize("nearest", [False, True])
@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_moved_moves_right_and_down(
    nearest: bool, channels: tuple[int, ...], dtype: type[np.generic]
) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (12, 15, *channels)).astype(dtype)
    result = moved(picture, 3, 2, nearest=nearest)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result[2:, 3:], picture[:-2, :-3])
    np.testing.assert_array_equal(result[0, 3:], picture[0, :-3])
    np.testing.assert_array_equal(
        moved(result, -3, -2, nearest=nearest)[:-2, :-3], picture[:-2, :-3]
    )


def test_moved_masks_keep_their_values() -> None:
    mask = np.random.default_rng(2).choice(np.array([0, 127, 255], np.uint8), (20, 30))
    result = moved(mask, 1.4, -2.6, nearest=True)
    assert set(np.unique(result)) <= {0, 127, 255}
