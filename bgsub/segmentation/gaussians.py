"""A mixture of Gaussians: its parameters, covariance shapes, and what it says of samples."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bgsub.cores import count_cores
from bgsub.segmentation._em import (
    BLOCK,
    STRIDE,
    accumulate,
    classify,
    count_moments,
    count_planes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "CovarianceType",
    "Expectation",
    "Gaussians",
    "compress",
    "expand",
    "n_parameters",
    "restrict",
    "share_work",
    "to_expectation",
]

CovarianceType = Literal["full", "tied", "diag", "spherical"]
# Sums are added up by chunk, in order: the result does not depend on the number of threads.
_CHUNK = 64 * BLOCK
_NO_LABELS = np.empty(0, np.uint8)
_NO_TABLE = np.empty((0, 0))
_NO_JOINT = np.empty((0, 0), np.float32)
_NONE = np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the E-step knows of weighted samples under a mixture.

    Attributes
    ----------
    weights : ndarray of float64, shape (K,)
        Weight of the samples in each component.
    first : ndarray of float64, shape (K, D)
        First moments about the mixture's means.
    second : ndarray of float64, shape (K, D, D)
        Second moments about the mixture's means.
    log_likelihood : float
        Summed over the samples' weights, in nats.
    """

    weights: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    log_likelihood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussians:
    """The parameters of a mixture of K Gaussians in D dimensions.

    Attributes
    ----------
    weights : ndarray of float64, shape (K,)
        They sum to 1.
    means : ndarray of float64, shape (K, D)
        Centres.
    covariances : ndarray of float64, shape (K, D, D)
        Whatever the covariance type.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]

    def ordered(self, order: NDArray[np.intp]) -> Gaussians:
        """Return the same mixture with its components in another order."""
        return Gaussians(
            weights=self.weights[order],
            means=self.means[order],
            covariances=self.covariances[order],
        )

    def expect(
        self, values: NDArray[Any], counts: NDArray[np.float64], *, n_threads: int = 0
    ) -> Expectation:
        """Do the E-step and sum what the M-step needs; no responsibilities are stored.

        Parameters
        ----------
        values : ndarray of float32 or float64, shape (N, D)
            Distinct samples, C-contiguous.
        counts : ndarray of float64, shape (N,)
            How often each occurs.
        n_threads : int
            0: one for each core.  The result does not depend on it.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a covariance is not positive definite.
        """
        k, d = self.means.shape
        n_moments = count_moments(d)
        offsets, factors = self._prepared()
        n_chunks = -(-len(values) // _CHUNK)
        totals = np.empty((n_chunks, k * n_moments + 1))

        def work(chunk: int) -> None:
            first = chunk * _CHUNK
            last = min(first + _CHUNK, len(values))
            planes = np.empty((count_planes(k, d), STRIDE))
            lanes = np.empty((k * n_moments + 1, STRIDE))
            accumulate(
                values, counts, first, last, offsets, self.means, factors, planes, lanes,
                totals[chunk],
            )  # fmt: skip

        share_work(work, n_chunks, n_threads)
        return to_expectation(totals, k, d)

    def label(self, values: NDArray[Any], *, n_threads: int = 0) -> NDArray[np.uint8]:
        """Return the most probable component of each sample, shape (N,)."""
        labels = np.empty(len(values), np.uint8)
        self._classify(values, n_threads, labels=labels)
        return labels

    def posteriors(
        self, values: NDArray[Any], *, dtype: type = np.float64, n_threads: int = 0
    ) -> NDArray[Any]:
        """Return each component's probability given each sample, shape (N, K)."""
        posteriors: NDArray[Any] = np.empty((len(values), len(self.weights)), dtype)
        self._classify(values, n_threads, posteriors=posteriors)
        return posteriors

    def log_densities(self, values: NDArray[Any], *, n_threads: int = 0) -> NDArray[np.float64]:
        """Return the log-likelihood of each sample in nats, shape (N,)."""
        densities = np.empty(len(values))
        self._classify(values, n_threads, densities=densities)
        return densities

    def log_joint(self, values: NDArray[Any], *, n_threads: int = 0) -> NDArray[np.float32]:
        """Return log(weight * density) of each component at each sample, shape (N, K)."""
        joint = np.empty((len(values), len(self.weights)), np.float32)
        self._classify(values, n_threads, joint=joint)
        return joint

    def _classify(
        self,
        values: NDArray[Any],
        n_threads: int,
        *,
        labels: NDArray[np.uint8] = _NO_LABELS,
        posteriors: NDArray[Any] = _NO_TABLE,
        densities: NDArray[np.float64] = _NONE,
        joint: NDArray[np.float32] = _NO_JOINT,
    ) -> None:
        k, d = self.means.shape
        offsets, factors = self._prepared()

        def work(chunk: int) -> None:
            first = chunk * _CHUNK
            last = min(first + _CHUNK, len(values))
            planes = np.empty((count_planes(k, d), STRIDE))
            classify(
                values, first, last, offsets, self.means, factors, planes, labels, posteriors,
                densities, joint,
            )  # fmt: skip

        share_work(work, -(-len(values) // _CHUNK), n_threads)

    def _prepared(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each component's constant of the log-density, and its precision's factor."""
        d = self.means.shape[1]
        inverse = np.linalg.inv(np.linalg.cholesky(self.covariances))
        factors = np.ascontiguousarray(inverse.swapaxes(1, 2))
        log_det = np.log(np.diagonal(inverse, axis1=1, axis2=2)).sum(axis=1)
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.weights)
        return log_weights + log_det - 0.5 * d * math.log(2 * math.pi), factors


def to_expectation(totals: NDArray[np.float64], k: int, d: int) -> Expectation:
    """Return what kernels summed, added up over their chunks in order.

    Parameters
    ----------
    totals : ndarray of float64, shape (chunks, K * count_moments(D) + 1)
        As :func:`bgsub.segmentation._em.accumulate` writes them.
    k, d : int
        Components and features.
    """
    total = totals.sum(axis=0)
    sums = total[:-1].reshape(k, -1)
    second = np.empty((k, d, d))
    rows, columns = np.tril_indices(d)
    second[:, rows, columns] = second[:, columns, rows] = sums[:, 1 + d :]
    return Expectation(
        weights=sums[:, 0],
        first=sums[:, 1 : 1 + d],
        second=second,
        log_likelihood=float(total[-1]),
    )


def share_work(work: Callable[[int], None], n_chunks: int, n_threads: int) -> None:
    """Call `work` for every chunk, on as many threads as are wanted and useful.

    Kernels let go of the interpreter's lock.  They are called from ordinary threads: Numba's
    own thread layers end the process when two Python threads use them at once.

    Parameters
    ----------
    work : callable
        Takes the chunk's number.
    n_chunks : int
        How many there are.
    n_threads : int
        0: one for each core.
    """
    n = min(n_threads or count_cores(), n_chunks)
    if n <= 1:
        for chunk in range(n_chunks):
            work(chunk)
        return
    with ThreadPoolExecutor(n, "bgsub-em") as pool:
        for _ in pool.map(work, range(n_chunks)):
            pass


def restrict(
    covariances: NDArray[np.float64],
    weights: NDArray[np.float64],
    covariance_type: CovarianceType,
) -> NDArray[np.float64]:
    """Return covariances of the shape wanted, shape (K, D, D), from unrestricted ones.

    Parameters
    ----------
    covariances : ndarray of float64, shape (K, D, D)
        The maximum-likelihood estimate without restriction.
    weights : ndarray of float64, shape (K,)
        The components' weights, in any unit.
    covariance_type : str
        As scikit-learn's ``GaussianMixture``.
    """
    d = covariances.shape[1]
    if covariance_type == "tied":
        shared = np.tensordot(weights, covariances, 1) / weights.sum()
        return np.repeat(shared[np.newaxis], len(covariances), axis=0)
    if covariance_type == "diag":
        return np.asarray(covariances * np.eye(d))
    if covariance_type == "spherical":
        variances = np.trace(covariances, axis1=1, axis2=2) / d
        return np.asarray(variances[:, np.newaxis, np.newaxis] * np.eye(d))
    return covariances


def compress(
    matrices: NDArray[np.floating[Any]], covariance_type: CovarianceType
) -> NDArray[np.floating[Any]]:
    """Return covariances (or precisions) in the shape that scikit-learn gives them.

    Parameters
    ----------
    matrices : ndarray of float64, shape (K, D, D)
        Restricted as :func:`restrict` does.
    covariance_type : str
        The result's shape is (K, D, D) for ``full``, (D, D) for ``tied``, (K, D) for ``diag``
        and (K,) for ``spherical``.
    """
    if covariance_type == "tied":
        return np.array(matrices[0])
    if covariance_type == "diag":
        return np.array(np.diagonal(matrices, axis1=1, axis2=2))
    if covariance_type == "spherical":
        return np.array(matrices[:, 0, 0])
    return np.array(matrices)


def expand(
    matrices: NDArray[np.floating[Any]], covariance_type: CovarianceType, k: int, d: int
) -> NDArray[np.float64]:
    """Return covariances (or precisions) in scikit-learn's shape as (K, D, D)."""
    matrices = np.array(matrices, np.float64)
    if covariance_type == "tied":
        return np.repeat(matrices.reshape(1, d, d), k, axis=0)
    if covariance_type == "diag":
        return np.asarray(matrices.reshape(k, d, 1) * np.eye(d))
    if covariance_type == "spherical":
        return np.asarray(matrices.reshape(k, 1, 1) * np.eye(d))
    return np.asarray(matrices.reshape(k, d, d))


def n_parameters(k: int, d: int, covariance_type: CovarianceType) -> int:
    """Return how many numbers describe a mixture, for the information criteria."""
    shapes = {
        "full": k * d * (d + 1) // 2,
        "tied": d * (d + 1) // 2,
        "diag": k * d,
        "spherical": k,
    }
    return shapes[covariance_type] + k * d + k - 1
