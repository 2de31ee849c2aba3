"""Full and failing disks: recording pauses, says so once, and goes on."""

from __future__ import annotations

import errno
import logging
import os
from typing import TYPE_CHECKING, Any

import av
import pytest

from bgsub.sinks.recorder_space import SpaceGuard, free_bytes
from tests.sinks._disks import mounted
from tests.sinks._recording import (
    feed,
    frames_of,
    moment,
    moments,
    recorded,
    recorder,
    rules,
    wait_until_done,
)
from tests.sinks._results import decoded, result

if TYPE_CHECKING:
    from pathlib import Path

    from bgsub.files import PartFile
    from bgsub.frames import FrameResult

BIG = (320, 240)
FULL = OSError(errno.ENOSPC, "No space left on device")


def noisy(index: int) -> FrameResult:
    return result(index, *BIG, timestamp_s=index / 10, noise=True)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


class TestGuard:
    def guard(self, tmp_path: Path, room: list[int]) -> SpaceGuard:
        return SpaceGuard(tmp_path, 1000, free=lambda _: room[0])

    def test_it_pauses_below_the_limit_and_goes_on_somewhat_above(self, tmp_path: Path) -> None:
        room = [1000]
        guard = self.guard(tmp_path, room)
        allowed = []
        for at_s, now in enumerate([1000, 999, 1050, 1099, 1100, 1000]):
            room[0] = now
            allowed.append(guard.allows(float(at_s)))
        assert allowed == [True, False, False, False, True, True]

    def test_it_looks_once_a_second(self, tmp_path: Path) -> None:
        room = [1000]
        guard = self.guard(tmp_path, room)
        assert guard.allows(5.0)
        room[0] = 0
        assert guard.allows(5.9)
        assert not guard.allows(6.0)
        guard.restart()
        room[0] = 5000
        assert guard.allows(0.0), "time began anew"

    def test_it_warns_once_for_each_time_without_room(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        room = [0]
        guard = self.guard(tmp_path, room)
        guard.allows(0.0)
        guard.allows(1.0)
        guard.failed(FULL, 2.0)
        assert len(warnings_of(caplog)) == 1
        room[0] = 10**9
        assert guard.allows(10.0)
        guard.failed(FULL, 11.0)
        assert len(warnings_of(caplog)) == 1, "nothing could be written in between"
        assert guard.allows(20.0)
        guard.succeeded()
        room[0] = 0
        guard.allows(30.0)
        assert len(warnings_of(caplog)) == 2

    def test_after_an_error_it_waits_for_time_and_room(self, tmp_path: Path) -> None:
        room = [10**9]
        guard = self.guard(tmp_path, room)
        guard.failed(FULL, 1.0)
        assert not guard.allows(5.9)
        room[0] = 500_000
        assert not guard.allows(6.0)
        room[0] = 2_000_000
        assert guard.allows(7.0)

    def test_a_disk_that_cannot_be_asked_is_a_failing_one(self, tmp_path: Path) -> None:
        def fail(_: Path) -> int:
            raise OSError(errno.EIO, "Input/output error")

        assert not SpaceGuard(tmp_path, 0, free=fail).allows(0.0)

    def test_room_of_a_folder_that_is_gone_is_that_of_its_disk(self, tmp_path: Path) -> None:
        assert free_bytes(tmp_path / "not" / "there") == pytest.approx(
            free_bytes(tmp_path), rel=0.1
        )


def test_recording_pauses_below_the_limit_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mounted(tmp_path / "disk", "size=8m") as folder:
        ballast = folder / "somebody's"
        settings = rules(mode="always", min_free_bytes=4_000_000)
        with recorder(folder, settings) as sink, caplog.at_level(logging.INFO):
            feed(sink, moments(50))
            wait_until_done(sink)
            ballast.write_bytes(bytes(5_000_000))
            feed(sink, [moment(i) for i in range(50, 100)])
            wait_until_done(sink)
            assert not sink.is_recording
            ballast.unlink()
            feed(sink, [moment(i) for i in range(100, 150)])
        found = recorded(folder)
    assert found[0][0] == 0
    assert found[0][-1] in range(50, 62), "up to a second after"
    assert found[1][0] in range(90, 112)
    assert found[1][-1] == 149
    assert len(found) == 2
    assert len(warnings_of(caplog)) == 1
    assert caplog.text.count("recording goes on") == 1


def test_a_disk_that_fills_up_while_writing_costs_only_what_did_not_fit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mounted(tmp_path / "disk", "size=3m") as folder:
        with recorder(folder, rules(mode="always"), size=BIG) as sink:
            for index in range(400):
                feed(sink, [noisy(index)])
                if index % 5 == 0:
                    wait_until_done(sink)
                if not sink.is_recording and index > 20:
                    break
            wait_until_done(sink)
            (first,) = folder.iterdir()
            kept = frames_of_cut(first)
            assert kept == list(range(len(kept)))
            assert index - 25 <= len(kept) <= index + 1
            assert len(warnings_of(caplog)) == 1, "the first one says it"
            feed(sink, [noisy(i) for i in range(index + 1, index + 60)])
            wait_until_done(sink)
            assert not sink.is_recording
            assert [p.name for p in folder.iterdir()] == [first.name]
            first.unlink()
            feed(sink, [noisy(i) for i in range(index + 60, index + 100)])
            wait_until_done(sink)
            assert sink.is_recording
        (second,) = folder.iterdir()
        assert len(frames_of_cut(second)) > 30
    assert len(warnings_of(caplog)) == 1


def frames_of_cut(path: Path) -> list[int]:
    """Numbers of the frames from the first on, of a file that may end in the middle."""
    return [round(10 * at_s) for at_s in decoded(path, "gray")[0]]


def test_a_folder_that_is_taken_away_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "recordings"
    with recorder(folder, rules(mode="always", max_length_s=5.0)) as sink:
        feed(sink, moments(20))
        wait_until_done(sink)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        feed(sink, [moment(i) for i in range(20, 100)])
    assert recorded(folder) == [list(range(50, 100))]
    assert warnings_of(caplog) == []


def test_errors_of_the_disk_do_not_reach_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with recorder(tmp_path, rules(mode="always", mask=True)) as sink:
        feed(sink, moments(20))
        wait_until_done(sink)
        with monkeypatch.context() as patch:
            patch.setattr("bgsub.sinks.recorder_segment.Segment.write", fail)
            feed(sink, [moment(i) for i in range(20, 60)])
            wait_until_done(sink)
        feed(sink, [moment(i) for i in range(60, 120)])
    assert len(warnings_of(caplog)) == 1
    assert "input/output error" in warnings_of(caplog)[0]
    last = [frames_of(path) for path in sorted(tmp_path.iterdir())[-2:]]
    assert last[0] == last[1]
    assert last[0][-1] == 119


def test_a_recording_of_which_one_file_cannot_be_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = av.open

    def fail(file: PartFile, *how: Any, **options: Any) -> Any:
        if ".mask" in file.path.name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(file, *how, **options)

    with recorder(tmp_path, rules(mode="always", mask=True)) as sink:
        feed(sink, moments(1))
        wait_until_done(sink)
        sink.rotate()
        monkeypatch.setattr("bgsub.sinks.recorder_segment.av.open", fail)
        feed(sink, [moment(i) for i in range(1, 30)])
        assert not sink.is_recording
    assert len(list(tmp_path.iterdir())) == 2, "those of the recording before"
    assert len(warnings_of(caplog)) == 1
