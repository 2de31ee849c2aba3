"""A mixture of Gaussians over weighted samples, with scikit-learn's interface."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from bgsub.segmentation._checks import (
    check_choices,
    check_precisions,
    check_start,
    check_weights,
)
from bgsub.segmentation.fitting import Fit, fit_mixture, start_from_labels
from bgsub.segmentation.gaussians import Gaussians, compress, expand, n_parameters
from bgsub.segmentation.starts import starting_labels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bgsub.segmentation.fitting import Stopping
    from bgsub.segmentation.gaussians import CovarianceType
    from bgsub.segmentation.history import Step
    from bgsub.segmentation.starts import Init

__all__ = ["HistogramGaussianMixture"]


class HistogramGaussianMixture(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """``GaussianMixture`` for samples that are weighted instead of repeated.

    Same parameters, same attributes and, from the same start, the same numbers as
    ``sklearn.mixture.GaussianMixture`` fitted to every sample as often as its weight says.
    What makes it quick is that few samples stand for many: give it the histogram's levels
    with their counts, not every pixel.

    Parameters
    ----------
    n_components : int
        K.
    covariance_type : str
        ``full``, ``tied``, ``diag`` or ``spherical``.
    tol : float
        Threshold of the stopping criterion.
    stopping : str
        ``likelihood`` as scikit-learn, or ``parameters``: when no mean and no covariance
        changes by more than `tol` in the 2-norm.
    max_iter : int
        Iterations at most.
    reg_covar : float
        Added to the diagonal of each covariance.
    init : str
        ``range`` (equal division of the range of the samples' mean coordinate), ``kmeans``,
        ``k-means++`` or ``random``.
    n_init : int
        Starts, of which the likeliest end is taken.
    random_state : int, RandomState or None
        Draws for `init`.
    weights_init, means_init, precisions_init : array-like or None
        As scikit-learn: a start of one's own, wholly or in part.  `init` gives the rest.
    n_threads : int
        0: one for each core.  The result does not depend on it.

    Attributes
    ----------
    weights_ : ndarray of float64, shape (K,)
        Share of the samples in each component.
    means_ : ndarray of float64, shape (K, D)
        Centres.
    covariances_, precisions_ : ndarray of float64
        Shape by `covariance_type`, as scikit-learn's.
    converged_ : bool
        The stopping criterion was met.
    n_iter_ : int
        Iterations done.
    lower_bound_ : float
        Mean log-likelihood per sample that the last iteration began with.
    history_ : tuple of Step
        Every iteration.
    n_features_in_ : int
        D.

    Examples
    --------
    >>> levels = np.array([[10.0], [12.0], [200.0], [210.0]])
    >>> mixture = HistogramGaussianMixture(2).fit(levels, sample_weight=[50, 50, 10, 10])
    >>> mixture.predict(levels).tolist()
    [0, 0, 1, 1]
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: CovarianceType = "full",
        tol: float = 1e-3,
        stopping: Stopping = "likelihood",
        max_iter: int = 100,
        reg_covar: float = 1e-6,
        init: Init = "range",
        n_init: int = 1,
        random_state: int | np.random.RandomState | None = None,
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        n_threads: int = 0,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.stopping = stopping
        self.max_iter = max_iter
        self.reg_covar = reg_covar
        self.init = init
        self.n_init = n_init
        self.random_state = random_state
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.n_threads = n_threads

    def fit(
        self,
        X: ArrayLike,  # noqa: N803 - scikit-learn's name
        y: None = None,  # noqa: ARG002 - scikit-learn's convention
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit the mixture.

        Parameters
        ----------
        X : array-like, shape (N, D)
            Samples, best distinct ones.
        y : None
            Ignored.
        sample_weight : array-like, shape (N,), or None
            How often each occurs; None: once.

        Raises
        ------
        ValueError
            If a parameter means nothing, there is NaN, fewer samples than components have
            a weight, or a component collapses.
        """
        check_choices(self.get_params(deep=False))
        values = self._checked(X, fitting=True)
        counts = check_weights(sample_weight, len(values))
        values, counts = values[counts > 0], counts[counts > 0]
        if len(values) < self.n_components:
            msg = f"{self.n_components} components need at least {self.n_components} samples."
            raise ValueError(msg)
        random = check_random_state(self.random_state)
        try:
            fits = [self._fit_once(values, counts, random) for _ in range(self.n_init)]
        except np.linalg.LinAlgError as error:
            msg = "A component collapsed onto too few samples: try a larger reg_covar."
            raise ValueError(msg) from error
        self._keep(max(fits, key=lambda fit: fit.lower_bound))
        return self

    def fit_predict(
        self,
        X: ArrayLike,  # noqa: N803
        y: None = None,
        sample_weight: ArrayLike | None = None,
    ) -> NDArray[np.intp]:
        """Fit the mixture and return the most probable component of each sample, (N,)."""
        return self.fit(X, y, sample_weight).predict(X)

    def _fit_once(
        self,
        values: NDArray[Any],
        counts: NDArray[np.float64],
        random: np.random.RandomState,
    ) -> Fit:
        return fit_mixture(
            values,
            counts,
            self._start(values, counts, random),
            covariance_type=self.covariance_type,
            stopping=self.stopping,
            tol=self.tol,
            max_iter=self.max_iter,
            reg_covar=self.reg_covar,
            n_threads=self.n_threads,
        )

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:  # noqa: N803
        """Return the most probable component of each sample, shape (N,)."""
        mixture = self._mixture()
        labels = mixture.label(self._checked(X), n_threads=self.n_threads)
        return labels.astype(np.intp)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return each component's probability given each sample, shape (N, K)."""
        return self._mixture().posteriors(self._checked(X), n_threads=self.n_threads)

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return the log-likelihood of each sample in nats, shape (N,)."""
        return self._mixture().log_densities(self._checked(X), n_threads=self.n_threads)

    def score(
        self,
        X: ArrayLike,  # noqa: N803
        y: None = None,  # noqa: ARG002 - scikit-learn's convention
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the mean log-likelihood per sample, in nats."""
        log_likelihood, total = self._summed(X, sample_weight)
        return log_likelihood / total

    def bic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return the Bayesian information criterion: the lower the better."""
        log_likelihood, total = self._summed(X, sample_weight)
        return -2 * log_likelihood + self._free() * math.log(total)

    def aic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return the Akaike information criterion: the lower the better."""
        log_likelihood, _ = self._summed(X, sample_weight)
        return -2 * log_likelihood + 2 * self._free()

    def _summed(
        self,
        X: ArrayLike,  # noqa: N803
        sample_weight: ArrayLike | None,
    ) -> tuple[float, float]:
        """Return the log-likelihood of all samples, and how many they are by their weights."""
        densities = self.score_samples(X)
        weights = check_weights(sample_weight, len(densities))
        return float(weights @ densities), float(weights.sum())

    def _free(self) -> int:
        k, d = self.means_.shape
        return n_parameters(k, d, self.covariance_type)

    def _checked(self, X: ArrayLike, *, fitting: bool = False) -> NDArray[Any]:  # noqa: N803
        values = validate_data(
            self, X, reset=fitting, dtype=[np.float64, np.float32], order="C"
        )
        return np.asarray(values)

    def _start(
        self,
        values: NDArray[Any],
        counts: NDArray[np.float64],
        random: np.random.RandomState,
    ) -> Gaussians:
        k, d = self.n_components, values.shape[1]
        shapes = {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}
        weights = check_start("weights_init", self.weights_init, (k,))
        means = check_start("means_init", self.means_init, (k, d))
        precisions = check_start(
            "precisions_init", self.precisions_init, shapes[self.covariance_type]
        )
        covariances = None
        if precisions is not None:
            matrices = expand(precisions, self.covariance_type, k, d)
            check_precisions(matrices)
            covariances = np.asarray(np.linalg.inv(matrices), np.float64)
        if weights is None or means is None or covariances is None:
            own = self._own_start(values, counts, random)
            weights = own.weights if weights is None else weights
            means = own.means if means is None else means
            covariances = own.covariances if covariances is None else covariances
        return Gaussians(weights=weights, means=means, covariances=covariances)

    def _own_start(
        self,
        values: NDArray[Any],
        counts: NDArray[np.float64],
        random: np.random.RandomState,
    ) -> Gaussians:
        labels = starting_labels(
            values,
            counts,
            self.n_components,
            self.init,
            random=random,
            intensity=values.mean(axis=1, dtype=np.float64),
        )
        return start_from_labels(
            values,
            counts,
            labels,
            self.n_components,
            covariance_type=self.covariance_type,
            reg_covar=self.reg_covar,
        )

    def _keep(self, fit: Fit) -> None:
        mixture = fit.mixture
        self.weights_ = mixture.weights
        self.means_ = mixture.means
        self.covariances_ = compress(mixture.covariances, self.covariance_type)
        self.precisions_ = compress(np.linalg.inv(mixture.covariances), self.covariance_type)
        self.converged_ = fit.converged
        self.n_iter_ = len(fit.history)
        self.lower_bound_ = fit.lower_bound
        self.history_: tuple[Step, ...] = fit.history

    def _mixture(self) -> Gaussians:
        check_is_fitted(self)
        k, d = self.means_.shape
        return Gaussians(
            weights=self.weights_,
            means=self.means_,
            covariances=expand(self.covariances_, self.covariance_type, k, d),
        )
