"""Whether the disk takes recordings: with room to spare, and without errors."""

from __future__ import annotations

import errno
import logging
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SpaceGuard", "free_bytes"]

logger = logging.getLogger(__name__)

_CHECK_S = 1.0
# After an error, room for some seconds of video is waited for, and the disk gets some rest.
_LEAST_ROOM_BYTES = 1_000_000
_REST_S = 5.0
# Room that comes and goes around the limit must not cut recordings into pieces.
_MARGIN = 1.1


def free_bytes(folder: Path) -> int:
    """Return how much can be written to a folder's disk; raises OSError."""
    # A folder that somebody removed is made again when the next recording begins.
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


class SpaceGuard:
    """Decides when recording pauses and when it goes on, and says so once each.

    Time is stream time, as for everything in the recorder.

    Parameters
    ----------
    folder : Path
        Where recordings go.
    min_free_bytes : int
        Recording pauses while there is less room.
    free : callable
        Returns the room in a folder in bytes; raises OSError.
    """

    def __init__(
        self, folder: Path, min_free_bytes: int, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._free = free
        self._next_check_s = float("-inf")
        self._needed_bytes = min_free_bytes
        self._is_warned = False
        self.is_paused = False

    def allows(self, at_s: float) -> bool:
        """Tell whether there may be recording at stream time `at_s`."""
        if at_s < self._next_check_s:
            return not self.is_paused
        self._next_check_s = at_s + _CHECK_S
        try:
            room = self._free(self._folder)
        except OSError as error:
            self.failed(error, at_s)
            return False
        if room < self._needed_bytes:
            self._pause(f"only {room / 1e6:.0f} MB are free on the disk of {self._folder}")
        elif self.is_paused:
            self.is_paused = False
            self._needed_bytes = self._min_free_bytes
            logger.info("recording goes on: there is room in %s again", self._folder)
        return not self.is_paused

    def failed(self, error: Exception, at_s: float) -> None:
        """Take note that something could not be written."""
        reason = getattr(error, "strerror", None) or str(error)
        is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full" if is_full else reason[:1].lower() + reason[1:]
        self._pause(f"{self._folder} cannot be written to: {what}")
        self._needed_bytes = max(self._needed_bytes, _LEAST_ROOM_BYTES)
        self._next_check_s = at_s + _REST_S

    def succeeded(self) -> None:
        """Take note that a recording grows again: the next pause is worth a warning."""
        if not self.is_paused:
            self._is_warned = False

    def restart(self) -> None:
        """Take note that stream time begins anew."""
        self._next_check_s = float("-inf")

    def _pause(self, why: str) -> None:
        self._needed_bytes = max(self._needed_bytes, int(self._min_free_bytes * _MARGIN))
        self.is_paused = True
        level = logging.DEBUG if self._is_warned else logging.WARNING
        self._is_warned = True
        logger.log(level, "recording pauses, detection goes on: %s", why)
