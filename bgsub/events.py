"""From coverage over time to events: a small state machine without input or output.

A frame is *in motion* when its coverage lies within the limits and the settling time is over.
Frames in motion collect into a candidate; a candidate with enough time in motion is an event.

    idle ── motion ──> candidate ── in motion for min_duration_s ──> event
     ^                     │                                           │
     └──── a pause longer than merge_gap_s drops the one, closes the other

Time is only ever the frames' own timestamps, so variable frame rates and skipped frames need
no care.  Padding is added last; events that it makes touch become one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bgsub.frames import Box

__all__ = ["Event", "EventDetector", "EventRules"]

# Timestamps are ticks of some clock turned into floats: times that are equal on that clock may
# differ by rounding, and no container counts in smaller ticks than this.
_TICK_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One stretch of motion, padding included.

    Events of one clip are in order of time and never touch each other.

    Attributes
    ----------
    start_s, end_s : float
        Stream time of the beginning and end, with padding, within the clip: never before its
        first frame or after its last.
    peak_s : float
        Stream time of the frame with the highest coverage; the first of equals.
    start_frame, end_frame : int
        Numbers of the first and last frame whose timestamps lie within `start_s` and `end_s`,
        both inclusive.
    peak_coverage : float
        Coverage of the peak frame, 0 to 1.
    boxes : tuple of Box
        Boxes of the peak frame, largest first.
    """

    start_s: float
    end_s: float
    peak_s: float
    start_frame: int
    end_frame: int
    peak_coverage: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules:
    """When motion counts as an event; the configuration's section ``events``.

    Attributes
    ----------
    min_coverage_fraction, max_coverage_fraction : float
        A frame is in motion when its coverage lies between these, both inclusive.  Above the
        upper limit it is a change of light or a moved camera, which counts as no motion.
    settle_s : float
        Frames less than this after the first frame are never in motion.
    min_duration_s : float
        Time in motion that makes an event.  Pauses do not count: it is the time from each
        frame in motion back to the frame before it, summed over all but the first.
    merge_gap_s : float
        Pauses up to this long do not end an event.  A pause has at least one frame that is
        not in motion: neighbouring frames in motion belong together however far apart.
    pad_before_s, pad_after_s : float
        Time added before the first and after the last frame in motion.
    """

    min_coverage_fraction: float
    max_coverage_fraction: float
    settle_s: float
    min_duration_s: float
    merge_gap_s: float
    pad_before_s: float
    pad_after_s: float


@dataclass(slots=True, kw_only=True)
class _Motion:
    """A candidate or event in the making: times without padding, frames with."""

    first_s: float
    last_s: float
    moving_s: float
    start_frame: int
    end_frame: int
    peak_s: float
    peak_coverage: float
    boxes: tuple[Box, ...]

    def rise(self, *, peak_s: float, coverage: float, boxes: tuple[Box, ...]) -> None:
        """Take over a higher peak."""
        if coverage > self.peak_coverage:
            self.peak_s, self.peak_coverage, self.boxes = peak_s, coverage, boxes

    def join(self, later: _Motion) -> None:
        """Take in the motion that follows."""
        self.last_s, self.end_frame = later.last_s, later.end_frame
        self.rise(peak_s=later.peak_s, coverage=later.peak_coverage, boxes=later.boxes)


