"""Segmentation of a picture: from pixels to classes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from bgsub.errors import PictureError
from bgsub.segmentation.candidates import fit_candidates, judge
from bgsub.segmentation.features import bands, extract
from bgsub.segmentation.fitting import Fit
from bgsub.segmentation.limits import check_settings, check_size
from bgsub.segmentation.noise import add_noise
from bgsub.segmentation.regions import merge_small_regions
from bgsub.segmentation.result import Candidate, Segmentation
from bgsub.segmentation.smoothing import calm, smooth_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.frames import Image
    from bgsub.segmentation.features import Features

__all__ = ["Candidate", "Segmentation", "add_noise", "segment"]


def segment(
    picture: Image,
    settings: SegmentationConfig,
    *,
    on_progress: Callable[[str], None] | None = None,
    n_threads: int = 0,
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
    n_threads : int
        0: one for each core.  The result does not depend on it.

    Returns
    -------
    Segmentation
        Classes ordered by mean intensity.

    Raises
    ------
    PictureError
        If the picture is empty, not of 8 or 16 bits, has fewer distinct values than classes,
        or is too large for the memory; if the settings ask for what cannot be done together;
        or if a Gaussian collapses.

    Notes
    -----
    With ``smoothing`` the classes are first fitted to the picture freed from noise, then again
    to the picture itself under the Markov random field.
    """
    check_settings(settings)
    check_size(picture, settings)
    try:
        return _segment(picture, settings, on_progress or _ignore, n_threads)
    except np.linalg.LinAlgError as error:
        msg = (
            "A Gaussian collapsed onto too few values: try a larger segmentation.reg_covar, "
            "such as 0.01, or fewer classes."
        )
        raise PictureError(msg) from error


def _segment(
    picture: Image,
    settings: SegmentationConfig,
    tell: Callable[[str], None],
    n_threads: int,
) -> Segmentation:
    clock = _Clock()
    features, calmed = _extract(picture, settings, tell, clock)
    fits = fit_candidates(calmed, settings, tell, n_threads)
    best, fit = min(fits, key=lambda pair: pair[0].bic)
    clock.stop("fit")
    tell("labelling pixels")
    labels = calmed.spread(fit.mixture.label(calmed.values, n_threads=n_threads))
    clock.stop("labels")
    smoothed: NDArray[np.float32] | None = None
    is_sklearns = settings.estimator == "sklearn"
    n_values = labels.size if is_sklearns else len(calmed.values)
    if settings.smoothing > 0:
        tell("smoothing")
        fit, labels, smoothed = _smooth(features, fit, labels, settings, n_threads)
        best = judge(features, fit.mixture, len(fit.history), settings, n_threads)
        clock.stop("smoothing")
    fit, labels, smoothed = _order(features, fit, labels, smoothed)
    if settings.min_region_fraction > 0:
        tell("merging small regions")
        labels = merge_small_regions(labels, settings.min_region_fraction * labels.size)
    recoloured = _recolour(picture, labels, best.n_components)
    clock.stop("labels")
    return Segmentation(
        labels=labels,
        start=fit.start,
        mixture=fit.mixture,
        features=features,
        recoloured=recoloured,
        history=fit.history,
        converged=fit.converged,
        bic=best.bic,
        aic=best.aic,
        curve=tuple(candidate for candidate, _ in fits),
        estimator="sklearn" if is_sklearns else "histogram",
        seconds=clock.seconds,
        fitted_values=n_values if is_sklearns else min(n_values, settings.max_fit_values),
        smoothed=smoothed,
        notes=_notes(picture, features, n_values, settings),
    )


class _Clock:
    """Adds up the time of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def stop(self, stage: str) -> None:
        """Count the time since the last stop for `stage`."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._began
        self._began = now


def _extract(
    picture: Image, settings: SegmentationConfig, tell: Callable[[str], None], clock: _Clock
) -> tuple[Features, Features]:
    """Return the picture's features, and those that the classes are first fitted to."""
    tell("counting colours")
    weights = (settings.position_weight, settings.texture_weight)
    features = extract(picture, settings.features, *weights)
    clock.stop("features")
    if settings.smoothing == 0:
        return features, features
    tell("removing noise")
    calmed = extract(calm(picture), settings.features, *weights)
    clock.stop("smoothing")
    return features, calmed


def _order(
    features: Features,
    fit: Fit,
    labels: NDArray[np.uint8],
    smoothed: NDArray[np.float32] | None,
) -> tuple[Fit, NDArray[np.uint8], NDArray[np.float32] | None]:
    """Return the fit, its labels and posteriors with the classes from dark to bright."""
    order = np.argsort(features.intensities(fit.mixture.means), kind="stable")
    if smoothed is not None and np.any(np.diff(order) < 0):
        smoothed = smoothed[order]
    rank = np.argsort(order).astype(np.uint8)
    return fit.ordered(order), rank[labels], smoothed


def _smooth(
    features: Features,
    fit: Fit,
    labels: NDArray[np.uint8],
    settings: SegmentationConfig,
    n_threads: int,
) -> tuple[Fit, NDArray[np.uint8], NDArray[np.float32]]:
    field = smooth_labels(
        features,
        fit.mixture,
        labels,
        strength=settings.smoothing,
        covariance_type=settings.covariance_type,
        max_iter=settings.max_iter,
        reg_covar=settings.reg_covar,
        n_threads=n_threads,
    )
    smooth = Fit(
        start=field.start,
        mixture=field.mixture,
        history=field.history,
        converged=field.converged,
    )
    return smooth, field.labels, field.posteriors


def _recolour(picture: Image, labels: NDArray[np.uint8], k: int) -> Image:
    channels = picture[:, :, np.newaxis] if picture.ndim == 2 else picture
    n_channels = channels.shape[2]
    counts, sums = np.zeros(k), np.zeros((k, n_channels))
    for rows in bands(labels.shape):
        part = labels[rows].ravel()
        counts += np.bincount(part, minlength=k)
        for c in range(n_channels):
            sums[:, c] += np.bincount(part, channels[rows, :, c].ravel(), minlength=k)
    means = np.rint(sums / np.maximum(counts, 1)[:, np.newaxis]).astype(picture.dtype)
    if picture.ndim == 2:
        return means[:, 0][labels]
    result = np.empty_like(picture)
    for rows in bands(labels.shape):
        result[rows] = means[labels[rows]]
    return result


def _notes(
    picture: Image, features: Features, n_values: int, settings: SegmentationConfig
) -> tuple[str, ...]:
    notes = []
    if features.names[0] == "grey" and settings.features in ("rgb", "lab"):
        notes.append("The picture has no colour: its grey levels are clustered.")
    elif features.names[0] == "grey" and settings.features == "auto" and picture.ndim == 3:
        notes.append("The picture's channels are equal: it is taken as grey.")
    if n_values > settings.max_fit_values and settings.estimator != "sklearn":
        notes.append(
            f"The picture has {n_values} distinct values: the mixture was fitted to a random "
            f"sample of {settings.max_fit_values} pixels, and all pixels were labelled."
        )
    return tuple(notes)


def _ignore(_: str) -> None:
    pass
