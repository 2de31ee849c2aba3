"""Work shared between threads: all of it done, once, and errors brought back."""

from __future__ import annotations

import threading

import pytest

from bgsub.mixture._workers import Workers


@pytest.mark.parametrize("n_threads", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("n_tiles", [1, 2, 5, 97])
def test_every_tile_is_done_once(n_threads: int, n_tiles: int) -> None:
    done: list[int] = []
    Workers(n_threads).run(lambda _, first, last: done.extend(range(first, last)), n_tiles, 99)
    assert sorted(done) == list(range(n_tiles))


def test_no_two_threads_have_the_same_number() -> None:
    numbers: dict[int, set[int]] = {}
    ready = threading.Barrier(3)

    def work(number: int, first: int, last: int) -> None:
        if first == last - 1 and threading.get_ident() not in numbers.get(number, set()):
            numbers.setdefault(number, set()).add(threading.get_ident())
            ready.wait(timeout=10.0)

    Workers(3).run(work, 12, 99)
    assert sorted(numbers) == [0, 1, 2]
    assert all(len(threads) == 1 for threads in numbers.values())


def test_little_work_starts_no_thread() -> None:
    before = threading.active_count()
    Workers(4).run(lambda *_: None, 20, 1)
    assert threading.active_count() == before


@pytest.mark.parametrize("failing", [0, 1])
def test_error_in_any_thread_reaches_the_caller(failing: int) -> None:
    ready = threading.Barrier(2)

    def work(number: int, first: int, last: int) -> None:
        ready.wait(timeout=10.0)
        if number == failing:
            msg = "broken"
            raise MemoryError(msg)

    with pytest.raises(MemoryError, match="broken"):
        Workers(2).run(lambda n, a, b: work(n, a, b) if a < 2 else None, 2, 99)
