"""Scoring masks against ground truth, as the CDnet benchmark does it."""

from __future__ import annotations

from bgsub.evaluation.cdnet import Sequence, find_sequences
from bgsub.evaluation.scores import Counts, Scores, count, mean_scores
from bgsub.evaluation.sink import ScoringSink
from bgsub.evaluation.summary import ScoredSequence, report

__all__ = [
    "Counts",
    "ScoredSequence",
    "Scores",
    "ScoringSink",
    "Sequence",
    "count",
    "find_sequences",
    "mean_scores",
    "report",
]
