from __future__ import annotations

import json
from pathlib import Path

import pytest

from bgsub.evaluation import Counts, ScoredSequence, find_sequences, report
from tests.evaluation._dataset import write_sequence
from tests.reference.scores import NAMES

COUNTS = {
    "base/a": Counts(tp=8, fp=2, fn=2, tn=88),
    "base/b": Counts(tp=5, fp=0, fn=5, tn=90),
    "jitter/c": Counts(tp=1, fp=9, fn=0, tn=90),
}


@pytest.fixture
def scored(tmp_path: Path) -> list[ScoredSequence]:
    for key in COUNTS:
        write_sequence(tmp_path / key, numbers=range(1, 3))
    return [
        ScoredSequence(sequence=found, counts=COUNTS[found.key], frames=2, fps=50.0)
        for found in find_sequences(tmp_path)
    ]


def test_report_has_every_sequence_and_the_means(scored: list[ScoredSequence]) -> None:
    made = report(scored)
    assert list(made) == ["sequences", "mean", "categories", "overall"]
    assert list(made["sequences"]) == ["base/a", "base/b", "jitter/c"]
    for row in made["sequences"].values():
        assert list(row) == [*NAMES, "frames", "fps"]
    assert made["sequences"]["base/a"]["recall"] == 0.8
    assert (made["sequences"]["base/a"]["frames"], made["sequences"]["base/a"]["fps"]) == (
        2,
        50,
    )
    assert made["mean"]["recall"] == pytest.approx((0.8 + 0.5 + 1.0) / 3)
    assert made["categories"]["base"]["recall"] == pytest.approx(0.65)
    assert made["categories"]["jitter"]["recall"] == 1.0
    assert made["overall"]["recall"] == pytest.approx((0.65 + 1.0) / 2)
    assert list(made["mean"]) == list(made["overall"]) == list(NAMES)


def test_report_survives_json(scored: list[ScoredSequence]) -> None:
    made = report(scored)
    assert json.loads(json.dumps(made)) == made


def test_report_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no scores"):
        report([])
