"""Work shared between threads: all of it done, once, and errors brought back."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest

from bgsub.mixture.workers import Workers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@pytest.mark.parametrize("n_threads", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("n_tiles", [1, 2, 5, 97])
def test_every_tile_is_done_once(n_threads: int, n_tiles: int) -> None:
    done: list[int] = []
    Workers(n_threads).run(lambda first, last: done.extend(range(first, last)), n_tiles, 99)
    assert sorted(done) == list(range(n_tiles))


def test_as_many_threads_as_asked_for_work_at_the_same_time() -> None:
    seen: set[int] = set()
    ready = threading.Barrier(3)

    def work(_first: int, _last: int) -> None:
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            ready.wait(timeout=60.0)

    Workers(3).run(work, 12, 99)
    assert len(seen) == 3
    assert threading.get_ident() in seen


def test_little_work_starts_no_thread() -> None:
    before = threading.active_count()
    Workers(4).run(lambda *_: None, 20, 1)
    assert threading.active_count() == before


@pytest.mark.parametrize("caller_fails", [True, False])
def test_error_in_any_thread_reaches_the_caller(caller_fails: bool) -> None:
    ready = threading.Barrier(2)

    def work(first: int, _last: int) -> None:
        if first >= 2:
            return
        ready.wait(timeout=60.0)
        if (threading.current_thread() is threading.main_thread()) == caller_fails:
            msg = "broken"
            raise MemoryError(msg)

    with pytest.raises(MemoryError, match="broken"):
        Workers(2).run(work, 2, 99)


def test_range_of_a_helper_is_waited_for_also_after_an_error() -> None:
    begun = threading.Event()
    done: list[int] = []

    def work(first: int, _last: int) -> None:
        if threading.current_thread() is threading.main_thread():
            begun.wait(timeout=60.0)
            msg = "broken"
            raise MemoryError(msg)
        begun.set()
        time.sleep(0.05)
        done.append(first)

    with pytest.raises(MemoryError, match="broken"):
        Workers(2).run(work, 97, 99)
    # Nothing is begun after the error either.
    assert len(done) == 1


def test_workers_go_on_after_an_error() -> None:
    workers = Workers(3)
    done: list[int] = []

    def fail(_first: int, _last: int) -> None:
        raise ZeroDivisionError

    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            workers.run(fail, 97, 99)
        done.clear()
        workers.run(lambda first, last: done.extend(range(first, last)), 97, 99)
        assert sorted(done) == list(range(97))


def test_helpers_end_with_their_object() -> None:
    before = threading.active_count()
    workers = Workers(4)
    workers.run(lambda *_: None, 97, 99)
    assert threading.active_count() > before
    del workers
    gc.collect()
    until = time.monotonic() + 60.0
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_helper_holds_no_work_that_is_done() -> None:
    class Load:
        pass

    workers = Workers(2)
    load = Load()
    freed = threading.Event()
    weakref.finalize(load, freed.set)

    def work(_first: int, _last: int, _load: Load = load) -> None:
        pass

    workers.run(work, 97, 99)
    del work, load
    assert freed.wait(timeout=60.0)


def test_call_that_waits_for_a_busy_helper_holds_no_work_that_is_done() -> None:
    class Load:
        pass

    workers = Workers(2)
    freed, begun, go = threading.Event(), threading.Event(), threading.Event()

    def run_beside() -> None:
        load = Load()
        weakref.finalize(load, freed.set)

        def work(_first: int, _last: int, _load: Load = load) -> None:
            pass

        begun.wait(timeout=60.0)
        workers.run(work, 97, 99)

    def look() -> None:
        run_beside()
        gc.collect()
        was_freed.append(freed.is_set())
        go.set()

    def be_busy() -> None:
        begun.set()
        go.wait(timeout=60.0)

    was_freed: list[bool] = []
    workers.run_both(look, be_busy)
    assert was_freed == [True]


class _Turns:
    """Work in turns as the kernel does it, but seen from Python."""

    def __init__(self, n_tiles: int) -> None:
        self.n_tiles = n_tiles
        self.done: list[int] = []
        self._lock = threading.Lock()

    def __call__(self, counts: NDArray[np.int64], size: int, place: int) -> None:
        n = len(counts) - 1
        for share in (*range(place, n), *range(place)):
            end = self.n_tiles * (share + 1) // n
            while True:
                with self._lock:
                    first = self.n_tiles * share // n + int(counts[share])
                    counts[share] += size
                if first >= end:
                    break
                tiles = range(first, min(first + size, end))
                with self._lock:
                    self.done.extend(tiles)
                    counts[n] += len(tiles)


@pytest.mark.parametrize("n_threads", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("n_tiles", [1, 2, 5, 97, 500])
def test_every_tile_is_done_once_in_turns(n_threads: int, n_tiles: int) -> None:
    turns = _Turns(n_tiles)
    Workers(n_threads).run_turns(turns, n_tiles, 99)
    assert sorted(turns.done) == list(range(n_tiles))


def test_turns_are_taken_in_as_many_threads_as_asked_for_and_each_has_its_own_share() -> None:
    places: list[int] = []
    ready = threading.Barrier(3)

    def work(counts: NDArray[np.int64], _size: int, place: int) -> None:
        places.append(place)
        ready.wait(timeout=60.0)
        counts[3] = 12

    Workers(3).run_turns(work, 12, 99)
    assert sorted(places) == [0, 1, 2]


@pytest.mark.parametrize("caller_fails", [True, False])
def test_error_in_the_turns_of_any_thread_reaches_the_caller(caller_fails: bool) -> None:
    ready = threading.Barrier(2)

    def work(_counts: NDArray[np.int64], _size: int, place: int) -> None:
        ready.wait(timeout=60.0)
        if (place == 0) == caller_fails:
            msg = "broken"
            raise MemoryError(msg)

    with pytest.raises(MemoryError, match="broken"):
        Workers(2).run_turns(work, 2, 99)


def test_helper_that_finds_nothing_left_to_do_is_not_waited_for() -> None:
    come, go = threading.Event(), threading.Event()

    def work(counts: NDArray[np.int64], _size: int, place: int) -> None:
        if place == 1:
            come.set()
            go.wait(timeout=60.0)
            return
        come.wait(timeout=60.0)
        counts[2] = 97

    Workers(2).run_turns(work, 97, 99)
    assert come.is_set()
    assert not go.is_set()
    go.set()


def test_helpers_do_not_hold_up_the_end_of_the_program() -> None:
    code = (
        "from bgsub.mixture.workers import Workers;"
        "workers = Workers(3); workers.run(lambda first, last: None, 97, 99)"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60.0, check=True)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 30), (480, 640), (2, 400_000)])
def test_every_row_is_done_once(height: int, width: int) -> None:
    done: list[int] = []
    Workers(2).run_rows(lambda first, last: done.extend(range(first, last)), height, width)
    assert sorted(done) == list(range(height))


@pytest.mark.parametrize("n_threads", [1, 2])
def test_both_are_done_at_once_if_there_are_threads(n_threads: int) -> None:
    threads: list[int] = []
    ready = threading.Barrier(n_threads)

    def work() -> None:
        ready.wait(timeout=60.0)
        threads.append(threading.get_ident())

    Workers(n_threads).run_both(work, work)
    assert len(threads) == 2
    assert len(set(threads)) == n_threads


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("which", [0, 1])
def test_error_in_either_of_both_reaches_the_caller(n_threads: int, which: int) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.02)
        done.append(number)
        if number == which:
            msg = "broken"
            raise MemoryError(msg)

    with pytest.raises(MemoryError, match="broken"):
        Workers(n_threads).run_both(lambda: work(0), lambda: work(1))
    # The other one is not left behind.
    assert sorted(done) == ([0] if (n_threads, which) == (1, 0) else [0, 1])


def test_one_of_both_may_divide_its_work() -> None:
    workers = Workers(2)
    done: list[int] = []
    workers.run_both(
        lambda: workers.run(lambda first, last: done.extend(range(first, last)), 97, 99),
        lambda: time.sleep(0.05),
    )
    assert sorted(done) == list(range(97))
