"""Precision and recall at every threshold of the foreground probability.

The probability is the detector's before cleaning, so that a curve at one half is near the
scores of the masks but not at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.evaluation.scores import HARD_SHADOW, MOVING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bgsub.evaluation.sink import ScoredFrame

__all__ = ["OPERATING_LEVEL", "Curve", "ProbabilityHistogram", "curves_record", "mean_curve"]

N_LEVELS = 256
OPERATING_LEVEL = 128
"""From this value on a pixel is foreground: one half, in 8 bits."""


class ProbabilityHistogram:
    """Counts the scored pixels by probability, the moving apart from the others.

    With 8 bits there are 256 thresholds: 512 numbers hold all that a curve needs, exactly,
    whatever the length of the sequence.

    Attributes
    ----------
    positives, negatives : ndarray of int64, shape (256,)
        Pixels labelled as moving, and as static or hard shadow, by their probability.
    """

    def __init__(self) -> None:
        self.positives = np.zeros(N_LEVELS, np.int64)
        self.negatives = np.zeros(N_LEVELS, np.int64)

    def take(self, frame: ScoredFrame) -> None:
        """Count the pixels of one frame.

        Raises
        ------
        ValueError
            If the frame has no probability.
        """
        if frame.probability is None:
            msg = "the detector was not asked for the foreground probability"
            raise ValueError(msg)
        moving = frame.probability[frame.labels == MOVING]
        still = frame.probability[frame.labels <= HARD_SHADOW]
        self.positives += np.bincount(moving, minlength=N_LEVELS)
        self.negatives += np.bincount(still, minlength=N_LEVELS)

    def curve(self) -> Curve:
        """Return precision and recall at every threshold."""
        tp = self.positives[::-1].cumsum()[::-1].astype(np.float64)
        fp = self.negatives[::-1].cumsum()[::-1].astype(np.float64)
        recall = tp / max(tp[0], 1.0)
        # Where nothing is found nothing is wrong.
        precision = np.divide(tp, tp + fp, out=np.ones(N_LEVELS), where=tp + fp > 0)
        total = recall + precision
        f_measure = np.divide(
            2.0 * recall * precision, total, out=np.zeros(N_LEVELS), where=total > 0
        )
        gained = recall - np.append(recall[1:], 0.0)
        return Curve(
            recall=recall,
            precision=precision,
            f_measure=f_measure,
            average_precision=float((gained * precision).sum()),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Precision and recall by threshold; a pixel is found when its probability reaches it.

    Attributes
    ----------
    recall, precision, f_measure : ndarray of float64, shape (256,)
        At the thresholds 0 to 255 of the probability in 8 bits.  Precision is 1 where nothing
        is found.
    average_precision : float
        Mean precision over recall: the sum over the thresholds of what each adds to the
        recall, times the precision there.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    f_measure: NDArray[np.float64]
    average_precision: float

    @property
    def best_level(self) -> int:
        """The threshold with the highest F-measure, the nearest to one half of equals."""
        best = np.flatnonzero(self.f_measure == self.f_measure.max())
        return int(best[np.abs(best - OPERATING_LEVEL).argmin()])


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Return the means over sequences at each threshold; the F-measure is a mean as well.

    Raises
    ------
    ValueError
        If there are no curves.
    """
    if not curves:
        msg = "there are no curves to take the mean of"
        raise ValueError(msg)
    return Curve(
        recall=np.mean([curve.recall for curve in curves], axis=0),
        precision=np.mean([curve.precision for curve in curves], axis=0),
        f_measure=np.mean([curve.f_measure for curve in curves], axis=0),
        average_precision=float(np.mean([curve.average_precision for curve in curves])),
    )


def curves_record(curves: Mapping[str, Curve]) -> dict[str, Any]:
    """Return curves by sequence, and their mean, ready for JSON.

    Parameters
    ----------
    curves : mapping of str to Curve
        At least one, by ``category/name``.
    """
    return {
        "version": 1,
        "probability": "before cleaning, 8 bits: found from the threshold on, 255 is sure",
        "thresholds": list(range(N_LEVELS)),
        "operating_threshold": OPERATING_LEVEL,
        "sequences": {name: _record(curve) for name, curve in curves.items()},
        "mean": _record(mean_curve(list(curves.values()))),
    }


def _record(curve: Curve) -> dict[str, Any]:
    return {
        "average_precision": curve.average_precision,
        "operating": _point(curve, OPERATING_LEVEL),
        "best": _point(curve, curve.best_level),
        "recall": curve.recall.tolist(),
        "precision": curve.precision.tolist(),
        "f_measure": curve.f_measure.tolist(),
    }


def _point(curve: Curve, level: int) -> dict[str, float | int]:
    return {
        "threshold": level,
        "recall": float(curve.recall[level]),
        "precision": float(curve.precision[level]),
        "f_measure": float(curve.f_measure[level]),
    }
