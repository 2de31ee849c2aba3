"""Events of a run without end, told as they happen and then forgotten.

Every event is told at least twice under one number: its start, when motion has lasted long
enough to be an event, and its end, when no later frame can change it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from bgsub.events import EventDetector

if TYPE_CHECKING:
    from bgsub.events import Event, EventRules
    from bgsub.frames import Box

__all__ = ["EventChange", "EventListener", "LiveEvents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """News of one event.

    Attributes
    ----------
    kind : {"start", "update", "end"}
        What is new.
    number : int
        Number of the event in this run, from 1.
    event : Event
        The event as it stands; final for ``end``.  Its start lies before the news of it: that
        is the time it takes to tell motion from noise.
    """

    kind: Literal["start", "update", "end"]
    number: int
    event: Event


class EventListener(Protocol):
    """Who wants to know of events as they happen."""

    def changed(self, change: EventChange) -> None:
        """Take news of an event; called by the loop before the frame it came with."""
        ...


class LiveEvents:
    """Finds events frame by frame and tells their starts, updates and ends.

    Memory does not grow with the number of events.

    Parameters
    ----------
    rules : EventRules
        When motion counts as an event.
    update_every_s : float
        Stream time between updates of an event that goes on.
    """

    def __init__(self, rules: EventRules, *, update_every_s: float) -> None:
        self._rules = rules
        self._update_every_s = update_every_s
        self._detector = EventDetector(rules)
        self._number = 0
        self._is_told = False
        self._told_s = 0.0
        self._in_event = False

    @property
    def in_event(self) -> bool:
        """Whether the newest frame belongs to an event, as in a frame's result."""
        return self._in_event

    @property
    def n_events(self) -> int:
        """Events that have begun."""
        return self._number

    @property
    def peaks_s(self) -> tuple[float, ...]:
        """Times of the frames that may turn out to be an event's peak, two at most."""
        return self._detector.peaks_s

    def update(
        self, index: int, timestamp_s: float, coverage: float, boxes: tuple[Box, ...]
    ) -> tuple[EventChange, ...]:
        """Take the next frame; the parameters are :meth:`EventDetector.update`'s.

        Returns
        -------
        tuple of EventChange
            What is new with this frame, in order.
        """
        self._in_event = self._detector.update(index, timestamp_s, coverage, boxes)
        return self._changes(timestamp_s, has_frame=True)

    def pass_time(self, at_s: float) -> tuple[EventChange, ...]:
        """Take note that no frame has come up to stream time `at_s`; return what is new."""
        self._in_event = self._detector.pass_time(at_s)
        return self._changes(at_s, has_frame=False)

    def change_rules(self, rules: EventRules) -> None:
        """Go on by other rules."""
        self._rules = rules
        self._detector.change_rules(rules)

    def restart(self) -> tuple[EventChange, ...]:
        """End what goes on and begin anew, as after a gap; return the ends.

        Frames after it may have any time.  They need not settle again, since the model has
        seen the scene.
        """
        finished = self._detector.finish()
        self._detector = EventDetector(replace(self._rules, settle_s=0.0))
        self._in_event = False
        return tuple(change for event in finished for change in self._ended(event))

    def _changes(self, now_s: float, *, has_frame: bool) -> tuple[EventChange, ...]:
        changes: list[EventChange] = []
        for event in self._detector.take():
            changes += self._ended(event)
        current = self._detector.current
        if current is None:
            return tuple(changes)
        if not self._is_told:
            changes.append(self._started(current, now_s))
        elif has_frame and self._in_event and now_s - self._told_s >= self._update_every_s:
            self._told_s = now_s
            changes.append(EventChange(kind="update", number=self._number, event=current))
        return tuple(changes)

    def _started(self, event: Event, now_s: float) -> EventChange:
        self._number += 1
        self._is_told = True
        self._told_s = now_s
        return EventChange(kind="start", number=self._number, event=event)

    def _ended(self, event: Event) -> tuple[EventChange, ...]:
        news = () if self._is_told else (self._started(event, event.end_s),)
        self._is_told = False
        return (*news, EventChange(kind="end", number=self._number, event=event))
