"""Stream time of live sources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.sources._live_clock import LiveClock


def test_without_a_clock_of_its_own_the_arrival_counts() -> None:
    clock = LiveClock(100.0)
    assert [clock.place(None, at) for at in (100.0, 100.04, 100.1)] == pytest.approx(
        [0.0, 0.04, 0.1]
    )


def test_jitter_of_the_network_is_not_in_the_times() -> None:
    clock = LiveClock(10.0)
    arrivals = (10.0, 10.07, 10.08, 10.13)
    times = [clock.place(500 + n / 25, at) for n, at in enumerate(arrivals)]
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 1.5])
def test_a_clock_that_is_set_is_tied_to_the_arrival_anew(jump_s: float) -> None:
    clock = LiveClock(0.0)
    clock.place(7.0, 0.0)
    assert clock.place(7.0 + jump_s, 0.04) == pytest.approx(0.04)
    assert clock.place(7.0 + jump_s + 0.04, 0.09) == pytest.approx(0.08)


def test_a_break_is_as_long_as_it_was_though_the_source_begins_at_zero() -> None:
    clock = LiveClock(0.0)
    clock.place(0.0, 0.0)
    clock.place(0.5, 0.5)
    clock.reconnected()
    assert clock.place(0.0, 30.0) == pytest.approx(30.0)


def test_time_now_goes_on_without_pictures_and_never_back() -> None:
    clock = LiveClock(5.0)
    assert clock.at(7.0) == pytest.approx(2.0)
    ahead = clock.place(0.0, 5.0), clock.place(0.9, 5.1)
    assert ahead[1] == pytest.approx(0.9)
    assert clock.at(5.2) == pytest.approx(0.9)


@given(
    st.lists(
        st.tuples(st.none() | st.floats(-1e4, 1e4), st.floats(0, 10), st.booleans()),
        min_size=1,
    )
)
def test_times_always_rise_and_keep_near_the_arrival(
    pictures: list[tuple[float | None, float, bool]],
) -> None:
    clock = LiveClock(0.0)
    now_s, last_s = 0.0, -1.0
    for number, (source_s, pause_s, is_new) in enumerate(pictures):
        now_s += pause_s
        if is_new:
            clock.reconnected()
        time_s = clock.place(source_s, now_s)
        assert time_s > last_s
        assert abs(time_s - now_s) <= 1.0 + 1e-3 * (number + 1)
        last_s = time_s
