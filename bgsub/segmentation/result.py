"""What a segmentation gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.segmentation.history import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Image
    from bgsub.segmentation.features import Features
    from bgsub.segmentation.gaussians import Gaussians

__all__ = ["Candidate", "Segmentation"]


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
    start : Gaussians
        The parameters before the first iteration.
    mixture : Gaussians
        The fitted parameters; `weights`, `means` and `covariances` are its own.
    features : Features
        What was clustered.
    recoloured : ndarray, shape (H, W) or (H, W, 3)
        The picture with each pixel's class's mean colour, of the picture's type; BGR.
    history : tuple of Step
        Every iteration of the fit; under a Markov random field, of the fit under it.
    converged : bool
        The stopping criterion was met.
    bic, aic : float
        Information criteria over all pixels: the lower the better.
    curve : tuple of Candidate
        Every number of classes that was tried; one if it was given.  Under a Markov random
        field they were tried on the picture freed from noise.
    estimator : str
        ``histogram`` or ``sklearn``.
    seconds : dict of str to float
        Where the time went: ``features``, ``fit``, ``labels``, ``smoothing``.
    fitted_values : int
        Distinct values the fit saw, or pixels if it was scikit-learn's.
    smoothed : ndarray of float32, shape (K, H, W), or None
        Posteriors under the Markov random field, if there was one.
    notes : tuple of str
        What the user should know of how the result came about; one sentence each.
    """

    labels: NDArray[np.uint8]
    start: Gaussians
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
    def steps(self) -> tuple[Step, ...]:
        """Return the start, which knows no log-likelihood yet (NaN), and the history."""
        return (Step.of(self.start, math.nan), *self.history)

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
            return np.asarray(self.smoothed[j])
        return self.features.spread(np.ascontiguousarray(self.value_posteriors[:, j]))

    def entropy(self) -> NDArray[np.float32]:
        """Return how uncertain each pixel's class is, shape (H, W): 0 certain, 1 no idea."""
        if self.smoothed is not None:
            return _entropy(self.smoothed, axis=0)
        return self.features.spread(_entropy(self.value_posteriors, axis=1))


def _entropy(posteriors: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    k = posteriors.shape[axis]
    if k == 1:
        return np.zeros(posteriors.sum(axis=axis).shape, np.float32)
    terms: Any = posteriors * np.log(np.maximum(posteriors, np.float32(1e-30)))
    result = np.clip(-terms.sum(axis=axis) / np.float32(math.log(k)), 0, 1)
    return np.asarray(result, np.float32)
