"""Pixel counts against labelled truth, and the seven scores made from them.

References
----------
Y. Wang, P.-M. Jodoin, F. Porikli, J. Konrad, Y. Benezeth, P. Ishwar, "CDnet 2014: An Expanded
Change Detection Benchmark Dataset", CVPR Workshops 2014.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self, cast

import cv2

from bgsub.errors import FrameShapeError
from bgsub.frames import FOREGROUND

if TYPE_CHECKING:
    from collections.abc import Collection

    from bgsub.frames import Mask

__all__ = [
    "HARD_SHADOW",
    "MOVING",
    "OUTSIDE",
    "STATIC",
    "UNKNOWN",
    "Counts",
    "Scores",
    "count",
    "mean_scores",
]

# The labels of CDnet's truth.
STATIC = 0
HARD_SHADOW = 50
OUTSIDE = 85
UNKNOWN = 170
MOVING = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Scored pixels by what they are and what they were taken for; counts can be added.

    Attributes
    ----------
    tp, fp, fn, tn : int
        True positives, false positives, false negatives, true negatives; positive is moving.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            tp=self.tp + other.tp,
            fp=self.fp + other.fp,
            fn=self.fn + other.fn,
            tn=self.tn + other.tn,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """CDnet's seven measures, by its formulas; a measure that divides by zero is 0.

    Attributes
    ----------
    recall : float
        Share of the moving pixels that was found, tp / (tp + fn).
    specificity : float
        Share of the other pixels that was left out, tn / (tn + fp).
    fpr : float
        False positive rate, fp / (fp + tn).
    fnr : float
        False negative rate, fn / (tp + fn).
    pwc : float
        Percentage of wrong classifications, 100 (fn + fp) / (tp + fp + fn + tn).
    precision : float
        Share of the pixels found that are moving, tp / (tp + fp).
    f_measure : float
        2 precision recall / (precision + recall).
    """

    recall: float
    specificity: float
    fpr: float
    fnr: float
    pwc: float
    precision: float
    f_measure: float

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """Return the scores of a sequence from the sum of its frames' counts."""
        tp, fp, fn, tn = counts.tp, counts.fp, counts.fn, counts.tn
        recall = _ratio(tp, tp + fn)
        precision = _ratio(tp, tp + fp)
        return cls(
            recall=recall,
            specificity=_ratio(tn, tn + fp),
            fpr=_ratio(fp, fp + tn),
            fnr=_ratio(fn, tp + fn),
            pwc=100.0 * _ratio(fn + fp, tp + fp + fn + tn),
            precision=precision,
            f_measure=_ratio(2.0 * precision * recall, precision + recall),
        )


def count(mask: Mask, truth: Mask, roi: Mask | None) -> Counts:
    """Count the pixels of one frame.

    A pixel is positive when the mask says foreground (255): shadow (127) is not.  It is
    truly positive when the truth says moving (255), and truly negative when it says static (0)
    or hard shadow (50), or anything between.  All other pixels are not counted: those outside
    the region of interest (85), unknown ones (170), and those where `roi` is 0.

    CDnet's two official programs differ in one place: the one in Matlab goes by the labels
    alone, the one in C++ leaves out label 170 and what is black in ROI.bmp, and takes label 85
    for a negative.  In CDnet's own data all label 85 is black in ROI.bmp, so leaving out both
    gives what both give.

    Parameters
    ----------
    mask : Mask, shape (H, W)
        The prediction.
    truth : ndarray of uint8, shape (H, W)
        CDnet's labels.
    roi : Mask, shape (H, W), or None
        0 where pixels are not counted; None counts everywhere.

    Returns
    -------
    Counts
        Their sum is the number of scored pixels.

    Raises
    ------
    FrameShapeError
        If the shapes differ.
    """
    if mask.shape != truth.shape or (roi is not None and roi.shape != truth.shape):
        shapes = f"the mask is {mask.shape}, the truth {truth.shape}"
        msg = f"Cannot compare: {shapes}, the region {None if roi is None else roi.shape}."
        raise FrameShapeError(msg)
    moving = _where(truth, MOVING, MOVING, roi)
    still = _where(truth, STATIC, HARD_SHADOW, roi)
    found = _where(mask, FOREGROUND, FOREGROUND, None)
    tp = cv2.countNonZero(cv2.bitwise_and(moving, found))
    fp = cv2.countNonZero(cv2.bitwise_and(still, found))
    return Counts(
        tp=tp, fp=fp, fn=cv2.countNonZero(moving) - tp, tn=cv2.countNonZero(still) - fp
    )


def mean_scores(scores: Collection[Scores]) -> Scores:
    """Return the mean of each measure; CDnet's means of sequences, and of categories.

    Raises
    ------
    ValueError
        If there are no scores.
    """
    if not scores:
        msg = "there are no scores to take the mean of"
        raise ValueError(msg)
    return Scores(
        **{
            name: sum(getattr(one, name) for one in scores) / len(scores)
            for name in (field.name for field in fields(Scores))
        }
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _where(labels: Mask, lowest: int, highest: int, roi: Mask | None) -> Mask:
    found = cast("Mask", cv2.inRange(labels, lowest, highest))
    return found if roi is None else cast("Mask", cv2.bitwise_and(found, found, mask=roi))
