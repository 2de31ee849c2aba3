"""The live loop, on a source, a scene and sinks that do as a test tells them."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
import pytest

from bgsub.errors import SinkWriteError
from bgsub.events import Event
from bgsub.frames import Frame, FrameResult, StreamInfo
from bgsub.live import LiveLoop
from bgsub.live_controls import LiveControls, LiveStatus
from bgsub.live_events import EventChange
from bgsub.sources.capture import Captured, Gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_EVENT = Event(
    start_s=0.0, end_s=1.0, peak_s=0.5, start_frame=0, end_frame=1, peak_coverage=0.1, boxes=()
)
_CHANGE = EventChange(kind="end", number=1, event=_EVENT)


def _captured(index: int, at_s: float, *, age_s: float = 0.0) -> Captured:
    frame = Frame(index=index, timestamp_s=at_s, image=np.zeros((2, 2), np.uint8))
    return Captured(frame=frame, arrived_s=time.perf_counter() - age_s)


@dataclass
class _Source:
    """Hands out frames, gaps and pauses from a script; None is a moment without a frame."""

    script: deque[Captured | Gap | float | None]
    is_connected: bool = True
    n_dropped: int = 3
    n_breaks: int = 1
    now_s: float = 50.0
    info: StreamInfo = field(
        default_factory=lambda: StreamInfo(
            name="cam", width=2, height=2, source_width=2, source_height=2
        )
    )

    @property
    def has_ended(self) -> bool:
        return not self.script

    def take(self, timeout_s: float) -> Captured | None:
        item = self.script.popleft() if self.script else None
        if isinstance(item, float):
            time.sleep(item)
            return None
        assert item is None or isinstance(item, Captured)
        return item

    def gaps(self) -> Sequence[Gap]:
        gaps = []
        while self.script and isinstance(self.script[0], Gap):
            gaps.append(self.script.popleft())
        return [gap for gap in gaps if isinstance(gap, Gap)]


class _Scene:
    """Sees an event in every frame, and tells of one change whenever it is asked."""

    in_event = True
    n_events = 1

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def look(self, frame: Frame) -> tuple[FrameResult, Sequence[EventChange]]:
        self._log.append(f"look {frame.index}")
        mask = np.zeros((2, 2), np.uint8)
        result = FrameResult(frame=frame, mask=mask, coverage=0.0, boxes=(), in_event=True)
        return result, [_CHANGE]

    def pass_time(self, at_s: float) -> Sequence[EventChange]:
        self._log.append(f"pass {at_s:g}")
        return ()

    def finish(self) -> Sequence[EventChange]:
        self._log.append("finish")
        return [_CHANGE]


class _Sink:
    """Writes down what it is told, and is a window and a listener as well."""

    def __init__(self, log: list[str], name: str, on_write: Callable[[], None]) -> None:
        self._log, self._name, self._on_write = log, name, on_write

    def __enter__(self) -> Self:
        self._log.append(f"{self._name} enter")
        return self

    def __exit__(self, *_: object) -> None:
        self._log.append(f"{self._name} exit")

    def write(self, result: FrameResult) -> None:
        self._log.append(f"{self._name} {result.frame.index}")
        self._on_write()

    def gap(self, at_s: float, what: str) -> None:
        self._log.append(f"{self._name} gap {at_s:g} {what}")

    def idle(self, at_s: float, *, in_event: bool) -> None:
        self._log.append(f"{self._name} idle {at_s:g} {in_event}")

    def changed(self, change: EventChange) -> None:
        self._log.append(f"{self._name} {change.kind}")

    def poll(self) -> None:
        self._log.append(f"{self._name} poll")


@dataclass
class _Run:
    script: Iterable[Captured | Gap | float | None]
    on_write: Callable[[], None] = lambda: None
    is_connected: bool = True
    has_window: bool = False
    controls: LiveControls = field(default_factory=LiveControls)
    status: LiveStatus = field(default_factory=LiveStatus)
    stop: threading.Event = field(default_factory=threading.Event)
    log: list[str] = field(default_factory=list)

    def go(self) -> list[str]:
        loop = LiveLoop(
            scene=_Scene(self.log),
            controls=self.controls,
            status=self.status,
            on_status=lambda _status: None,
            between=lambda: None,
        )
        sink = _Sink(self.log, "sink", self.on_write)
        loop.run(
            _Source(deque(self.script), is_connected=self.is_connected),
            [sink],
            listeners=[_Sink(self.log, "listener", lambda: None)],
            window=_Sink(self.log, "window", lambda: None) if self.has_window else None,
            stop=self.stop,
        )
        return self.log


def test_each_frame_is_looked_at_told_of_and_written_in_this_order() -> None:
    log = _Run([_captured(0, 0.0), _captured(4, 0.1)]).go()
    assert log == [
        "sink enter",
        *["look 0", "listener end", "sink 0"],
        *["look 4", "listener end", "sink 4"],
        *["finish", "listener end", "sink exit"],
    ]


def test_a_gap_is_told_between_the_frames_it_was_between() -> None:
    script: list[Captured | Gap | float | None] = [
        _captured(0, 1.0),
        Gap(at_s=1.5, what="broke off"),
        Gap(at_s=3.0, what="is back"),
        _captured(1, 3.0),
        Gap(at_s=3.5, what="broke off again"),
    ]
    log = [line for line in _Run(script).go() if "gap" in line or "look" in line]
    assert log == [
        "look 0",
        "sink gap 1.5 broke off",
        "sink gap 3 is back",
        "look 1",
        "sink gap 3.5 broke off again",
    ]


def test_the_end_of_the_stop_event_ends_the_run_and_closes_the_sinks() -> None:
    run = _Run([_captured(n, n / 25) for n in range(100)])
    run.on_write = run.stop.set
    log = run.go()
    assert [line for line in log if line.startswith("look")] == ["look 0"]
    assert log[-1] == "sink exit"


def test_the_window_is_polled_after_every_frame_and_while_there_is_none() -> None:
    log = _Run([_captured(0, 0.0), None, None, None], has_window=True).go()
    assert log.count("window poll") == 3
    assert "window 0" in log
    assert log[-2:] == ["window exit", "sink exit"]


def test_quitting_at_the_window_ends_the_run() -> None:
    run = _Run([_captured(n, n / 25) for n in range(100)])
    run.on_write = lambda: setattr(run.controls, "quit", True)
    assert run.go().count("finish") == 1
    assert "look 1" not in run.log


def test_frames_of_a_paused_run_are_thrown_away() -> None:
    run = _Run([_captured(n, n / 25) for n in range(9)])
    run.on_write = lambda: setattr(run.controls, "paused", True)
    run.go()
    assert [line for line in run.log if line.startswith("look")] == ["look 0"]


@pytest.mark.parametrize("is_connected", [True, False])
def test_time_passes_for_events_only_while_the_stream_is_broken(is_connected: bool) -> None:
    log = _Run([_captured(0, 0.0), 0.6, None], is_connected=is_connected).go()
    assert ("pass 50" in log) is not is_connected
    assert "sink idle 50 True" in log


def test_sinks_are_not_told_of_the_time_between_two_frames() -> None:
    log = _Run([_captured(0, 0.0), None, 0.05, None, _captured(1, 0.1)]).go()
    assert not any("idle" in line for line in log)


def test_an_error_of_a_sink_ends_the_run_with_the_sinks_closed() -> None:
    def fail() -> None:
        msg = "the disk is gone"
        raise SinkWriteError(msg)

    run = _Run([_captured(0, 0.0)], on_write=fail)
    with pytest.raises(SinkWriteError, match="the disk is gone"):
        run.go()
    assert run.log[-1] == "sink exit"


def test_the_status_tells_counts_and_delays() -> None:
    run = _Run([_captured(n, n / 25, age_s=0.5) for n in range(20)])
    run.go()
    status = run.status
    assert (status.source, status.n_frames, status.n_dropped) == ("cam", 20, 3)
    assert (status.n_breaks, status.n_events, status.in_event) == (1, 1, True)
    assert 490 < status.delay_ms < 5000
    assert status.worst_delay_ms >= status.delay_ms
