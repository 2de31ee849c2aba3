from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.sinks.ring import Moment, MomentRing

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def moment(index: int, *, is_key: bool, n_bytes: int = 100) -> Moment:
    """Ten a second."""
    at_s = index / 10
    return Moment(
        timestamp_s=at_s,
        at=BEGAN + timedelta(seconds=at_s),
        is_key=is_key,
        packets=(),
        n_bytes=n_bytes,
    )


def filled(ring: MomentRing, n_moments: int, key_every: int = 10) -> MomentRing:
    for index in range(n_moments):
        ring.push(moment(index, is_key=index % key_every == 0))
    return ring


def times(ring: MomentRing, since_s: float = float("-inf")) -> list[float]:
    return [one.timestamp_s for one in ring.take(since_s)]


def test_at_least_the_asked_for_seconds_are_kept_from_a_key_frame_on() -> None:
    ring = filled(MomentRing(2.0, 10**9), 100)
    kept = times(ring)
    assert (kept[0], kept[-1]) == (7.0, 9.9)
    assert filled(MomentRing(0.0, 10**9), 100).take(-1.0)[0].timestamp_s == 9.0


def test_taking_begins_at_the_last_key_frame_before_and_empties_the_ring() -> None:
    ring = filled(MomentRing(5.0, 10**9), 100)
    kept = times(ring, 7.4)
    assert (kept[0], kept[-1], len(kept)) == (7.0, 9.9, 30)
    assert (len(ring), ring.n_bytes) == (0, 0)
    assert times(filled(MomentRing(5.0, 10**9), 100), 8.0)[0] == 8.0


def test_memory_is_bounded_by_dropping_the_oldest() -> None:
    ring = filled(MomentRing(1000.0, 2500), 100)
    assert times(ring)[0] == 8.0


def test_a_second_that_is_larger_than_the_memory_is_dropped_whole() -> None:
    ring = MomentRing(1000.0, 500)
    for index in range(8):
        ring.push(moment(index, is_key=index == 0))
    assert len(ring) == 0, "the rest of it cannot be decoded"
    ring.push(moment(8, is_key=True))
    assert times(ring) == [0.8]


def test_it_is_unbroken_until_something_is_dropped() -> None:
    ring = filled(MomentRing(1.0, 10**9), 20)
    assert ring.is_unbroken
    ring.push(moment(20, is_key=True))
    assert not ring.is_unbroken
    ring.take(0.0)
    assert ring.is_unbroken
    ring.push(moment(21, is_key=False))
    assert not ring.is_unbroken


@settings(max_examples=50)
@given(
    keys=st.lists(st.booleans(), min_size=1, max_size=60),
    seconds=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
    max_bytes=st.integers(100, 3000),
    since_s=st.floats(0.0, 6.0),
)
def test_what_is_kept_is_bounded_whole_and_decodable(
    keys: list[bool], seconds: float, max_bytes: int, since_s: float
) -> None:
    ring = MomentRing(seconds, max_bytes)
    for index, is_key in enumerate(keys):
        ring.push(moment(index, is_key=is_key))
        assert ring.n_bytes == 100 * len(ring) <= max_bytes
    n_kept = len(ring)
    kept = ring.take(since_s)
    assert [round(10 * one.timestamp_s) for one in kept] == list(
        range(len(keys) - len(kept), len(keys))
    )
    if kept:
        assert kept[0].is_key
        later = [one for one in kept[1:] if one.is_key and one.timestamp_s <= since_s]
        assert not later, "it could begin later"
    assert n_kept >= len(kept)
