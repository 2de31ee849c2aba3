"""Results as records: JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.files import write_bytes
from bgsub.timecode import timecode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from bgsub.events import Event
    from bgsub.frames import Box, Problem

__all__ = ["event_record", "json_text", "write_events", "write_json"]

_VERSION = 1
_DIGITS = 6
_COLUMNS = (
    "event",
    "start_s",
    "end_s",
    "duration_s",
    "peak_s",
    "start",
    "end",
    "peak",
    "start_at",
    "end_at",
    "start_frame",
    "end_frame",
    "peak_coverage",
    "box_x",
    "box_y",
    "box_width",
    "box_height",
)


def write_events(
    folder: Path,
    *,
    source: str,
    frame_size: tuple[int, int],
    events: Sequence[Event],
    problems: Sequence[Problem],
    started_at: datetime | None,
) -> None:
    """Write ``events.json`` and ``events.csv``.

    Parameters
    ----------
    folder : Path
        Where to; it must exist.
    source : str
        Name of the source.
    frame_size : tuple of int
        Width and height in pixels, which the boxes refer to.
    events : sequence of Event
        What was found, in order of time.
    problems : sequence of Problem
        What went wrong.
    started_at : datetime or None
        Wall-clock time of stream time 0; if known, events carry wall-clock times too.

    Raises
    ------
    SinkWriteError
        If a file cannot be written.
    """
    record = {
        "version": _VERSION,
        "source": source,
        "frame_size": list(frame_size),
        "events": [event_record(event, started_at) for event in events],
        "problems": [
            {"at_s": _rounded(problem.at_s), "what": problem.what} for problem in problems
        ],
    }
    write_json(folder / "events.json", record)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    table.writeheader()
    for number, event in enumerate(events, start=1):
        table.writerow({"event": number} | _event_row(event, started_at))
    _write_text(folder / "events.csv", text.getvalue())


def write_json(path: Path, value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write a mapping or a list as a JSON file, complete or not at all.

    Numbers that are not finite become ``null``; NumPy's scalars are written as numbers.

    Raises
    ------
    SinkWriteError
        If the file cannot be written.
    """
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    _write_text(path, text + "\n")


def json_text(value: Mapping[str, Any]) -> str:
    """Return a mapping as one line of JSON, without the end of the line.

    Numbers that are not finite become ``null``; NumPy's scalars are written as numbers.
    """
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _write_text(path: Path, text: str) -> None:
    # A path that is not valid UTF-8 reaches us with lone surrogates, which have no encoding.
    write_bytes(path, text.encode("utf-8", "backslashreplace"), kept="nothing of it is kept")


def event_record(event: Event, started_at: datetime | None) -> dict[str, Any]:
    """Return an event as it stands in records.

    Parameters
    ----------
    event : Event
        The event.
    started_at : datetime or None
        Wall-clock time of stream time 0; if known, the event carries wall-clock times too.
    """
    record: dict[str, Any] = {
        "start_s": _rounded(event.start_s),
        "end_s": _rounded(event.end_s),
        "peak_s": _rounded(event.peak_s),
        "start_frame": event.start_frame,
        "end_frame": event.end_frame,
        "peak_coverage": _rounded(event.peak_coverage),
        "boxes": [
            {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
            for box in event.boxes
        ],
    }
    if started_at is not None:
        record["start_at"] = _wall_clock(started_at, event.start_s)
        record["end_at"] = _wall_clock(started_at, event.end_s)
    return record


def _event_row(event: Event, started_at: datetime | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "start_s": f"{event.start_s:.3f}",
        "end_s": f"{event.end_s:.3f}",
        "duration_s": f"{event.end_s - event.start_s:.3f}",
        "peak_s": f"{event.peak_s:.3f}",
        "start": timecode(event.start_s),
        "end": timecode(event.end_s),
        "peak": timecode(event.peak_s),
        "start_frame": event.start_frame,
        "end_frame": event.end_frame,
        "peak_coverage": f"{event.peak_coverage:.{_DIGITS}f}",
    }
    if started_at is not None:
        row["start_at"] = _wall_clock(started_at, event.start_s)
        row["end_at"] = _wall_clock(started_at, event.end_s)
    if event.boxes:
        row |= _around(event.boxes)
    return row


def _around(boxes: Sequence[Box]) -> dict[str, int]:
    """Return the columns of the smallest box that holds all of `boxes`."""
    left = min(box.x for box in boxes)
    top = min(box.y for box in boxes)
    return {
        "box_x": left,
        "box_y": top,
        "box_width": max(box.x + box.width for box in boxes) - left,
        "box_height": max(box.y + box.height for box in boxes) - top,
    }


def _wall_clock(started_at: datetime, at_s: float) -> str:
    return (started_at + timedelta(seconds=at_s)).isoformat(timespec="milliseconds")


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    """Return `value` with only what JSON knows in it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
