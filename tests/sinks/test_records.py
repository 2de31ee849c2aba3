from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgsub.errors import SinkWriteError
from bgsub.events import Event
from bgsub.frames import Box, Problem
from bgsub.sinks import write_events, write_json

if TYPE_CHECKING:
    from pathlib import Path

EVENT = Event(
    start_s=1.0000004,
    end_s=62.5,
    peak_s=3.04,
    start_frame=25,
    end_frame=1562,
    peak_coverage=0.12345678,
    boxes=(Box(x=10, y=20, width=30, height=40), Box(x=5, y=50, width=3, height=20)),
)


def test_events_are_written_as_json(tmp_path: Path):
    _write(tmp_path, started_at=None)
    assert json.loads((tmp_path / "events.json").read_text("utf-8")) == {
        "version": 1,
        "source": "Straße 7.mp4",
        "frame_size": [320, 240],
        "events": [
            {
                "start_s": 1.0,
                "end_s": 62.5,
                "peak_s": 3.04,
                "start_frame": 25,
                "end_frame": 1562,
                "peak_coverage": 0.123457,
                "boxes": [
                    {"x": 10, "y": 20, "width": 30, "height": 40},
                    {"x": 5, "y": 50, "width": 3, "height": 20},
                ],
            }
        ],
        "problems": [{"at_s": 2.5, "what": "A frame was damaged."}],
    }
    assert "Straße" in (tmp_path / "events.json").read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv", "events.json"]


def test_events_are_written_as_a_table(tmp_path: Path):
    _write(tmp_path, started_at=None)
    with (tmp_path / "events.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {
            "event": "1",
            "start_s": "1.000",
            "end_s": "62.500",
            "duration_s": "61.500",
            "peak_s": "3.040",
            "start": "00:00:01.000",
            "end": "00:01:02.500",
            "peak": "00:00:03.040",
            "start_at": "",
            "end_at": "",
            "start_frame": "25",
            "end_frame": "1562",
            "peak_coverage": "0.123457",
            "box_x": "5",
            "box_y": "20",
            "box_width": "35",
            "box_height": "50",
        }
    ]


def test_wall_clock_times_are_added_when_known(tmp_path: Path):
    _write(tmp_path, started_at=datetime(2026, 3, 1, 23, 59, 0, tzinfo=UTC))
    event = json.loads((tmp_path / "events.json").read_text("utf-8"))["events"][0]
    assert event["start_at"] == "2026-03-01T23:59:01.000+00:00"
    assert event["end_at"] == "2026-03-02T00:00:02.500+00:00"
    assert "2026-03-02T00:00:02.500+00:00" in (tmp_path / "events.csv").read_text("utf-8")


def test_no_events_still_make_both_files(tmp_path: Path):
    write_events(
        tmp_path, source="x", frame_size=(1, 1), events=(), problems=(), started_at=None
    )
    assert json.loads((tmp_path / "events.json").read_text("utf-8"))["events"] == []
    assert len((tmp_path / "events.csv").read_text("utf-8").splitlines()) == 1


def test_event_without_boxes_leaves_their_columns_empty(tmp_path: Path):
    event = Event(
        start_s=0.0,
        end_s=1.0,
        peak_s=0.0,
        start_frame=0,
        end_frame=25,
        peak_coverage=0.0,
        boxes=(),
    )
    write_events(
        tmp_path, source="x", frame_size=(1, 1), events=[event], problems=(), started_at=None
    )
    assert (tmp_path / "events.csv").read_text("utf-8").splitlines()[1].endswith(",,,,")


def test_json_never_holds_what_is_no_number(tmp_path: Path):
    path = tmp_path / "summary.json"
    values = {
        "nan": float("nan"),
        "list": [float("inf"), np.float32("nan"), np.float32(0.5), np.int64(3), np.True_],
        "nested": {"x": (1, None, "ü")},
    }
    write_json(path, values)
    assert json.loads(path.read_text("utf-8")) == {
        "nan": None,
        "list": [None, None, 0.5, 3, True],
        "nested": {"x": [1, None, "ü"]},
    }


def test_path_that_is_no_utf_8_is_written_escaped(tmp_path: Path):
    write_json(tmp_path / "a.json", {"source": "clip\udcff.mp4"})
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["source"].startswith("clip")


def test_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(SinkWriteError, match=r"summary.json cannot be created"):
        write_json(tmp_path / "no" / "summary.json", {})


def _write(folder: Path, *, started_at: datetime | None) -> None:
    write_events(
        folder,
        source="Straße 7.mp4",
        frame_size=(320, 240),
        events=[EVENT],
        problems=[Problem(at_s=2.5, what="A frame was damaged.")],
        started_at=started_at,
    )
