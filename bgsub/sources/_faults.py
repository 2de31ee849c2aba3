"""A bounded list of problems: faults that follow each other closely become one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bgsub.frames import Problem

__all__ = ["Fault", "ProblemLog"]

_JOIN_WITHIN_S = 1.0
_MAX_PROBLEMS = 100


class Fault(Enum):
    """What can be wrong with single frames; the value is its singular and plural sentence."""

    CORRUPT = (
        "a corrupt picture was skipped",
        "{count} corrupt pictures were skipped up to {end_s:.2f} s",
    )
    CLOCK = (
        "a time stamp that did not rise was replaced",
        "{count} time stamps that did not rise were replaced up to {end_s:.2f} s",
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    start_s: float
    end_s: float
    count: int


class ProblemLog:
    """Collects what goes wrong while a source is read.

    Faults of one kind less than a second apart are reported as one
    :class:`~bgsub.frames.Problem`, once the run of them is over.  After 100 entries no more
    are kept, and the last one says so; the problem that ends the run is always kept.
    """

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._runs: dict[Fault, _Run] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is known so far, in the order in which it was found."""
        return tuple(self._problems)

    def add(self, fault: Fault, *, at_s: float) -> None:
        """Note one fault at stream time `at_s`."""
        run = self._runs.get(fault)
        if run is not None and at_s - run.end_s <= _JOIN_WITHIN_S:
            run.end_s = max(run.end_s, at_s)
            run.count += 1
            return
        self._close(fault)
        self._runs[fault] = _Run(start_s=at_s, end_s=at_s, count=1)

    def advance(self, now_s: float) -> None:
        """Report the runs that are over at stream time `now_s`."""
        if not self._runs:
            return
        for fault in [f for f, r in self._runs.items() if now_s - r.end_s > _JOIN_WITHIN_S]:
            self._close(fault)

    def report(self, what: str, *, at_s: float) -> None:
        """Add a problem of its own that does not end the run."""
        self._append(Problem(at_s=at_s, what=what))

    def finish(self, broken: str | None = None, *, at_s: float = 0.0) -> None:
        """Report all runs and, if the source broke off, the sentence `broken`."""
        for fault in list(self._runs):
            self._close(fault)
        if broken is not None:
            self._problems.append(Problem(at_s=at_s, what=broken, ends_run=True))

    def clear(self) -> None:
        """Forget everything: it happened in a part that was not asked for."""
        self._problems.clear()
        self._runs.clear()

    def _close(self, fault: Fault) -> None:
        run = self._runs.pop(fault, None)
        if run is not None:
            one, many = fault.value
            what = one if run.count == 1 else many.format(count=run.count, end_s=run.end_s)
            self._append(Problem(at_s=run.start_s, what=what))

    def _append(self, problem: Problem) -> None:
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(problem)
        elif len(self._problems) == _MAX_PROBLEMS:
            what = "more problems followed, which are not listed"
            self._problems.append(Problem(at_s=problem.at_s, what=what))
