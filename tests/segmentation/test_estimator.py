"""The estimator does what scikit-learn's does on every sample, and what the textbook says."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.utils.estimator_checks import check_estimator

from bgsub.segmentation.estimator import HistogramGaussianMixture
from tests.reference import em

if TYPE_CHECKING:
    from bgsub.segmentation.gaussians import CovarianceType
    from bgsub.segmentation.starts import Init

SHAPES: tuple[CovarianceType, ...] = ("full", "tied", "diag", "spherical")


def _samples(d: int, n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Whole-numbered values, many of them equal, from three clusters; counts of each."""
    random = np.random.default_rng(seed)
    centres = np.array([30.0, 110.0, 200.0])[random.integers(0, 3, n)]
    spread = random.normal(0, 1, (n, d)) @ random.normal(6, 3, (d, d))
    values = np.rint(centres[:, None] + spread)
    return np.unique(values, axis=0, return_counts=True)


def _start(d: int, k: int, shape: CovarianceType, seed: int = 1) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    full = np.array([np.eye(d) / v for v in random.uniform(200, 900, k)])
    precisions = {
        "full": full,
        "tied": full[0],
        "diag": np.diagonal(full, axis1=1, axis2=2),
        "spherical": full[:, 0, 0],
    }[shape]
    weights = random.uniform(0.5, 1, k)
    return {
        "weights_init": weights / weights.sum(),
        "means_init": np.linspace(40, 190, k)[:, None] + random.normal(0, 9, (k, d)),
        "precisions_init": precisions,
    }


