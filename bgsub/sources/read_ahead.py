"""Reading a source on a thread of its own, so that decoding overlaps with the work."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from bgsub.frames import Frame

__all__ = ["ReadAhead"]

_POLL_S = 0.1
_JOIN_S = 5.0


class ReadAhead:
    """Iterate over frames that another thread reads, at most `depth` ahead.

    Parameters
    ----------
    frames : iterable of Frame
        What to read; only the reading thread touches it between entering and leaving.
    depth : int
        How many frames may wait.
    stop : threading.Event
        Ends the iteration early once set, also while the source is slow.

    Attributes
    ----------
    began : float
        When the thread started, on the clock of :func:`time.perf_counter`.
    busy_s : float
        Time the thread has spent reading, in seconds; without its waiting for room.

    Notes
    -----
    An error while reading is raised in the consumer, after the frames read before it.
    """

    def __init__(self, frames: Iterable[Frame], *, depth: int, stop: threading.Event) -> None:
        self.began = 0.0
        self.busy_s = 0.0
        self._frames = frames
        self._queue: queue.Queue[Frame | BaseException | None] = queue.Queue(maxsize=depth)
        self._stop = stop
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._read, name="bgsub-reader", daemon=True)

    def __enter__(self) -> Self:
        self.began = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave.set()
        if self._thread.ident is not None:
            # A source that hangs in the operating system must not hang the program: the
            # thread is a daemon, and after this time it is left to its fate.
            self._thread.join(timeout=_JOIN_S)

    def __iter__(self) -> Iterator[Frame]:
        while not self._stop.is_set():
            try:
                item = self._queue.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def _read(self) -> None:
        last: BaseException | None = None
        try:
            for frame in self._timed():
                if not self._put(frame):
                    return
        except BaseException as error:  # noqa: BLE001 - carried over to the consumer
            last = error
        self._put(last)

    def _timed(self) -> Iterator[Frame]:
        began = time.perf_counter()
        for frame in self._frames:
            self.busy_s += time.perf_counter() - began
            yield frame
            began = time.perf_counter()
        self.busy_s += time.perf_counter() - began

    def _put(self, item: Frame | BaseException | None) -> bool:
        while not self._leave.is_set():
            try:
                self._queue.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False
