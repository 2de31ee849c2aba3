"""The generated kernel beside the plain integers that it has to equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.mixture._engine import Engine
from bgsub.mixture.workers import Workers
from tests.mixture._clips import WHITE
from tests.reference import fixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.mixture import MixtureParams
    from bgsub.mixture._kernel import Rules


def _numbers(rules: Rules) -> fixed.Numbers:
    return fixed.Numbers(
        int(rules.reach),
        int(rules.reach_shift),
        int(rules.threshold),
        int(rules.initial_variance),
        int(rules.min_variance),
        int(rules.max_variance),
        int(rules.initial_weight),
        rules.shadow_min_ratio,
        rules.shadow_reach,
        rules.score_scale,
    )


def _assert_equal(found: NDArray[Any], expected: NDArray[Any]) -> None:
    # Comparing is quick; what NumPy prepares for its message is not.
    if not np.array_equal(found, expected):
        np.testing.assert_array_equal(found, expected)


def _assert_same_state(
    engine: Engine,
    mean: NDArray[np.int64],
    variance: NDArray[np.int64],
    weight: NDArray[np.int64],
) -> None:
    _assert_equal(np.rint(engine.weights() * fixed.ONE), weight)
    levels = np.maximum(mean, 0).astype(np.float32) / np.float32(128)
    _assert_equal(engine.means(), levels)
    unit = np.float32(1 / (16 * mean.shape[2]))
    _assert_equal(engine.variances(), variance.astype(np.float32) * unit)


def assert_same_bits(
    params: MixtureParams,
    clip: NDArray[Any],
    rates: list[float],
    update: NDArray[np.uint8] | None = None,
    cuts: tuple[int, ...] = (),
    *,
    score: bool = False,
    thresholds: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Return the masks, or with `score` the scores, of a kernel that equals the integers."""
    n_frames, height, width = clip.shape[:3]
    n = height * width
    n_channels = 3 if clip.ndim == 4 else 1
    white = params.max_value or WHITE[str(clip.dtype)]
    engine = Engine(n, n_channels, white, params)
    rules, k = engine._rules, params.n_components
    steps, dithers = Engine(n, n_channels, white, params)._schedule(
        np.array(rates, dtype=np.float32)
    )
    mean = np.full((n, k, n_channels), fixed.UNUSED)
    variance = np.full((n, k), rules.initial_variance)
    weight = np.zeros((n, k), dtype=np.int64)
    masks = np.empty((n_frames, n), dtype=np.uint8)
    scores = np.empty_like(masks)
    limits = np.full(n, rules.threshold)
    if thresholds is not None:
        limits = thresholds.astype(np.int64) * 257
    everywhere = np.ones((n_frames, n), np.uint8)
    workers = Workers(2)
    for first, last in zip((0, *cuts), (*cuts, n_frames), strict=True):
        expected = fixed.run(
            clip.reshape(n_frames, n, n_channels)[first:last],
            (everywhere if update is None else update)[first:last],
            steps[first:last],
            dithers[first:last],
            mean,
            variance,
            weight,
            rules.white,
            rules.scale,
            _numbers(rules),
            limits,
            scores[first:last],
        )
        engine.step(
            clip.reshape(n_frames, -1)[first:last],
            masks[first:last],
            np.array(rates[first:last], dtype=np.float32),
            None if update is None else update[first:last],
            workers,
            scores=score,
            thresholds=None if thresholds is None else thresholds[None],
        )
        _assert_equal(masks[first:last], scores[first:last] if score else expected)
        _assert_same_state(engine, mean, variance, weight)
    return masks
