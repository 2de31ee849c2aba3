from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.config import Config
from bgsub.evaluation import Counts
from bgsub.evaluation.sweep_plan import Candidate
from bgsub.evaluation.sweep_plot import draw_sweep
from bgsub.evaluation.sweep_scores import (
    CandidateScores,
    best_of,
    leave_one_out,
    pareto_front,
    sweep_csv,
    sweep_record,
)
from tests.reference import sweep as oracle


def scored(number: int, f_measures: list[float], cpu_ms: float = 1.0) -> CandidateScores:
    """A candidate with these F-measures, in thousandths, on sequences a/0, a/1, ..."""
    # With as many false as missed pixels F is the share of the found ones.
    counts = {}
    for index, f_measure in enumerate(f_measures):
        found = round(1000 * f_measure)
        wrong = 1000 - found
        counts[f"a/{index}"] = Counts(tp=found, fp=wrong, fn=wrong, tn=9)
    values = {"mask.median_px": number, "mask.shadows": "drop"}
    candidate = Candidate(number=number, values=values, config=Config())
    return CandidateScores(
        candidate=candidate, counts=counts, cpu_ms=dict.fromkeys(counts, cpu_ms)
    )


thousandths = st.integers(1, 20).map(lambda n: n / 20)


@settings(max_examples=60)
@given(points=st.lists(st.tuples(thousandths, thousandths), min_size=1, max_size=12))
def test_pareto_front_is_what_no_other_one_beats(points: list[tuple[float, float]]) -> None:
    found = pareto_front([scored(n, [f], cost) for n, (f, cost) in enumerate(points)])
    expected = oracle.pareto(points)
    # Of candidates alike in both, one stands for all.
    assert {points[n] for n in found} == {points[n] for n in expected}
    assert found <= expected
    assert len({points[n] for n in found}) == len(found)


@settings(max_examples=60)
@given(
    table=st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(thousandths, min_size=width, max_size=width), min_size=1, max_size=6
        )
    )
)
def test_leave_one_out_chooses_without_the_sequence(table: list[list[float]]) -> None:
    candidates = [scored(n, row) for n, row in enumerate(table)]
    held_out = leave_one_out(candidates)
    for column, (one, expected) in enumerate(
        zip(held_out, oracle.leave_one_out(table), strict=True)
    ):
        assert one.sequence == f"a/{column}"
        chosen = table[one.chosen.candidate.number]
        others = [value for index, value in enumerate(chosen) if index != column]
        best = [value for index, value in enumerate(table[expected]) if index != column]
        assert sum(others) == pytest.approx(sum(best)), "as good as the oracle's choice"
        assert one.f_measure == pytest.approx(chosen[column])
        assert one.best_f_measure == pytest.approx(max(row[column] for row in table))


def test_tuning_to_one_sequence_is_seen_when_it_is_left_out() -> None:
    candidates = [scored(0, [0.7, 0.7]), scored(1, [0.99, 0.6]), scored(2, [0.5, 0.9])]
    assert best_of(candidates).candidate.number == 1
    left_out = leave_one_out(candidates)
    assert [one.chosen.candidate.number for one in left_out] == [2, 1]
    assert [one.f_measure for one in left_out] == pytest.approx([0.5, 0.6])


def test_one_sequence_leaves_nothing_to_choose_by() -> None:
    assert leave_one_out([scored(0, [0.5]), scored(1, [0.6])]) == ()
    assert sweep_record([scored(0, [0.5])])["leave_one_out"] is None


def test_of_equals_the_first_is_best() -> None:
    assert best_of([scored(3, [0.5, 0.5]), scored(4, [0.5, 0.5])]).candidate.number == 3


def test_the_record_and_the_table_say_the_same() -> None:
    candidates = [scored(0, [0.7, 0.7], 2.0), scored(1, [0.9, 0.6], 3.0), scored(2, [0.5, 0.6])]
    record = json.loads(json.dumps(sweep_record(candidates)))
    rows = list(csv.DictReader(sweep_csv(candidates).splitlines()))
    assert record["best"] == 1
    assert record["pareto"] == [0, 1, 2]
    assert record["leave_one_out"]["mean_f_measure"] == pytest.approx((0.7 + 0.6) / 2)
    for row, one in zip(rows, record["candidates"], strict=True):
        assert int(row["candidate"]) == one["number"] == int(row["mask.median_px"])
        assert row["mask.shadows"] == "drop"
        assert float(row["f_measure"]) == pytest.approx(one["mean"]["f_measure"], abs=1e-5)
        assert float(row["cpu_ms_per_frame"]) == pytest.approx(one["cpu_ms_per_frame"])
        assert float(row["f_measure a/1"]) == pytest.approx(
            one["sequences"]["a/1"]["f_measure"], abs=1e-5
        )
        assert row["pareto"] == "1"
    chosen = {row["candidate"]: row["chosen_without"] for row in rows}
    assert chosen == {"0": "a/0", "1": "a/1", "2": ""}


@pytest.mark.parametrize("n_candidates", [1, 30])
def test_any_number_of_candidates_is_drawn(n_candidates: int) -> None:
    candidates = [scored(n, [0.5 + n / 100], 1 + n % 7) for n in range(n_candidates)]
    picture = cv2.imdecode(np.frombuffer(draw_sweep(candidates), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert min(picture.shape[:2]) > 400
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
