from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import pytest

from bgsub.events import Event, EventRules
from bgsub.frames import Box
from bgsub.live_events import EventChange, LiveEvents
from bgsub.sinks.event_log import EventLog
from bgsub.sinks.notify import Notifier
from bgsub.sinks.recorder_names import NameTemplate
from bgsub.sinks.recorder_segment import Recording
from bgsub.sinks.retention import own_files
from tests.sinks._notifying import notify_rules
from tests.sinks._recording import BEGAN, SIZE, moment
from tests.sinks._results import stream_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from bgsub.frames import FrameResult
    from bgsub.sinks.notify import NotifyRules

NAME = "%H%M%S-{event}"
KINDS: tuple[Literal["start", "update", "end"], ...] = ("start", "update", "end")


def notifier(
    folder: Path | None,
    settings: NotifyRules,
    *,
    peaks_s: Callable[[], tuple[float, ...]] = tuple,
    min_free_bytes: int = 0,
) -> Notifier:
    return Notifier(
        folder,
        stream_info(*SIZE),
        settings,
        name=NAME,
        peaks_s=peaks_s,
        max_value=None,
        min_free_bytes=min_free_bytes,
    )


def change(kind: Literal["start", "update", "end"], number: int = 1) -> EventChange:
    event = Event(
        start_s=1.0,
        end_s=3.5,
        peak_s=2.0,
        start_frame=10,
        end_frame=35,
        peak_coverage=0.25,
        boxes=(Box(x=1, y=2, width=3, height=4),),
    )
    return EventChange(kind=kind, number=number, event=event)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def at(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def follow(
    sink: Notifier, events: LiveEvents, results: list[FrameResult], coverages: list[float]
) -> None:
    """What the live loop does with frames, events and sinks."""
    for result, coverage in zip(results, coverages, strict=True):
        frame = result.frame
        for one in events.update(frame.index, frame.timestamp_s, coverage, result.boxes):
            sink.changed(one)
        sink.write(result)
    for one in events.restart():
        sink.changed(one)


def live_events() -> LiveEvents:
    rules = EventRules(
        min_coverage_fraction=0.01,
        max_coverage_fraction=0.8,
        settle_s=0.0,
        min_duration_s=0.3,
        merge_gap_s=0.5,
        pad_before_s=0.0,
        pad_after_s=0.0,
    )
    return LiveEvents(rules, update_every_s=1.0)


def test_news_are_lines_as_they_come(tmp_path: Path) -> None:
    with notifier(tmp_path, notify_rules(snapshot="none")) as sink:
        sink.write(moment(7))
        for kind in KINDS:
            sink.changed(change(kind))
        sink.gap(4.0, "the camera does not answer")
    start, update, end, gap = lines(tmp_path / "events.jsonl")
    assert start == {
        "type": "start",
        "event": 1,
        "source": "clip",
        "start_s": 1.0,
        "end_s": 3.5,
        "peak_s": 2.0,
        "start_frame": 10,
        "end_frame": 35,
        "peak_coverage": 0.25,
        "boxes": [{"x": 1, "y": 2, "width": 3, "height": 4}],
        "start_at": at(1.0),
        "end_at": at(3.5),
    }
    assert (update["type"], end["type"]) == ("update", "end")
    assert gap == {
        "type": "gap",
        "at_s": 4.0,
        "at": at(4.0),
        "what": "the camera does not answer",
    }


def test_lines_are_there_before_the_run_ends(tmp_path: Path) -> None:
    with notifier(tmp_path, notify_rules()) as sink:
        sink.changed(change("start"))
        end = time.monotonic() + 60.0
        while not (tmp_path / "events.jsonl").exists():
            assert time.monotonic() < end
            time.sleep(0.01)


def test_the_log_can_be_the_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with notifier(None, notify_rules(log="-")) as sink:
        sink.changed(change("start"))
    assert json.loads(capfd.readouterr().out)["type"] == "start"


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path: Path) -> None:
    with notifier(tmp_path, notify_rules(log=None, snapshot="none")) as sink:
        sink.write(moment(0))
        sink.changed(change("start"))
        sink.changed(change("end"))
        sink.gap(4.0, "gone")
        sink.idle(5.0, in_event=False)
        sink.rotate()
    assert list(tmp_path.iterdir()) == []


