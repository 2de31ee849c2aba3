from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.events import Event, EventDetector, EventRules
from bgsub.frames import Box
from tests.reference.events import Rules, find_events

FPS = 10


def rules(
    *,
    min_coverage_fraction: float = 0.01,
    max_coverage_fraction: float = 0.8,
    settle_s: float = 0.0,
    min_duration_s: float = 0.0,
    merge_gap_s: float = 0.5,
    pad_before_s: float = 0.0,
    pad_after_s: float = 0.0,
) -> EventRules:
    return EventRules(
        min_coverage_fraction=min_coverage_fraction,
        max_coverage_fraction=max_coverage_fraction,
        settle_s=settle_s,
        min_duration_s=min_duration_s,
        merge_gap_s=merge_gap_s,
        pad_before_s=pad_before_s,
        pad_after_s=pad_after_s,
    )


def feed(detector: EventDetector, coverages: list[float]) -> list[bool]:
    """Ten frames a second; each frame's box tells its number."""
    return [
        detector.update(i, i / FPS, coverage, (Box(x=i, y=0, width=1, height=1),))
        for i, coverage in enumerate(coverages)
    ]


def events_of(coverages: list[float], settings: EventRules) -> tuple[Event, ...]:
    detector = EventDetector(settings)
    feed(detector, coverages)
    return detector.finish()


def spans(coverages: list[float], settings: EventRules) -> list[tuple[float, float]]:
    return [(event.start_s, event.end_s) for event in events_of(coverages, settings)]


def clip(length: int, *motion: tuple[int, int], coverage: float = 0.1) -> list[float]:
    """Frames with motion from first to last, both inclusive."""
    inside = {i for first, last in motion for i in range(first, last + 1)}
    return [coverage if i in inside else 0.0 for i in range(length)]


def test_event_holds_its_motion_and_peak() -> None:
    coverages = clip(50, (20, 30))
    coverages[25] = coverages[27] = 0.3
    (event,) = events_of(coverages, rules())
    assert event == Event(
        start_s=2.0,
        end_s=3.0,
        peak_s=2.5,
        start_frame=20,
        end_frame=30,
        peak_coverage=0.3,
        boxes=(Box(x=25, y=0, width=1, height=1),),
    )


def test_clip_without_frames_or_motion_has_no_events() -> None:
    detector = EventDetector(rules())
    assert detector.events == detector.finish() == ()
    assert spans(clip(40), rules()) == []


def test_settling_frames_are_no_event() -> None:
    settings = rules(settle_s=1.0)
    assert spans(clip(40, (0, 9)), settings) == []
    assert spans(clip(40, (0, 20)), settings) == [(1.0, 2.0)], "what still moves, counts"


def test_settling_begins_with_the_first_frame_not_at_zero() -> None:
    detector = EventDetector(rules(settle_s=1.0))
    for i in range(30):
        detector.update(100 + i, 50.0 + i / FPS, 0.1 if i < 20 else 0.0, ())
    (event,) = detector.finish()
    assert (event.start_s, event.start_frame, event.end_frame) == (51.0, 110, 119)


@pytest.mark.parametrize(("last", "n_events"), [(24, 0), (25, 1)])
def test_motion_shorter_than_the_minimum_is_no_event(last: int, n_events: int) -> None:
    assert len(spans(clip(50, (20, last)), rules(min_duration_s=0.5))) == n_events


def test_pauses_do_not_count_as_time_in_motion() -> None:
    blips = clip(60, (20, 20), (24, 24), (28, 28))
    assert spans(blips, rules(min_duration_s=0.5)) == []
    assert spans(blips, rules(min_duration_s=0.2)) == [(2.0, 2.8)]


@pytest.mark.parametrize(("gap", "n_events"), [(5, 1), (6, 2)])
def test_pauses_up_to_the_gap_are_bridged(gap: int, n_events: int) -> None:
    assert len(spans(clip(60, (20, 25), (25 + gap, 35)), rules())) == n_events


def test_neighbouring_frames_in_motion_belong_together_however_far_apart() -> None:
    detector = EventDetector(rules(merge_gap_s=0.0))
    for i in range(5):
        detector.update(i, i * 60.0, 0.1 if 1 <= i <= 3 else 0.0, ())
    (event,) = detector.finish()
    assert (event.start_s, event.end_s) == (60.0, 180.0)


def test_coverage_limits_are_inclusive() -> None:
    assert spans(clip(60, (20, 40), coverage=0.01), rules()) == [(2.0, 4.0)]
    assert spans(clip(60, (20, 40), coverage=0.0099), rules()) == []


