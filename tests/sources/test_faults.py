"""The list of problems: joined, bounded, complete at the end."""

from __future__ import annotations

import pytest

from bgsub.sources._faults import Fault, ProblemLog


def test_faults_close_together_are_one_problem():
    log = ProblemLog()
    for n in range(30):
        log.add(Fault.CORRUPT, at_s=2.0 + n * 0.9)
    log.finish()

    (problem,) = log.problems
    assert problem.at_s == 2.0
    assert problem.what == "30 corrupt pictures were skipped up to 28.10 s"
    assert not problem.ends_run


def test_faults_far_apart_are_problems_of_their_own():
    log = ProblemLog()
    log.add(Fault.CORRUPT, at_s=1.0)
    log.add(Fault.CORRUPT, at_s=3.0)
    log.finish()

    assert [(p.at_s, p.what) for p in log.problems] == [
        (1.0, "a corrupt picture was skipped"),
        (3.0, "a corrupt picture was skipped"),
    ]


def test_kinds_of_faults_are_kept_apart():
    log = ProblemLog()
    log.add(Fault.CORRUPT, at_s=1.0)
    log.add(Fault.CLOCK, at_s=1.1)
    log.finish()

    assert len(log.problems) == 2


def test_fault_is_reported_once_it_is_over():
    log = ProblemLog()
    log.add(Fault.CORRUPT, at_s=1.0)
    log.advance(1.5)
    assert log.problems == ()
    log.advance(2.1)
    assert len(log.problems) == 1


def test_list_is_bounded_and_says_so():
    log = ProblemLog()
    for n in range(1000):
        log.add(Fault.CORRUPT, at_s=2.0 * n)
    log.finish("the clip breaks off", at_s=2000.0)

    assert len(log.problems) == 102
    assert log.problems[-2].what == "more problems followed, which are not listed"
    assert (log.problems[-1].what, log.problems[-1].ends_run) == ("the clip breaks off", True)


def test_problem_that_ends_the_run_comes_last():
    log = ProblemLog()
    log.add(Fault.CORRUPT, at_s=1.0)
    log.finish("the clip breaks off", at_s=1.1)

    assert [p.ends_run for p in log.problems] == [False, True]
    assert log.problems[-1].at_s == pytest.approx(1.1)
