"""Time stamps of containers become strictly rising seconds."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.sources._clock import FrameClock
from bgsub.sources._faults import ProblemLog

MS = Fraction(1, 1000)


def clock_of(log: ProblemLog | None = None, **changes: Any) -> FrameClock:
    wanted: dict[str, Any] = {
        "time_base": MS,
        "origin": 0,
        "frame_s": 0.04,
        "use_dts": False,
        "delay": None,
        **changes,
    }
    return FrameClock(log=log or ProblemLog(), **wanted)


def frame(pts: int | None) -> av.VideoFrame:
    made = av.VideoFrame(16, 16, "gray")
    if pts is not None:
        made.pts = pts
    return made


def times(
    stamps: list[int | None], log: ProblemLog | None = None, **changes: Any
) -> list[float]:
    clock = clock_of(log, **changes)
    return [clock.timestamp_s(frame(s)) for s in stamps]


def test_time_is_exact():
    rate = Fraction(30000, 1001)
    stamps: list[int | None] = [n * 1001 for n in range(100)]

    found = times(stamps, time_base=Fraction(1, 30000))

    assert found == [float(n / rate) for n in range(100)]


def test_time_begins_at_the_origin_of_the_stream():
    assert times([80, 120], origin=80) == [0.0, 0.04]
    assert times([80, 120], origin=None) == [0.0, 0.04]
    assert times([80, 120], origin=40) == [0.04, 0.08]
    assert times([80, 120], origin=100) == [0.0, 0.04]


def test_frames_without_stamps_follow_at_the_nominal_rate():
    log = ProblemLog()
    assert times([None, None, None], log, origin=None) == [0.0, 0.04, 0.08]
    assert times([0, None, 100], log) == [0.0, 0.04, 0.1]
    log.finish()
    assert log.problems == ()


def test_single_bad_stamp_is_replaced_only_for_itself():
    log = ProblemLog()
    assert times([0, 40, 10, 120, 160], log) == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16])
    log.finish()
    assert [p.what for p in log.problems] == ["a time stamp that did not rise was replaced"]


def test_clock_set_back_goes_on_from_there():
    log = ProblemLog()
    found = times([5000, 5040, 0, 40, 80, 120], log, origin=5000)
    assert found == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16, 0.2])
    log.finish()
    assert len(log.problems) == 1


def test_long_gap_is_kept():
    assert times([0, 40, 3_600_000]) == [0.0, 0.04, 3600.0]


@given(st.lists(st.none() | st.integers(-(2**40), 2**40), max_size=40))
def test_any_stamps_give_strictly_rising_times(stamps: list[int | None]):
    found = times(stamps)

    assert all(later > earlier for earlier, later in pairwise(found))
