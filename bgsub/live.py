"""The live loop: newest frame -> scene -> events -> sinks, until somebody ends it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from bgsub.delays import DelayMeter

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from bgsub.frames import Frame, FrameResult, LiveSink, LiveWindow, StreamInfo
    from bgsub.live_controls import LiveControls, LiveStatus
    from bgsub.live_events import EventChange, EventListener
    from bgsub.sources.capture import Captured, Gap

__all__ = ["LiveLoop", "LiveSource", "Scene"]

_WAIT_S = 0.03
_IDLE_EVERY_S = 0.5
_STATUS_EVERY_S = 1.0


class LiveSource(Protocol):
    """Where live frames come from, as :class:`bgsub.sources.capture.Capture`."""

    @property
    def info(self) -> StreamInfo:
        """What is known of the stream."""
        ...

    @property
    def is_connected(self) -> bool:
        """False while the stream is broken."""
        ...

    @property
    def n_dropped(self) -> int:
        """Frames that nobody took in time."""
        ...

    @property
    def n_breaks(self) -> int:
        """How often it broke off."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether no frame will come."""
        ...

    @property
    def now_s(self) -> float:
        """Stream time now, in seconds."""
        ...

    def take(self, timeout_s: float) -> Captured | None:
        """Return the newest frame, waiting at most this long for one."""
        ...

    def gaps(self) -> Sequence[Gap]:
        """Return what has happened to the stream since the last call."""
        ...


class Scene(Protocol):
    """What is known of the scene: the model, and the events in it."""

    @property
    def in_event(self) -> bool:
        """Whether an event goes on."""
        ...

    @property
    def n_events(self) -> int:
        """Events that have begun."""
        ...

    def look(self, frame: Frame) -> tuple[FrameResult, Sequence[EventChange]]:
        """Work on one frame; return what is found, and what is new about events."""
        ...

    def pass_time(self, at_s: float) -> Sequence[EventChange]:
        """Take note that no frame has come up to `at_s`; return what is new."""
        ...

    def finish(self) -> Sequence[EventChange]:
        """End what goes on; return what is new."""
        ...


class LiveLoop:
    """Takes the newest frames of one source through the scene to the sinks.

    Memory does not grow with time.

    Parameters
    ----------
    scene : Scene
        Finds what moves.
    controls : LiveControls
        Wishes: what concerns the loop is obeyed here.
    status : LiveStatus
        Kept up to date.
    on_status : callable
        Called with the status about every second.
    between : callable
        Called after every frame, and while there is none: for what was asked for meanwhile.
    """

    def __init__(
        self,
        *,
        scene: Scene,
        controls: LiveControls,
        status: LiveStatus,
        on_status: Callable[[LiveStatus], None],
        between: Callable[[], None],
    ) -> None:
        self._scene = scene
        self._controls = controls
        self._status = status
        self._on_status = on_status
        self._between = between
        self._delays = DelayMeter()
        self._counted = 0
        self._counted_at_s = time.perf_counter()
        self._idle_at_s = time.perf_counter()

    def run(
        self,
        source: LiveSource,
        sinks: Sequence[LiveSink],
        *,
        listeners: Sequence[EventListener],
        window: LiveWindow | None,
        stop: threading.Event,
    ) -> None:
        """Run until the source ends, `stop` is set, or the window is told to quit.

        Parameters
        ----------
        source : LiveSource
            Entered already.
        sinks : sequence of LiveSink
            Entered and left here, the window too; they get every frame that is worked on.
        listeners : sequence of EventListener
            They get news of events before the frame these came with.
        window : LiveWindow or None
            The last of the sinks, if there is one.
        stop : threading.Event
            Ends the run after the current frame.

        Raises
        ------
        BgsubError
            The first error of a sink.
        """
        self._status.source = source.info.name
        everyone = [*sinks] if window is None else [*sinks, window]
        with ExitStack() as stack:
            for sink in everyone:
                stack.enter_context(sink)
            while not (stop.is_set() or self._controls.quit):
                captured = source.take(_WAIT_S)
                if captured is None and source.has_ended:
                    break
                self._step(source, captured, everyone, listeners)
                if window is not None:
                    window.poll()
                self._between()
                self._report(source)
            _tell(self._scene.finish(), listeners)
            self._report(source, now=True)

    def _step(
        self,
        source: LiveSource,
        captured: Captured | None,
        sinks: Sequence[LiveSink],
        listeners: Sequence[EventListener],
    ) -> None:
        gaps = source.gaps()
        self._status.n_breaks = source.n_breaks
        before_s = float("inf") if captured is None else captured.frame.timestamp_s
        for gap in gaps:
            if gap.at_s <= before_s:
                _pass_on(gap, sinks)
        if captured is None:
            self._idle(source, sinks, listeners)
        elif not self._controls.paused:
            self._work(captured, sinks, listeners)
        for gap in gaps:
            if gap.at_s > before_s:
                _pass_on(gap, sinks)

    def _work(
        self,
        captured: Captured,
        sinks: Sequence[LiveSink],
        listeners: Sequence[EventListener],
    ) -> None:
        result, changes = self._scene.look(captured.frame)
        self._delays.add(time.perf_counter() - captured.arrived_s)
        _tell(changes, listeners)
        for sink in sinks:
            sink.write(result)
        self._status.n_frames += 1
        self._status.in_event = result.in_event
        self._idle_at_s = time.perf_counter()

    def _idle(
        self,
        source: LiveSource,
        sinks: Sequence[LiveSink],
        listeners: Sequence[EventListener],
    ) -> None:
        now = time.perf_counter()
        if now - self._idle_at_s < _IDLE_EVERY_S:
            return
        self._idle_at_s = now
        at_s = source.now_s
        if not source.is_connected:
            # A camera that is merely slow does not end an event between two frames.
            _tell(self._scene.pass_time(at_s), listeners)
            self._status.in_event = self._scene.in_event
        for sink in sinks:
            sink.idle(at_s, in_event=self._scene.in_event)

    def _report(self, source: LiveSource, *, now: bool = False) -> None:
        at_s = time.perf_counter()
        since_s = at_s - self._counted_at_s
        if since_s < _STATUS_EVERY_S and not now:
            return
        status = self._status
        if since_s >= _STATUS_EVERY_S:
            status.fps = (status.n_frames - self._counted) / since_s
            self._counted, self._counted_at_s = status.n_frames, at_s
        status.is_connected = source.is_connected
        status.n_dropped = source.n_dropped
        status.n_events = self._scene.n_events
        status.delay_ms = 1000 * self._delays.percentile_s(50)
        status.worst_delay_ms = 1000 * self._delays.percentile_s(99)
        self._on_status(status)


def _pass_on(gap: Gap, sinks: Sequence[LiveSink]) -> None:
    for sink in sinks:
        sink.gap(gap.at_s, gap.what)


def _tell(changes: Sequence[EventChange], listeners: Sequence[EventListener]) -> None:
    for change in changes:
        for listener in listeners:
            listener.changed(change)
