"""Recording for a long time takes no more of anything than recording for a short one."""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bgsub.events import EventRules
from bgsub.live_events import LiveEvents
from bgsub.sinks.notify import Notifier
from tests.sinks._notifying import notify_rules
from tests.sinks._recording import BEGAN, FPS, moment, recorder, rules, wait_until_done
from tests.sinks._results import stream_info

if TYPE_CHECKING:
    from bgsub.frames import FrameResult

SIZE = (64, 48)
N_FRAMES = 20_000
SETTLED = 4_000
PERIOD = 200


def resident_kb() -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0])


def n_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - of this process, not a folder's


def _at(one: FrameResult, index: int, *, in_event: bool) -> FrameResult:
    """The same picture as frame `index`."""
    at_s = index / FPS
    captured_at = BEGAN + timedelta(seconds=at_s)
    frame = replace(one.frame, index=index, timestamp_s=at_s, captured_at=captured_at)
    return replace(one, frame=frame, in_event=in_event)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_events_without_end_take_no_more_memory_files_or_threads(tmp_path: Path) -> None:
    events = LiveEvents(
        EventRules(
            min_coverage_fraction=0.01,
            max_coverage_fraction=0.8,
            settle_s=0.0,
            min_duration_s=0.3,
            merge_gap_s=0.5,
            pad_before_s=0.5,
            pad_after_s=0.5,
        ),
        update_every_s=1.0,
    )
    notifier = Notifier(
        tmp_path,
        stream_info(*SIZE),
        notify_rules(log_bytes=20_000, log_files=2),
        name="%Y%m%d/%H%M%S-{event}",
        peaks_s=lambda: events.peaks_s,
        max_value=None,
        min_free_bytes=0,
    )
    settings = rules(
        name="%Y%m%d/%H%M%S-{event}", mask=True, overlay=True, keep_bytes=1_000_000
    )
    measured: list[tuple[int, int, int]] = []
    with (
        notifier,
        recorder(tmp_path, settings, size=SIZE, on_recording=notifier.recording) as sink,
    ):
        frames = [moment(i, size=SIZE) for i in range(PERIOD)]
        for index in range(N_FRAMES):
            one = frames[index % PERIOD]
            coverage = 0.1 if index % PERIOD < 30 else 0.0
            one = _at(one, index, in_event=events.in_event)
            for change in events.update(index, one.frame.timestamp_s, coverage, one.boxes):
                notifier.changed(change)
                sink.changed(change)
            notifier.write(one)
            sink.write(one)
            if index % 20 == 0:
                wait_until_done(sink)
            if index % 1000 == 0 and index >= SETTLED:
                gc.collect()
                measured.append((resident_kb(), n_descriptors(), threading.active_count()))
        assert sink.n_dropped == 0
    assert events.n_events == N_FRAMES // PERIOD
    memory, descriptors, threads = zip(*measured, strict=True)
    assert max(memory) <= 1.02 * memory[0] + 1000
    assert max(descriptors) - min(descriptors) <= 3, "the files of one recording"
    assert len(set(threads)) == 1
