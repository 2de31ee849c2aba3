"""Programs run on events: beside the loop, a few at a time, for a limited time."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CommandRunner"]

logger = logging.getLogger(__name__)

_MAX_WAITING = 100
_POLL_S = 0.05
# From asking a program to end until it is ended.
_PATIENCE_S = 1.0
_STDERR = 2


@dataclass(slots=True, kw_only=True)
class _Running:
    process: subprocess.Popen[bytes]
    ends_at_s: float
    is_asked: bool = False


class CommandRunner:
    """Runs programs, without a shell.

    What they write goes to the standard error, so that it cannot get between the lines of a
    log on the standard output.  One that fails or takes too long is warned of.

    Parameters
    ----------
    max_running : int
        Programs that run at a time; others wait, up to a hundred.
    limit_s : float
        Time after which a program is ended, with all that it has started.
    """

    def __init__(self, *, max_running: int, limit_s: float) -> None:
        self._max_running = max_running
        self._limit_s = limit_s
        self._waiting: deque[tuple[tuple[str, ...], dict[str, str]]] = deque()
        self._running: list[_Running] = []
        self._condition = threading.Condition()
        self._is_ending = False
        self._ends_at_s = float("inf")
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; again does nothing."""
        if self._thread is None:
            self._is_ending = False
            self._ends_at_s = float("inf")
            self._thread = threading.Thread(
                target=self._work, name="bgsub-commands", daemon=True
            )
            self._thread.start()

    def run(self, command: Sequence[str], facts: Mapping[str, str]) -> bool:
        """Have a program run soon; False if too many wait.

        Parameters
        ----------
        command : sequence of str
            Program and arguments.
        facts : mapping of str to str
            Environment variables beside those of this process.
        """
        with self._condition:
            has_room = len(self._waiting) < _MAX_WAITING and self._thread is not None
            if has_room:
                self._waiting.append((tuple(command), dict(facts)))
                self._condition.notify()
        if not has_room:
            logger.warning("%s is not run: too many commands wait already", command[0])
        return has_room

    def stop(self, grace_s: float) -> None:
        """Give what runs or waits so much time, then end it; again does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._condition:
            self._is_ending = True
            self._ends_at_s = time.monotonic() + grace_s
            self._condition.notify()
        thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                if not self._running and not self._waiting:
                    if self._is_ending:
                        return
                    self._condition.wait()
                elif self._running:
                    self._condition.wait(_POLL_S)
            self._look_after()
            if time.monotonic() >= self._ends_at_s:
                self._give_up()
                return
            self._start_waiting()

    def _look_after(self) -> None:
        """Take leave of those that have ended; end those that take too long."""
        for one in tuple(self._running):
            code = one.process.poll()
            if code is not None:
                self._running.remove(one)
                if code != 0 and not one.is_asked:
                    logger.warning("%s failed with exit code %d", _name(one), code)
            elif time.monotonic() >= one.ends_at_s:
                if not one.is_asked:
                    logger.warning("%s is ended after %g s", _name(one), self._limit_s)
                _end(one, signal.SIGKILL if one.is_asked else signal.SIGTERM)
                one.is_asked = True
                one.ends_at_s = time.monotonic() + _PATIENCE_S

    def _start_waiting(self) -> None:
        while len(self._running) < self._max_running:
            with self._condition:
                if not self._waiting:
                    return
                command, facts = self._waiting.popleft()
            try:
                process = subprocess.Popen(
                    command,
                    env=os.environ | facts,
                    stdin=subprocess.DEVNULL,
                    stdout=_STDERR,
                    # Of its own group, which is ended as a whole.
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                logger.warning("%s cannot be run: %s", command[0], error)
                continue
            ends_at_s = time.monotonic() + self._limit_s
            self._running.append(_Running(process=process, ends_at_s=ends_at_s))

    def _give_up(self) -> None:
        """End what runs and forget what waits."""
        n_ended = len(self._running) + len(self._waiting)
        for one in self._running:
            _end(one, signal.SIGKILL)
            one.process.wait()
        self._running.clear()
        self._waiting.clear()
        if n_ended:
            logger.warning("%d commands are ended together with this program", n_ended)


def _name(one: _Running) -> str:
    arguments = one.process.args
    return str(arguments[0]) if isinstance(arguments, (list, tuple)) else str(arguments)


def _end(one: _Running, how: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.killpg(one.process.pid, how)
