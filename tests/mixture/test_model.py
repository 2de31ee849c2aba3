"""The model's contract: what it learns from what it is given."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest

from bgsub.errors import FrameShapeError
from bgsub.mixture import MixtureModel, MixtureParams
from tests.mixture._clips import busy_clip

_GREY = np.full((3, 4), 100, dtype=np.uint8)


def _steady(**changes: Any) -> MixtureParams:
    return MixtureParams(warmup_frames=0, **changes)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (3, 5), (5, 3, 3), (1, 7)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_first_frame_is_the_background(shape: tuple[int, ...], dtype: str) -> None:
    frame = busy_clip(1, shape, dtype=dtype)[0]
    model = MixtureModel(MixtureParams(max_value=1.0 if dtype == "float32" else None))
    mask = model.apply(frame)
    assert mask.dtype == np.uint8
    assert mask.shape == shape[:2]
    assert not mask.any()
    assert model.frame_shape == shape
    assert model.n_frames == 1
    np.testing.assert_array_equal(model.weights, np.eye(3)[np.zeros(shape[:2], dtype=int)])
    white = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    expected = np.rint(frame.astype(np.float64) * 255.0 / white)
    np.testing.assert_array_equal(model.background(), expected)
    assert model.background().dtype == np.uint8
    assert model.means.shape == (*shape[:2], 3, 3 if len(shape) == 3 else 1)


def test_object_is_foreground_until_it_is_absorbed() -> None:
    model = MixtureModel(_steady(learning_rate=0.05, background_threshold=0.7))
    for _ in range(5):
        model.apply(_GREY)
    scene = _GREY.copy()
    scene[1, 2] = 200
    mask = model.apply(scene)
    assert mask[1, 2] == 255
    assert np.count_nonzero(mask) == 1
    labels = [int(model.apply(scene)[1, 2]) for _ in range(40)]
    assert labels == sorted(labels, reverse=True)
    assert labels[-1] == 0
    assert model.background()[1, 2] == 200


def test_absorbed_object_takes_as_long_as_the_rate_says() -> None:
    # The old weight is (1 - a)^n of 1: it no longer exceeds T after log T / log(1 - a) frames.
    rate, threshold = 0.02, 0.7
    model = MixtureModel(
        _steady(learning_rate=rate, background_threshold=threshold, initial_weight=0.02)
    )
    model.apply(_GREY)
    scene = np.full_like(_GREY, 200)
    n = 0
    while model.apply(scene).any():
        n += 1
    assert n == math.ceil(math.log(threshold) / math.log(1.0 - rate))


def test_two_alternating_backgrounds_are_both_background() -> None:
    model = MixtureModel(_steady(learning_rate=0.05))
    other = np.full_like(_GREY, 30)
    for _ in range(100):
        model.apply(_GREY)
        model.apply(other)
    assert not model.apply(_GREY).any()
    assert not model.apply(other).any()
    assert (model.apply(np.full_like(_GREY, 65)) == 255).all()


def test_first_match_in_order_of_fitness_wins_over_the_nearest() -> None:
    # Both components reach 118; the heavier one, further off, is first in order.
    model = MixtureModel(_steady(n_components=2, initial_weight=0.1, learning_rate=0.1))
    model.apply(np.full((1, 1), 100, dtype=np.uint8))
    model.apply(np.full((1, 1), 140, dtype=np.uint8))
    before = model.means[0, 0, :, 0]
    np.testing.assert_allclose(before, [100.0, 140.0])
    model.apply(np.full((1, 1), 125, dtype=np.uint8))
    np.testing.assert_allclose(model.means[0, 0, :, 0], [102.5, 140.0])


def test_joint_distance_is_the_root_mean_square_over_channels() -> None:
    # sigma 10 and 2.5 sigmas: 25 in each channel, or 43.3 in one of three.
    params = _steady(initial_variance=100.0, min_variance=50.0)
    for values, matches in [((125, 125, 125), True), ((143, 100, 100), True)]:
        model = MixtureModel(params)
        model.apply(np.full((1, 1, 3), 100, dtype=np.uint8))
        mask = model.apply(np.array([[values]], dtype=np.uint8), learning_rate=0.0)
        assert bool(mask[0, 0] == 0) is matches
    for values in ((126, 126, 126), (144, 100, 100)):
        mask = model.apply(np.array([[values]], dtype=np.uint8), learning_rate=0.0)
        assert mask[0, 0] == 255


def test_variance_learns_from_the_old_mean_and_has_a_floor() -> None:
    model = MixtureModel(_steady(initial_variance=100.0, min_variance=80.0, learning_rate=0.1))
    model.apply(_GREY)
    model.apply(np.full_like(_GREY, 120))
    np.testing.assert_allclose(model.variances[..., 0], 0.9 * 100.0 + 0.1 * 400.0)
    np.testing.assert_allclose(model.means[..., 0, 0], 102.0)
    for _ in range(60):
        model.apply(np.full_like(_GREY, 102))
    np.testing.assert_array_equal(model.variances[..., 0], np.float32(80.0))


@pytest.mark.parametrize(
    ("value", "label"), [(100, 0), (70, 127), (62, 127), (58, 255), (140, 255)]
)
@pytest.mark.parametrize("n_channels", [1, 3])
def test_darker_shade_is_shadow(value: int, label: int, n_channels: int) -> None:
    shape = (2, 2) if n_channels == 1 else (2, 2, 3)
    params = _steady(detect_shadows=True, shadow_min_ratio=0.6, initial_variance=100.0)
    model = MixtureModel(params)
    model.apply(np.full(shape, 100, dtype=np.uint8))
    mask = model.apply(np.full(shape, value, dtype=np.uint8), learning_rate=0.0)
    assert (mask == label).all()


def test_darker_value_of_another_colour_is_no_shadow() -> None:
    params = _steady(detect_shadows=True, initial_variance=100.0)
    model = MixtureModel(params)
    model.apply(np.full((1, 1, 3), 120, dtype=np.uint8))
    grey_shade = np.full((1, 1, 3), 80, dtype=np.uint8)
    red = np.array([[[20, 20, 130]]], dtype=np.uint8)
    assert model.apply(grey_shade, learning_rate=0.0)[0, 0] == 127
    assert model.apply(red, learning_rate=0.0)[0, 0] == 255
    assert (
        MixtureModel(_steady()).apply_batch(np.stack([grey_shade + 40, grey_shade]))[1] == 255
    )


def test_values_beyond_white_count_as_white() -> None:
    model = MixtureModel(_steady(max_value=1000.0))
    model.apply(np.full((2, 2), 1000, dtype=np.uint16))
    assert not model.apply(np.full((2, 2), 60000, dtype=np.uint16)).any()
    np.testing.assert_array_equal(model.means[..., 0, 0], 255.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_value_that_is_not_finite_is_foreground_and_not_learnt(bad: float) -> None:
    clip = busy_clip(6, (4, 5, 3), dtype="float32")
    clean, hurt = (MixtureModel(_steady(max_value=1.0)) for _ in range(2))
    for t, frame in enumerate(clip):
        broken = frame.copy()
        if t in (0, 3):
            broken[1, 2, 1] = bad
        mask = hurt.apply(broken)
        mask_of_clean = clean.apply(frame)
        assert mask[1, 2] == 255 or t not in (0, 3)
        others = np.arange(20).reshape(4, 5) != 7
        np.testing.assert_array_equal(mask[others], mask_of_clean[others])
    assert np.isfinite(hurt.means).all()
    np.testing.assert_array_equal(hurt.means[others], clean.means[others])
    np.testing.assert_allclose(hurt.weights.sum(axis=-1), 1.0, rtol=1e-6)


def test_pixel_that_never_learnt_takes_its_first_value_as_background() -> None:
    model = MixtureModel(_steady())
    update = np.zeros((3, 4), dtype=bool)
    update[0] = True
    model.apply(_GREY, update_mask=update)
    assert model.weights[1:].sum() == 0.0
    bright = np.full_like(_GREY, 200)
    mask = model.apply(bright)
    assert (mask[0] == 255).all()
    assert not mask[1:].any()
    np.testing.assert_array_equal(model.means[1:, :, 0, 0], 200.0)


def test_classifying_with_a_fresh_model_finds_nothing_and_learns_nothing() -> None:
    model = MixtureModel()
    assert not model.apply(_GREY, learning_rate=0.0).any()
    assert model.n_frames == 0
    assert model.weights.sum() == 0.0
    model.apply(np.full_like(_GREY, 7))
    assert (model.background() == 7).all()


def test_explicit_rate_overrides_the_schedule() -> None:
    model = MixtureModel(MixtureParams(time_constant_s=5.0))
    model.apply(_GREY)
    model.apply(_GREY + 4, learning_rate=0.5)
    np.testing.assert_array_equal(model.means[..., 0, 0], 102.0)
    assert model.n_frames == 2


def test_time_constant_makes_skipped_frames_alike() -> None:
    value = _GREY + 10
    every, second = (MixtureModel(_steady(time_constant_s=4.0)) for _ in range(2))
    every.apply(_GREY)
    second.apply(_GREY)
    every.apply_batch(np.stack([value] * 20), elapsed_s=0.04)
    for _ in range(10):
        second.apply(value, elapsed_s=0.08)
    np.testing.assert_allclose(every.means, second.means, atol=0.05)
    np.testing.assert_allclose(every.weights, second.weights, atol=5e-4)


def test_batch_takes_a_rate_a_time_and_a_mask_for_each_frame() -> None:
    clip = busy_clip(4, (3, 4))
    updates = np.random.default_rng(0).integers(0, 2, (4, 3, 4)) * 256
    elapsed = [0.1, 0.2, 0.0, 0.4]
    batch, single = (MixtureModel(_steady(time_constant_s=1.0)) for _ in range(2))
    batch.apply(clip[0])
    single.apply(clip[0])
    masks = batch.apply_batch(clip, elapsed_s=elapsed, update_mask=updates)
    for t in range(4):
        mask = single.apply(clip[t], elapsed_s=elapsed[t], update_mask=updates[t])
        np.testing.assert_array_equal(masks[t], mask)
    np.testing.assert_array_equal(batch.means, single.means)
    assert batch.n_frames == single.n_frames == 4
    batch.apply_batch(clip, learning_rate=[0.1, 0.0, 0.0, 0.2])
    assert batch.n_frames == 6


def test_empty_batch_changes_nothing() -> None:
    model = MixtureModel()
    assert model.apply_batch(np.empty((0, 3, 4), dtype=np.uint8)).shape == (0, 3, 4)
    assert model.frame_shape is None


def test_any_memory_layout_gives_the_same_bits() -> None:
    clip = busy_clip(5, (6, 8, 3))
    expected = MixtureModel().apply_batch(clip)
    big = np.zeros((5, 12, 16, 3), dtype=np.uint8)
    big[:, ::2, ::-2] = clip
    fortran = np.asfortranarray(clip)
    unaligned = np.zeros(clip.size * 2 + 1, dtype=np.uint8)[1:].view(np.uint16)
    unaligned = unaligned.reshape(clip.shape)
    unaligned[...] = clip.astype(np.uint16)
    frozen = clip.copy()
    frozen.flags.writeable = False
    for same in (big[:, ::2, ::-2], fortran, frozen):
        np.testing.assert_array_equal(MixtureModel().apply_batch(same), expected)
    wide = MixtureModel(MixtureParams(max_value=255.0)).apply_batch(unaligned)
    np.testing.assert_array_equal(wide, expected)


@pytest.mark.parametrize("shape", [(6, 8, 3), (3, 11), (4, 8)])
def test_a_list_of_frames_gives_the_same_bits_as_an_array(shape: tuple[int, ...]) -> None:
    clip = busy_clip(7, shape)
    array, apart = MixtureModel(), MixtureModel()
    out = np.empty((7, *shape[:2]), np.uint8)
    expected = array.apply_batch(clip)
    np.testing.assert_array_equal(apart.apply_batch(list(clip[::-1].copy()[::-1])), expected)
    apart.apply_batch(list(clip), out=out)
    np.testing.assert_array_equal(out, array.apply_batch(clip))
    np.testing.assert_array_equal(apart.means, array.means)


def test_a_list_of_frames_must_be_alike() -> None:
    model = MixtureModel()
    grey, colour = np.zeros((4, 5), np.uint8), np.zeros((4, 5, 3), np.uint8)
    for frames, reason in (
        ([], "at least one"),
        ([grey, colour], "4x5 uint8, 4x5x3 uint8"),
        ([grey, "colour"], "NumPy array"),
    ):
        with pytest.raises(FrameShapeError, match=reason):
            model.apply_batch(cast("Any", frames))
    assert model.frame_shape is None


def test_mask_is_written_where_the_caller_wants_it() -> None:
    clip = busy_clip(3, (4, 5))
    expected = MixtureModel().apply_batch(clip)
    model = MixtureModel()
    out = np.full((3, 4, 5), 9, dtype=np.uint8)
    assert model.apply(clip[0], out=out[0]) is not None
    assert model.apply_batch(clip[1:], out=out[1:]).base is not None
    np.testing.assert_array_equal(out, expected)
