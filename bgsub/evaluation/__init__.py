"""Scoring masks against ground truth, as the CDnet benchmark does it."""

from __future__ import annotations

from bgsub.evaluation.cdnet import Sequence, find_sequences
from bgsub.evaluation.contact_sheet import ContactSheet
from bgsub.evaluation.curve_plot import draw_curves
from bgsub.evaluation.curves import (
    OPERATING_LEVEL,
    Curve,
    ProbabilityHistogram,
    curves_record,
    mean_curve,
)
from bgsub.evaluation.scores import Counts, Scores, count, mean_scores
from bgsub.evaluation.sink import Follower, ScoredFrame, ScoringSink
from bgsub.evaluation.summary import ScoredSequence, report

__all__ = [
    "OPERATING_LEVEL",
    "ContactSheet",
    "Counts",
    "Curve",
    "Follower",
    "ProbabilityHistogram",
    "ScoredFrame",
    "ScoredSequence",
    "Scores",
    "ScoringSink",
    "Sequence",
    "count",
    "curves_record",
    "draw_curves",
    "find_sequences",
    "mean_curve",
    "mean_scores",
    "report",
]
