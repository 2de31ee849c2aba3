"""The model against a reading of the paper that shares nothing with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bgsub.mixture import MixtureModel, MixtureParams
from tests.mixture._clips import busy_clip
from tests.mixture._oracles import pixels_of_the_paper
from tests.reference.paper import Step

# Decisions nearer than this (relative; absolute for weights) may fall otherwise in fixed point;
# the pixel is then left out, as its state has taken another way.
_MARGIN = 1e-2
_WEIGHT_ERROR = 5e-4
# Weights below this have too few digits left to compare the order by.
_FADED = 0.01
_MEAN_ERROR = 0.1
_VARIANCE_ERROR = 0.03


def _by_fitness(weights: Any, means: Any, variances: Any) -> list[tuple[Any, ...]]:
    used = [k for k in range(len(weights)) if weights[k] > _FADED]
    used.sort(key=lambda k: -(weights[k] ** 2) / variances[k])
    return [(weights[k], variances[k], *means[k]) for k in used]


@pytest.mark.parametrize("learning_rate", [0.003, 0.02, 0.2])
@pytest.mark.parametrize(("n_components", "n_channels"), [(3, 3), (5, 1)])
def test_model_does_what_the_paper_says(
    n_components: int, n_channels: int, learning_rate: float
) -> None:
    shape = (6, 8) if n_channels == 1 else (6, 8, 3)
    clip = busy_clip(60, shape)
    params = MixtureParams(
        n_components=n_components,
        learning_rate=learning_rate,
        warmup_frames=0,
        min_variance=16.0,
        initial_weight=0.02,
    )
    model = MixtureModel(params)
    pixels = pixels_of_the_paper(params, 48)
    certain = np.ones(48, dtype=bool)
    n_foreground = 0
    for frame in clip:
        mask = model.apply(frame).reshape(-1)
        steps: list[Step] = [
            p.step([float(v) for v in np.atleast_1d(x)], learning_rate)
            for p, x in zip(pixels, frame.reshape(48, -1), strict=True)
        ]
        certain &= np.array([s.margin > _MARGIN for s in steps])
        labels = np.array([255 if s.foreground else 0 for s in steps])
        np.testing.assert_array_equal(mask[certain], labels[certain])
        n_foreground += int(np.count_nonzero(mask))

    assert certain.mean() > 0.3
    assert 0.05 < n_foreground / (48 * len(clip)) < 0.7
    weights = model.weights.reshape(48, -1)
    means = model.means.reshape(48, n_components, n_channels)
    variances = model.variances.reshape(48, -1)
    for i in np.flatnonzero(certain):
        ordered = sorted(pixels[i].gaussians, key=lambda g: g.fitness(), reverse=True)
        expected_state = [(g.weight, g.variance, *g.mean) for g in ordered if g.weight > _FADED]
        actual_state = _by_fitness(weights[i], means[i], variances[i])
        for actual, expected in zip(actual_state, expected_state, strict=True):
            assert actual[0] == pytest.approx(expected[0], abs=_WEIGHT_ERROR)
            assert actual[1] == pytest.approx(expected[1], rel=_VARIANCE_ERROR)
            assert actual[2:] == pytest.approx(expected[2:], abs=_MEAN_ERROR)
