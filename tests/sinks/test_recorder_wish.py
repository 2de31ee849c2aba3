from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bgsub.sinks.recorder_wish import Wish

if TYPE_CHECKING:
    from bgsub.sinks.recorder_wish import RecordingMode


def wish(mode: RecordingMode = "events") -> Wish:
    return Wish(mode, pre_roll_s=2.0, post_roll_s=1.0)


def test_events_are_wanted_until_some_time_after_them() -> None:
    one = wish()
    states = [(0.0, False), (1.0, True), (2.0, True), (3.0, False), (3.1, False)]
    assert [one.update(at_s, in_event=e) for at_s, e in states] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_the_time_before_counts_from_the_events_own_beginning() -> None:
    one = wish()
    one.event_started(7, 9.0)
    one.update(10.0, in_event=True)
    assert one.since_s(10.0) == 7.0
    assert one.reason == "0007"
    one.update(20.0, in_event=False)
    one.update(30.0, in_event=True)
    assert one.since_s(30.0) == 28.0, "the first event is forgotten"


def test_what_is_asked_for_is_wanted_until_it_is_not() -> None:
    one = wish()
    one.ask(is_asked=True)
    assert one.update(10.0, in_event=False)
    assert one.update(20.0, in_event=False)
    assert (one.since_s(20.0), one.reason) == (8.0, "manual")
    one.ask(is_asked=False)
    assert not one.update(21.0, in_event=False)
    one.ask(is_asked=True)
    one.update(30.0, in_event=False)
    assert one.since_s(30.0) == 28.0, "not from when it was asked for first"


@pytest.mark.parametrize(("mode", "wanted"), [("always", True), ("manual", False)])
def test_modes_other_than_events_do_not_mind_events(mode: RecordingMode, wanted: bool) -> None:
    one = wish(mode)
    one.event_started(1, 0.5)
    assert one.update(1.0, in_event=True) is wanted
    assert one.update(9.0, in_event=False) is wanted
    assert one.reason == mode
    one.ask(is_asked=True)
    assert one.update(10.0, in_event=False)
    assert one.since_s(10.0) == (10.0 if mode == "always" else 8.0)


def test_after_a_gap_nothing_before_it_is_wanted() -> None:
    one = wish()
    one.update(10.0, in_event=True)
    one.restart()
    assert not one.update(10.5, in_event=False)
    one.update(11.0, in_event=True)
    assert one.since_s(11.0) == 9.0