def _reference(every: np.ndarray, k: int, **parameters: Any) -> GaussianMixture:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GaussianMixture(k, **parameters).fit(every)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("tol", [1e-3, 1e-8])
def test_parameters_are_those_of_scikit_learn_on_every_sample(
    shape: CovarianceType, d: int, tol: float
):
    values, counts = _samples(d)
    every = np.repeat(values, counts, axis=0)
    common: dict[str, Any] = {"covariance_type": shape, "tol": tol, "max_iter": 60}
    common |= _start(d, 3, shape)
    ours = HistogramGaussianMixture(3, **common).fit(values, sample_weight=counts)
    theirs = _reference(every, 3, **common)
    for name in ("weights_", "means_", "covariances_", "precisions_"):
        found, right = getattr(ours, name), getattr(theirs, name)
        assert found.shape == right.shape, name
        np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-9, err_msg=name)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_ == theirs.converged_
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-9)
    np.testing.assert_array_equal(ours.predict(values), theirs.predict(values))
    np.testing.assert_allclose(
        ours.predict_proba(values), theirs.predict_proba(values), rtol=1e-6, atol=1e-12
    )
    np.testing.assert_allclose(
        ours.score_samples(values), theirs.score_samples(values), rtol=1e-9
    )
    assert ours.bic(values, counts) == pytest.approx(theirs.bic(every), rel=1e-9)
    assert ours.aic(values, counts) == pytest.approx(theirs.aic(every), rel=1e-9)
    assert ours.score(values, None, counts) == pytest.approx(theirs.score(every), rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_iteration_is_the_textbooks(shape: CovarianceType):
    values, counts = _samples(2, n=120)
    start = _start(2, 3, shape)
    ours = HistogramGaussianMixture(
        3, covariance_type=shape, tol=0.0, max_iter=4, reg_covar=0.01, **start
    ).fit(values, sample_weight=counts)
    full = _start(2, 3, "full")["precisions_init"]
    if shape == "tied":
        full = np.array([full[0]] * 3)
    first = em.Parameters(
        weights=start["weights_init"],
        means=start["means_init"],
        covariances=np.linalg.inv(full),
    )
    steps, bounds = em.run(np.repeat(values, counts, axis=0), first, 4, shape, 0.01)
    assert len(ours.history_) == 4
    for step, right, bound in zip(ours.history_, steps, bounds, strict=True):
        np.testing.assert_allclose(step.weights, right.weights, rtol=1e-9)
        np.testing.assert_allclose(step.means, right.means, rtol=1e-9)
        np.testing.assert_allclose(step.covariances, right.covariances, rtol=1e-8, atol=1e-9)
        assert step.log_likelihood == pytest.approx(bound, rel=1e-12)


def test_stopping_by_parameters_means_that_nothing_moved_further_than_the_threshold():
    values, counts = _samples(3)
    fitted = HistogramGaussianMixture(
        3, stopping="parameters", tol=0.05, max_iter=500, **_start(3, 3, "full")
    ).fit(values, sample_weight=counts)
    assert fitted.converged_
    steps = fitted.history_

    def largest(i: int) -> float:
        moved = np.linalg.norm(steps[i].means - steps[i - 1].means, axis=1).max()
        changes = steps[i].covariances - steps[i - 1].covariances
        return float(max(moved, *(np.linalg.norm(change, 2) for change in changes)))

    assert largest(len(steps) - 1) <= 0.05
    assert all(largest(i) > 0.05 for i in range(1, len(steps) - 1))


def test_parameters_still_change_while_only_covariances_do():
    # Two scales about one centre: the means stay where they are.
    values = np.array([[v] for v in (-40.0, -9, -2, -1, 0, 1, 2, 9, 40)])
    fitted = HistogramGaussianMixture(
        2,
        stopping="parameters",
        tol=0.01,
        max_iter=500,
        weights_init=[0.5, 0.5],
        means_init=[[0.0], [0.0]],
        precisions_init=[[[0.1]], [[0.001]]],
    ).fit(values)
    assert fitted.converged_
    changes = [
        np.abs(later.covariances - earlier.covariances).max()
        for earlier, later in pairwise(fitted.history_)
    ]
    assert len(changes) > 3
    assert changes[-1] <= 0.01 < min(changes[:-1])
    np.testing.assert_allclose(fitted.means_, 0, atol=1e-9)


def test_iterations_that_are_used_up_are_not_convergence():
    values, counts = _samples(1)
    fitted = HistogramGaussianMixture(2, max_iter=2, tol=0.0).fit(values, None, counts)
    assert not fitted.converged_
    assert fitted.n_iter_ == 2


def test_result_is_the_same_bits_whatever_the_threads():
    random = np.random.default_rng(0)
    values = random.normal(100, 40, (60_000, 3))
    one, three = (
        HistogramGaussianMixture(3, max_iter=5, tol=0.0, n_threads=n).fit(values)
        for n in (1, 3)
    )
    assert one.means_.tobytes() == three.means_.tobytes()
    assert one.covariances_.tobytes() == three.covariances_.tobytes()


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), min_size=4, max_size=40),
    st.integers(1, 3),
    st.sampled_from(SHAPES),
)
def test_likelihood_never_falls_and_weights_sum_to_one(
    pairs: list[tuple[int, int]], k: int, shape: CovarianceType
):
    counts = dict(pairs)
    values = np.array([[float(v)] for v in sorted(counts)])
    if len(values) < k:
        return
    weights = [counts[v] for v in sorted(counts)]
    fitted = HistogramGaussianMixture(
        k, covariance_type=shape, reg_covar=0.5, tol=0.0, max_iter=15
    ).fit(values, sample_weight=weights)
    bounds = [step.log_likelihood for step in fitted.history_]
    # Regularised covariances are not the likeliest, so it may fall by what that costs.
    assert all(later >= earlier - 0.05 for earlier, later in pairwise(bounds))
    assert all(step.weights.sum() == pytest.approx(1.0) for step in fitted.history_)
    assert np.all(np.isfinite(fitted.predict_proba(values)))


def test_several_starts_keep_the_likeliest():
    values, counts = _samples(2)
    several = HistogramGaussianMixture(4, init="random", n_init=6, random_state=3)
    one = clone(several).set_params(n_init=1)
    assert (
        several.fit(values, sample_weight=counts).lower_bound_
        >= one.fit(values, sample_weight=counts).lower_bound_
    )


@pytest.mark.parametrize("init", ["range", "kmeans", "k-means++", "random"])
def test_every_start_finds_clusters_that_are_far_apart(init: Init):
    values = np.array([[v] for v in (8.0, 9, 10, 11, 12, 240, 241, 242, 243, 244)])
    fitted = HistogramGaussianMixture(2, init=init, random_state=0).fit(values)
    assert sorted(np.rint(fitted.means_.ravel()).tolist()) == [10.0, 242.0]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (np.array([[1.0], [np.nan]]), "NaN"),
        (np.array([[1.0], [np.inf]]), "infinity"),
        (np.array([[1.0], [2.0]]), "at least 3"),
    ],
)
def test_what_cannot_be_fitted_is_refused(values: np.ndarray, what: str):
    with pytest.raises(ValueError, match=what):
        HistogramGaussianMixture(3).fit(values)


