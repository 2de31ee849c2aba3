"""The model's contract: what it refuses, what it tells, and what it leaves behind."""

from __future__ import annotations

import errno
import gc
import math
import threading
from typing import Any

import numpy as np
import pytest

from bgsub.errors import ConfigError, FrameShapeError
from bgsub.mixture import MixtureModel, MixtureParams
from bgsub.mixture._engine import Engine
from tests.mixture._clips import busy_clip

_GREY = np.full((3, 4), 100, dtype=np.uint8)


def _steady(**changes: Any) -> MixtureParams:
    return MixtureParams(warmup_frames=0, **changes)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((3, 4), dtype=np.float64),
        np.zeros((3, 4), dtype=bool),
        np.zeros((3, 4), dtype=">u2"),
        np.zeros((3, 4, 4), dtype=np.uint8),
        np.zeros((3,), dtype=np.uint8),
        np.zeros((0, 4), dtype=np.uint8),
        np.zeros((3, 4), dtype=np.float32),
        [[1, 2], [3, 4]],
    ],
)
def test_frame_of_no_use_is_refused(frame: Any) -> None:
    model = MixtureModel()
    with pytest.raises(FrameShapeError):
        model.apply(frame)
    assert model.frame_shape is None
    assert not model.apply(_GREY).any()


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((4, 3), dtype=np.uint8),
        np.zeros((3, 4, 3), dtype=np.uint8),
        np.zeros((3, 4), dtype=np.uint16),
    ],
)
def test_frame_unlike_the_first_leaves_the_state_alone(other: Any) -> None:
    model = MixtureModel()
    model.apply(_GREY)
    before = model.means
    with pytest.raises(FrameShapeError, match="3x4 uint8"):
        model.apply(other)
    np.testing.assert_array_equal(model.means, before)
    assert model.n_frames == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"learning_rate": -0.1}, ConfigError),
        ({"learning_rate": 1.5}, ConfigError),
        ({"learning_rate": math.nan}, ConfigError),
        ({"learning_rate": "fast"}, ConfigError),
        ({"learning_rate": [0.1, 0.2]}, ConfigError),
        ({"elapsed_s": -1.0}, ConfigError),
        ({"elapsed_s": math.inf}, ConfigError),
        ({}, ConfigError),
        ({"elapsed_s": 1.0, "update_mask": np.ones((4, 3), dtype=bool)}, FrameShapeError),
        ({"elapsed_s": 1.0, "update_mask": np.ones((3, 4))}, FrameShapeError),
        ({"elapsed_s": 1.0, "out": np.ones((4, 3), dtype=np.uint8)}, FrameShapeError),
        ({"elapsed_s": 1.0, "out": np.ones((4, 3), dtype=np.uint8).T}, FrameShapeError),
        ({"elapsed_s": 1.0, "out": np.ones((3, 4))}, FrameShapeError),
    ],
)
def test_bad_argument_leaves_the_state_alone(
    arguments: dict[str, Any], error: type[Exception]
) -> None:
    model = MixtureModel(_steady(time_constant_s=3.0))
    model.apply(_GREY)
    before = model.means
    with pytest.raises(error):
        model.apply(_GREY + 9, **arguments)
    np.testing.assert_array_equal(model.means, before)
    assert model.n_frames == 1


def test_batch_of_no_use_is_refused() -> None:
    model = MixtureModel()
    for frames in (_GREY, np.zeros((2, 3, 4, 2), dtype=np.uint8), iter([_GREY])):
        with pytest.raises(FrameShapeError):
            model.apply_batch(frames)  # type: ignore[arg-type]
    with pytest.raises(FrameShapeError):
        model.apply_batch(np.stack([_GREY]), out=np.zeros((2, 3, 4), dtype=np.uint8))


def test_fresh_model_has_no_background_to_show() -> None:
    model = MixtureModel()
    with pytest.raises(FrameShapeError, match="apply one first"):
        model.background()
    with pytest.raises(FrameShapeError):
        _ = model.weights


def test_arrays_handed_out_are_copies() -> None:
    model = MixtureModel()
    model.apply(_GREY)
    model.means[...] = 0.0
    model.weights[...] = 0.0
    model.variances[...] = 0.0
    assert (model.background() == 100).all()
    np.testing.assert_array_equal(model.weights.sum(axis=-1), 1.0)


