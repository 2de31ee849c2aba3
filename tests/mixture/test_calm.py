"""Blocks in which nothing happens, whose variances and weights the kernel need not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgsub.mixture import MixtureModel, MixtureParams
from bgsub.mixture._engine import Engine
from bgsub.mixture._layout import AT_FLOOR, SOLE
from bgsub.mixture.workers import Workers
from tests.mixture._integers import assert_same_bits

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_SHAPES = [(3, 31, 3), (3, 31)]


def _calm_clip(n_frames: int, shape: tuple[int, ...], noise: float = 2.0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    scene = rng.uniform(60.0, 190.0, shape)
    clip = scene + rng.normal(0.0, noise, (n_frames, *shape))
    return np.clip(np.rint(clip), 0, 255).astype(np.uint8)


def _eventful_clip(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a calm clip in which things pass, and pixels go ever farther from the scene."""
    clip = _calm_clip(330, shape)
    clip[60:64, 0] = 250
    clip[150:152, 1, 3:9] = 20
    away = np.arange(330 - 190)
    far = clip[190:, 2].astype(np.int64) + away.reshape(-1, *(1,) * (len(shape) - 1))
    # In turns with the scene itself, so that it is not learnt.
    clip[190::2, 2] = np.clip(far[::2], 0, 255)
    return clip


@pytest.mark.parametrize("score", [False, True])
@pytest.mark.parametrize("shape", _SHAPES)
def test_kernel_equals_plain_integers_in_calm_blocks(
    shape: tuple[int, ...], score: bool
) -> None:
    clip = _eventful_clip(shape)
    rates = [1.0, *[0.05] * 80, *[0.0, 0.003, 0.02] * 83]
    flags = np.ones((330, 93), np.uint8)
    flags[100:140] = np.random.default_rng(1).random((40, 93)) < 0.9
    cuts = (*range(55, 80), *range(100, 140), 150, *range(185, 330))
    assert_same_bits(MixtureParams(), clip, rates, flags, cuts, score=score)


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize(
    "params",
    [
        # Values that match by far raise the variance, or values that would not do not match.
        MixtureParams(match_sigmas=5.0, min_variance=30.0),
        MixtureParams(match_sigmas=0.4, min_variance=400.0),
        # The largest distances that a calm block may have.
        MixtureParams(match_sigmas=1.0, min_variance=16384.0),
        MixtureParams(match_sigmas=900.0),
    ],
)
def test_kernel_equals_plain_integers_where_calm_ends(
    shape: tuple[int, ...], params: MixtureParams
) -> None:
    clip = _eventful_clip(shape)
    assert_same_bits(params, clip, [0.02] * 330, cuts=(100, *range(190, 330)))


@pytest.mark.slow
@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("n_components", [1, 2, 4, 5])
def test_kernel_equals_plain_integers_in_calm_blocks_for_any_number_of_components(
    n_components: int, shape: tuple[int, ...]
) -> None:
    params = MixtureParams(n_components=n_components)
    clip = _eventful_clip(shape)
    assert_same_bits(params, clip, [0.05] * 330, cuts=tuple(range(50, 330, 9)))


def _engine_with(weights: Sequence[float], variances: Sequence[float]) -> Engine:
    """Return an engine of 32 pixels, with Gaussians at 40, 110 and 180 grey levels."""
    engine = Engine(32, 1, 255.0, MixtureParams())
    layout = engine._layout
    for k, (weight, variance) in enumerate(zip(weights, variances, strict=True)):
        engine._blocks(layout.mean(k, 0))[...] = (40 + 70 * k) * 128
        engine._blocks(layout.variance(k))[...] = round(variance * 16)
        if k > 0:
            engine._blocks(layout.weight(k))[...] = round(weight * 65535)
    return engine


def _show(engine: Engine, level: int, n: int) -> None:
    frames = np.full((n, 32), level, np.uint8)
    rates = np.full(n, 0.01, np.float32)
    engine.step(frames, np.empty_like(frames), rates, None, Workers(1))


def test_gaussian_that_becomes_the_first_in_a_calm_block_has_its_own_variance() -> None:
    engine = _engine_with((0.4, 0.6, 0.0), (100.0, 120.0, 225.0))
    _show(engine, 40, 1)
    assert engine.means()[0, 0, 0] == 110.0
    _show(engine, 110, 100)
    np.testing.assert_array_equal(engine.variances()[:, 0], 100.0)


@pytest.mark.parametrize("others", [(0.05, 0.0), (0.0, 0.05)])
def test_all_weights_of_a_calm_block_fade(others: tuple[float, float]) -> None:
    engine = _engine_with((0.95, *others), (100.0, 225.0, 225.0))
    _show(engine, 40, 100)
    faded = np.array(others) * 0.99**100
    np.testing.assert_allclose(engine.weights()[0, 1:], faded, atol=1e-4)


def _model_of_calm(clip: NDArray[np.uint8]) -> MixtureModel:
    model = MixtureModel(MixtureParams(learning_rate=0.05, warmup_frames=0))
    model.apply_batch(clip)
    assert (model._seen()._marks == AT_FLOOR | SOLE).all()
    return model


def test_calm_blocks_are_known_after_a_while() -> None:
    _model_of_calm(_calm_clip(60, (3, 32, 3)))


def _widen(model: MixtureModel, _frame: NDArray[np.uint8]) -> None:
    model.change_params(MixtureParams(learning_rate=0.05, warmup_frames=0, min_variance=150.0))


def _narrow(model: MixtureModel, _frame: NDArray[np.uint8]) -> None:
    model.change_params(MixtureParams(learning_rate=0.05, warmup_frames=0, min_variance=60.0))


def _relearn(model: MixtureModel, frame: NDArray[np.uint8]) -> None:
    model.relearn(np.arange(96).reshape(3, 32) % 5 == 0, frame)


def _brighten(model: MixtureModel, _frame: NDArray[np.uint8]) -> None:
    model.map_means(np.tile(np.minimum(np.arange(256) * 1.2, 255), (3, 1)))


@pytest.mark.parametrize("edit", [_widen, _narrow, _relearn, _brighten])
def test_edited_calm_blocks_go_on_as_those_of_a_model_that_knows_nothing_of_calm(
    edit: Callable[[MixtureModel, NDArray[np.uint8]], None], tmp_path: Path
) -> None:
    clip = _calm_clip(120, (3, 32, 3))
    model = _model_of_calm(clip[:80])
    edit(model, clip[80])
    model.save(tmp_path / "model.npz")
    twin = MixtureModel.load(tmp_path / "model.npz")
    assert not twin._seen()._marks.any()
    for frame in clip[80:]:
        np.testing.assert_array_equal(model.apply(frame), twin.apply(frame))
    np.testing.assert_array_equal(model.means, twin.means)
    np.testing.assert_array_equal(model.variances, twin.variances)
    np.testing.assert_array_equal(model.weights, twin.weights)
