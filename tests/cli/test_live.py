"""``bgsub live`` as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import av
import av.error
import pytest

from bgsub.sources import camera
from tests.cli._run import count_frames, run
from tests.sources._clips import ClipSpec, write_clip
from tests.sources._feeds import (
    BadServer,
    free_port,
    has_rtsp_server,
    rtsp_server,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# The model of these small pictures is quick; every picture differs from the one before.
_EVENTS = ("--set", "events.settle_s=0", "--set", "events.min_duration_s=0.1")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", ClipSpec(count=25))


class _Live:
    """bgsub live as a process of its own, whose stderr can be waited for."""

    def __init__(self, *arguments: str | Path, window: bool = False, **environ: str) -> None:
        command = [sys.executable, "-m", "bgsub", "live", *map(str, arguments)]
        command += [] if window else ["--no-window"]
        environment = {**os.environ, "CAMERA_PASSWORD": "hush-hush", **environ}
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.said = ""

    def __enter__(self) -> _Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def wait_for(self, words: str) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if words in line:
                return
        raise AssertionError(f"{words!r} was not said, but {self.said!r}")

    def end(self, number: int) -> tuple[int, float]:
        """Send a signal; return the exit code, and how long it took in seconds."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        took_s = time.monotonic() - began
        assert self.process.stderr is not None
        self.said += self.process.stderr.read()
        return code, took_s


