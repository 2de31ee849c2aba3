"""Pixels that begin again, and means that follow the light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bgsub.errors import ConfigError, FrameShapeError
from bgsub.mixture import MixtureModel, MixtureParams
from tests.mixture._clips import WHITE, busy_clip

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _taught(clip: Any, **changes: Any) -> MixtureModel:
    model = MixtureModel(MixtureParams(initial_weight=0.05, **changes))
    for frame in clip:
        model.apply(frame, 0.05)
    return model


def _state(model: MixtureModel) -> Any:
    planes = (model.weights, model.variances, model.means)
    return np.concatenate([p.reshape(*p.shape[:2], -1) for p in planes], axis=-1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(13, 21, 3), (13, 21), (1, 1)])
def test_relearning_begins_as_after_a_first_frame(shape: tuple[int, ...], dtype: str) -> None:
    clip = busy_clip(30, shape, dtype=dtype)
    for max_value in (WHITE[dtype], 0.6 * WHITE[dtype]):
        model = _taught(clip[:20], max_value=max_value)
        first = _taught(clip[20:21], max_value=max_value)
        where = np.random.default_rng(0).random(shape[:2]) < 0.4
        where[0, 0] = True
        before, n_frames = _state(model), model.n_frames
        model.relearn(where, clip[20])
        after = _state(model)
        np.testing.assert_array_equal(after[where], _state(first)[where])
        np.testing.assert_array_equal(after[~where], before[~where])
        assert model.n_frames == n_frames
        # They go on as young pixels do: unused components match nothing.
        for frame in clip[21:]:
            mask, other = model.apply(frame, 0.05), first.apply(frame, 0.05)
            np.testing.assert_array_equal(mask[where], other[where])


def test_relearning_takes_numbers_as_choice_and_none_as_nothing() -> None:
    clip = busy_clip(10, (9, 35, 3))
    model = _taught(clip)
    before = _state(model)
    model.relearn(np.zeros((9, 35), bool), clip[0])
    np.testing.assert_array_equal(_state(model), before)
    model.relearn(np.full((9, 35), 256, np.int64), clip[0])
    np.testing.assert_array_equal(model.background(), clip[0])


def test_relearning_from_what_is_not_a_number_waits_for_one() -> None:
    clip = busy_clip(10, (4, 35, 3), dtype="float32")
    model = _taught(clip, max_value=1.0)
    spoilt = clip[0].copy()
    spoilt[2, 3, 1] = np.nan
    model.relearn(np.ones((4, 35), bool), spoilt)
    assert not model.weights[2, 3].any()
    assert model.weights[..., 0].sum() == 4 * 35 - 1
    model.apply(clip[1])
    np.testing.assert_allclose(model.means[2, 3, 0], clip[1][2, 3] * 255, atol=0.01)


def test_relearning_refuses_what_does_not_fit() -> None:
    frame = busy_clip(1, (4, 5, 3))[0]
    everywhere = np.ones((4, 5), bool)
    with pytest.raises(FrameShapeError, match="not seen a frame yet"):
        MixtureModel().relearn(everywhere, frame)
    model = _taught(frame[None])
    before = _state(model)
    with pytest.raises(FrameShapeError, match="where is 5x4 bool"):
        model.relearn(everywhere.T, frame)
    with pytest.raises(FrameShapeError, match="where is"):
        model.relearn(everywhere.astype(np.float32), frame)
    with pytest.raises(FrameShapeError, match="the model's first one was"):
        model.relearn(everywhere, frame[..., 0])
    np.testing.assert_array_equal(_state(model), before)


def _gains(*gains: float) -> NDArray[np.float64]:
    factors: NDArray[np.float64] = np.array(gains)
    return np.arange(256) * factors[:, None]


@pytest.mark.parametrize("shape", [(13, 21, 3), (13, 21)])
def test_curves_map_all_means_and_nothing_else(shape: tuple[int, ...]) -> None:
    clip = busy_clip(20, shape)
    model = _taught(clip, n_components=5)
    means, weights, variances = model.means, model.weights, model.variances
    bent = 300 * np.sqrt(np.arange(256) / 255)
    curves = np.stack([bent, *_gains(0.5, 2.0)])[: means.shape[-1]]
    model.map_means(curves)
    mapped = [np.interp(means[..., c], np.arange(256), curve) for c, curve in enumerate(curves)]
    expected = np.minimum(np.stack(mapped, axis=-1), 255.0)
    np.testing.assert_allclose(model.means, expected, atol=0.5 / 128 + 1e-5)
    assert (model.means == 255.0).any()
    np.testing.assert_array_equal(model.weights, weights)
    np.testing.assert_array_equal(model.variances, variances)


def test_curves_leave_unused_components_unused() -> None:
    model = MixtureModel(MixtureParams(match_sigmas=900.0))
    model.apply(np.full((3, 40), 20, np.uint8), update_mask=np.arange(120).reshape(3, 40) % 2)
    model.map_means(_gains(3.0))
    weights = model.weights.reshape(-1, 3)
    assert not weights[::2].any()
    np.testing.assert_array_equal(weights[1::2, 0], 1.0)
    np.testing.assert_array_equal(model.background().ravel()[1::2], 60)
    # A used component this far off would be replaced; an unused one takes the first value.
    model.apply(np.full((3, 40), 200, np.uint8), 0.01)
    np.testing.assert_array_equal(model.background().ravel()[::2], 200)


def test_curves_that_change_nothing_change_no_bit() -> None:
    model = _taught(busy_clip(20, (9, 11, 3)))
    before = _state(model)
    model.map_means(_gains(1.0, 1.0, 1.0))
    np.testing.assert_array_equal(_state(model), before)


@pytest.mark.parametrize("wrong", [_gains(1.0), _gains(1.0, np.nan, 1.0), "abc", 2.0])
def test_other_curves_are_refused(wrong: Any) -> None:
    model = _taught(busy_clip(2, (4, 5, 3)))
    before = _state(model)
    with pytest.raises(ConfigError, match=r"curves: give finite numbers of shape \(3, 256\)"):
        model.map_means(wrong)
    np.testing.assert_array_equal(_state(model), before)
    with pytest.raises(FrameShapeError, match="not seen a frame yet"):
        MixtureModel().map_means(_gains(1.0))
