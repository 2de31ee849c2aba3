"""The generated kernel against plain integers, pixel by pixel: equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.mixture import MixtureModel, MixtureParams
from bgsub.mixture._engine import Engine
from bgsub.mixture.workers import Workers
from tests.mixture._clips import WHITE, busy_clip
from tests.mixture._integers import assert_same_bits
from tests.mixture._oracles import pixels_of_the_paper
from tests.reference import fixed

_RATES = [1.0, 0.0, 0.02, 0.02, 0.003, 0.003, 0.003, 0.5, 0.001, 0.1]

_ODD_PARAMETERS = [
    MixtureParams(match_sigmas=900.0),
    MixtureParams(match_sigmas=0.01),
    MixtureParams(match_sigmas=30.0, min_variance=0.1, initial_variance=0.3),
    MixtureParams(min_variance=1e-3, initial_variance=1e-3),
    MixtureParams(min_variance=16384.0),
    MixtureParams(initial_weight=0.999, background_threshold=0.01),
    MixtureParams(initial_weight=1e-6, background_threshold=0.999),
]


@pytest.mark.parametrize("shape", [(41, 67, 3), (41, 67)])
def test_kernel_equals_plain_integers(shape: tuple[int, ...]) -> None:
    params = MixtureParams(min_variance=9.0, initial_weight=0.02)
    masks = assert_same_bits(params, busy_clip(80, shape), _RATES * 8, cuts=(1, 9, 10, 11, 50))
    assert 0.02 < (masks == 255).mean() < 0.7


@pytest.mark.parametrize("shape", [(41, 67, 3), (41, 67)])
def test_kernel_equals_plain_integers_where_some_pixels_learn(shape: tuple[int, ...]) -> None:
    clip = busy_clip(30, shape, seed=1)
    flags = np.random.default_rng(2).random((30, 41 * 67)) < 0.6
    params = MixtureParams(detect_shadows=True, shadow_min_ratio=0.6)
    masks = assert_same_bits(params, clip, _RATES * 3, flags.astype(np.uint8), cuts=(7,))
    assert {0, 127, 255} == set(np.unique(masks).tolist())


@pytest.mark.parametrize("own_thresholds", [False, True])
@pytest.mark.parametrize("shape", [(41, 67, 3), (41, 67)])
def test_scores_equal_plain_integers(shape: tuple[int, ...], own_thresholds: bool) -> None:
    rng = np.random.default_rng(4)
    thresholds = rng.integers(0, 256, 41 * 67, np.uint8) if own_thresholds else None
    params = MixtureParams(min_variance=9.0, initial_weight=0.02)
    flags = (rng.random((60, 41 * 67)) < 0.8).astype(np.uint8)
    clip = busy_clip(60, shape)
    # Blocks of which all pixels match their first component, too.
    clip[30:, :20] = clip[30, :20]
    scores = assert_same_bits(
        params, clip, _RATES * 6, flags, (1, 9, 10, 45), score=True, thresholds=thresholds
    )
    assert np.bincount(scores.ravel(), minlength=256).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 11, 3), (8, 8)])
def test_scores_equal_plain_integers_for_any_frame(shape: tuple[int, ...], dtype: str) -> None:
    clip = busy_clip(20, shape, dtype=dtype)
    if dtype == "float32":
        spoilt = np.random.default_rng(3).random(clip.shape)
        clip[spoilt < 0.02] = np.nan
        clip[spoilt > 0.98] = np.inf
    thresholds = np.full(shape[0] * shape[1], 255, np.uint8)
    for max_value in (WHITE[dtype], 0.4 * WHITE[dtype]):
        params = MixtureParams(max_value=max_value)
        assert_same_bits(params, clip, _RATES * 2, score=True)
        assert_same_bits(params, clip, _RATES * 2, score=True, thresholds=thresholds)


@pytest.mark.parametrize("params", _ODD_PARAMETERS)
def test_scores_equal_plain_integers_for_odd_parameters(params: MixtureParams) -> None:
    clip = busy_clip(30, (9, 11, 3))
    # Blocks of which all pixels match their first component, some of them just so.
    clip[18:, :4] = clip[18, :4] + np.random.default_rng(0).integers(0, 6, (12, 4, 11, 3))
    for shown in (clip, clip[..., 0].copy()):
        assert_same_bits(params, shown, _RATES * 3, score=True)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(9, 11, 3), (9, 11)])
@pytest.mark.parametrize("n_components", [1, 2, 4, 5])
def test_scores_equal_plain_integers_for_any_number_of_components(
    n_components: int, shape: tuple[int, ...]
) -> None:
    params = MixtureParams(n_components=n_components, initial_weight=0.05)
    assert_same_bits(params, busy_clip(40, shape), [0.05] * 40, score=True)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2)])
def test_kernel_equals_plain_integers_in_quiet_blocks(
    shape: tuple[int, ...], seed: int
) -> None:
    # The fewer pixels, the more often all of a block match their first components; scenes
    # whose noise comes and goes let the next component be the fitter one now and then.
    rng = np.random.default_rng(seed)
    scenes = rng.uniform(30.0, 220.0, (3, *shape))
    shown = rng.choice(3, 3000, p=(0.5, 0.45, 0.05))
    waves = 2.0 + 14.0 * np.sin(np.arange(3000) / 23.0 + shown) ** 2
    noise = waves.reshape(-1, *(1,) * len(shape)) * rng.normal(0.0, 1.0, (3000, *shape))
    clip = np.clip(np.rint(scenes[shown] + noise), 0.0, 255.0).astype(np.uint8)
    params = MixtureParams(min_variance=4.0, initial_weight=0.02)
    rates = [1.0, *rng.choice((0.001, 0.003, 0.05), 2999).tolist()]
    assert_same_bits(params, clip, rates, cuts=tuple(range(1, 3000)))


def test_kernel_equals_plain_integers_where_a_quiet_block_changes_its_order() -> None:
    # Two scenes in turns, then only the first, shaking ever wider: it goes on matching, but
    # its growing variance makes the second component the fitter one.
    turns = [60, 180] * 60
    reach = 4.4 * 2 ** (np.arange(400) / 120)
    shaking = np.rint(60 + reach * np.where(np.arange(400) % 2, 1, -1))
    clip = np.array([*turns, *shaking], dtype=np.uint8).reshape(-1, 1, 1)
    params = MixtureParams(n_components=2, min_variance=4.0, initial_weight=0.02)
    rates = [1.0] + [0.05] * 119 + [0.003] * 400
    assert_same_bits(params, clip, rates, cuts=tuple(range(1, 520)))


def test_weights_of_a_quiet_block_fade_each_on_its_own() -> None:
    # The second component is the fitter one by its small variance; the third has more weight,
    # which changes in frames in which that of the second does not.
    params = MixtureParams(min_variance=4.0)
    engine = Engine(32, 1, 255.0, params)
    layout = engine._layout
    for k, (mean, variance, weight) in enumerate(
        [(40, 4, 0), (110, 4, 3277), (180, 400, 5243)]
    ):
        engine._blocks(layout.mean(k, 0))[...] = mean * 128
        engine._blocks(layout.variance(k))[...] = variance * 16
        if k > 0:
            engine._blocks(layout.weight(k))[...] = weight
    n, rate = 2000, 1e-4
    frames = np.full((n, 32), 40, np.uint8)
    masks = np.empty_like(frames)
    engine.step(frames, masks, np.full(n, rate, np.float32), None, Workers(1))
    expected = np.array([3277, 5243]) * (1 - rate) ** n
    np.testing.assert_allclose(engine.weights()[0, 1:] * fixed.ONE, expected, atol=8)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 11, 3), (2, 3), (8, 8)])
def test_kernel_equals_plain_integers_for_any_frame(shape: tuple[int, ...], dtype: str) -> None:
    clip = busy_clip(20, shape, dtype=dtype)
    if dtype == "float32":
        spoilt = np.random.default_rng(3).random(clip.shape)
        clip[spoilt < 0.02] = np.nan
        clip[spoilt > 0.98] = np.inf
        clip[(spoilt > 0.5) & (spoilt < 0.52)] = -7.0
    for max_value in (WHITE[dtype], 0.4 * WHITE[dtype]):
        params = MixtureParams(max_value=max_value, detect_shadows=True)
        assert_same_bits(params, clip, _RATES * 2)


@pytest.mark.parametrize("params", _ODD_PARAMETERS)
def test_kernel_equals_plain_integers_for_odd_parameters(params: MixtureParams) -> None:
    assert_same_bits(params, busy_clip(30, (9, 11, 3)), _RATES * 3)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(9, 11, 3), (9, 11)])
@pytest.mark.parametrize("n_components", [1, 2, 4, 5, 6, 7, 8])
def test_kernel_equals_plain_integers_for_any_number_of_components(
    n_components: int, shape: tuple[int, ...]
) -> None:
    params = MixtureParams(n_components=n_components, initial_weight=0.05)
    assert_same_bits(params, busy_clip(40, shape), [0.05] * 40)


@pytest.mark.parametrize("value", [20.0, 235.0])
def test_mean_follows_a_slow_drift(value: float) -> None:
    # One grey level in 2000 frames: 1/16 of the smallest number a mean can change by, a frame.
    model = MixtureModel(MixtureParams(learning_rate=0.001, warmup_frames=0, max_value=255.0))
    drift = value + np.arange(6000) / 2000
    rng = np.random.default_rng(0)
    for start in range(0, 6000, 500):
        noise = rng.normal(0.0, 0.5, (500, 8, 8))
        clip = (drift[start : start + 500, None, None] + noise).astype(np.float32)
        model.apply_batch(clip)
    # An exact mean lags by rate of drift / learning rate = half a grey level.
    lag = drift[-1] - model.means[..., 0, 0]
    np.testing.assert_allclose(lag.mean(), 0.5, atol=0.03)
    np.testing.assert_allclose(lag, 0.5, atol=0.3)


def test_variance_is_learnt_without_bias() -> None:
    rng = np.random.default_rng(1)
    for rate in (0.003, 0.01):
        params = MixtureParams(learning_rate=rate, warmup_frames=0, min_variance=1.0)
        model = MixtureModel(params)
        model.apply(np.full((40, 40), 120, np.uint8))
        for _ in range(0, round(6 / rate), 100):
            noise = rng.normal(120.0, 6.0, (100, 40, 40))
            model.apply_batch(np.clip(np.rint(noise), 0, 255).astype(np.uint8))
        # Values beyond 2.5 sigma match another component: 0.86 of a Gaussian's variance.
        settled = model.variances[..., 0].mean()
        assert 0.7 * 36 < settled < 1.05 * 36


def test_rates_below_the_unit_still_learn() -> None:
    rate = 1e-5
    model = MixtureModel(MixtureParams(learning_rate=rate, warmup_frames=0))
    model.apply(np.full((4, 8), 100, np.uint8))
    model.apply_batch(np.full((20000, 4, 8), 110, np.uint8))
    expected = 110 - 10 * (1 - rate) ** 20000
    np.testing.assert_allclose(model.means[..., 0, 0], expected, atol=0.1)


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 30)])
@pytest.mark.parametrize("rate", [0.001, 0.003, 0.01])
def test_decisions_are_those_of_the_paper(rate: float, shape: tuple[int, ...]) -> None:
    clip = busy_clip(100, shape)
    params = MixtureParams(learning_rate=rate, warmup_frames=0, min_variance=16.0)
    model = MixtureModel(params)
    masks = model.apply_batch(clip).reshape(100, -1)
    oracle = pixels_of_the_paper(params, 600)
    values = clip.reshape(100, 600, -1).tolist()
    expected = [
        [pixel.step(x, rate).foreground for pixel, x in zip(oracle, row, strict=True)]
        for row in values
    ]
    differing = (masks > 0) != np.array(expected)
    assert differing.mean() <= 5e-4
    same = ~differing.any(axis=0)
    best = [max(pixel.gaussians, key=lambda g: g.fitness()) for pixel in oracle]
    # Nearly all pixels have taken the same way, and their states are near.
    means = np.array([g.mean for g in best])
    off_mean = np.abs(model.means[..., 0, :].reshape(600, -1) - means).max(axis=1)
    off_weight = np.abs(model.weights[..., 0].ravel() - [g.weight for g in best])
    assert np.quantile(off_mean[same], 0.9) < 0.1
    assert np.quantile(off_weight[same], 0.9) < 1e-3
