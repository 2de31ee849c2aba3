"""What a recorder does beside writing: power cuts and old files are taken care of here."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bgsub.sinks.retention import Retention

__all__ = ["Keeper"]

logger = logging.getLogger(__name__)

_SYNC_EVERY_S = 1.0
_APPLY_EVERY_S = 600.0
_APPLY_PAUSE_S = 60.0
_MAX_WAITING = 100
_STOP_S = 0.7


class Keeper:
    """A thread that brings recordings to the disk every second, and removes old ones.

    What a process has written survives its end, but until the system brings it to the disk,
    which it may put off for half a minute, it does not survive a power cut.

    Parameters
    ----------
    retention : Retention
        Applied at the start, after each recording (once a minute at most), and every ten
        minutes.
    """

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._in_use: tuple[Path, ...] = ()
        self._finished: deque[Path] = deque(maxlen=_MAX_WAITING)
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_apply_s = self._soon_s = 0.0

    def start(self) -> None:
        """Start the thread; again does nothing."""
        if self._thread is None:
            self._end.clear()
            self._thread = threading.Thread(target=self._run, name="bgsub-keeper", daemon=True)
            self._thread.start()

    def writing(self, paths: Iterable[Path]) -> None:
        """Take note of the files that are being written."""
        self._in_use = tuple(paths)

    def finished(self, paths: Iterable[Path]) -> None:
        """Take note that files are complete."""
        self._in_use = ()
        self._finished.extend(paths)

    def stop(self) -> None:
        """Do what is left and end the thread; again does nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._end.set()
            # A disk that hangs must not keep the program from ending.
            thread.join(timeout=_STOP_S)

    def _run(self) -> None:
        while not self._end.wait(_SYNC_EVERY_S):
            self._tend()
        self._tend()

    def _tend(self) -> None:
        while self._finished:
            _sync(self._finished.popleft())
            self._next_apply_s = min(self._next_apply_s, self._soon_s)
        for path in self._in_use:
            _sync(path)
        if time.monotonic() >= self._next_apply_s:
            self._soon_s = time.monotonic() + _APPLY_PAUSE_S
            self._next_apply_s = time.monotonic() + _APPLY_EVERY_S
            self._retention.apply(time.time(), self._in_use)


def _sync(path: Path) -> None:
    """Wait until a file and its name are on the disk, not only in the system's memory."""
    # What vanishes or cannot be synchronised is noticed by whoever writes it.
    with contextlib.suppress(OSError):
        for one in (path, path.parent):
            number = os.open(one, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)
