from __future__ import annotations

import threading
import time

import pytest

from bgsub.sinks.worker import Worker

WAIT_S = 60.0


def test_work_is_done_in_order_on_another_thread() -> None:
    worker = Worker("test", 5)
    done: list[object] = []
    worker.start()
    for number in range(3):
        assert worker.offer(lambda number=number: done.append(number))  # type: ignore[misc]
    assert worker.post(lambda: done.append(threading.current_thread().name))
    assert worker.stop(WAIT_S)
    assert done == [0, 1, 2, "test"]


def test_frames_beyond_the_depth_are_refused_and_news_are_not() -> None:
    worker = Worker("test", 2)
    gate = threading.Event()
    begun = threading.Event()
    done: list[int] = []

    def wait() -> None:
        begun.set()
        gate.wait(WAIT_S)

    worker.start()
    worker.offer(wait)
    assert begun.wait(WAIT_S)
    assert [worker.offer(lambda: done.append(1)) for _ in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert all(worker.post(lambda: done.append(2)) for _ in range(1000))
    assert not worker.post(lambda: done.append(3)), "even news are bounded"
    assert not worker.stop(0.01), "it cannot be done yet"
    gate.set()


def _nothing() -> None:
    pass


def _post_many(worker: Worker) -> None:
    for _ in range(1000):
        worker.post(_nothing)
        time.sleep(0.005)


def test_an_error_is_raised_where_work_is_handed_over() -> None:
    worker = Worker("test", 2)
    worker.start()
    worker.offer(lambda: [][0])
    with pytest.raises(IndexError):
        _post_many(worker)
    worker.stop(WAIT_S)


def test_an_error_that_nobody_saw_is_raised_on_stopping() -> None:
    worker = Worker("test", 2)
    worker.start()
    worker.offer(lambda: [][0])
    with pytest.raises(IndexError):
        worker.stop(WAIT_S)
    assert worker.stop(WAIT_S)


def test_a_worker_that_was_not_started_takes_nothing() -> None:
    assert not Worker("test", 2).offer(_nothing)
