"""A grid of settings tried on pictures, and what each of them leads to."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.errors import PictureError
from bgsub.segmentation.gaussians import n_parameters
from bgsub.segmentation.plots_overview import to_rgb8
from bgsub.segmentation.scores import (
    Labels,
    connected_regions,
    psnr_db,
    score_labels,
    score_regions,
)
from bgsub.segmentation.segment import add_noise, segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.frames import Image
    from bgsub.segmentation.result import Segmentation

__all__ = [
    "MEASURES",
    "Grid",
    "Measure",
    "Measures",
    "StudyRow",
    "Subject",
    "Task",
    "run_task",
    "tasks",
]

_THUMBNAIL_PX = 220


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a number in the results is.

    Attributes
    ----------
    title : str
        Its name for people, with its unit.
    better : str
        ``higher``, ``lower``, or empty where neither is.
    """

    title: str
    better: str


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "log_likelihood": Measure(title="log-likelihood, nats a pixel", better="higher"),
        "bic": Measure(title="BIC", better="lower"),
        "aic": Measure(title="AIC", better="lower"),
        "iterations": Measure(title="iterations", better=""),
        "seconds": Measure(title="processor time, s", better="lower"),
        "adjusted_rand_index": Measure(title="ARI with noise-free labels", better="higher"),
        "accuracy": Measure(title="noise-free labels found, share", better="higher"),
        "psnr_db": Measure(title="PSNR of class means, dB", better="higher"),
        "covering": Measure(title="covering of human regions", better="higher"),
        "rand_index": Measure(title="probabilistic Rand index", better="higher"),
        "variation_of_information": Measure(
            title="variation of information, bits", better="lower"
        ),
        "n_regions": Measure(title="connected regions", better=""),
    }
)
"""The measures in the order of the reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What one setting led to on one picture, or in the mean over pictures.

    Attributes
    ----------
    n_components : float
        Classes K: as set, or as the criterion chose.
    log_likelihood : float
        Mean per pixel, in nats.
    bic, aic : float
        Information criteria, the lower the better.
    iterations : float
        Of expectation–maximisation.
    seconds : float
        Processor time of the segmentation on one core, so that settings compare however many
        are tried at a time.
    adjusted_rand_index, accuracy : float
        Agreement with the labels that the same settings, without smoothing, give the picture
        without noise; the accuracy after the best matching of the classes.
    psnr_db : float
        Of the picture recoloured by class means, against the picture without noise.
    covering, rand_index, variation_of_information : float or None
        Agreement with human segmentations; None without them.
    n_regions : float
        Connected regions of the labels.
    """

    n_components: float
    log_likelihood: float
    bic: float
    aic: float
    iterations: float
    seconds: float
    adjusted_rand_index: float
    accuracy: float
    psnr_db: float
    covering: float | None
    rand_index: float | None
    variation_of_information: float | None
    n_regions: float

    @classmethod
    def mean(cls, several: Sequence[Measures]) -> Measures:
        """Return the mean of each measure; one that any lacks is None."""
        means: dict[str, Any] = {}
        for field in fields(cls):
            values = [getattr(one, field.name) for one in several]
            has_all = all(value is not None for value in values)
            means[field.name] = math.fsum(values) / len(values) if has_all else None
        return cls(**means)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """One setting on one picture.

    Attributes
    ----------
    picture : str
        The picture's name.
    values : mapping of str to object
        The value of each setting that is varied.
    measures : Measures or None
        What came of it; None if it could not be done.
    problem : str
        Why it could not; else empty.
    thumbnail : ndarray of uint8, shape (h, w, 3), or None
        The recoloured picture, reduced, RGB.
    """

    picture: str
    values: Mapping[str, object]
    measures: Measures | None
    problem: str = ""
    thumbnail: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A picture to try settings on.

    Attributes
    ----------
    name : str
        What it is called in the results.
    picture : ndarray, shape (H, W) or (H, W, 3)
        uint8 or uint16, BGR, without noise.
    truths : tuple of ndarray of integers, shape (H, W)
        Human segmentations; may be empty.
    """

    name: str
    picture: Image
    truths: tuple[Labels, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All combinations of some settings' values, over one base.

    Attributes
    ----------
    base : SegmentationConfig
        The settings that are not varied.
    varied : mapping of str to tuple
        Values to try, by the setting's key.
    """

    base: SegmentationConfig
    varied: Mapping[str, tuple[object, ...]]

    def __len__(self) -> int:
        return math.prod(len(values) for values in self.varied.values())

    def points(self) -> Iterator[dict[str, object]]:
        """Yield the varied values of each combination, the last key's changing fastest."""
        for values in itertools.product(*self.varied.values()):
            yield dict(zip(self.varied, values, strict=True))

    def telling(self, point: Mapping[str, object]) -> dict[str, object]:
        """Return the part of a combination that tells it from the others."""
        several = {k: v for k, v in point.items() if len(self.varied[k]) > 1}
        return several or dict(point)

    def settings(self, point: Mapping[str, object]) -> SegmentationConfig:
        """Return all settings of a combination."""
        return self.base.model_copy(update=dict(point))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Combinations that are judged by the same noise-free labels.

    Attributes
    ----------
    reference : SegmentationConfig
        The settings without noise and smoothing.
    points : tuple of mapping
        The combinations' varied values.
    """

    reference: SegmentationConfig
    points: tuple[Mapping[str, object], ...]


def tasks(grid: Grid) -> list[Task]:
    """Return the work of a grid, divided so that nothing is fitted twice."""
    plain = {"noise_sigma": 0.0, "smoothing": 0.0}
    groups: dict[SegmentationConfig, list[Mapping[str, object]]] = {}
    for point in grid.points():
        reference = grid.settings(point).model_copy(update=plain)
        groups.setdefault(reference, []).append(point)
    return [Task(reference=key, points=tuple(points)) for key, points in groups.items()]


def run_task(grid: Grid, task: Task, subject: Subject) -> Iterator[StudyRow]:
    """Try combinations on a picture.

    Yields
    ------
    StudyRow
        One for each, in their order; one that cannot be done says why.
    """
    reference: Labels | None = None
    for point in task.points:
        settings = grid.settings(point)
        try:
            noisy = subject.picture
            if settings.noise_sigma:
                noisy = add_noise(subject.picture, settings.noise_sigma, settings.seed)
            began_s = time.thread_time()
            found = segment(noisy, settings, n_threads=1)
            seconds = time.thread_time() - began_s
            if reference is None:
                reference = found.labels
                if settings != task.reference:
                    reference = segment(subject.picture, task.reference, n_threads=1).labels
        except PictureError as error:
            yield StudyRow(
                picture=subject.name, values=point, measures=None, problem=str(error)
            )
            continue
        yield StudyRow(
            picture=subject.name,
            values=point,
            measures=_measure(found, settings, reference, subject, seconds),
            thumbnail=_thumbnail(found.recoloured),
        )


def _measure(
    found: Segmentation,
    settings: SegmentationConfig,
    reference: Labels,
    subject: Subject,
    seconds: float,
) -> Measures:
    k, d = found.means.shape
    free = n_parameters(k, d, settings.covariance_type)
    labels = score_labels(found.labels, reference)
    regions = score_regions(found.labels, subject.truths) if subject.truths else None
    return Measures(
        n_components=found.n_components,
        log_likelihood=(free - found.aic / 2) / found.labels.size,
        bic=found.bic,
        aic=found.aic,
        iterations=found.iterations,
        seconds=seconds,
        adjusted_rand_index=labels.adjusted_rand_index,
        accuracy=labels.accuracy,
        psnr_db=psnr_db(
            found.recoloured,
            subject.picture,
            max_value=float(np.iinfo(subject.picture.dtype).max),
        ),
        covering=None if regions is None else regions.covering,
        rand_index=None if regions is None else regions.rand_index,
        variation_of_information=None if regions is None else regions.variation_of_information,
        n_regions=int(connected_regions(found.labels).max()) + 1,
    )


def _thumbnail(picture: Image) -> NDArray[np.uint8]:
    import cv2

    height, width = picture.shape[:2]
    scale = min(1.0, _THUMBNAIL_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(to_rgb8(picture), size, interpolation=cv2.INTER_AREA))
