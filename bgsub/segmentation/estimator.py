"""A mixture of Gaussians over weighted samples, with scikit-learn's interface."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted

from bgsub.segmentation._checks import check_choices, check_start, check_weights
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
    """``GaussianMixture`` that counts equal samples instead of repeating them.

    Same parameters, same attributes and, from the same start, the same numbers as
    ``sklearn.mixture.GaussianMixture`` fitted to every sample as often as its weight says.

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
        As scikit-learn: a start of one's own, wholly or in part.
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
            If a parameter means nothing, there is NaN, there are fewer samples than
            components, or a component collapses.
        """
        check_choices(self.get_params())
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
        self.n_features_in_ = values.shape[1]
        return self

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
        return self._mixture().label(self._checked(X), n_threads=self.n_threads).astype(np.intp)

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
        densities = self.score_samples(X)
        return float(
            np.average(densities, weights=check_weights(sample_weight, len(densities)))
        )

    def bic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return the Bayesian information criterion: the lower the better."""
        total = self._total(X, sample_weight)
        free = self._free() * math.log(total)
        return -2 * self.score(X, None, sample_weight) * total + free

    def aic(self, X: ArrayLike, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Return the Akaike information criterion: the lower the better."""
        total = self._total(X, sample_weight)
        return -2 * self.score(X, None, sample_weight) * total + 2 * self._free()

    def _total(self, X: ArrayLike, sample_weight: ArrayLike | None) -> float:  # noqa: N803
        n = len(np.asarray(X)) if sample_weight is None else np.sum(sample_weight)
        return float(n)

    def _free(self) -> int:
        k, d = self.means_.shape
        return n_parameters(k, d, self.covariance_type)

    def _checked(self, X: ArrayLike, *, fitting: bool = False) -> NDArray[Any]:  # noqa: N803
        values = np.asarray(check_array(X, dtype=[np.float64, np.float32], order="C"))
        known = getattr(self, "n_features_in_", values.shape[1])
        if not fitting and values.shape[1] != known:
            msg = f"The samples have {values.shape[1]} features; fitted were {known}."
            raise ValueError(msg)
        return values

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
            inverse = np.linalg.inv(expand(precisions, self.covariance_type, k, d))
            covariances = np.asarray(inverse, np.float64)
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
