"""Stream time of a live source: one rising time over all its connections."""

from __future__ import annotations

__all__ = ["LiveClock"]

# Further apart than this, the source's clock was set, or its pictures come from a buffer.
_MAX_OFFSET_S = 1.0
_TICK_S = 1e-3


class LiveClock:
    """Places pictures by the source's clock where it has one, tied to the time of arrival.

    The source's clock knows nothing of the network's jitter; the time of arrival knows of
    breaks, and of clocks that are set or begin anew.

    Parameters
    ----------
    began_s : float
        The clock's reading at stream time 0.
    """

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self._offset_s: float | None = None
        self._last_s: float | None = None

    def at(self, arrived_s: float) -> float:
        """Return the stream time of a reading of the clock, never before the last picture."""
        return max(arrived_s - self._began_s, self._last_s or 0.0)

    def reconnected(self) -> None:
        """Take note that the source's clock may have begun anew."""
        self._offset_s = None

    def place(self, source_s: float | None, arrived_s: float) -> float:
        """Return the stream time of the next picture in seconds, later than all before it."""
        time_s = elapsed_s = max(0.0, arrived_s - self._began_s)
        if source_s is not None:
            offset_s = self._offset_s
            if offset_s is None or abs(source_s + offset_s - elapsed_s) > _MAX_OFFSET_S:
                offset_s = self._offset_s = elapsed_s - source_s
            time_s = max(0.0, source_s + offset_s)
        if self._last_s is not None:
            time_s = max(time_s, self._last_s + _TICK_S)
        self._last_s = time_s
        return time_s
