"""Recorders to try, frames to record, and readers for what was recorded."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import av

from bgsub.sinks.recorder import Recorder, RecordingRules
from tests.sinks._results import result, stream_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from bgsub.frames import FrameResult
    from bgsub.sinks.recorder_segment import Recording

FPS = 10
SIZE = (64, 48)
BEGAN = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def rules(**changes: Any) -> RecordingRules:
    plain = RecordingRules(
        mode="events",
        name="%Y%m%d-%H%M%S-{event}",
        pre_roll_s=2.0,
        post_roll_s=1.0,
        merge_gap_s=0.0,
        max_length_s=600.0,
        max_ring_bytes=10_000_000,
        crf=23,
        overlay=False,
        mask=False,
        keep_days=None,
        keep_bytes=None,
        min_free_bytes=0,
    )
    return replace(plain, **changes)


def recorder(
    folder: Path,
    settings: RecordingRules,
    *,
    size: tuple[int, int] = SIZE,
    lead_s: float = 0.0,
    on_recording: Callable[[Recording], None] = lambda _: None,
) -> Recorder:
    return Recorder(
        folder,
        stream_info(*size, fps=FPS),
        settings,
        lead_s=lead_s,
        max_value=None,
        on_recording=on_recording,
    )


def moment(
    index: int, *, in_event: bool = False, at_s: float | None = None, size: Any = SIZE
) -> FrameResult:
    """Frame `index` of ten a second, taken at its time on a day in November 2026."""
    at_s = index / FPS if at_s is None else at_s
    one = result(index, *size, timestamp_s=at_s)
    frame = replace(one.frame, captured_at=BEGAN + timedelta(seconds=at_s))
    return replace(one, frame=frame, in_event=in_event)


def moments(n_frames: int, *events: tuple[int, int]) -> Iterable[FrameResult]:
    """Frames with events from first to last, both inclusive."""
    for index in range(n_frames):
        yield moment(index, in_event=any(a <= index <= b for a, b in events))


def feed(sink: Recorder, results: Iterable[FrameResult]) -> None:
    """Hand over results without leaving any out, as a camera slower than the encoder."""
    for number, one in enumerate(results, start=1):
        sink.write(one)
        if number % 10 == 0:
            wait_until_done(sink)
    wait_until_done(sink)


def wait_until_done(sink: Recorder) -> None:
    """Wait until the recorder's thread has done what it was handed."""
    done = threading.Event()
    sink._post(done.set)
    assert done.wait(30.0)


def times(path: Path) -> list[float]:
    """Wall-clock seconds after `BEGAN` of the frames of a recording."""
    with av.open(path) as container:
        began = datetime.fromisoformat(container.metadata["creation_time"])
        offset_s = (began - BEGAN).total_seconds()
        return [
            round(offset_s + float(frame.time or 0.0), 3) for frame in container.decode(video=0)
        ]


def frames_of(path: Path) -> list[int]:
    """Numbers of the frames that a recording holds, by their times."""
    return [round(at_s * FPS) for at_s in times(path)]


def recorded(folder: Path) -> list[list[int]]:
    """The frames of each recording in a folder, by name."""
    return [frames_of(path) for path in sorted(folder.rglob("*.mkv"))]
