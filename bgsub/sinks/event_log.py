"""Events as lines of JSON, of which none is ever half a line for long."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgsub.sinks.records import json_text

if TYPE_CHECKING:
    import io
    from collections.abc import Mapping

__all__ = ["STDOUT", "EventLog"]

logger = logging.getLogger(__name__)

STDOUT = "-"
"""The place that stands for the standard output."""

_MAX_WAITING = 1000
_TAIL_BYTES = 65_536
_LINE_BEGINS = b'{"type"'


class EventLog:
    """Appends records to a file or the standard output, as they come.

    Every line is written at once and brought to the disk.  A line that a power cut has left
    unfinished is removed when the file is next opened.  While the disk is full, up to 1000
    lines wait; nothing is raised.

    Parameters
    ----------
    place : str
        A file, or ``-``.
    max_bytes : int
        Size beyond which the file is renamed, to a name with ``.1`` at its end, and begun
        anew; older ones count up.
    max_files : int
        How many of these are kept.
    """

    def __init__(self, place: str, *, max_bytes: int, max_files: int) -> None:
        self._path = None if place == STDOUT else Path(place)
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._file: io.FileIO | None = None
        self._n_bytes = 0
        self._can_rotate = False
        self._waiting: deque[bytes] = deque()
        self._n_written = 0
        self._n_lost = 0
        self._is_warned = False

    @property
    def n_lost(self) -> int:
        """Lines that could not be kept."""
        return self._n_lost

    def add(self, record: Mapping[str, Any]) -> None:
        """Append a record; the first key should be ``type``."""
        if len(self._waiting) >= _MAX_WAITING:
            self._n_lost += 1
        else:
            self._waiting.append(json_text(record).encode("utf-8", "backslashreplace") + b"\n")
        self.flush()

    def flush(self) -> None:
        """Try again to write what waits."""
        if not self._waiting:
            return
        try:
            if self._file is None:
                self._open()
            while self._waiting:
                self._write_first()
            self._sync()
        except OSError as error:
            if not self._is_warned:
                self._is_warned = True
                place = self._path or "the standard output"
                logger.warning("events cannot be written to %s: %s", place, error.strerror)
            return
        self._is_warned = False

    def reopen(self) -> None:
        """Begin with the file of that name anew: somebody may have moved it."""
        # A line of which a part is written belongs to the file that has it.
        if self._n_written == 0:
            self.close()

    def close(self) -> None:
        """Close the file; the next record opens it again."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _open(self) -> None:
        if self._path is None:
            self._file = os.fdopen(os.dup(1), "wb", buffering=0)
        else:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.is_file():
                _mend(self._path)
            self._file = self._path.open("ab", buffering=0)
        status = os.fstat(self._file.fileno())
        self._can_rotate = self._path is not None and stat.S_ISREG(status.st_mode)
        self._n_bytes = status.st_size

    def _write_first(self) -> None:
        line = self._waiting[0]
        is_too_much = self._n_bytes + len(line) > self._max_bytes and self._n_bytes > 0
        if self._can_rotate and is_too_much and self._n_written == 0:
            self._rotate()
        if self._file is None:
            self._open()
        while self._file is not None and self._n_written < len(line):
            # A disk that is nearly full takes a part of the line.
            n_taken = self._file.write(line[self._n_written :])
            self._n_written += n_taken
            self._n_bytes += n_taken
        self._waiting.popleft()
        self._n_written = 0

    def _rotate(self) -> None:
        self.close()
        if self._path is None:
            return
        names = [
            self._path,
            *(Path(f"{self._path}.{n}") for n in range(1, self._max_files + 1)),
        ]
        names[-1].unlink(missing_ok=True)
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)

    def _sync(self) -> None:
        # A pipe or a terminal has no disk to bring it to.
        with contextlib.suppress(OSError):
            if self._file is not None:
                os.fsync(self._file.fileno())


def _mend(path: Path) -> None:
    """Remove what a power cut has left of an unfinished line at the end of a file."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
        if not tail or tail.endswith(b"\n"):
            return
        rest = tail[tail.rfind(b"\n") + 1 :]
        if rest.startswith(_LINE_BEGINS) or _LINE_BEGINS.startswith(rest):
            file.truncate(size - len(rest))
        else:
            # It is not ours: keep it apart from what follows.
            file.write(b"\n")
