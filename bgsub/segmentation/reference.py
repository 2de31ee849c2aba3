"""The reference: scikit-learn's ``GaussianMixture`` on every pixel."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from bgsub.segmentation.fitting import Fit
from bgsub.segmentation.gaussians import Gaussians, compress, expand
from bgsub.segmentation.history import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.segmentation.gaussians import CovarianceType

__all__ = ["fit_reference"]


# scikit-learn is untyped.
class _Recorded(GaussianMixture):  # type: ignore[misc]
    """Keeps the parameters of every iteration."""

    def __init__(self, **parameters: Any) -> None:  # noqa: ANN401 - as the parent
        super().__init__(**parameters)
        self.steps: list[Step] = []

    def _compute_lower_bound(self, log_resp: Any, log_prob_norm: Any) -> Any:  # noqa: ANN401
        # Called at each iteration's end, and the only call that knows its log-likelihood.
        k, d = self.means_.shape
        self.steps.append(
            Step(
                weights=np.array(self.weights_),
                means=np.array(self.means_),
                covariances=expand(self.covariances_, self.covariance_type, k, d),
                log_likelihood=float(log_prob_norm),
            )
        )
        return super()._compute_lower_bound(log_resp, log_prob_norm)


def fit_reference(
    samples: NDArray[np.float64],
    start: Gaussians,
    *,
    covariance_type: CovarianceType,
    tol: float,
    max_iter: int,
    reg_covar: float,
) -> Fit:
    """Fit scikit-learn's mixture to all samples from a given start.

    Parameters
    ----------
    samples : ndarray of float64, shape (N, D)
        Every pixel.
    start : Gaussians
        Where to begin.
    covariance_type, tol, max_iter, reg_covar
        As scikit-learn's ``GaussianMixture``; it stops by the likelihood only.
    """
    estimator = _Recorded(
        n_components=len(start.weights),
        covariance_type=covariance_type,
        tol=tol,
        max_iter=max_iter,
        reg_covar=reg_covar,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=compress(np.linalg.inv(start.covariances), covariance_type),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the result says so
        estimator.fit(samples)
    last = estimator.steps[-1]
    return Fit(
        start=start,
        mixture=Gaussians(weights=last.weights, means=last.means, covariances=last.covariances),
        history=tuple(estimator.steps),
        converged=bool(estimator.converged_),
    )