def _recordings(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.mkv"))


def _is_recorded(folder: Path, n_frames: int) -> bool:
    """Whether every recording, also one that still grows, holds so many frames."""
    try:
        return all(count_frames(path) >= n_frames for path in _recordings(folder))
    except av.error.FFmpegError:
        return False


def test_a_clip_is_played_live_recorded_and_its_model_kept(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "yard"
    done = run(capsys, "live", clip, "-o", out, "--record", "always", "--no-window", *_EVENTS)
    assert done.code == 0
    assert done.out == ""
    assert f"Watching {clip} (96×64, 25 frames a second)" in done.err
    assert re.search(r"\d+ frames, \d+ left out, \d+ events, 0 breaks; from capture", done.err)
    (recording,) = _recordings(out)
    assert count_frames(recording) > 5
    assert (out / "model.npz").stat().st_size > 1000
    again = run(capsys, "live", clip, "-o", out, "--no-window", "--quiet", "--record", "off")
    assert (again.code, again.err) == (0, "")
    assert _recordings(out) == [recording]


def test_a_known_scene_is_told_and_fresh_forgets_it(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("live", clip, "--no-window", "--set", f"live.state={tmp_path / 's.npz'}")
    assert "last run" not in run(capsys, *arguments).err
    assert "with the model of the last run" in run(capsys, *arguments).err
    assert "last run" not in run(capsys, *arguments, "--fresh").err


def test_events_go_to_the_standard_output_as_lines_of_json(
    clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = run(capfd, "live", clip, "--no-window", "--events-jsonl", "-", *_EVENTS)
    records = [json.loads(line) for line in done.out.splitlines()]
    kinds = [record["type"] for record in records]
    assert (kinds[0], kinds[-1]) == ("start", "end")
    assert records[0]["source"] == str(clip)


def test_nothing_is_written_without_a_folder(
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run(capsys, "live", clip, "--no-window", *_EVENTS).code == 0
    assert list((tmp_path / "here").iterdir()) == []


def test_without_a_display_it_says_so_and_goes_on(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = run(capsys, "live", clip)
    assert done.code == 0
    assert "Without a window: there is no display" in done.err


def test_without_a_webcam_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(camera, "_DEVICES", tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    done = run(capsys, "live")
    assert done.code == 1
    assert done.is_one_sentence
    assert "there is no webcam here" in done.err


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("nothing.mp4", 1, "does not exist"),
        ("7", 1, "webcam '7' cannot be opened"),
        ("tcp://127.0.0.1:{port}", 1, "connection refused"),
        ("rtsp://u:$NO_SUCH_VARIABLE@127.0.0.1/x", 2, "NO_SUCH_VARIABLE, which is not set"),
    ],
)
def test_what_cannot_be_watched_is_told_in_one_sentence(
    source: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(capsys, "live", "--no-window", source.format(port=free_port()))
    assert done.code == code
    assert done.is_one_sentence
    assert said in done.err


def test_several_clips_cannot_be_watched_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_clip(tmp_path / name, ClipSpec(count=5))
    done = run(capsys, "live", tmp_path)
    assert done.code == 2
    assert "stands for 2 clips" in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_everything_within_two_seconds(number: int, tmp_path: Path) -> None:
    out = tmp_path / "yard"
    with (
        BadServer([]) as server,
        _Live(server.address, "-o", out, "--record", "always", "--verbose") as live,
    ):
        live.wait_for("recording to")
        wait_until(lambda: _is_recorded(out, 4))
        code, took_s = live.end(number)
    assert code == 130
    # Two seconds are promised; a machine busy with other tests gets some more.
    assert took_s < 15.0
    assert "Traceback" not in live.said
    (recording,) = _recordings(out)
    assert count_frames(recording) > 3
    assert (out / "model.npz").exists()


def test_a_signal_ends_a_run_whose_stream_is_silent(tmp_path: Path) -> None:
    with (
        BadServer(["stall"]) as server,
        _Live(server.address, "--set", "live.stall_s=60") as live,
    ):
        live.wait_for("Watching")
        time.sleep(1.0)
        code, took_s = live.end(signal.SIGTERM)
    assert code == 130
    assert took_s < 15.0
    assert "Traceback" not in live.said


def test_a_hangup_goes_on_in_another_file(tmp_path: Path) -> None:
    out = tmp_path / "yard"
    with (
        BadServer([]) as server,
        _Live(server.address, "-o", out, "--record", "always", "--verbose") as live,
    ):
        live.wait_for("recording to")
        wait_until(lambda: _is_recorded(out, 2))
        live.process.send_signal(signal.SIGHUP)
        live.wait_for("recording to")
        wait_until(lambda: len(_recordings(out)) == 2 and _is_recorded(out, 2))
        code, _ = live.end(signal.SIGINT)
    assert code == 130
    recordings = _recordings(out)
    assert len(recordings) == 2
    assert all(count_frames(recording) > 1 for recording in recordings)


def test_a_stream_that_breaks_off_is_watched_on_and_the_gap_is_in_the_log(
    tmp_path: Path,
) -> None:
    out = tmp_path / "yard"
    with (
        BadServer(["close"]) as server,
        _Live(server.address, "-o", out, "--set", "live.retry_first_s=0.1") as live,
    ):
        live.wait_for("broke off: the server ended it")
        live.wait_for("is back")
        time.sleep(0.5)
        live.end(signal.SIGINT)
    records = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    gaps = [record["what"] for record in records if record["type"] == "gap"]
    assert "broke off" in gaps[0]
    assert "is back" in gaps[1]


@pytest.mark.skipif(not has_rtsp_server(), reason="needs GStreamer's RTSP server")
def test_a_password_is_nowhere_in_what_is_said_and_written(tmp_path: Path) -> None:
    out, port = tmp_path / "yard", free_port()
    address = f"rtsp://viewer:$CAMERA_PASSWORD@127.0.0.1:{port}/live"
    retries = ("--set", "live.retry_first_s=0.1", "--set", "live.stall_s=1")
    with (
        rtsp_server(port, password="hush-hush") as server,
        _Live(address, "-o", out, "--record", "always", "--verbose", *retries) as live,
    ):
        live.wait_for("recording to")
        server.kill()
        live.wait_for("broke off")
        live.wait_for("cannot be opened")
        live.end(signal.SIGINT)
    written = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    assert written
    for text in (live.said, *(content.decode("latin-1") for content in written)):
        assert "hush-hush" not in text
    assert f"rtsp://127.0.0.1:{port}/live" in live.said


def test_the_configured_source_is_shown_without_its_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = run(
        capsys, "config", "show", "--set", "live.source=rtsp://u:hush-hush@cam/live?key=hush"
    )
    assert done.code == 0
    assert "rtsp://cam/live" in done.out
    assert "hush" not in done.out


def test_a_clip_that_is_cut_off_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_clip(tmp_path / "clip.mkv", ClipSpec(count=50))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    done = run(capsys, "live", path, "--no-window")
    assert done.code == 1
    assert "breaks off at" in done.err


@pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool"
)
def test_the_window_is_shown_and_q_ends_the_run(tmp_path: Path) -> None:
    with BadServer([]) as server, _screen() as display:
        environment = {"DISPLAY": display}
        live = _Live(server.address, "--verbose", window=True, **environment)
        with live:
            live.wait_for("Watching")
            _type(display, "q", until=lambda: live.process.poll() is not None)
            assert live.process.returncode == 0
            assert live.process.stderr is not None
            assert "Without a window" not in live.said + live.process.stderr.read()


@contextmanager
def _screen() -> Iterator[str]:
    """Give the name of a display that is in nobody's sight."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as numbers:
            yield f":{numbers.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def _type(display: str, key: str, *, until: Callable[[], bool]) -> None:
    """Press a key in the window again and again, until it has had its effect."""
    environment = {**os.environ, "DISPLAY": display}
    command = ["xdotool", "search", "--name", "^bgsub", "windowfocus", "key", key]
    for _ in range(200):
        if until():
            return
        subprocess.run(command, env=environment, capture_output=True, check=False)
        time.sleep(0.2)
    raise AssertionError(f"{key} had no effect")
