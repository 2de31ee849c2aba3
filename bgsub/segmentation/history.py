"""What expectation–maximisation did, iteration by iteration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bgsub.segmentation.gaussians import Gaussians

__all__ = ["Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The parameters after one iteration.

    Attributes
    ----------
    weights : ndarray of float64, shape (K,)
        Share of the samples in each component; they sum to 1.
    means : ndarray of float64, shape (K, D)
        In the features' own units.
    covariances : ndarray of float64, shape (K, D, D)
        Whatever the covariance type: equal for all components where it is tied, diagonal
        where it is diagonal or spherical.
    log_likelihood : float
        Mean per sample, in nats, of the parameters *before* this iteration, as scikit-learn
        counts its lower bound.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]
    log_likelihood: float

    @classmethod
    def of(cls, mixture: Gaussians, log_likelihood: float) -> Step:
        """Return the step that ended with a mixture."""
        return cls(
            weights=mixture.weights,
            means=mixture.means,
            covariances=mixture.covariances,
            log_likelihood=log_likelihood,
        )

    def ordered(self, order: NDArray[np.intp]) -> Step:
        """Return the same step with its components in another order."""
        return replace(
            self,
            weights=self.weights[order],
            means=self.means[order],
            covariances=self.covariances[order],
        )
