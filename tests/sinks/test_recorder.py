"""What is recorded, and under which names."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np
import pytest

from bgsub.errors import SinkOpenError
from bgsub.events import Event
from bgsub.live_events import EventChange
from tests.sinks._recording import (
    BEGAN,
    feed,
    frames_of,
    moment,
    moments,
    recorded,
    recorder,
    rules,
    times,
    wait_until_done,
)
from tests.sinks._results import decoded

if TYPE_CHECKING:
    from pathlib import Path

    from bgsub.frames import FrameResult
    from bgsub.sinks.recorder_segment import Recording


def span(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


def change(number: int, start_s: float) -> EventChange:
    event = Event(
        start_s=start_s,
        end_s=start_s,
        peak_s=start_s,
        start_frame=0,
        end_frame=0,
        peak_coverage=0.1,
        boxes=(),
    )
    return EventChange(kind="start", number=number, event=event)


def test_an_event_is_recorded_with_the_time_around_it(tmp_path: Path) -> None:
    with recorder(tmp_path, rules()) as sink:
        feed(sink, moments(120, (50, 60)))
    assert recorded(tmp_path) == [span(30, 70)]


def test_nothing_is_recorded_without_an_event(tmp_path: Path) -> None:
    with recorder(tmp_path, rules()) as sink:
        feed(sink, moments(60))
    assert list(tmp_path.iterdir()) == []


def test_the_time_before_counts_from_the_beginning_of_the_event(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(), lead_s=1.0) as sink:
        feed(sink, moments(50))
        sink.changed(change(12, 4.0))
        feed(sink, [moment(i, in_event=True) for i in range(50, 60)])
    (path,) = tmp_path.iterdir()
    assert path.name.endswith("-0012.mkv")
    assert frames_of(path) == span(20, 59)


def test_an_event_at_the_beginning_has_less_before_it(tmp_path: Path) -> None:
    with recorder(tmp_path, rules()) as sink:
        feed(sink, moments(40, (5, 8)))
    assert recorded(tmp_path) == [span(0, 18)]


@pytest.mark.parametrize(
    ("second", "merge_gap_s", "n_files"),
    [(90, 0.0, 1), (91, 0.0, 2), (99, 1.0, 1), (105, 1.0, 2)],
)
def test_recordings_that_touch_or_nearly_so_are_one(
    tmp_path: Path, second: int, merge_gap_s: float, n_files: int
) -> None:
    with recorder(tmp_path, rules(merge_gap_s=merge_gap_s)) as sink:
        feed(sink, moments(160, (50, 60), (second, second + 3)))
    found = recorded(tmp_path)
    assert len(found) == n_files
    assert found[0][0] == 30
    assert found[-1][-1] == second + 3 + 10
    if n_files == 1:
        assert found == [span(30, second + 13)]
    else:
        assert found[1][0] >= second - 20 - 9, "from a key frame on"
        assert found[1][0] <= second - 20


def test_everything_is_recorded_in_files_of_limited_length(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mode="always", max_length_s=5.0)) as sink:
        feed(sink, moments(180))
    found = recorded(tmp_path)
    assert [one for each in found for one in each] == span(0, 179)
    assert all(len(each) <= 50 for each in found)
    assert len(found) == 4
    assert sorted(path.name for path in tmp_path.iterdir())[0].endswith("-always.mkv")


def test_a_long_event_goes_on_in_another_file(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(max_length_s=5.0)) as sink:
        feed(sink, moments(150, (40, 120)))
    found = recorded(tmp_path)
    assert [one for each in found for one in each] == span(20, 130)
    assert max(map(len, found)) <= 50


def test_rotating_goes_on_in_another_file_with_the_next_frame(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mode="always")) as sink:
        feed(sink, moments(33))
        sink.rotate()
        feed(sink, [moment(i) for i in range(33, 60)])
    assert recorded(tmp_path) == [span(0, 32), span(33, 59)]


def test_rotating_without_a_recording_does_nothing(tmp_path: Path) -> None:
    with recorder(tmp_path, rules()) as sink:
        sink.rotate()
        feed(sink, moments(60, (30, 35)))
        sink.rotate()
    assert recorded(tmp_path) == [span(10, 45)]


def test_rotating_ends_a_recording_that_only_waits_for_more(tmp_path: Path) -> None:
    told: list[Recording] = []
    with recorder(tmp_path, rules(), on_recording=told.append) as sink:
        feed(sink, moments(50, (30, 35)))
        assert len(told) == 1, "another event might join it"
        sink.rotate()
        wait_until_done(sink)
        assert [one.end_s for one in told] == [None, 4.5]


def test_an_encoder_that_fails_is_told_once_and_tried_again_after_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise av.error.ExternalError(-1, "no such encoder")

    with recorder(tmp_path, rules(mode="always", mask=True)) as sink:
        with monkeypatch.context() as patch:
            patch.setattr("bgsub.sinks.recorder_writer.open_track", fail)
            feed(sink, moments(10))
        feed(sink, [moment(i) for i in range(10, 20)])
        assert not list(tmp_path.iterdir())
        sink.gap(2.0, "gone")
        feed(sink, [moment(i) for i in range(20, 30)])
    assert recorded(tmp_path) == [span(20, 29)] * 2
    assert caplog.text.count("nothing can be recorded") == 1


def test_an_encoder_that_fails_midway_leaves_what_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise av.error.ExternalError(-1, "out of its mind")

    with recorder(tmp_path, rules(mode="always")) as sink:
        feed(sink, moments(10))
        monkeypatch.setattr("bgsub.sinks.recorder_tracks.Track.encode", fail)
        feed(sink, [moment(i) for i in range(10, 20)])
    assert recorded(tmp_path) == [span(0, 9)]


def test_recording_can_be_asked_for(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mode="manual")) as sink:
        feed(sink, moments(50, (20, 25)))
        sink.record_now()
        feed(sink, [moment(i) for i in range(50, 60)])
        wait_until_done(sink)
        assert sink.is_recording
        sink.stop_recording()
        feed(sink, [moment(i) for i in range(60, 90)])
        wait_until_done(sink)
        assert not sink.is_recording
    (path,) = tmp_path.iterdir()
    assert path.name.endswith("-manual.mkv")
    assert frames_of(path) == span(30, 59)


def test_an_event_goes_on_being_recorded_when_asked_to_stop(tmp_path: Path) -> None:
    with recorder(tmp_path, rules()) as sink:
        sink.record_now()
        feed(sink, moments(30, (20, 29)))
        sink.stop_recording()
        feed(sink, [moment(i, in_event=i < 40) for i in range(30, 80)])
    assert recorded(tmp_path) == [span(0, 49)]


def test_no_file_spans_a_gap(tmp_path: Path) -> None:
    with recorder(tmp_path, rules()) as sink:
        feed(sink, moments(50, (40, 49)))
        sink.gap(5.0, "the camera does not answer")
        sink.gap(90.0, "the camera is back")
        feed(sink, [moment(i, in_event=True) for i in range(900, 905)])
    assert recorded(tmp_path) == [span(20, 49), span(900, 904)]


def test_time_that_goes_back_begins_another_file(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mode="always")) as sink:
        feed(sink, [moment(i) for i in (100, 101, 102, 5, 6)])
    assert sorted(recorded(tmp_path)) == [[5, 6], [100, 101, 102]]


def test_frames_of_another_size_begin_another_file(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mode="always", mask=True)) as sink:
        feed(sink, [moment(i) for i in range(20)])
        feed(sink, [moment(i, size=(33, 21)) for i in range(20, 40)])
    plain = [p for p in sorted(tmp_path.iterdir()) if ".mask" not in p.name]
    assert [frames_of(path) for path in plain] == [span(0, 19), span(20, 39)]
    with av.open(plain[1]) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (34, 22)


def test_variable_rates_and_holes_keep_their_times(tmp_path: Path) -> None:
    at_s = [0.0, 0.04, 0.5, 0.51, 4.0, 4.1, 9.7]
    with recorder(tmp_path, rules(mode="always")) as sink:
        feed(sink, [moment(i, at_s=s) for i, s in enumerate(at_s)])
    (path,) = tmp_path.iterdir()
    assert times(path) == at_s


def test_a_recording_ends_although_no_frame_comes_any_more(tmp_path: Path) -> None:
    told: list[Recording] = []
    with recorder(tmp_path, rules(), on_recording=told.append) as sink:
        feed(sink, moments(50, (40, 49)))
        sink.idle(5.5, in_event=True)
        sink.idle(6.0, in_event=False)
        wait_until_done(sink)
        assert len(told) == 1
        sink.idle(20.0, in_event=False)
        wait_until_done(sink)
        assert [one.end_s for one in told] == [None, 4.9]


def test_recordings_are_told_with_their_times(tmp_path: Path) -> None:
    told: list[Recording] = []
    with recorder(tmp_path, rules(), on_recording=told.append) as sink:
        sink.changed(change(3, 3.0))
        feed(sink, moments(60, (30, 35)))
    begun, over = told
    assert begun.path == over.path == next(tmp_path.iterdir())
    assert (begun.event, begun.start_s, begun.end_s) == ("0003", 1.0, None)
    assert (over.end_s, (over.started_at - BEGAN).total_seconds()) == (4.5, 1.0)


def test_masks_and_overlays_stand_beside_the_picture(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mask=True, overlay=True)) as sink:
        feed(sink, moments(60, (30, 35)))
    plain, mask, overlay = sorted(tmp_path.iterdir(), key=lambda p: len(p.name))
    assert (mask.name, overlay.name) == (f"{plain.stem}.mask.mkv", f"{plain.stem}.overlay.mkv")
    _, masks = decoded(mask, "gray")
    for index, found in zip(span(10, 45), masks, strict=True):
        assert np.array_equal(found, moment(index).mask)
    _, pictures = decoded(plain, "bgr24")
    _, marked = decoded(overlay, "bgr24")
    assert len(pictures) == len(marked) == 36
    differences = [
        int(np.abs(a.astype(int) - b).max()) for a, b in zip(pictures, marked, strict=True)
    ]
    assert min(differences) > 50
    assert np.abs(pictures[3].astype(int) - moment(13).frame.image).max() < 12


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (33, 47)])
def test_any_size_is_recorded(tmp_path: Path, size: tuple[int, int]) -> None:
    settings = rules(mode="always", mask=True, overlay=True)
    with recorder(tmp_path, settings, size=size) as sink:
        feed(sink, [moment(i, size=size) for i in range(25)])
    assert recorded(tmp_path) == [span(0, 24)] * 3


def test_no_file_is_replaced(tmp_path: Path) -> None:
    settings = rules(mode="always", name="clip", mask=True)
    (tmp_path / "clip.mkv").write_text("somebody's")
    (tmp_path / "clip-2.mask.mkv").write_text("somebody's")
    with recorder(tmp_path, settings) as sink:
        feed(sink, moments(5))
    made = {path.name for path in tmp_path.iterdir()} - {"clip.mkv", "clip-2.mask.mkv"}
    assert made == {"clip-3.mkv", "clip-3.mask.mkv"}
    assert (tmp_path / "clip.mkv").read_text() == "somebody's"
    assert (tmp_path / "clip-2.mask.mkv").read_text() == "somebody's"


def test_a_file_is_playable_while_it_grows(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mode="always")) as sink:
        feed(sink, moments(100))
        wait_until_done(sink)
        (path,) = tmp_path.iterdir()
        assert len(frames_of(path)) >= 100 - 11
    assert len(frames_of(path)) == 100


def test_memory_for_the_time_before_is_bounded(tmp_path: Path) -> None:
    settings = rules(pre_roll_s=1000.0, max_ring_bytes=60_000)
    with recorder(tmp_path, settings, size=(160, 120)) as sink:
        noise = np.random.default_rng(0).integers(0, 255, (30, 120, 160, 3), np.uint8)
        for index in range(60):
            one = moment(index, in_event=index == 59, size=(160, 120))
            frame = replace(one.frame, image=noise[index % 30])
            feed(sink, [replace(one, frame=frame)])
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size < 70_000
    assert frames_of(path)[-1] == 59


def test_writing_never_waits_for_a_slow_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, gate = threading.Event(), threading.Event()
    sink = recorder(tmp_path, rules(mode="always"))
    take = sink._writer.take

    def take_slowly(one: FrameResult) -> None:
        begun.set()
        gate.wait(60.0)
        take(one)

    monkeypatch.setattr(sink._writer, "take", take_slowly)
    with sink, caplog.at_level(logging.WARNING):
        first, *others = moments(100)
        sink.write(first)
        assert begun.wait(60.0)
        began = time.perf_counter()
        for one in others:
            sink.write(one)
        assert time.perf_counter() - began < 30.0
        assert 30 <= sink.n_dropped <= 99
        gate.set()
        wait_until_done(sink)
    assert caplog.text.count("recording is too slow") == 1
    ((*kept,),) = recorded(tmp_path)
    assert kept == span(0, 99 - sink.n_dropped)


def test_folder_that_cannot_be_made_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SinkOpenError):
        recorder(tmp_path / "file" / "folder", rules()).__enter__()


def test_leaving_twice_and_writing_after_it_do_no_harm(tmp_path: Path) -> None:
    with recorder(tmp_path, rules(mode="always")) as sink:
        feed(sink, moments(5))
    sink.__exit__(None, None, None)
    sink.write(moment(6))
    sink.rotate()
    assert recorded(tmp_path) == [span(0, 4)]


def test_times_of_day_come_from_the_clock_where_the_source_has_none(tmp_path: Path) -> None:
    one = moment(0)
    with recorder(tmp_path, rules(mode="always", name="%Y")) as sink:
        feed(sink, [replace(one, frame=replace(one.frame, captured_at=None))])
    (path,) = tmp_path.iterdir()
    assert abs(int(path.stem) - time.localtime().tm_year) <= 1
