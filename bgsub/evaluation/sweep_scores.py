"""What came of a sweep: scores and costs of each candidate, and what tuning is worth."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bgsub.evaluation.scores import Scores, mean_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bgsub.evaluation.scores import Counts
    from bgsub.evaluation.sweep_plan import Candidate

__all__ = [
    "CandidateScores",
    "HeldOut",
    "best_of",
    "leave_one_out",
    "pareto_front",
    "sweep_csv",
    "sweep_record",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateScores:
    """What came of one candidate.

    Attributes
    ----------
    candidate : Candidate
        Which one.
    counts : mapping of str to Counts
        By ``category/name``, in the same order for all candidates.
    cpu_ms : mapping of str to float
        Processor time in milliseconds that the detector took for a frame, by sequence.
    """

    candidate: Candidate
    counts: Mapping[str, Counts]
    cpu_ms: Mapping[str, float]

    def scores(self, sequence: str) -> Scores:
        """Return the measures of one sequence."""
        return Scores.of(self.counts[sequence])

    def mean(self, *, without: str | None = None) -> Scores:
        """Return the means of the measures over the sequences, all or all but one."""
        return mean_scores([self.scores(key) for key in self.counts if key != without])

    @property
    def cpu_ms_per_frame(self) -> float:
        """Mean over the sequences."""
        return sum(self.cpu_ms.values()) / len(self.cpu_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """How well a choice made without a sequence does on that sequence.

    Attributes
    ----------
    sequence : str
        The one that was left out.
    chosen : CandidateScores
        The best on the others.
    f_measure : float
        Of the chosen one, on the sequence left out.
    best_f_measure : float
        The most that any candidate reaches there.
    """

    sequence: str
    chosen: CandidateScores
    f_measure: float
    best_f_measure: float


def best_of(
    scored: Sequence[CandidateScores], *, without: str | None = None
) -> CandidateScores:
    """Return the candidate with the highest mean F-measure; of equals, the first.

    Parameters
    ----------
    scored : sequence of CandidateScores
        At least one.
    without : str or None
        A sequence that does not count.
    """
    return max(scored, key=lambda one: one.mean(without=without).f_measure)


def leave_one_out(scored: Sequence[CandidateScores]) -> tuple[HeldOut, ...]:
    """Choose without each sequence in turn, and score the choice on it.

    The mean of these F-measures is what the tuned configuration may be expected to reach on
    footage that it was not tuned on; that of the best candidate flatters.

    Parameters
    ----------
    scored : sequence of CandidateScores
        At least one.

    Returns
    -------
    tuple of HeldOut
        One for each sequence; empty if there is only one, which leaves nothing to choose by.
    """
    keys = list(scored[0].counts)
    if len(keys) < 2:
        return ()
    found = []
    for key in keys:
        chosen = best_of(scored, without=key)
        found.append(
            HeldOut(
                sequence=key,
                chosen=chosen,
                f_measure=chosen.scores(key).f_measure,
                best_f_measure=max(one.scores(key).f_measure for one in scored),
            )
        )
    return tuple(found)


def pareto_front(scored: Sequence[CandidateScores]) -> frozenset[int]:
    """Return the numbers of the candidates that no other one beats in both F and cost.

    One beats another when it is no worse in either, and better in one.
    """
    front: set[int] = set()
    best_f = float("-inf")
    # Cheapest first; of equal cost the better one first.
    ordered = sorted(scored, key=lambda one: (one.cpu_ms_per_frame, -one.mean().f_measure))
    for one in ordered:
        f_measure = one.mean().f_measure
        if f_measure > best_f:
            front.add(one.candidate.number)
            best_f = f_measure
    return frozenset(front)


def sweep_record(scored: Sequence[CandidateScores]) -> dict[str, Any]:
    """Return everything about a sweep, ready for JSON.

    Parameters
    ----------
    scored : sequence of CandidateScores
        At least one.
    """
    held_out = leave_one_out(scored)
    front = pareto_front(scored)
    record: dict[str, Any] = {
        "version": 1,
        "best": best_of(scored).candidate.number,
        "pareto": sorted(front),
        "candidates": [_candidate_record(one) for one in scored],
        "leave_one_out": None,
    }
    if held_out:
        record["leave_one_out"] = {
            "mean_f_measure": sum(one.f_measure for one in held_out) / len(held_out),
            "sequences": {
                one.sequence: {
                    "chosen": one.chosen.candidate.number,
                    "f_measure": one.f_measure,
                    "best_f_measure": one.best_f_measure,
                }
                for one in held_out
            },
        }
    return record


def _candidate_record(one: CandidateScores) -> dict[str, Any]:
    return {
        "number": one.candidate.number,
        "values": dict(one.candidate.values),
        "mean": asdict(one.mean()),
        "cpu_ms_per_frame": one.cpu_ms_per_frame,
        "sequences": {
            key: {**asdict(one.scores(key)), "cpu_ms_per_frame": one.cpu_ms[key]}
            for key in one.counts
        },
    }


def sweep_csv(scored: Sequence[CandidateScores]) -> str:
    """Return a table with a line for each candidate.

    Columns: its number and values, the means of F-measure, recall, precision and cost, whether
    it is on the Pareto front, the sequences without which it would be chosen, and the F-measure
    of each sequence.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    keys = list(scored[0].counts)
    writer.writerow(
        [
            "candidate",
            *scored[0].candidate.values,
            "f_measure",
            "recall",
            "precision",
            "cpu_ms_per_frame",
            "pareto",
            "chosen_without",
            *(f"f_measure {key}" for key in keys),
        ]
    )
    front, held_out = pareto_front(scored), leave_one_out(scored)
    for one in scored:
        mean = one.mean()
        chosen = [held.sequence for held in held_out if held.chosen is one]
        f_measures = [one.scores(key).f_measure for key in keys]
        writer.writerow(
            [
                one.candidate.number,
                *_cells(one),
                *(f"{x:.5f}" for x in (mean.f_measure, mean.recall, mean.precision)),
                f"{one.cpu_ms_per_frame:.4f}",
                int(one.candidate.number in front),
                " ".join(chosen),
                *(f"{x:.5f}" for x in f_measures),
            ]
        )
    return file.getvalue()


def _cells(one: CandidateScores) -> Iterator[str]:
    for value in one.candidate.values.values():
        yield value if isinstance(value, str) else json.dumps(value)