def test_times_of_day_follow_the_frames_clock(tmp_path: Path) -> None:
    late = moment(7)
    off_by = timedelta(seconds=3)
    late = replace(late, frame=replace(late.frame, captured_at=BEGAN + off_by))
    with notifier(tmp_path, notify_rules()) as sink:
        sink.write(moment(6))
        sink.write(late)
        sink.changed(change("start"))
    (start,) = lines(tmp_path / "events.jsonl")
    assert start["start_at"] == at(1.0 + 3.0 - 0.7)


def test_without_a_clock_of_the_source_ours_is_taken(tmp_path: Path) -> None:
    with notifier(tmp_path, notify_rules()) as sink:
        sink.changed(change("start"))
    (start,) = lines(tmp_path / "events.jsonl")
    told = datetime.fromisoformat(start["end_at"])
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60


def test_the_snapshot_shows_the_peak(tmp_path: Path) -> None:
    events = live_events()
    frames = [moment(i) for i in range(60)]
    coverages = [0.0] * 60
    coverages[10:16] = [0.1, 0.1, 0.1, 0.3, 0.1, 0.1]
    coverages[40:50] = [0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 0.1, 0.1]
    colour = np.random.default_rng(1).integers(40, 215, (60, 3), np.uint8)
    frames = [
        replace(one, frame=replace(one.frame, image=np.full((48, 64, 3), c, np.uint8)))
        for one, c in zip(frames, colour, strict=True)
    ]
    with notifier(tmp_path, notify_rules(), peaks_s=lambda: events.peaks_s) as sink:
        follow(sink, events, frames, coverages)
    ends = [line for line in lines(tmp_path / "events.jsonl") if line["type"] == "end"]
    assert [end["peak_s"] for end in ends] == [1.3, 4.7]
    for end, peak in zip(ends, (13, 47), strict=True):
        path = Path(end["snapshot"])
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.shape == (48, 64, 3)
        assert np.abs(picture.mean((0, 1)) - colour[peak]).max() < 3
    local = (BEGAN + timedelta(seconds=1.3)).astimezone()
    assert Path(ends[0]["snapshot"]).name == f"{local:%H%M%S}-0001.jpg"


def picture_of(folder: Path, style: Literal["plain", "marked"]) -> list[Path]:
    """Have an event of 30 frames told; return the pictures that are there then."""
    events = live_events()
    settings = notify_rules(snapshot=style)
    with notifier(folder, settings, peaks_s=lambda: events.peaks_s) as sink:
        frames = [moment(i) for i in range(30)]
        follow(sink, events, frames, [0.1 if 10 <= i < 20 else 0.0 for i in range(30)])
    return sorted(folder.glob("*.jpg"))


def test_snapshots_are_known_as_ours_and_replace_nothing(tmp_path: Path) -> None:
    assert len(picture_of(tmp_path, "plain")) == 1
    pictures = picture_of(tmp_path, "marked")
    assert len(pictures) == 2
    names = NameTemplate(tmp_path, NAME, "clip")
    assert sorted(own.path for own in own_files(names)) == pictures


def test_marked_snapshots_differ_from_plain_ones(tmp_path: Path) -> None:
    plain = cv2.imread(str(picture_of(tmp_path / "plain", "plain")[0]))
    marked = cv2.imread(str(picture_of(tmp_path / "marked", "marked")[0]))
    assert plain is not None
    assert marked is not None
    assert np.abs(plain.astype(int) - 127).max() < 10
    assert np.abs(plain.astype(int) - marked).max() > 60


def test_no_snapshot_is_written_where_there_is_no_room(tmp_path: Path) -> None:
    events = live_events()
    sink = notifier(
        tmp_path, notify_rules(), peaks_s=lambda: events.peaks_s, min_free_bytes=10**18
    )
    with sink:
        frames = [moment(i) for i in range(30)]
        follow(sink, events, frames, [0.1 if 10 <= i < 20 else 0.0 for i in range(30)])
    assert lines(tmp_path / "events.jsonl")[-1]["snapshot"] is None
    assert not list(tmp_path.glob("*.jpg"))


def test_snapshots_that_cannot_be_written_are_left_out_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events = live_events()
    coverages = [0.1 if i % 30 in range(10, 20) else 0.0 for i in range(60)]
    with notifier(tmp_path / "yard", notify_rules(), peaks_s=lambda: events.peaks_s) as sink:
        (tmp_path / "yard").rmdir()
        (tmp_path / "yard").write_text("in the way")
        follow(sink, events, [moment(i) for i in range(60)], coverages)
    assert events.n_events == 2
    assert caplog.text.count("the snapshot of event") == 1


