"""Work shared between threads: all of it done, once, and errors brought back."""

from __future__ import annotations

import threading

import pytest

from bgsub.mixture._workers import Workers


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
            ready.wait(timeout=10.0)

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
        ready.wait(timeout=10.0)
        if (threading.current_thread() is threading.main_thread()) == caller_fails:
            msg = "broken"
            raise MemoryError(msg)

    with pytest.raises(MemoryError, match="broken"):
        Workers(2).run(work, 2, 99)
