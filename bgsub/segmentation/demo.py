"""Samples of known mixtures in one and two dimensions, fitted: truth beside estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.errors import UsageError
from bgsub.segmentation.fitting import Fit, fit_mixture, start_from_labels
from bgsub.segmentation.gaussians import Gaussians
from bgsub.segmentation.history import Step
from bgsub.segmentation.reference import fit_reference
from bgsub.segmentation.scores import matched_accuracy, overlaps
from bgsub.segmentation.starts import starting_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig

__all__ = ["Demo", "as_record", "draw_samples", "known_mixture", "run_demo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A known mixture, samples of it, and what was made of them.

    Attributes
    ----------
    truth : Gaussians
        The mixture that was drawn from.
    values : ndarray of float64, shape (N, D)
        The samples.
    classes : ndarray of intp, shape (N,)
        The component that each was drawn from.
    fit : Fit
        Ours; components in the order of the truth's where there are as many.
    reference : Fit
        scikit-learn's ``GaussianMixture`` from the same start, in the same order.
    accuracy : float
        Share of the samples with the right component, after the best matching.
    best_accuracy : float
        The same if the truth's own parameters are used: no estimate can do much better.
    """

    truth: Gaussians
    values: NDArray[np.float64]
    classes: NDArray[np.intp]
    fit: Fit
    reference: Fit
    accuracy: float
    best_accuracy: float

    def steps(self) -> list[Step]:
        """Return the parameters from the start on, each with the log-likelihood *they* have."""
        found = [self.fit.history[0].log_likelihood] if self.fit.history else []
        found += [step.log_likelihood for step in self.fit.history[1:]]
        found.append(float(self.fit.mixture.log_densities(self.values).mean()))
        mixtures = [self.fit.start, *(_mixture_of(step) for step in self.fit.history)]
        return [Step.of(mixture, value) for mixture, value in zip(mixtures, found, strict=True)]

    @property
    def largest_difference(self) -> float:
        """How far any of our parameters is from scikit-learn's, relative to the largest."""
        ours, theirs = self.fit.mixture, self.reference.mixture
        pairs = (
            (ours.weights, theirs.weights),
            (ours.means, theirs.means),
            (ours.covariances, theirs.covariances),
        )
        return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def known_mixture(n_dimensions: int) -> Gaussians:
    """Return the example mixture: three components, of which two overlap.

    Parameters
    ----------
    n_dimensions : int
        1 or 2.
    """
    if n_dimensions == 1:
        return Gaussians(
            weights=np.array([0.35, 0.45, 0.20]),
            means=np.array([[60.0], [120.0], [190.0]]),
            covariances=np.array([[[144.0]], [[625.0]], [[100.0]]]),
        )
    return Gaussians(
        weights=np.array([0.40, 0.35, 0.25]),
        means=np.array([[-2.0, 0.5], [1.5, 2.0], [2.0, -1.5]]),
        covariances=np.array(
            [[[1.4, 0.9], [0.9, 1.0]], [[1.2, -0.7], [-0.7, 0.8]], [[0.4, 0.0], [0.0, 1.3]]]
        ),
    )


def draw_samples(
    mixture: Gaussians, n_samples: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Draw from a mixture.

    Returns
    -------
    tuple of ndarray
        The samples, shape (N, D), and the component that each is from, shape (N,).
    """
    random = np.random.default_rng(seed)
    classes = random.choice(len(mixture.weights), n_samples, p=mixture.weights)
    factors = np.linalg.cholesky(mixture.covariances)
    normal = random.standard_normal((n_samples, mixture.means.shape[1]))
    values = mixture.means[classes] + np.einsum("nij,nj->ni", factors[classes], normal)
    return values, classes.astype(np.intp)


def run_demo(n_dimensions: int, n_samples: int, settings: SegmentationConfig) -> Demo:
    """Draw samples of the example mixture and fit them, also with scikit-learn.

    Parameters
    ----------
    n_dimensions : int
        1 or 2.
    n_samples : int
        How many samples.
    settings : SegmentationConfig
        How to fit: components (empty: as many as the truth has), covariance shape, start,
        stopping, seed.

    Raises
    ------
    UsageError
        If there are fewer samples than components.
    """
    truth = known_mixture(n_dimensions)
    k = settings.n_components or len(truth.weights)
    if n_samples < 2 * k:
        msg = (
            f"{k} component{'s' * (k > 1)} need at least {2 * k} samples, not {n_samples}: "
            "take more with --samples."
        )
        raise UsageError(msg)
    values, classes = draw_samples(truth, n_samples, settings.seed)
    start = _start(values, k, settings)
    shared: dict[str, Any] = {
        "covariance_type": settings.covariance_type,
        "tol": settings.tol,
        "max_iter": settings.max_iter,
        "reg_covar": settings.reg_covar,
    }
    counts = np.ones(len(values))
    fit = fit_mixture(values, counts, start, stopping=settings.stopping, **shared)
    reference = fit_reference(values, start, **shared)
    order = _order(fit.mixture, truth)
    return Demo(
        truth=truth,
        values=values,
        classes=classes,
        fit=fit.ordered(order),
        reference=reference.ordered(order),
        accuracy=_accuracy(fit.mixture, values, classes),
        best_accuracy=_accuracy(truth, values, classes),
    )


def _start(values: NDArray[np.float64], k: int, settings: SegmentationConfig) -> Gaussians:
    counts = np.ones(len(values))
    labels = starting_labels(
        values,
        counts,
        k,
        settings.init,
        random=np.random.RandomState(settings.seed),
        intensity=values.mean(axis=1),
    )
    return start_from_labels(
        values,
        counts,
        labels,
        k,
        covariance_type=settings.covariance_type,
        reg_covar=settings.reg_covar,
    )


def _order(found: Gaussians, truth: Gaussians) -> NDArray[np.intp]:
    """Return the found components in the order of the true ones nearest to them."""
    from scipy.optimize import linear_sum_assignment

    if len(found.weights) != len(truth.weights):
        return np.argsort(found.means[:, 0], kind="stable")
    between = np.linalg.norm(truth.means[:, np.newaxis] - found.means, axis=2)
    return np.asarray(linear_sum_assignment(between)[1], np.intp)


def _mixture_of(step: Step) -> Gaussians:
    return Gaussians(weights=step.weights, means=step.means, covariances=step.covariances)


def _accuracy(
    mixture: Gaussians, values: NDArray[np.float64], classes: NDArray[np.intp]
) -> float:
    return matched_accuracy(overlaps(mixture.label(values), classes))


def as_record(demo: Demo) -> dict[str, Any]:
    """Return a demo as ``demo.json`` holds it."""
    return {
        "version": 1,
        "samples": len(demo.values),
        "truth": _parameters(demo.truth),
        "start": _parameters(demo.fit.start),
        "estimate": _parameters(demo.fit.mixture),
        "scikit_learn": _parameters(demo.reference.mixture),
        "largest_difference": demo.largest_difference,
        "iterations": len(demo.fit.history),
        "converged": demo.fit.converged,
        "log_likelihood": [step.log_likelihood for step in demo.steps()],
        "accuracy": demo.accuracy,
        "best_accuracy": demo.best_accuracy,
    }


def _parameters(mixture: Gaussians) -> dict[str, Any]:
    return {
        "weights": mixture.weights.tolist(),
        "means": mixture.means.tolist(),
        "covariances": mixture.covariances.tolist(),
    }
