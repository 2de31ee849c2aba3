from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

import pytest

from bgsub.errors import SinkOpenError, SinkWriteError
from bgsub.sinks import ThreadedSink
from tests.sinks._results import result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from bgsub.frames import FrameResult

RESULTS = [result(index, 4, 4) for index in range(50)]
WAIT_S = 60.0


class FakeSink:
    """Notes what happens to it; waits at a gate, fails where it is told to."""

    def __init__(
        self, *, fails_at: int | None = None, fails_on_opening: bool = False, shut: bool = False
    ) -> None:
        self.fails_at = fails_at
        self.fails_on_opening = fails_on_opening
        self.gate = threading.Event()
        if not shut:
            self.gate.set()
        self.written: list[int] = []
        self.threads: set[str] = set()
        self.left_with: list[BaseException | None] = []
        self.has_failed = threading.Event()

    def __enter__(self) -> Self:
        if self.fails_on_opening:
            message = "cannot open"
            raise SinkOpenError(message)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.left_with.append(exc)

    def write(self, one: FrameResult) -> None:
        assert self.gate.wait(WAIT_S)
        self.threads.add(threading.current_thread().name)
        if one.frame.index == self.fails_at:
            self.has_failed.set()
            message = f"cannot write {self.fails_at}"
            raise SinkWriteError(message)
        self.written.append(one.frame.index)


def test_everything_is_written_in_order_on_another_thread():
    fake = FakeSink()
    with ThreadedSink(fake, depth=3) as sink:
        for one in RESULTS:
            sink.write(one)
    assert fake.written == list(range(50))
    assert fake.left_with == [None]
    assert threading.current_thread().name not in fake.threads
    assert len(fake.threads) == 1


def test_writing_returns_at_once_until_depth_results_wait():
    fake = FakeSink(shut=True)
    sink = ThreadedSink(fake, depth=3)
    sink.__enter__()
    for one in RESULTS[:3]:
        sink.write(one)
    assert fake.written == []
    blocked = threading.Thread(target=sink.write, args=(RESULTS[3],))
    blocked.start()
    blocked.join(0.1)
    assert blocked.is_alive()
    fake.gate.set()
    blocked.join(WAIT_S)
    assert not blocked.is_alive()
    sink.__exit__(None, None, None)
    assert fake.written == [0, 1, 2, 3]


def test_error_is_raised_at_a_later_write_and_not_again_on_leaving():
    fake = FakeSink(fails_at=2)
    sink = ThreadedSink(fake, depth=4)
    sink.__enter__()
    with pytest.raises(SinkWriteError, match="cannot write 2"):
        _write_all(sink, RESULTS)
    with pytest.raises(SinkWriteError, match="cannot write 2"):
        sink.write(RESULTS[0])
    sink.__exit__(None, None, None)
    assert fake.written == [0, 1]
    assert len(fake.left_with) == 1


def test_error_nobody_saw_is_raised_on_leaving():
    fake = FakeSink(fails_at=2)
    sink = ThreadedSink(fake, depth=10)
    sink.__enter__()
    _write_all(sink, RESULTS[:3])
    assert fake.has_failed.wait(WAIT_S)
    with pytest.raises(SinkWriteError, match="cannot write 2"):
        sink.__exit__(None, None, None)
    assert fake.written == [0, 1]
    assert isinstance(fake.left_with[0], SinkWriteError)


def test_error_with_the_queue_full_does_not_hang():
    fake = FakeSink(fails_at=0, shut=True)
    sink = ThreadedSink(fake, depth=3)
    sink.__enter__()
    for one in RESULTS[:3]:
        sink.write(one)
    fake.gate.set()
    with pytest.raises(SinkWriteError, match="cannot write 0"):
        sink.write(RESULTS[3])
    sink.__exit__(None, None, None)
    assert fake.written == []


def test_error_on_its_way_is_passed_on_and_what_waits_is_written():
    fake = FakeSink()
    with pytest.raises(RuntimeError, match="elsewhere") as caught:
        _write_and_break_off(ThreadedSink(fake, depth=10), RESULTS[:5])
    assert fake.written == [0, 1, 2, 3, 4]
    assert fake.left_with == [caught.value]


def test_own_error_does_not_hide_the_one_on_its_way():
    fake = FakeSink(fails_at=1)
    with pytest.raises(RuntimeError, match="elsewhere") as caught:
        _write_and_break_off(ThreadedSink(fake, depth=10), RESULTS[:2])
    assert caught.value.__notes__ == ["cannot write 1"]


def test_error_on_opening_leaves_no_thread():
    before = threading.active_count()
    with pytest.raises(SinkOpenError, match="cannot open"):
        ThreadedSink(FakeSink(fails_on_opening=True), depth=1).__enter__()
    assert threading.active_count() == before


def test_leaving_twice_leaves_once():
    fake = FakeSink()
    sink = ThreadedSink(fake, depth=1)
    with sink:
        sink.write(RESULTS[0])
    sink.__exit__(None, None, None)
    assert fake.left_with == [None]
    assert not [t for t in threading.enumerate() if t.name.startswith("bgsub-")]


def test_writing_and_leaving_count_as_busy_and_waiting_does_not():
    class Slow(FakeSink):
        def write(self, one: FrameResult) -> None:
            time.sleep(0.02)
            super().write(one)

        def __exit__(self, *error: object) -> None:
            time.sleep(0.1)

    fake = Slow()
    sink = ThreadedSink(fake, depth=4)
    with sink:
        began = time.monotonic()
        _write_all(sink, RESULTS[:5])
        written_s = -1.0
        while len(fake.written) < 5 or sink.busy_s != written_s:
            written_s = sink.busy_s
            time.sleep(0.1)
        left = time.monotonic()
        assert 0.1 <= written_s <= left - began - 0.1
    assert 0.1 <= sink.busy_s - written_s <= time.monotonic() - left


def _write_all(sink: ThreadedSink, written: Iterable[FrameResult]) -> None:
    for one in written:
        sink.write(one)


def _write_and_break_off(sink: ThreadedSink, written: Iterable[FrameResult]) -> None:
    with sink:
        _write_all(sink, written)
        message = "elsewhere"
        raise RuntimeError(message)
