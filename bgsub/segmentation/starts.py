"""Where expectation–maximisation begins: a first partition of the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Init", "divide_range", "starting_labels"]

Init = Literal["range", "kmeans", "k-means++", "random"]
# A start need not be exact: beyond this many distinct samples, a sample of them has to do.
_MAX_CLUSTERED = 100_000


def starting_labels(
    values: NDArray[Any],
    counts: NDArray[np.float64],
    n_components: int,
    init: Init,
    *,
    random: np.random.RandomState,
    intensity: NDArray[np.float64],
    limits: tuple[float, float] | None = None,
) -> NDArray[np.intp]:
    """Return a first partition with no empty class, shape (N,), classes 0 to K - 1.

    Parameters
    ----------
    values : ndarray, shape (N, D)
        Distinct samples, at least K.
    counts : ndarray of float64, shape (N,)
        How often each occurs.
    n_components : int
        K.
    init : str
        ``range``: equal division of the range of intensities (:func:`divide_range`).
        ``kmeans``: k-means clusters.  ``k-means++``: nearest of K samples drawn far from each
        other.  ``random``: nearest of K samples drawn by their counts.
    random : numpy.random.RandomState
        Draws for all but ``range``.
    intensity : ndarray of float64, shape (N,)
        What ``range`` divides.
    limits : tuple of float or None
        The range, the upper end excluded; None: from the smallest to the largest intensity.
    """
    if init == "range":
        return divide_range(intensity, counts, n_components, limits)
    from sklearn.cluster import kmeans_plusplus

    sample, weights = values, counts
    if len(values) > _MAX_CLUSTERED:
        chosen = random.choice(
            len(values), _MAX_CLUSTERED, replace=False, p=counts / counts.sum()
        )
        sample, weights = values[chosen], np.ones(_MAX_CLUSTERED)
    sample = np.asarray(sample, np.float64)
    if init == "random":
        share = weights / weights.sum()
        centres = sample[random.choice(len(sample), n_components, replace=False, p=share)]
    elif init == "k-means++":
        centres, _ = kmeans_plusplus(
            sample, n_components, sample_weight=weights, random_state=random
        )
    else:
        centres = _cluster(sample, weights, n_components, random)
    labels = _nearest(values, centres)
    if np.bincount(labels, minlength=n_components).min() == 0:
        return divide_range(intensity, counts, n_components, None)
    return labels


def divide_range(
    intensity: NDArray[np.float64],
    counts: NDArray[np.float64],
    n_components: int,
    limits: tuple[float, float] | None,
) -> NDArray[np.intp]:
    """Divide the range of intensities into K equal parts, the textbook's start.

    With limits 0 and 256 and K = 2 the parts are [0, 127] and [128, 255].  If a part holds no
    sample, the range is that between the darkest and the brightest sample; if a part is still
    empty, the parts are as equal in *pixels* as the samples allow.

    Parameters
    ----------
    intensity, counts, n_components, limits
        As :func:`starting_labels`.
    """
    low, high = float(intensity.min()), float(intensity.max())
    for first, last in (limits or (low, high), (low, high)):
        width = (last - first) / n_components
        if width > 0:
            parts = ((intensity - first) / width).astype(np.intp)
            labels = np.clip(parts, 0, n_components - 1)
            if np.bincount(labels, minlength=n_components).min() > 0:
                return labels
    order = np.argsort(intensity, kind="stable")
    n = len(order)
    middle = np.cumsum(counts[order]) - counts[order] / 2
    parts = (middle * (n_components / counts.sum())).astype(np.intp)
    # A part begins at its number's place at the earliest and leaves a sample for each later
    # one; what jumps over a part is lowered to it.
    place = np.arange(n)
    parts = np.clip(parts, place - (n - n_components), np.minimum(place, n_components - 1))
    labels = np.empty(n, np.intp)
    labels[order] = np.minimum.accumulate(parts - place) + place
    return labels


def _cluster(
    sample: NDArray[np.float64],
    weights: NDArray[np.float64],
    n_components: int,
    random: np.random.RandomState,
) -> NDArray[np.float64]:
    from sklearn.cluster import KMeans

    clusters = KMeans(n_components, n_init=1, random_state=random)
    clusters.fit(sample, sample_weight=weights)
    return np.asarray(clusters.cluster_centers_, np.float64)


def _nearest(values: NDArray[Any], centres: NDArray[np.float64]) -> NDArray[np.intp]:
    from sklearn.metrics import pairwise_distances_argmin

    nearest = pairwise_distances_argmin(np.asarray(values, np.float64), centres)
    return np.asarray(nearest, np.intp)
