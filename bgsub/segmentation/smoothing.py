"""Labels that agree with their neighbours: a Markov random field, by mean field.

The prior on the labels is Potts': each pixel is drawn towards the labels of its eight
neighbours.  Expectation–maximisation then goes on with the posteriors under that prior, which
also frees the Gaussians from the noise that made them alike.  It needs a start in which the
classes are right already, which the noisy histogram cannot give: see :func:`calm`.

References
----------
.. [1] G. Celeux, F. Forbes and N. Peyrard, "EM procedures using mean field-like
   approximations for Markov model-based image segmentation", Pattern Recognition 36 (2003),
   pp. 131-144.
.. [2] J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding
   64 (1996), pp. 300-302.
.. [3] C. Tomasi and R. Manduchi, "Bilateral filtering for gray and color images", ICCV 1998,
   pp. 839-846.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.segmentation._em import BLOCK, STRIDE, count_moments, count_planes, update_field
from bgsub.segmentation.fitting import maximise
from bgsub.segmentation.gaussians import Gaussians, share_work, to_expectation
from bgsub.segmentation.history import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Image
    from bgsub.segmentation.features import Features
    from bgsub.segmentation.gaussians import CovarianceType, Expectation

__all__ = ["ENOUGH_CHANGED", "Field", "calm", "estimate_noise", "smooth_labels"]

_SIDE_PX = 11
_SPACE_SIGMA_PX = 3.0
_RANGE_SIGMAS = 3.0
ENOUGH_CHANGED = 0.002
"""Iterations end when no larger share of the labels changes."""
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_GAIN = 6.0  # root of the kernel's squares
_MEDIAN_OF_NORMAL = 0.6745
_CHUNK = 256 * BLOCK
_RESISTLESS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The outcome of smoothing.

    Attributes
    ----------
    start : Gaussians
        That of the labels it began with.
    mixture : Gaussians
        Fitted to the posteriors under the field.
    labels : ndarray of uint8, shape (H, W)
        The most probable class of each pixel.
    posteriors : ndarray of float32, shape (K, H, W)
        The probability of each.
    history : tuple of Step
        Every iteration; its log-likelihood is the pseudo-likelihood, given the neighbours.
    converged : bool
        Labels hardly changed in the last iteration.
    """

    start: Gaussians
    mixture: Gaussians
    labels: NDArray[np.uint8]
    posteriors: NDArray[np.float32]
    history: tuple[Step, ...]
    converged: bool


def estimate_noise(picture: Image) -> float:
    """Return the standard deviation of a picture's noise, in its own levels.

    The median of the differences of two Laplacians, which edges and shades leave alone.

    Parameters
    ----------
    picture : ndarray, shape (H, W) or (H, W, 3)
        uint8 or uint16.
    """
    if min(picture.shape[:2]) < 3:
        return 0.0
    channels = picture[:, :, np.newaxis] if picture.ndim == 2 else picture
    found = []
    for c in range(channels.shape[2]):
        plane = np.ascontiguousarray(channels[:, :, c])
        rough = np.abs(cv2.filter2D(plane, cv2.CV_32F, _LAPLACIANS)[1:-1, 1:-1])
        found.append(float(np.median(rough)) / _GAIN / _MEDIAN_OF_NORMAL)
    return float(np.mean(found))


def calm(picture: Image) -> Image:
    """Return the picture without its noise, its edges kept, by a bilateral filter.

    As wide in range as the noise asks for; a picture without noise is returned as it is.

    Parameters
    ----------
    picture : ndarray, shape (H, W) or (H, W, 3)
        uint8 or uint16; not modified.
    """
    sigma = estimate_noise(picture)
    if sigma == 0.0:
        return picture
    depth = picture.dtype if picture.dtype == np.uint8 else np.float32
    filtered = cv2.bilateralFilter(
        picture.astype(depth, copy=False), _SIDE_PX, _RANGE_SIGMAS * sigma, _SPACE_SIGMA_PX
    )
    return np.rint(filtered).astype(picture.dtype)


