"""Work beside the loop that must never hold it up."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Worker"]

# Far more than ever waits unless the disk hangs, and still bounded.
_MAX_NEWS = 1000


class Worker:
    """A thread that does what it is handed, in order.

    Nothing that is handed over ever waits: frames that it cannot keep up with are refused, so
    that a slow disk costs pictures instead of holding up the detection.

    Parameters
    ----------
    name : str
        The thread's name.
    depth : int
        Pieces of work that may wait.
    """

    def __init__(self, name: str, depth: int) -> None:
        self._name = name
        self._depth = depth
        self._queue: deque[Callable[[], None]] = deque()
        self._condition = threading.Condition()
        self._is_ending = False
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Start the thread; again does nothing."""
        if self._thread is None:
            self._is_ending = False
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def offer(self, work: Callable[[], None]) -> bool:
        """Hand over a piece of work; False if too many wait already.

        Raises
        ------
        BaseException
            What an earlier piece raised: nothing is done after it.
        """
        return self._hand_over(work, self._depth)

    def post(self, work: Callable[[], None]) -> bool:
        """Hand over a small piece that must not get lost; False only if a thousand wait."""
        return self._hand_over(work, self._depth + _MAX_NEWS)

    def _hand_over(self, work: Callable[[], None], limit: int) -> bool:
        if self._error is not None:
            raise self._error
        if self._thread is None:
            return False
        with self._condition:
            if len(self._queue) >= limit:
                return False
            self._queue.append(work)
            self._condition.notify()
        return True

    def stop(self, timeout_s: float) -> bool:
        """Let it do what waits and end; again does nothing.

        Returns
        -------
        bool
            False if it was not done after `timeout_s`, as on a disk that hangs.

        Raises
        ------
        BaseException
            What a piece of work raised, unless it was raised before.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        known = self._error
        with self._condition:
            self._is_ending = True
            self._condition.notify()
        thread.join(timeout_s)
        if self._error is not None and known is None:
            raise self._error
        return not thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._is_ending:
                    self._condition.wait()
                if not self._queue:
                    return
                work = self._queue.popleft()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - it is raised where work is handed over
                self._error = error
                return
            # The last frame must not live on until the next one comes.
            del work