def test_what_the_disk_did_not_take_is_written_when_it_does(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with notifier(tmp_path, notify_rules(log="logs/events")) as sink:
        sink.changed(change("start"))
        sink.idle(4.0, in_event=True)
        end = time.monotonic() + 60.0
        (tmp_path / "logs").unlink()
        while not (tmp_path / "logs").exists():
            assert time.monotonic() < end
            sink.idle(5.0, in_event=True)
            time.sleep(0.01)
    assert [line["type"] for line in lines(tmp_path / "logs" / "events")] == ["start"]


def test_commands_learn_the_facts(tmp_path: Path) -> None:
    code = "import json, os, sys; names = [n for n in os.environ if n.startswith('BGSUB_')]\n"
    code += "with open(sys.argv[1], 'w') as f: json.dump({n: os.environ[n] for n in names}, f)"
    out = [str(tmp_path / f"{when}.json") for when in ("start", "end", "recording")]
    settings = notify_rules(
        on_event_start=(sys.executable, "-c", code, out[0]),
        on_event_end=(sys.executable, "-c", code, out[1]),
        on_recording_end=(sys.executable, "-c", code, out[2]),
    )
    recording = Recording(
        path=Path("/somewhere/a.mkv"), event="0001", started_at=BEGAN, start_s=0.5, end_s=None
    )
    with notifier(tmp_path, settings) as sink:
        sink.write(moment(7))
        sink.changed(change("start"))
        sink.changed(change("update"))
        sink.recording(recording)
        sink.changed(change("end"))
        sink.recording(replace(recording, end_s=4.5))
        end = time.monotonic() + 60.0
        while not all(Path(path).exists() and Path(path).read_text() for path in out):
            assert time.monotonic() < end
            time.sleep(0.05)
    start, over, recorded = (json.loads(Path(path).read_text()) for path in out)
    assert start["BGSUB_EVENT"] == "start"
    assert start["BGSUB_EVENT_NUMBER"] == "1"
    assert start["BGSUB_EVENT_START_AT"] == at(1.0)
    assert "BGSUB_EVENT_RECORDING" not in start
    assert over["BGSUB_EVENT"] == "end"
    assert over["BGSUB_EVENT_END_S"] == "3.5"
    assert over["BGSUB_EVENT_PEAK_COVERAGE"] == "0.25"
    assert over["BGSUB_EVENT_RECORDING"] == "/somewhere/a.mkv"
    assert json.loads(over["BGSUB_EVENT_JSON"])["boxes"][0]["x"] == 1
    assert recorded["BGSUB_RECORDING"] == "/somewhere/a.mkv"
    assert recorded["BGSUB_RECORDING_END_AT"] == at(4.0)
    kinds = [line["type"] for line in lines(tmp_path / "events.jsonl")]
    assert kinds == ["start", "update", "recording_start", "end", "recording_end"]


@pytest.mark.parametrize(
    ("event", "end_s", "is_told"),
    [
        ("0001", None, True),
        ("0001", 4.5, True),
        ("always", None, True),
        ("always", 0.9, False),
        ("0000", 0.9, False),
    ],
)
def test_the_end_of_an_event_names_its_recording(
    tmp_path: Path,
    event: str,
    end_s: float | None,
    is_told: bool,
) -> None:
    recording = Recording(
        path=Path("/somewhere/a.mkv"), event=event, started_at=BEGAN, start_s=0.5, end_s=end_s
    )
    with notifier(tmp_path, notify_rules()) as sink:
        sink.recording(recording)
        sink.changed(change("end"))
    assert ("recording" in lines(tmp_path / "events.jsonl")[-1]) == is_told


def test_a_hanging_output_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    sink = notifier(tmp_path, notify_rules())
    monkeypatch.setattr(EventLog, "add", lambda *_: gate.wait(30.0))
    began = time.perf_counter()
    with sink:
        for _ in range(5000):
            sink.changed(change("update"))
    assert time.perf_counter() - began < 10.0
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "bgsub-notifier":
            thread.join()


def test_leaving_twice_and_telling_after_it_do_no_harm(tmp_path: Path) -> None:
    with notifier(tmp_path, notify_rules()) as sink:
        sink.changed(change("start"))
    sink.__exit__(None, None, None)
    sink.changed(change("end"))
    assert len(lines(tmp_path / "events.jsonl")) == 1