def smooth_labels(
    features: Features,
    start: Gaussians,
    labels: NDArray[np.uint8],
    *,
    strength: float,
    covariance_type: CovarianceType,
    max_iter: int,
    reg_covar: float,
    n_threads: int = 0,
) -> Field:
    """Fit a mixture whose labels favour their neighbours', beginning with given labels.

    Parameters
    ----------
    features : Features
        Of the picture itself.
    start : Gaussians
        What the labels come from.
    labels : ndarray of uint8, shape (H, W)
        Where to begin; not modified.
    strength : float
        How many nats a class gains if all eight neighbours have it.
    covariance_type, reg_covar
        As scikit-learn's ``GaussianMixture``.
    max_iter : int
        Iterations at most; it ends sooner when no more than 0.2 % of the labels change.
    n_threads : int
        0: one for each core.  The result does not depend on it.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a covariance collapses.
    """
    k = len(start.weights)
    posteriors = np.empty((k, *labels.shape), np.float32)
    for j in range(k):
        posteriors[j] = labels == j
    state = _State(
        features=features,
        labels=labels.copy(),
        posteriors=posteriors,
        n_threads=n_threads,
    )
    mixture = first = _statistics(state, start, covariance_type, reg_covar)
    history: list[Step] = []
    converged = False
    neighbours = np.empty_like(state.posteriors)
    while not converged and len(history) < max_iter:
        for j in range(k):
            _mean_of_neighbours(state.posteriors[j], neighbours[j])
        # The field takes the place of the weights: how much of the picture a class has says
        # less of a pixel than its neighbours do.
        alike = replace(mixture, weights=np.ones(k))
        densities = alike.log_joint(features.values, n_threads=n_threads)
        expectation, changed = state.expect(mixture, densities, neighbours, strength)
        mixture = maximise(
            mixture, expectation, covariance_type=covariance_type, reg_covar=reg_covar
        )
        history.append(Step.of(mixture, expectation.log_likelihood / labels.size))
        converged = changed <= ENOUGH_CHANGED * labels.size
    return Field(
        start=first,
        mixture=mixture,
        labels=state.labels,
        posteriors=state.posteriors,
        history=tuple(history),
        converged=converged,
    )


@dataclass(slots=True, kw_only=True)
class _State:
    """Labels (H, W) and posteriors (K, H, W), which each E-step replaces."""

    features: Features
    labels: NDArray[np.uint8]
    posteriors: NDArray[np.float32]
    n_threads: int

    def expect(
        self,
        mixture: Gaussians,
        densities: NDArray[np.float32],
        neighbours: NDArray[np.float32],
        strength: float,
    ) -> tuple[Expectation, int]:
        """Do the E-step; return its sums, and how many labels changed."""
        k, d = mixture.means.shape
        n_moments = k * count_moments(d)
        n_chunks = -(-self.labels.size // _CHUNK)
        totals = np.empty((n_chunks, n_moments + 1))
        changed = np.zeros(n_chunks, np.intp)
        index, labels = self.features.index.reshape(-1), self.labels.reshape(-1)
        around, posteriors = neighbours.reshape(k, -1), self.posteriors.reshape(k, -1)

        def work(chunk: int) -> None:
            first = chunk * _CHUNK
            last = min(first + _CHUNK, labels.size)
            planes = np.empty((count_planes(k, d), STRIDE))
            lanes = np.empty((n_moments + 1, STRIDE))
            changed[chunk] = update_field(
                index, self.features.values, densities, around, strength, first, last,
                mixture.means, planes, lanes, totals[chunk], posteriors, labels,
            )  # fmt: skip

        share_work(work, n_chunks, self.n_threads)
        return to_expectation(totals, k, d), int(changed.sum())


def _statistics(
    state: _State, start: Gaussians, covariance_type: CovarianceType, reg_covar: float
) -> Gaussians:
    """Return the mixture of the labels' classes; of one without a pixel, the start's."""
    k = len(start.weights)
    nothing = np.zeros((len(state.features.values), k), np.float32)
    # With the labels themselves as neighbours, and a strength that nothing resists, the
    # posteriors are the labels.
    expectation, _ = state.expect(start, nothing, state.posteriors, _RESISTLESS)
    found = maximise(start, expectation, covariance_type=covariance_type, reg_covar=reg_covar)
    empty = expectation.weights < 0.5
    covariances = np.where(
        empty[:, np.newaxis, np.newaxis], start.covariances, found.covariances
    )
    return replace(found, covariances=covariances)


def _mean_of_neighbours(posteriors: NDArray[np.float32], result: NDArray[np.float32]) -> None:
    """Write the mean of each pixel's eight neighbours; beyond the edge lies its mirror."""
    cv2.boxFilter(posteriors, -1, (3, 3), dst=result, normalize=False)
    result -= posteriors
    result *= np.float32(1 / 8)