class EventDetector:
    """Finds the events of one clip, frame by frame.

    Memory is bounded by the number of events and of the frames within ``pad_before_s``; a run
    without end forgets its events with :meth:`take`.

    Parameters
    ----------
    rules : EventRules
        When motion counts as an event.

    Examples
    --------
    >>> detector = EventDetector(
    ...     EventRules(
    ...         min_coverage_fraction=0.01,
    ...         max_coverage_fraction=0.8,
    ...         settle_s=1.0,
    ...         min_duration_s=0.5,
    ...         merge_gap_s=1.0,
    ...         pad_before_s=0.5,
    ...         pad_after_s=0.5,
    ...     )
    ... )
    >>> for i in range(100):
    ...     _ = detector.update(i, i / 10, 0.05 if 30 <= i <= 40 else 0.0, ())
    >>> [(event.start_s, event.end_s) for event in detector.finish()]
    [(2.5, 4.5)]
    """

    def __init__(self, rules: EventRules) -> None:
        self._rules = rules
        self._begin_s: float | None = None
        self._now_s = float("-inf")
        self._silent_s = float("-inf")
        self._was_moving = False
        self._recent: deque[tuple[int, float]] = deque()
        self._open: _Motion | None = None
        self._closed: list[_Motion] = []

    @property
    def events(self) -> tuple[Event, ...]:
        """Events that no later frame can change, in order of time."""
        return tuple(self._event(motion) for motion in self._closed[: self._n_done()])

    @property
    def current(self) -> Event | None:
        """The event that goes on or that later frames may still change, as it stands now."""
        events = self.finish()
        return events[-1] if len(events) > self._n_done() else None

    @property
    def peaks_s(self) -> tuple[float, ...]:
        """Times of the frames that may turn out to be an event's peak, two at most.

        Among them are the highest frames of motion that is no event yet.
        """
        last = self._closed[self._n_done() :]
        motions = [*last, self._open] if self._open is not None else last
        return tuple(motion.peak_s for motion in motions)

    def change_rules(self, rules: EventRules) -> None:
        """Go on by other rules; what is over stays as it is."""
        self._rules = rules

    def take(self) -> tuple[Event, ...]:
        """Return what :attr:`events` holds, and forget it."""
        taken = self.events
        del self._closed[: len(taken)]
        return taken

    def pass_time(self, at_s: float) -> bool:
        """Take note that no frame has come up to stream time `at_s`.

        Motion ends by that as by frames without motion.

        Parameters
        ----------
        at_s : float
            Stream time in seconds; the next frame may still be of an earlier time.

        Returns
        -------
        bool
            As :meth:`update`: whether an event goes on.
        """
        if self._open is not None and self._is_over(at_s, moving=False):
            _close(self._open, self._closed, self._rules)
            self._open = None
            self._was_moving = False
        self._silent_s = max(self._silent_s, at_s)
        return self._open is not None and _is_event(self._open, self._rules)

    def update(
        self, index: int, timestamp_s: float, coverage: float, boxes: tuple[Box, ...]
    ) -> bool:
        """Take the next frame.

        Parameters
        ----------
        index : int
            Number of the frame, rising.
        timestamp_s : float
            Stream time in seconds, rising.
        coverage : float
            Foreground pixels over all pixels of the frame, 0 to 1.
        boxes : tuple of Box
            Around the moving things in the frame, largest first.

        Returns
        -------
        bool
            True from the frame that turns the candidate into an event until the pause that
            ends it, shorter pauses included.

        Raises
        ------
        ValueError
            If the timestamp does not rise.
        """
        if timestamp_s <= self._now_s:
            msg = f"frame {index} at {timestamp_s} s does not follow {self._now_s} s"
            raise ValueError(msg)
        if self._begin_s is None:
            self._begin_s = timestamp_s
        self._remember(index, timestamp_s)
        moving = self._is_motion(timestamp_s - self._begin_s, coverage)
        if self._open is not None and self._is_over(timestamp_s, moving=moving):
            _close(self._open, self._closed, self._rules)
            self._open = None
        if moving:
            self._move(index, timestamp_s, coverage, boxes)
        self._extend_padding(index, timestamp_s)
        self._was_moving = moving
        self._now_s = timestamp_s
        return self._open is not None and _is_event(self._open, self._rules)

    def finish(self) -> tuple[Event, ...]:
        """Return all events as they are if the clip ends here; changes nothing.

        Returns
        -------
        tuple of Event
            In order of time.
        """
        closed = [replace(motion) for motion in self._closed]
        if self._open is not None:
            _close(self._open, closed, self._rules)
        return tuple(self._event(motion) for motion in closed)

    def _n_done(self) -> int:
        """Return how many of the ended motions no later frame can change."""
        now_s = max(self._now_s, self._silent_s)
        earliest_s = self._open.first_s if self._open is not None else now_s
        done = len(self._closed)
        if done and not self._follows(self._closed[-1], earliest_s):
            done -= 1
        return done

    def _is_motion(self, age_s: float, coverage: float) -> bool:
        rules = self._rules
        within = rules.min_coverage_fraction <= coverage <= rules.max_coverage_fraction
        return within and age_s >= rules.settle_s - _TICK_S

    def _is_over(self, timestamp_s: float, *, moving: bool) -> bool:
        """Whether the open motion ended before this frame."""
        if self._open is None or (moving and self._was_moving):
            return False
        return timestamp_s - self._open.last_s > self._rules.merge_gap_s + _TICK_S

    def _move(
        self, index: int, timestamp_s: float, coverage: float, boxes: tuple[Box, ...]
    ) -> None:
        """Open a motion at this frame, or prolong the open one to it."""
        if self._open is None:
            self._open = _Motion(
                first_s=timestamp_s,
                last_s=timestamp_s,
                moving_s=0.0,
                start_frame=self._recent[0][0],
                end_frame=index,
                peak_s=timestamp_s,
                peak_coverage=coverage,
                boxes=boxes,
            )
            return
        self._open.last_s = timestamp_s
        self._open.moving_s += timestamp_s - self._now_s
        self._open.rise(peak_s=timestamp_s, coverage=coverage, boxes=boxes)

    def _remember(self, index: int, timestamp_s: float) -> None:
        """Keep the frames that an event beginning here would be padded with."""
        self._recent.append((index, timestamp_s))
        while timestamp_s - self._recent[0][1] > self._rules.pad_before_s + _TICK_S:
            self._recent.popleft()

    def _extend_padding(self, index: int, timestamp_s: float) -> None:
        """Count the frame among those after the motion, while the padding lasts."""
        for motion in (self._open, self._closed[-1] if self._closed else None):
            if motion is not None and (
                timestamp_s - motion.last_s <= self._rules.pad_after_s + _TICK_S
            ):
                motion.end_frame = index

    def _follows(self, motion: _Motion, first_s: float) -> bool:
        return not _touches(motion, first_s, self._rules)

    def _event(self, motion: _Motion) -> Event:
        begin_s = motion.first_s if self._begin_s is None else self._begin_s
        return Event(
            start_s=max(begin_s, motion.first_s - self._rules.pad_before_s),
            end_s=min(self._now_s, motion.last_s + self._rules.pad_after_s),
            peak_s=motion.peak_s,
            start_frame=motion.start_frame,
            end_frame=motion.end_frame,
            peak_coverage=motion.peak_coverage,
            boxes=motion.boxes,
        )


def _is_event(motion: _Motion, rules: EventRules) -> bool:
    return motion.moving_s >= rules.min_duration_s - _TICK_S


def _touches(motion: _Motion, first_s: float, rules: EventRules) -> bool:
    """Whether padding joins a motion to one that begins at `first_s`."""
    return first_s - motion.last_s <= rules.pad_before_s + rules.pad_after_s + _TICK_S


def _close(motion: _Motion, closed: list[_Motion], rules: EventRules) -> None:
    """Add an ended motion to the events, or drop it if it is too short."""
    if not _is_event(motion, rules):
        return
    if closed and _touches(closed[-1], motion.first_s, rules):
        closed[-1].join(motion)
    else:
        closed.append(motion)
