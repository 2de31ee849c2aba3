"""Mixtures of one or several numbers of classes, fitted to a picture's features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bgsub.errors import PictureError
from bgsub.segmentation.fitting import Fit, fit_mixture, start_from_labels
from bgsub.segmentation.gaussians import Gaussians, n_parameters
from bgsub.segmentation.result import Candidate
from bgsub.segmentation.starts import starting_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.segmentation.features import Features

__all__ = ["fit_candidates", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """What a fit sees: values (N, D), their counts and intensities (N,)."""

    values: NDArray[np.float32]
    counts: NDArray[np.float64]
    intensity: NDArray[np.float64]


def fit_candidates(
    features: Features,
    settings: SegmentationConfig,
    tell: Callable[[str], None],
    n_threads: int,
) -> list[tuple[Candidate, Fit]]:
    """Fit a mixture of each number of classes that the settings ask for.

    Parameters
    ----------
    features : Features
        What to fit to.
    settings : SegmentationConfig
        How.
    tell : callable
        Told which number is at work.
    n_threads : int
        0: one for each core.

    Raises
    ------
    PictureError
        If there are fewer distinct values than classes.
    """
    n_distinct = len(features.values)
    if settings.n_components is None:
        tried = range(1, min(settings.max_components, n_distinct) + 1)
    else:
        tried = range(settings.n_components, settings.n_components + 1)
    if tried[-1] > n_distinct:
        have = "only one distinct value" if n_distinct == 1 else f"{n_distinct} distinct values"
        msg = (
            f"The picture has {have}, which cannot make {tried[-1]} classes: choose "
            f"-k {n_distinct}{' or less' if n_distinct > 1 else ''}."
        )
        raise PictureError(msg)
    sample = _sample(features, settings)
    found = []
    for k in tried:
        tell(f"fitting {k} class{'es' * (k > 1)}")
        fit = _fit(features, sample, k, settings, n_threads)
        tried_k = judge(features, fit.mixture, len(fit.history), settings, n_threads)
        found.append((tried_k, fit))
    return found


def judge(
    features: Features,
    mixture: Gaussians,
    iterations: int,
    settings: SegmentationConfig,
    n_threads: int,
) -> Candidate:
    """Return the criteria of a mixture over all pixels."""
    n = features.index.size
    total = mixture.expect(features.values, features.counts, n_threads=n_threads).log_likelihood
    k, d = mixture.means.shape
    free = n_parameters(k, d, settings.covariance_type)
    return Candidate(
        n_components=k,
        bic=-2 * total + free * math.log(n),
        aic=-2 * total + 2 * free,
        log_likelihood=total / n,
        iterations=iterations,
    )


def _sample(features: Features, settings: SegmentationConfig) -> _Sample:
    n = settings.max_fit_values
    if len(features.values) <= n:
        return _Sample(
            values=features.values, counts=features.counts, intensity=features.intensity
        )
    random = np.random.default_rng(settings.seed)
    pixels = random.integers(0, features.index.size, n)
    rows, counts = np.unique(features.index.reshape(-1)[pixels], return_counts=True)
    return _Sample(
        values=features.values[rows],
        counts=counts.astype(np.float64),
        intensity=features.intensity[rows],
    )


def _fit(
    features: Features, sample: _Sample, k: int, settings: SegmentationConfig, n_threads: int
) -> Fit:
    random = np.random.RandomState(settings.seed)
    fits = []
    for _ in range(1 if settings.init == "range" else settings.n_init):
        labels = starting_labels(
            sample.values,
            sample.counts,
            k,
            settings.init,
            random=random,
            intensity=sample.intensity,
            limits=features.limits,
        )
        start = start_from_labels(
            sample.values,
            sample.counts,
            labels,
            k,
            covariance_type=settings.covariance_type,
            reg_covar=settings.reg_covar,
        )
        fits.append(_run(features, sample, start, settings, n_threads))
    return max(fits, key=lambda fit: fit.lower_bound)


def _run(
    features: Features,
    sample: _Sample,
    start: Gaussians,
    settings: SegmentationConfig,
    n_threads: int,
) -> Fit:
    if settings.estimator == "sklearn":
        from bgsub.segmentation.reference import fit_reference

        pixels = features.spread(features.values).reshape(-1, features.values.shape[1])
        return fit_reference(
            pixels.astype(np.float64),
            start,
            covariance_type=settings.covariance_type,
            tol=settings.tol,
            max_iter=settings.max_iter,
            reg_covar=settings.reg_covar,
        )
    return fit_mixture(
        sample.values,
        sample.counts,
        start,
        covariance_type=settings.covariance_type,
        stopping=settings.stopping,
        tol=settings.tol,
        max_iter=settings.max_iter,
        reg_covar=settings.reg_covar,
        n_threads=n_threads,
    )
