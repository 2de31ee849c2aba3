"""The place for the newest thing."""

from __future__ import annotations

import threading
import time

from bgsub.sources.newest import Newest


def test_only_the_newest_is_there_and_the_others_are_counted() -> None:
    place: Newest[int] = Newest()
    place.put(1)
    assert place.take(0.0) == 1
    for number in (2, 3, 4):
        place.put(number)
    assert place.take(0.0) == 4
    assert place.n_dropped == 2


def test_what_came_before_anybody_was_ready_does_not_count_as_dropped() -> None:
    place: Newest[int] = Newest()
    for number in range(5):
        place.put(number)
    assert place.take(0.0) == 4
    assert place.n_dropped == 0


def test_taking_waits_for_what_comes() -> None:
    place: Newest[int] = Newest()
    threading.Timer(0.05, place.put, [7]).start()
    assert place.take(60.0) == 7


def test_taking_gives_up_after_its_time() -> None:
    began = time.monotonic()
    assert Newest[int]().take(0.05) is None
    assert 0.04 < time.monotonic() - began < 30.0


def test_after_closing_the_last_thing_can_still_be_taken() -> None:
    place: Newest[int] = Newest()
    place.put(1)
    place.close()
    assert not place.is_exhausted
    assert place.take(60.0) == 1
    assert place.is_exhausted
    began = time.monotonic()
    assert place.take(60.0) is None
    assert time.monotonic() - began < 30.0


def test_closing_wakes_who_waits() -> None:
    place: Newest[int] = Newest()
    threading.Timer(0.05, place.close).start()
    assert place.take(60.0) is None
    assert place.is_exhausted


def test_nothing_is_lost_uncounted_between_two_threads() -> None:
    place: Newest[int] = Newest()
    taken: list[int] = []

    def take_all() -> None:
        while not place.is_exhausted:
            item = place.take(0.01)
            if item is not None:
                taken.append(item)

    reader = threading.Thread(target=take_all)
    reader.start()
    time.sleep(0.02)
    for number in range(20_000):
        place.put(number)
    place.close()
    reader.join()
    assert taken == sorted(set(taken))
    assert taken[-1] == 19_999
    assert len(taken) + place.n_dropped == 20_000
