"""What may be recorded later: the newest moments, encoded, in bounded memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from av.packet import Packet
    from av.video.stream import VideoStream

__all__ = ["Moment", "MomentRing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One frame as it will stand in a recording.

    Attributes
    ----------
    timestamp_s : float
        Stream time in seconds.
    at : datetime
        Wall-clock time, with its time zone.
    is_key : bool
        Whether a recording can begin here.
    packets : tuple of tuple of Packet
        What the encoders made of it, one entry for each track.
    n_bytes : int
        Size of the packets.
    """

    timestamp_s: float
    at: datetime
    is_key: bool
    packets: tuple[tuple[Packet[VideoStream], ...], ...]
    n_bytes: int


class MomentRing:
    """The newest moments, at least `seconds` of them if memory allows.

    A recording can only begin at a key frame: moments go from one key frame to the next at a
    time, so that the oldest is always one.

    Parameters
    ----------
    seconds : float
        Stream time to keep.
    max_bytes : int
        Size of all packets together, at most.
    """

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._moments: deque[Moment] = deque()
        self._keys_s: deque[float] = deque()
        self.n_bytes = 0
        self.is_unbroken = True
        """Whether every moment since the ring was last emptied is still there."""

    def __len__(self) -> int:
        return len(self._moments)

    def push(self, moment: Moment) -> None:
        """Add the newest moment; older ones may go."""
        if not self._moments and not moment.is_key:
            # Nothing could begin with it.
            self.is_unbroken = False
            return
        self._moments.append(moment)
        self.n_bytes += moment.n_bytes
        if moment.is_key:
            self._keys_s.append(moment.timestamp_s)
        oldest_s = moment.timestamp_s - self._seconds
        while len(self._keys_s) > 1 and self._keys_s[1] <= oldest_s:
            self._drop_oldest()
        while self._keys_s and self.n_bytes > self._max_bytes:
            self._drop_oldest()

    def take(self, since_s: float) -> Sequence[Moment]:
        """Empty the ring; return its moments from the last key frame before `since_s` on.

        If all are later, they are all returned.
        """
        while len(self._keys_s) > 1 and self._keys_s[1] <= since_s:
            self._drop_oldest()
        moments = tuple(self._moments)
        self.clear()
        return moments

    def clear(self) -> None:
        """Forget everything."""
        self._moments.clear()
        self._keys_s.clear()
        self.n_bytes = 0
        self.is_unbroken = True

    def _drop_oldest(self) -> None:
        """Drop the moments before the second key frame, or all."""
        self.is_unbroken = False
        self._keys_s.popleft()
        while self._moments:
            self.n_bytes -= self._moments.popleft().n_bytes
            if self._moments and self._moments[0].is_key:
                break