def test_equal_times_are_equal_however_they_were_rounded() -> None:
    """0.7 - 0.1, 1.1 - 0.5 and their like are a little off 0.6."""
    for start in range(200):
        times = [(start + i) / 10 for i in range(40)]
        detector = EventDetector(rules(settle_s=0.6, merge_gap_s=0.6, min_duration_s=0.6))
        for i, time_s in enumerate(times):
            moving = i <= 12 or 18 <= i <= 24
            detector.update(i, time_s, 0.1 if moving else 0.0, ())
        (event,) = detector.finish()
        assert (event.start_frame, event.end_frame) == (6, 24)


def test_change_of_light_is_no_motion() -> None:
    assert spans(clip(60, (20, 40), coverage=0.9), rules()) == []
    assert spans(clip(60, (20, 40), coverage=0.8), rules()) == [(2.0, 4.0)]


@pytest.mark.parametrize(("flash", "n_events"), [(4, 1), (5, 2)])
def test_change_of_light_ends_an_event_only_when_longer_than_the_gap(
    flash: int, n_events: int
) -> None:
    coverages = clip(60, (20, 40))
    coverages[25 : 25 + flash] = [0.95] * flash
    found = events_of(coverages, rules())
    assert len(found) == n_events
    assert all(event.peak_coverage == 0.1 for event in found)


def test_padding_is_added_within_the_clip() -> None:
    settings = rules(pad_before_s=0.5, pad_after_s=1.0)
    (event,) = events_of(clip(60, (20, 30)), settings)
    assert (event.start_s, event.end_s) == (1.5, 4.0)
    assert (event.start_frame, event.end_frame) == (15, 40)
    (event,) = events_of(clip(35, (2, 30)), settings)
    assert (event.start_s, event.end_s) == (0.0, 3.4)
    assert (event.start_frame, event.end_frame) == (0, 34)


@pytest.mark.parametrize(("second", "n_events"), [(45, 1), (46, 2)])
def test_events_that_padding_makes_touch_become_one(second: int, n_events: int) -> None:
    settings = rules(pad_before_s=0.5, pad_after_s=1.0)
    coverages = clip(80, (20, 30), (second, 50))
    coverages[48] = 0.5
    found = events_of(coverages, settings)
    assert len(found) == n_events
    assert found[-1].peak_s == 4.8
    assert found[-1].end_s == 6.0


def test_padding_does_not_join_an_event_to_what_is_none() -> None:
    settings = rules(min_duration_s=0.5, pad_before_s=0.5, pad_after_s=1.0)
    assert spans(clip(80, (20, 30), (40, 41)), settings) == [(1.5, 4.0)]


def test_update_tells_an_event_from_when_it_is_one_until_its_pause_is_too_long() -> None:
    told = feed(EventDetector(rules(min_duration_s=0.3)), clip(60, (20, 30), (40, 41)))
    assert [i for i, inside in enumerate(told) if inside] == list(range(23, 36))


def test_update_refuses_time_that_stands_still() -> None:
    detector = EventDetector(rules())
    detector.update(0, 1.0, 0.0, ())
    with pytest.raises(ValueError, match="does not follow"):
        detector.update(1, 1.0, 0.0, ())


class Case(NamedTuple):
    ticks: list[int]
    coverages: list[float]
    rules: Rules


@st.composite
def cases(draw: st.DrawFn) -> Case:
    # Mostly steps that add up to exactly the limits below, where rounding would tell.
    lengths = st.sampled_from([1, 39, 40, 50, 100, 101, 250, 300]) | st.integers(1, 400)
    steps = draw(st.lists(lengths, min_size=5, max_size=60))
    ticks = [draw(st.integers(0, 10**8))]
    for step in steps:
        ticks.append(ticks[-1] + step)
    # Runs rather than single frames, or hardly anything would last.
    levels = st.sampled_from([0.0, 0.005, 0.01, 0.1, 0.4, 0.8, 0.81, 1.0])
    coverages: list[float] = []
    while len(coverages) < len(ticks):
        coverages += [draw(levels)] * draw(st.integers(1, 6))
    times = st.sampled_from([0, 1, 40, 100, 250, 600, 1500])
    return Case(
        ticks,
        coverages[: len(ticks)],
        Rules(
            min_coverage=0.01,
            max_coverage=0.8,
            settle=draw(times),
            min_duration=draw(times),
            merge_gap=draw(times),
            pad_before=draw(times),
            pad_after=draw(times),
        ),
    )