@pytest.mark.parametrize(
    "weights", [[1.0, 1.0], [-1.0, 1.0, 1.0, 1.0], [np.nan, 1.0, 1.0, 1.0], [0.0] * 4]
)
def test_weights_that_are_no_counts_are_refused(weights: list[float]):
    values = np.array([[1.0], [2.0], [3.0], [4.0]])
    with pytest.raises(ValueError, match="sample_weight"):
        HistogramGaussianMixture(2).fit(values, sample_weight=weights)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_components": 0},
        {"n_components": 2.5},
        {"n_components": True},
        {"n_components": "2"},
        {"covariance_type": "round"},
        {"init": "guess"},
        {"stopping": "never"},
        {"max_iter": 0},
        {"tol": -1.0},
        {"tol": float("nan")},
        {"tol": "small"},
        {"reg_covar": -1.0},
        {"reg_covar": float("inf")},
        {"n_init": 0},
        {"n_threads": -1},
        {"means_init": [[1.0, 2.0]]},
        {"means_init": [[1.0], [np.nan]]},
        {"weights_init": [1.0]},
        {"weights_init": [-0.5, 1.5]},
        {"weights_init": [5.0, 5.0]},
        {"precisions_init": [[1.0]]},
        {"precisions_init": [[[0.0]], [[1.0]]]},
        {"precisions_init": [[[-1.0]], [[1.0]]]},
    ],
)
def test_parameters_that_mean_nothing_are_refused(wrong: dict[str, Any]):
    parameters: dict[str, Any] = {"n_components": 2} | wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HistogramGaussianMixture(**parameters).fit([[1.0], [2.0], [3.0], [9.0]])


def test_a_component_that_collapses_is_an_error_with_advice():
    with pytest.raises(ValueError, match="reg_covar"):
        HistogramGaussianMixture(2, reg_covar=0.0).fit([[1.0], [9.0]])


def test_it_is_an_estimator_as_scikit_learn_knows_them():
    mixture = HistogramGaussianMixture(3, tol=1e-5, init="random")
    assert clone(mixture).get_params() == mixture.get_params()
    with pytest.raises(NotFittedError):
        mixture.predict([[1.0]])
    assert mixture.fit([[1.0], [2.0], [3.0]]) is mixture
    with pytest.raises(ValueError, match="features"):
        mixture.predict([[1.0, 2.0]])


def test_it_passes_scikit_learns_own_checks():
    outcomes = check_estimator(HistogramGaussianMixture(), on_skip=None, on_fail=None)
    failed = {o["check_name"]: o["exception"] for o in outcomes if o["status"] == "failed"}
    assert not failed
    assert sum(outcome["status"] == "passed" for outcome in outcomes) > 40


def test_labels_and_criteria_are_those_of_scikit_learn():
    values, counts = _samples(2)
    repeated = np.repeat(values, counts.astype(int), axis=0)
    theirs = GaussianMixture(2, random_state=0).fit(repeated)
    start: dict[str, Any] = {
        "weights_init": theirs.weights_,
        "means_init": theirs.means_,
        "precisions_init": theirs.precisions_,
    }
    mixture = HistogramGaussianMixture(2, max_iter=1, **start)
    labels = mixture.fit_predict(values, sample_weight=counts)
    reference = GaussianMixture(2, max_iter=1, **start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        reference.fit(repeated)
    np.testing.assert_array_equal(labels, reference.predict(values))
    assert mixture.bic(values, sample_weight=counts) == pytest.approx(reference.bic(repeated))
    assert mixture.aic(values, sample_weight=counts) == pytest.approx(reference.aic(repeated))
    with pytest.raises(ValueError, match="zero for every sample"):
        mixture.bic(values, sample_weight=np.zeros(len(values)))


def test_samples_without_weight_do_not_count():
    values = np.array([[1.0], [2.0], [3.0], [200.0], [201.0]])
    plain = HistogramGaussianMixture(1).fit(values[:3])
    weighted = HistogramGaussianMixture(1).fit(values, sample_weight=[1, 1, 1, 0, 0])
    np.testing.assert_allclose(weighted.means_, plain.means_)
    np.testing.assert_allclose(weighted.covariances_, plain.covariances_)
