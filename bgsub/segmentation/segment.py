"""Segmentation of a picture: from pixels to classes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.errors import PictureError
from bgsub.segmentation.features import Features, extract
from bgsub.segmentation.fitting import Fit, fit_mixture, start_from_labels
from bgsub.segmentation.gaussians import Gaussians, n_parameters
from bgsub.segmentation.history import Step
from bgsub.segmentation.starts import starting_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.frames import Image

__all__ = ["Candidate", "Segmentation", "add_noise", "segment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A number of classes that was tried.

    Attributes
    ----------
    n_components : int
        K.
    bic, aic : float
        Bayesian and Akaike information criterion over all pixels: the lower the better.
    log_likelihood : float
        Mean per pixel, in nats.
    iterations : int
        How many the fit took.
    """

    n_components: int
    bic: float
    aic: float
    log_likelihood: float
    iterations: int


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """A picture divided into classes, ordered from dark to bright.

    Attributes
    ----------
    labels : ndarray of uint8, shape (H, W)
        The class of each pixel, 0 to K - 1.
    mixture : Gaussians
        The fitted parameters; `weights`, `means` and `covariances` are its own.
    features : Features
        What was clustered.
    recoloured : ndarray, shape (H, W) or (H, W, 3)
        The picture with each pixel's class's mean colour, of the picture's type; BGR.
    history : tuple of Step
        Every iteration of the fit.
    converged : bool
        The stopping criterion was met.
    bic, aic : float
        Information criteria over all pixels: the lower the better.
    curve : tuple of Candidate
        Every number of classes that was tried; one if it was given.
    estimator : str
        ``histogram`` or ``sklearn``.
    seconds : dict of str to float
        Where the time went: ``features``, ``fit``, ``labels``, ``smoothing``.
    fitted_values : int
        Distinct values the fit saw.
    smoothed : ndarray of float32, shape (K, H, W), or None
        Posteriors under the Markov random field, if there was one.
    notes : tuple of str
        What the user should know of how the result came about; one sentence each.
    """

    labels: NDArray[np.uint8]
    mixture: Gaussians
    features: Features
    recoloured: Image
    history: tuple[Step, ...]
    converged: bool
    bic: float
    aic: float
    curve: tuple[Candidate, ...]
    estimator: str
    seconds: dict[str, float]
    fitted_values: int
    smoothed: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_components(self) -> int:
        """Return the number of classes K."""
        return len(self.mixture.weights)

    @property
    def weights(self) -> NDArray[np.float64]:
        """Return the weights, shape (K,)."""
        return self.mixture.weights

    @property
    def means(self) -> NDArray[np.float64]:
        """Return the means in feature space, shape (K, D)."""
        return self.mixture.means

    @property
    def covariances(self) -> NDArray[np.float64]:
        """Return the covariances in feature space, shape (K, D, D)."""
        return self.mixture.covariances

    @property
    def iterations(self) -> int:
        """Return how many iterations the fit took."""
        return len(self.history)

    @cached_property
    def value_posteriors(self) -> NDArray[np.float32]:
        """Each class's probability for every distinct value, shape (N, K)."""
        return self.mixture.posteriors(self.features.values, dtype=np.float32)

    def posterior(self, j: int) -> NDArray[np.float32]:
        """Return the probability of class `j` at every pixel, shape (H, W), 0 to 1."""
        if self.smoothed is not None:
            return self.smoothed[j]
        return self.features.spread(np.ascontiguousarray(self.value_posteriors[:, j]))

    def entropy(self) -> NDArray[np.float32]:
        """Return how uncertain each pixel's class is, shape (H, W): 0 certain, 1 no idea."""
        if self.smoothed is not None:
            return _entropy(self.smoothed, axis=0)
        return self.features.spread(_entropy(self.value_posteriors, axis=1))


def segment(
    picture: Image,
    settings: SegmentationConfig,
    *,
    on_progress: Callable[[str], None] | None = None,
) -> Segmentation:
    """Segment a picture by a mixture of Gaussians fitted with expectation–maximisation.

    Noise is not added here: :func:`add_noise` does that.

    Parameters
    ----------
    picture : ndarray, shape (H, W) or (H, W, 3)
        uint8 or uint16, BGR; not modified.
    settings : SegmentationConfig
        How.
    on_progress : callable or None
        Told what is being done, in a few words.

    Returns
    -------
    Segmentation
        Classes ordered by mean intensity.

    Raises
    ------
    PictureError
        If the picture is empty, not of 8 or 16 bits, has fewer distinct values than classes,
        or is too large for the memory.
    """
    tell = on_progress or _ignore
    began = time.perf_counter()
    tell("counting colours")
    features = extract(picture, settings.features, settings.position_weight)
    seconds = {"features": time.perf_counter() - began}
    began = time.perf_counter()
    fits = _candidates(features, settings, tell)
    chosen = min(fits, key=lambda pair: pair[0].bic)[1]
    order = np.argsort(features.intensities(chosen.mixture.means), kind="stable")
    mixture = chosen.mixture.ordered(order)
    seconds["fit"] = time.perf_counter() - began
    began = time.perf_counter()
    tell("labelling pixels")
    labels = features.spread(mixture.label(features.values))
    seconds["labels"] = time.perf_counter() - began
    best = min((candidate for candidate, _ in fits), key=lambda candidate: candidate.bic)
    return Segmentation(
        labels=labels,
        mixture=mixture,
        features=features,
        recoloured=_recolour(picture, labels, len(order)),
        history=tuple(_ordered(step, order) for step in chosen.history),
        converged=chosen.converged,
        bic=best.bic,
        aic=best.aic,
        curve=tuple(candidate for candidate, _ in fits),
        estimator="sklearn" if settings.estimator == "sklearn" else "histogram",
        seconds=seconds,
        fitted_values=len(features.values),
    )


