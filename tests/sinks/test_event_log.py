from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bgsub.sinks.event_log import EventLog
from tests.sinks._disks import mounted

if TYPE_CHECKING:
    import io


def log(path: Path | str, *, max_bytes: int = 10**7, max_files: int = 3) -> EventLog:
    return EventLog(str(path), max_bytes=max_bytes, max_files=max_files)


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "update", "event": number, **more}


def events_in(path: Path) -> list[int]:
    lines = path.read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\n") for line in lines)
    return [json.loads(line)["event"] for line in lines]


def test_each_record_is_a_line_as_soon_as_it_is_added(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.jsonl"
    events = log(path)
    for number in range(3):
        events.add(record(number, source="Süd\n\ud800", at=float("nan")))
        assert events_in(path) == list(range(number + 1))
    events.close()
    assert json.loads(path.read_text().splitlines()[0])["at"] is None


def test_lines_are_added_to_what_is_there(tmp_path: Path) -> None:
    for number in range(2):
        events = log(tmp_path / "log")
        events.add(record(number))
        events.close()
    assert events_in(tmp_path / "log") == [0, 1]


@pytest.mark.parametrize("torn", ['{"type": "start", "eve', "{", '{"type"'])
def test_a_line_that_a_power_cut_left_unfinished_is_removed(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "log"
    path.write_text('{"type": "start", "event": 0}\n' + torn)
    events = log(path)
    events.add(record(1))
    events.close()
    assert events_in(path) == [0, 1]


def test_what_is_not_ours_is_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("somebody's notes")
    events = log(path)
    events.add(record(1))
    events.close()
    assert path.read_text().splitlines()[0] == "somebody's notes"
    assert len(path.read_text().splitlines()) == 2


def test_a_large_log_begins_anew_and_the_older_ones_count_up(tmp_path: Path) -> None:
    line = len(json.dumps(record(1))) + 1
    events = log(tmp_path / "log", max_bytes=2 * line, max_files=2)
    for number in range(1, 8):
        events.add(record(number))
    events.close()
    assert events_in(tmp_path / "log") == [7]
    assert events_in(tmp_path / "log.1") == [5, 6]
    assert events_in(tmp_path / "log.2") == [3, 4]
    assert len(list(tmp_path.iterdir())) == 3


def test_without_older_logs_a_large_one_is_just_begun_anew(tmp_path: Path) -> None:
    line = len(json.dumps(record(1))) + 1
    events = log(tmp_path / "log", max_bytes=2 * line, max_files=0)
    for number in range(1, 6):
        events.add(record(number))
    events.close()
    assert events_in(tmp_path / "log") == [5]
    assert len(list(tmp_path.iterdir())) == 1


def test_the_log_can_be_moved_away(tmp_path: Path) -> None:
    events = log(tmp_path / "log")
    events.add(record(0))
    (tmp_path / "log").rename(tmp_path / "moved")
    events.add(record(1))
    events.reopen()
    events.add(record(2))
    events.close()
    assert events_in(tmp_path / "moved") == [0, 1]
    assert events_in(tmp_path / "log") == [2]


def test_the_standard_output_is_written_to(capfd: pytest.CaptureFixture[str]) -> None:
    events = log("-")
    events.add(record(1))
    events.add(record(2))
    events.close()
    assert [json.loads(line)["event"] for line in capfd.readouterr().out.splitlines()] == [1, 2]


def test_a_full_disk_costs_no_line_and_leaves_none_in_halves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mounted(tmp_path / "disk", "size=64k") as folder:
        events = log(folder / "log")
        events.add(record(0))
        ballast = folder / "somebody's"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        for number in range(1, 200):
            events.add(record(number, padding="x" * 50))
        ballast.unlink()
        events.add(record(200))
        events.close()
        assert events_in(folder / "log") == list(range(201))
        assert events.n_lost == 0
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "No space left" in caplog.text


def test_only_so_many_lines_wait(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    events = log(tmp_path / "file" / "log")
    for number in range(1500):
        events.add(record(number))
    assert events.n_lost == 500
    (tmp_path / "file").unlink()
    events.flush()
    events.close()
    assert events_in(tmp_path / "file" / "log") == list(range(1000))


def test_a_line_cut_by_the_disk_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = log(tmp_path / "log")
    events.add(record(0))
    assert events._file is not None
    file: io.FileIO = events._file
    room = [10]

    class Nearly:
        def write(self, data: bytes) -> int:
            if room[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            taken = file.write(data[: room[0]])
            room[0] -= taken
            return taken

        def fileno(self) -> int:
            raise OSError(errno.EBADF, "")

        def close(self) -> None:
            pass

    monkeypatch.setattr(events, "_file", Nearly())
    events.add(record(1))
    events.reopen()
    room[0] = 1000
    events.add(record(2))
    file.close()
    assert events_in(tmp_path / "log") == [0, 1, 2]


def test_a_reader_that_went_away_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    events = log(f"/dev/fd/{writer}")
    events.add(record(1))
    events.add(record(2))
    events.close()
    os.close(writer)
    assert len(caplog.records) == 1
