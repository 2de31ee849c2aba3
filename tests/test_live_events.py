from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given

from bgsub.events import EventDetector
from bgsub.live_events import EventChange, LiveEvents
from tests.test_events import FPS, Case, cases, clip, events_of, in_seconds, rules, run

if TYPE_CHECKING:
    from bgsub.events import EventRules


def live(settings: EventRules, update_every_s: float = 1.0) -> LiveEvents:
    return LiveEvents(settings, update_every_s=update_every_s)


def feed(events: LiveEvents, coverages: list[float]) -> list[tuple[EventChange, ...]]:
    return [events.update(i, i / FPS, coverage, ()) for i, coverage in enumerate(coverages)]


def kinds(news: list[tuple[EventChange, ...]]) -> list[tuple[int, str, int]]:
    return [(i, one.kind, one.number) for i, new in enumerate(news) for one in new]


def test_an_event_is_told_when_it_is_one_while_it_goes_on_and_when_it_is_over() -> None:
    settings = rules(min_duration_s=0.5, merge_gap_s=1.0)
    news = feed(live(settings), clip(60, (10, 30)))
    assert kinds(news) == [
        (15, "start", 1),
        (25, "update", 1),
        (35, "update", 1),
        (41, "end", 1),
    ]
    (start,) = news[15]
    assert (start.event.start_s, start.event.end_s) == (1.0, 1.5)
    (end,) = news[41]
    (whole,) = events_of(clip(60, (10, 30)), settings)
    assert end.event == replace(whole, boxes=())


def test_motion_that_is_no_event_is_not_told() -> None:
    news = feed(live(rules(min_duration_s=1.0)), clip(60, (10, 15), (40, 44)))
    assert kinds(news) == []


@given(case=cases())
def test_what_is_told_is_what_the_whole_clip_holds(case: Case) -> None:
    whole = EventDetector(in_seconds(case))
    run(case, whole)
    events = live(in_seconds(case), update_every_s=0.1)
    told: list[EventChange] = []
    kept: set[float] = set()
    for i, (tick, coverage) in enumerate(zip(case.ticks, case.coverages, strict=True)):
        news = events.update(i, tick / 1000, coverage, ())
        told += news
        for one in news:
            assert one.kind != "end" or one.event.peak_s in kept, "its picture was let go"
        kept = {at_s for at_s in kept | {tick / 1000} if at_s in events.peaks_s}
        assert set(events.peaks_s) == kept
    last = events.restart()
    assert all(one.event.peak_s in kept for one in last if one.kind == "end")
    told += last
    ends = [replace(one.event, boxes=()) for one in told if one.kind == "end"]
    assert ends == [replace(event, boxes=()) for event in whole.finish()]
    for number in range(1, len(ends) + 1):
        of_one = [one for one in told if one.number == number]
        middle = [one.kind for one in of_one[1:-1]]
        assert (of_one[0].kind, of_one[-1].kind) == ("start", "end")
        assert middle == ["update"] * len(middle)
        for one in of_one:
            assert one.event.start_s == of_one[-1].event.start_s
    assert told == sorted(told, key=lambda one: one.number)


def test_an_event_ends_although_no_frame_comes_any_more() -> None:
    events = live(rules(merge_gap_s=1.0, pad_after_s=2.0))
    feed(events, clip(20, (10, 19)))
    assert events.in_event
    assert events.pass_time(2.8) == ()
    assert events.in_event
    assert events.pass_time(3.5) == ()
    assert not events.in_event, "the pause is too long, but padding may still join another"
    (end,) = events.pass_time(4.0)
    assert (end.kind, end.event.start_s, end.event.end_s) == ("end", 1.0, 1.9)
    assert not events.in_event
    assert events.pass_time(5.0) == ()


def test_frames_go_on_after_a_silence_even_with_a_somewhat_earlier_time() -> None:
    events = live(rules(merge_gap_s=0.5))
    feed(events, clip(20, (10, 19)))
    assert [one.kind for one in events.pass_time(4.0)] == ["end"]
    assert [one.kind for one in events.update(20, 3.9, 0.1, ())] == ["start"]
    assert events.n_events == 2


def test_a_gap_ends_the_event_and_the_next_needs_not_settle() -> None:
    events = live(rules(settle_s=1.0))
    feed(events, clip(20, (12, 19)))
    (end,) = events.restart()
    assert (end.kind, end.number, end.event.end_s) == ("end", 1, 1.9)
    (start,) = events.update(0, 0.0, 0.1, ())
    assert (start.kind, start.number) == ("start", 2)
    assert events.restart()[-1].number == 2
    assert events.restart() == ()


def test_events_that_were_taken_are_forgotten() -> None:
    detector = EventDetector(rules(merge_gap_s=0.2))
    taken = 0
    for i in range(2000):
        detector.update(i, i / FPS, 0.1 if i % 10 == 0 else 0.0, ())
        taken += len(detector.take())
        assert len(detector.finish()) <= 1
    assert taken == 200