def add_noise(picture: Image, sigma: float, seed: int) -> Image:
    """Return a picture with independent Gaussian noise in each channel, clipped to its range.

    Parameters
    ----------
    picture : ndarray
        uint8 or uint16; not modified.
    sigma : float
        Standard deviation in levels of 255, whatever the type.
    seed : int
        The same seed gives the same noise.
    """
    white = int(np.iinfo(picture.dtype).max)
    random = np.random.default_rng(seed)
    noisy = np.empty_like(picture)
    scale = np.float32(sigma * white / 255.0)
    # Row by row: a large picture needs little memory beside its own.
    for row, result in zip(picture, noisy, strict=True):
        noise = random.standard_normal(row.shape, np.float32) * scale
        result[...] = np.clip(np.rint(row + noise), 0, white)
    return noisy


def _candidates(
    features: Features, settings: SegmentationConfig, tell: Callable[[str], None]
) -> list[tuple[Candidate, Fit]]:
    n_distinct = len(features.values)
    if settings.n_components is None:
        tried = range(1, min(settings.max_components, n_distinct) + 1)
    else:
        tried = range(settings.n_components, settings.n_components + 1)
    if tried[-1] > n_distinct:
        many = "only one distinct value" if n_distinct == 1 else f"{n_distinct} distinct values"
        msg = (
            f"The picture has {many}, which cannot make {tried[-1]} classes: "
            f"choose at most -k {n_distinct}."
        )
        raise PictureError(msg)
    found = []
    for k in tried:
        tell(f"fitting {k} class{'es' * (k > 1)}")
        fit = _fit(features, k, settings)
        found.append((_judge(features, fit, settings), fit))
    return found


def _fit(features: Features, k: int, settings: SegmentationConfig) -> Fit:
    random = np.random.RandomState(settings.seed)
    fits = []
    for _ in range(1 if settings.init == "range" else settings.n_init):
        labels = starting_labels(
            features.values,
            features.counts,
            k,
            settings.init,
            random=random,
            intensity=features.intensity,
            limits=features.limits,
        )
        start = start_from_labels(
            features.values,
            features.counts,
            labels,
            k,
            covariance_type=settings.covariance_type,
            reg_covar=settings.reg_covar,
        )
        fits.append(
            fit_mixture(
                features.values,
                features.counts,
                start,
                covariance_type=settings.covariance_type,
                stopping=settings.stopping,
                tol=settings.tol,
                max_iter=settings.max_iter,
                reg_covar=settings.reg_covar,
            )
        )
    return max(fits, key=lambda fit: fit.lower_bound)


def _judge(features: Features, fit: Fit, settings: SegmentationConfig) -> Candidate:
    n = features.index.size
    total = fit.mixture.expect(features.values, features.counts).log_likelihood
    k, d = fit.mixture.means.shape
    free = n_parameters(k, d, settings.covariance_type)
    return Candidate(
        n_components=k,
        bic=-2 * total + free * math.log(n),
        aic=-2 * total + 2 * free,
        log_likelihood=total / n,
        iterations=len(fit.history),
    )


def _ordered(step: Step, order: NDArray[np.intp]) -> Step:
    return Step(
        weights=step.weights[order],
        means=step.means[order],
        covariances=step.covariances[order],
        log_likelihood=step.log_likelihood,
    )


def _recolour(picture: Image, labels: NDArray[np.uint8], k: int) -> Image:
    channels = picture[:, :, np.newaxis] if picture.ndim == 2 else picture
    counts = np.maximum(np.bincount(labels.ravel(), minlength=k), 1)
    colours = np.empty((k, channels.shape[2]))
    for c in range(channels.shape[2]):
        sums = np.bincount(labels.ravel(), channels[:, :, c].ravel(), minlength=k)
        colours[:, c] = sums / counts
    table = np.rint(colours).astype(picture.dtype)
    result = np.take(table, labels, axis=0)
    return result[:, :, 0] if picture.ndim == 2 else result


def _entropy(posteriors: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    k = posteriors.shape[axis]
    if k == 1:
        return np.zeros(posteriors.sum(axis=axis).shape, np.float32)
    terms: Any = posteriors * np.log(np.maximum(posteriors, np.float32(1e-30)))
    result = np.clip(-terms.sum(axis=axis) / np.float32(math.log(k)), 0, 1)
    return np.asarray(result, np.float32)


def _ignore(_: str) -> None:
    pass