def in_seconds(case: Case) -> EventRules:
    return EventRules(
        min_coverage_fraction=case.rules.min_coverage,
        max_coverage_fraction=case.rules.max_coverage,
        settle_s=case.rules.settle / 1000,
        min_duration_s=case.rules.min_duration / 1000,
        merge_gap_s=case.rules.merge_gap / 1000,
        pad_before_s=case.rules.pad_before / 1000,
        pad_after_s=case.rules.pad_after / 1000,
    )


def run(case: Case, detector: EventDetector) -> None:
    for i, (tick, coverage) in enumerate(zip(case.ticks, case.coverages, strict=True)):
        detector.update(i, tick / 1000, coverage, (Box(x=i, y=0, width=1, height=1),))


@given(case=cases())
def test_events_equal_those_of_the_whole_clip_at_once(case: Case) -> None:
    detector = EventDetector(in_seconds(case))
    run(case, detector)
    expected = find_events(case.ticks, case.coverages, case.rules)
    found = detector.finish()
    assert len(found) == len(expected)
    for event, wanted in zip(found, expected, strict=True):
        assert event.start_s == pytest.approx(wanted.start / 1000, abs=1e-9)
        assert event.end_s == pytest.approx(wanted.end / 1000, abs=1e-9)
        assert event.peak_s == wanted.peak / 1000
        assert event.start_frame == wanted.start_frame
        assert event.end_frame == wanted.end_frame
        assert event.peak_coverage == wanted.peak_coverage
        assert [box.x for box in event.boxes] == [wanted.peak_frame]


@given(case=cases())
def test_events_are_ordered_apart_and_within_the_clip(case: Case) -> None:
    detector = EventDetector(in_seconds(case))
    run(case, detector)
    events = detector.finish()
    padding = case.rules.pad_before + case.rules.pad_after
    apart_s = max(0, case.rules.merge_gap - padding) / 1000
    for event in events:
        assert case.ticks[0] / 1000 <= event.start_s <= event.peak_s <= event.end_s
        assert event.end_s <= case.ticks[-1] / 1000
        assert event.peak_s >= (case.ticks[0] + case.rules.settle) / 1000 - 1e-6
        assert event.end_s - event.start_s >= case.rules.min_duration / 1000 - 1e-6
        assert 0 <= event.start_frame <= event.end_frame < len(case.ticks)
    for event, following in pairwise(events):
        assert following.start_s - event.end_s > apart_s
        assert following.start_frame > event.end_frame


@given(case=cases())
def test_events_so_far_never_change(case: Case) -> None:
    detector = EventDetector(in_seconds(case))
    so_far: list[tuple[Event, ...]] = []
    for i, (tick, coverage) in enumerate(zip(case.ticks, case.coverages, strict=True)):
        detector.update(i, tick / 1000, coverage, ())
        so_far.append(detector.events)
        assert detector.finish()[: len(detector.events)] == detector.events
    final = detector.finish()
    unasked = EventDetector(in_seconds(case))
    for i, (tick, coverage) in enumerate(zip(case.ticks, case.coverages, strict=True)):
        unasked.update(i, tick / 1000, coverage, ())
    assert unasked.finish() == final, "asking changes nothing"
    for events in so_far:
        assert final[: len(events)] == events


def test_events_so_far_are_complete_once_nothing_can_join_them() -> None:
    detector = EventDetector(rules(pad_before_s=0.5, pad_after_s=1.0))
    known = []
    for i, coverage in enumerate(clip(80, (20, 30))):
        detector.update(i, i / FPS, coverage, ())
        known.append(len(detector.events))
    assert known.index(1) == 46, "pause, padding after, and padding before a next one"


def test_an_event_is_open_while_a_candidate_may_still_join_it() -> None:
    detector = EventDetector(rules(min_duration_s=2.0, pad_before_s=0.5, pad_after_s=1.0))
    known = []
    for i, coverage in enumerate(clip(100, (0, 30), (42, 70))):
        detector.update(i, i / FPS, coverage, ())
        known.append(detector.events)
    assert known[61] == (), "the second motion has not lasted long enough to tell"
    (event,) = detector.finish()
    assert (event.start_s, event.end_s) == (0.0, 8.0)
    assert known[-1] == (event,)


def test_asking_for_the_events_so_far_does_not_join_or_end_them() -> None:
    settings = rules(pad_before_s=1.0)
    coverages = clip(60, (10, 15), (22, 30))
    detector = EventDetector(settings)
    for i, coverage in enumerate(coverages):
        detector.update(i, i / FPS, coverage, (Box(x=i, y=0, width=1, height=1),))
        so_far = detector.finish()
        assert so_far == events_of(coverages[: i + 1], settings)
