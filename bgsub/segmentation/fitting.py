"""Expectation–maximisation from a start to the end, over weighted distinct samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bgsub.segmentation.gaussians import Gaussians, restrict
from bgsub.segmentation.history import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.segmentation.gaussians import CovarianceType, Expectation

__all__ = ["Fit", "Stopping", "fit_mixture", "maximise", "start_from_labels"]

Stopping = Literal["likelihood", "parameters"]
_EPSILON = 10 * np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted mixture and how it came about.

    Attributes
    ----------
    start : Gaussians
        The parameters before the first iteration.
    mixture : Gaussians
        The parameters after the last iteration.
    history : tuple of Step
        One for each iteration; empty if there was none.
    converged : bool
        The stopping criterion was met before the iterations were used up.
    """

    start: Gaussians
    mixture: Gaussians
    history: tuple[Step, ...]
    converged: bool

    def ordered(self, order: NDArray[np.intp]) -> Fit:
        """Return the same fit with its components in another order."""
        return Fit(
            start=self.start.ordered(order),
            mixture=self.mixture.ordered(order),
            history=tuple(step.ordered(order) for step in self.history),
            converged=self.converged,
        )

    @property
    def lower_bound(self) -> float:
        """Return the last log-likelihood, in nats per sample, as scikit-learn counts it."""
        return self.history[-1].log_likelihood if self.history else -np.inf


def maximise(
    old: Gaussians,
    expectation: Expectation,
    *,
    covariance_type: CovarianceType,
    reg_covar: float,
) -> Gaussians:
    """Do the M-step.

    Moments are taken about the old means, so that nothing cancels.

    Parameters
    ----------
    old : Gaussians
        The mixture that the E-step was done with.
    expectation : Expectation
        What it found.
    covariance_type : str
        As scikit-learn's ``GaussianMixture``.
    reg_covar : float
        Added to the diagonal of each covariance, in the features' units squared.
    """
    weights = expectation.weights + _EPSILON
    shift = expectation.first / weights[:, np.newaxis]
    covariances = expectation.second / weights[:, np.newaxis, np.newaxis]
    covariances -= shift[:, :, np.newaxis] * shift[:, np.newaxis, :]
    covariances = restrict(covariances, weights, covariance_type)
    return Gaussians(
        weights=weights / weights.sum(),
        means=old.means + shift,
        covariances=covariances + reg_covar * np.eye(shift.shape[1]),
    )


def start_from_labels(
    values: NDArray[Any],
    counts: NDArray[np.float64],
    labels: NDArray[np.integer[Any]],
    n_components: int,
    *,
    covariance_type: CovarianceType,
    reg_covar: float,
) -> Gaussians:
    """Return the mixture of the classes of a first partition.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        Distinct samples.
    counts : ndarray of float64, shape (N,)
        How often each occurs.
    labels : ndarray of int, shape (N,)
        The class of each, 0 to K - 1; no class is empty.
    n_components : int
        K.
    covariance_type, reg_covar
        As :func:`maximise`.
    """
    d = values.shape[1]
    weights = np.bincount(labels, counts, n_components).astype(np.float64)
    means = np.empty((n_components, d))
    covariances = np.empty((n_components, d, d))
    for j in range(n_components):
        chosen = labels == j
        part, share = values[chosen].astype(np.float64), counts[chosen] / weights[j]
        means[j] = share @ part
        part -= means[j]
        covariances[j] = (part * share[:, np.newaxis]).T @ part
    return Gaussians(
        weights=weights / weights.sum(),
        means=means,
        covariances=restrict(covariances, weights, covariance_type) + reg_covar * np.eye(d),
    )


def fit_mixture(
    values: NDArray[Any],
    counts: NDArray[np.float64],
    start: Gaussians,
    *,
    covariance_type: CovarianceType,
    stopping: Stopping,
    tol: float,
    max_iter: int,
    reg_covar: float,
    n_threads: int = 0,
) -> Fit:
    """Fit a mixture to weighted samples by expectation–maximisation.

    Parameters
    ----------
    values : ndarray of float32 or float64, shape (N, D)
        Distinct samples, C-contiguous.
    counts : ndarray of float64, shape (N,)
        How often each occurs.
    start : Gaussians
        Where to begin.
    covariance_type : str
        ``full``, ``tied``, ``diag`` or ``spherical``.
    stopping : str
        ``likelihood``: when the mean log-likelihood changes by less than `tol`, as in
        scikit-learn.  ``parameters``: when neither any mean nor any covariance changes by
        more than `tol` in the 2-norm (for matrices the spectral norm), in the features' units
        and those squared.
    tol : float
        See `stopping`.
    max_iter : int
        Iterations at most.
    reg_covar : float
        Added to the diagonal of each covariance.
    n_threads : int
        0: one for each core.  The result does not depend on it.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a covariance collapses, which a larger `reg_covar` prevents.

    References
    ----------
    .. [1] A. P. Dempster, N. M. Laird and D. B. Rubin, "Maximum likelihood from incomplete
       data via the EM algorithm", J. Royal Statistical Society B 39 (1977), pp. 1-38.
    """
    mixture = start
    history: list[Step] = []
    converged = False
    total = float(counts.sum())
    bound = -np.inf
    while not converged and len(history) < max_iter:
        expectation = mixture.expect(values, counts, n_threads=n_threads)
        old, last = mixture, bound
        mixture = maximise(
            old, expectation, covariance_type=covariance_type, reg_covar=reg_covar
        )
        bound = expectation.log_likelihood / total
        history.append(Step.of(mixture, bound))
        if stopping == "likelihood":
            converged = abs(bound - last) < tol
        else:
            converged = _largest_change(old, mixture) <= tol
    return Fit(start=start, mixture=mixture, history=tuple(history), converged=converged)


def _largest_change(old: Gaussians, new: Gaussians) -> float:
    means = np.linalg.norm(new.means - old.means, axis=1)
    covariances = np.linalg.norm(new.covariances - old.covariances, 2, axis=(1, 2))
    return float(max(means.max(), covariances.max()))
