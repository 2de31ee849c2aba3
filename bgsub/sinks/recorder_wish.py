"""When there should be a recording: modes, events, and what was asked for by hand."""

from __future__ import annotations

from typing import Literal

__all__ = ["RecordingMode", "Wish"]

RecordingMode = Literal["events", "always", "manual"]


class Wish:
    """Follows events and requests, and tells whether a moment should be recorded.

    Parameters
    ----------
    mode : {"events", "always", "manual"}
        What is recorded without being asked.
    pre_roll_s, post_roll_s : float
        Time around events; what is asked for by hand has it before only.
    """

    def __init__(self, mode: RecordingMode, *, pre_roll_s: float, post_roll_s: float) -> None:
        self._mode = mode
        self._pre_roll_s = pre_roll_s
        self._post_roll_s = post_roll_s
        self._event_start_s: float | None = None
        self._event_number = 0
        self._until_s = float("-inf")
        self._is_asked = False
        self._asked_s: float | None = None

    def event_started(self, number: int, start_s: float) -> None:
        """Take note of an event, which began at stream time `start_s`."""
        self._event_number = number
        self._event_start_s = start_s

    def ask(self, *, is_asked: bool) -> None:
        """Begin or end a recording by hand."""
        self._is_asked = is_asked
        self._asked_s = None

    def restart(self) -> None:
        """Take note that stream time may begin anew: nothing before now is wanted."""
        self._until_s = float("-inf")
        self._event_start_s = None

    def update(self, at_s: float, *, in_event: bool) -> bool:
        """Tell whether the moment at stream time `at_s` should be recorded."""
        if in_event:
            if self._event_start_s is None:
                self._event_start_s = at_s
            self._until_s = at_s + self._post_roll_s
        if self._is_asked and self._asked_s is None:
            self._asked_s = at_s
        is_around = in_event or at_s <= self._until_s
        if not is_around:
            self._event_start_s = None
        return self._mode == "always" or self._is_asked or (self._around_counts and is_around)

    @property
    def _around_counts(self) -> bool:
        return self._mode == "events"

    def since_s(self, at_s: float) -> float:
        """Return from which stream time on it should be recorded, if it should be now."""
        if self._mode == "always":
            return at_s
        starts = [at_s]
        if self._asked_s is not None and self._is_asked:
            starts.append(self._asked_s)
        if self._around_counts and self._event_start_s is not None:
            starts.append(self._event_start_s)
        return min(starts) - self._pre_roll_s

    @property
    def reason(self) -> str:
        """What ``{event}`` stands for in a name, if it should be recorded now."""
        if self._mode == "always":
            return "always"
        if self._around_counts and self._event_start_s is not None:
            return f"{self._event_number:04d}"
        return "manual"
