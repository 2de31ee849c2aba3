"""Parameters that change while a model goes on, and copies of its state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgsub import ConfigError, MixtureModel, MixtureParams

if TYPE_CHECKING:
    from pathlib import Path

_PARAMS = MixtureParams(n_components=3, learning_rate=0.02)


def _frames(n: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 6, (n, 9, 14, 3))
    return np.clip(120 + noise, 0, 255).astype(np.uint8)


def _learnt() -> MixtureModel:
    model = MixtureModel(_PARAMS, n_threads=1)
    model.apply_batch(_frames(40, 1))
    return model


def test_a_model_without_a_learning_rate_keeps_its_state() -> None:
    model = _learnt()
    before = model.snapshot().arrays["state"]
    frozen = replace(_PARAMS, learning_rate=0.0, initial_learning_rate=0.0, warmup_frames=0)
    model.change_params(frozen)
    model.apply_batch(_frames(10, 2))
    np.testing.assert_array_equal(model.snapshot().arrays["state"], before)


def test_going_back_to_the_parameters_goes_on_with_the_same_bits() -> None:
    model, twin = _learnt(), _learnt()
    model.change_params(replace(_PARAMS, learning_rate=0.5, background_threshold=0.9))
    model.change_params(_PARAMS)
    np.testing.assert_array_equal(
        model.apply_batch(_frames(20, 3)), twin.apply_batch(_frames(20, 3))
    )
    np.testing.assert_array_equal(model.means, twin.means)


def test_a_wider_match_makes_less_foreground() -> None:
    frame = _frames(1, 4)[0].copy()
    frame[2:5, 3:9] += 45
    model = _learnt()
    before = int((model.apply(frame, learning_rate=0.0) == 255).sum())
    model.change_params(replace(_PARAMS, match_sigmas=8.0))
    after = int((model.apply(frame, learning_rate=0.0) == 255).sum())
    assert before > 10
    assert after == 0


def test_larger_minimum_variances_hold_at_once() -> None:
    model = _learnt()
    model.change_params(replace(_PARAMS, min_variance=400.0, initial_variance=900.0))
    assert float(model.variances.min()) >= 399.0


@pytest.mark.parametrize(
    "other", [replace(_PARAMS, n_components=4), replace(_PARAMS, max_value=128.0)]
)
def test_what_gives_the_state_its_meaning_cannot_change(other: MixtureParams) -> None:
    model = _learnt()
    with pytest.raises(ConfigError, match="without a new model"):
        model.change_params(other)
    assert model.params == _PARAMS


def test_a_snapshot_is_not_touched_by_what_the_model_learns_later(tmp_path: Path) -> None:
    model = _learnt()
    model.save(tmp_path / "now.npz")
    snapshot = model.snapshot()
    model.apply_batch(_frames(30, 5))
    snapshot.save(tmp_path / "later.npz")
    now, later = (MixtureModel.load(tmp_path / f"{name}.npz") for name in ("now", "later"))
    np.testing.assert_array_equal(now.means, later.means)
    assert now.n_frames == later.n_frames == 40