def test_background_is_the_mean_of_the_first_component_in_order() -> None:
    model = MixtureModel(_steady(learning_rate=0.1, initial_weight=0.1))
    model.apply(np.full((1, 1, 3), 10, dtype=np.uint8))
    for _ in range(12):
        model.apply(np.array([[[50, 100, 150]]], dtype=np.uint8))
    assert model.background().tolist() == [[[50, 100, 150]]]


def test_warm_up_compiles_and_leaves_no_trace() -> None:
    model = MixtureModel()
    model.warm_up((480, 640, 3), np.uint8)
    model.warm_up((480, 640), "uint16")
    assert model.frame_shape is None
    assert model.n_frames == 0
    for shape, dtype in (((4, 4, 2), np.uint8), ((4,), np.uint8), ((4, 4), np.float64)):
        with pytest.raises(FrameShapeError):
            model.warm_up(shape, dtype)


def test_number_of_threads_is_checked() -> None:
    with pytest.raises(ConfigError, match="n_threads"):
        MixtureModel(n_threads=-1)


def test_params_can_be_asked_for() -> None:
    params = MixtureParams(n_components=2)
    assert MixtureModel(params).params is params
    assert MixtureModel().params == MixtureParams()


def test_helper_threads_end_with_the_model() -> None:
    before = set(threading.enumerate())
    model = MixtureModel(n_threads=3)
    model.apply(np.zeros((1024, 1024), dtype=np.uint8), learning_rate=0.0)
    helpers = set(threading.enumerate()) - before
    assert len(helpers) == 2
    del model
    gc.collect()
    for helper in helpers:
        helper.join(timeout=60.0)
        assert not helper.is_alive()


def test_broken_value_is_foreground_where_nothing_is_learnt_too() -> None:
    frame = np.zeros((1, 2), dtype=np.float32)
    model = MixtureModel(_steady(max_value=1.0))
    model.apply(frame)
    frame[0, 1] = np.nan
    mask = model.apply(frame, update_mask=np.zeros((1, 2), dtype=bool))
    assert mask.tolist() == [[0, 255]]


def test_new_component_is_no_narrower_than_the_floor() -> None:
    model = MixtureModel(_steady(initial_variance=50.0, min_variance=90.0))
    model.apply(_GREY)
    model.apply(_GREY + 100)
    assert (model.variances == 90.0).all()


def test_update_mask_may_be_of_any_integers() -> None:
    chosen = np.eye(3, 4, dtype=bool)
    means = []
    for update in (chosen, chosen.astype(np.uint8) * 255, chosen * 256, chosen.T.copy().T):
        model = MixtureModel(_steady(learning_rate=0.5))
        model.apply(_GREY)
        model.apply(_GREY + 8, update_mask=update)
        means.append(model.means[..., 0, 0])
        np.testing.assert_array_equal(means[-1], np.where(chosen, 104.0, 100.0))


def test_frames_without_elapsed_time_do_not_use_up_the_warm_up() -> None:
    params = MixtureParams(time_constant_s=1.0, initial_learning_rate=0.0, warmup_frames=4)
    clip = busy_clip(6, (3, 4))
    elapsed = [0.0, 0.0, 0.5, 0.0, 0.5, 0.5]
    batch, single = MixtureModel(params), MixtureModel(params)
    batch.apply_batch(clip, elapsed_s=elapsed)
    for frame, since in zip(clip, elapsed, strict=True):
        single.apply(frame, elapsed_s=since)
    assert batch.n_frames == single.n_frames == 4
    np.testing.assert_array_equal(batch.means, single.means)


def test_full_disk_under_the_compiled_code_does_not_stop_the_warm_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Numba compiles, then keeps the result on disk: the first call fails, the next does not.
    calls: list[int] = []
    step = Engine.step

    def step_on_a_full_disk(engine: Engine, *arguments: Any, **others: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        step(engine, *arguments, **others)

    monkeypatch.setattr(Engine, "step", step_on_a_full_disk)
    MixtureModel().warm_up((4, 4, 3), np.uint8)
    assert len(calls) == 2
