"""Known mixtures: samples are of them, and the fit finds them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.config.segmentation import SegmentationConfig
from bgsub.errors import UsageError
from bgsub.segmentation.demo import as_record, draw_samples, known_mixture, run_demo
from bgsub.segmentation.plots_demo import DEMO_PLOTS, write_demo_plots

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = SegmentationConfig(n_components=3, init="k-means++", tol=1e-6, max_iter=500)


@pytest.mark.parametrize("n_dimensions", [1, 2])
def test_samples_have_the_moments_of_their_components(n_dimensions: int):
    mixture = known_mixture(n_dimensions)
    values, classes = draw_samples(mixture, 60_000, seed=1)
    assert values.shape == (60_000, n_dimensions)
    shares = np.bincount(classes) / len(classes)
    np.testing.assert_allclose(shares, mixture.weights, atol=0.01)
    for j in range(3):
        part = values[classes == j]
        sigma = np.sqrt(np.diagonal(mixture.covariances[j]))
        np.testing.assert_allclose(part.mean(axis=0), mixture.means[j], atol=0.03 * sigma.max())
        covariance = np.cov(part, rowvar=False).reshape(n_dimensions, n_dimensions)
        np.testing.assert_allclose(
            covariance, mixture.covariances[j], atol=0.05 * sigma.max() ** 2
        )


@pytest.mark.parametrize("n_dimensions", [1, 2])
def test_the_fit_finds_the_truth_and_is_scikit_learns(n_dimensions: int):
    demo = run_demo(n_dimensions, 20_000, SETTINGS)
    found, truth = demo.fit.mixture, demo.truth
    np.testing.assert_allclose(found.weights, truth.weights, atol=0.03)
    sigma = np.sqrt(truth.covariances.max())
    np.testing.assert_allclose(found.means, truth.means, atol=0.1 * sigma)
    assert demo.largest_difference < 1e-6
    assert demo.best_accuracy - 0.01 < demo.accuracy <= 1.0


def test_the_steps_begin_at_the_start_and_have_their_own_log_likelihood():
    demo = run_demo(2, 500, SETTINGS.model_copy(update={"init": "random"}))
    steps = demo.steps()
    assert len(steps) == len(demo.fit.history) + 1
    assert (steps[0].means == demo.fit.start.means).all()
    assert (steps[-1].means == demo.fit.mixture.means).all()
    values = [step.log_likelihood for step in steps]
    assert values == sorted(values)
    own = demo.fit.start.log_densities(demo.values).mean()
    assert values[0] == pytest.approx(float(own))


def test_the_seed_chooses_the_samples():
    one, same, other = (
        run_demo(1, 100, SETTINGS.model_copy(update={"seed": seed})) for seed in (1, 1, 2)
    )
    assert (one.values == same.values).all()
    assert as_record(one) == as_record(same)
    assert (one.values != other.values).any()


@pytest.mark.parametrize(("n_dimensions", "k"), [(1, 2), (2, 5)])
def test_another_number_of_components_is_drawn_too(n_dimensions: int, k: int, tmp_path: Path):
    settings = SETTINGS.model_copy(update={"n_components": k, "max_iter": 4})
    demo = run_demo(n_dimensions, 200, settings)
    write_demo_plots(tmp_path, demo, settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(DEMO_PLOTS)
    for name in DEMO_PLOTS:
        if name.endswith(".png"):
            plot = cv2.imread(str(tmp_path / name))
            assert plot is not None
            assert plot.std() > 5


def test_too_few_samples_are_refused():
    with pytest.raises(UsageError, match="at least 6 samples"):
        run_demo(1, 5, SETTINGS)
