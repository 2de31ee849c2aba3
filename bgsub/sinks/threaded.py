"""Writing beside the loop: any sink on a thread of its own."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from bgsub.frames import FrameResult, Sink

__all__ = ["ThreadedSink"]


class ThreadedSink:
    """Hands results to another sink on that sink's own thread.

    Opening and closing happen on the caller's thread.  An error of the other sink is raised
    in the caller at one of the next writes, and again at every later write; if no write
    follows, on leaving.  Leaving waits until all that was handed over is written.

    Parameters
    ----------
    sink : Sink
        Where the results go.
    depth : int
        Results that may wait, at least 1; a write beyond them waits for the sink.

    Attributes
    ----------
    busy_s : float
        Time the sink has spent writing and completing, in seconds.
    """

    def __init__(self, sink: Sink, depth: int) -> None:
        self.busy_s = 0.0
        self._sink = sink
        self._depth = depth
        self._executor: ThreadPoolExecutor | None = None
        self._pending: deque[Future[None]] = deque()
        self._is_broken = False
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        if self._executor is None:
            self._sink.__enter__()
            name = f"bgsub-{type(self._sink).__name__}"
            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        return self

    def write(self, result: FrameResult) -> None:
        """Hand over one result; returns at once unless `depth` of them wait."""
        if self._error is not None:
            raise self._error
        if self._executor is None:
            self._sink.write(result)
            return
        while self._pending and (self._pending[0].done() or len(self._pending) >= self._depth):
            self._take()
        self._pending.append(self._executor.submit(self._write, result))

    def _write(self, result: FrameResult) -> None:
        """On the sink's thread: pass a result on, nothing more after an error."""
        if self._is_broken:
            return
        began = time.perf_counter()
        try:
            self._sink.write(result)
        except BaseException:
            self._is_broken = True
            raise
        finally:
            self.busy_s += time.perf_counter() - began

    def _take(self) -> None:
        """Wait for the oldest result; raise what became of it."""
        error = self._pending.popleft().exception()
        if error is not None:
            self._error = error
            raise error

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        is_known = self._error is not None
        executor.shutdown(wait=True)
        for future in self._pending:
            self._error = self._error or future.exception()
        self._pending.clear()
        error = None if is_known else self._error
        began = time.perf_counter()
        try:
            if error is None:
                self._sink.__exit__(exc_type, exc, traceback)
                return
            self._sink.__exit__(type(error), error, error.__traceback__)
        finally:
            self.busy_s += time.perf_counter() - began
        if exc is None:
            raise error
        exc.add_note(str(error))
