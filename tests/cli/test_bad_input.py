"""Bad input: one clear sentence, the right exit code, nothing already written lost."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.cli._run import count_frames, read_masks, run, start
from tests.sinks._disks import mounted
from tests.sources._clips import write_clip, write_sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)


def _text_as_mp4(folder: Path) -> Path:
    path = folder / "note.mp4"
    path.write_text("this is no video\n" * 100)
    return path


def _empty_file(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def _empty_folder(folder: Path) -> Path:
    (folder / "nothing").mkdir()
    return folder / "nothing"


def _folder_of_text(folder: Path) -> Path:
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("a")
    return folder / "texts"


_HOPELESS: dict[str, Callable[[Path], Path]] = {
    "missing file": lambda folder: folder / "missing.mp4",
    "glob without match": lambda folder: folder / "*.avi",
    "empty file": _empty_file,
    "text named .mp4": _text_as_mp4,
    "empty folder": _empty_folder,
    "folder without images": _folder_of_text,
    "sound only": lambda folder: write_sound(folder / "sound.m4a"),
    "no frames": lambda folder: write_clip(folder / "none.mkv", count=0),
}


@pytest.mark.parametrize("kind", _HOPELESS)
def test_hopeless_input_is_one_sentence_and_leaves_nothing(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = _HOPELESS[kind](tmp_path)
    outcome = run(capsys, "process", path, "-o", tmp_path / "out", "--quiet")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    assert path.name in outcome.err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_one_bad_clip_does_not_stop_the_others(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    bad = _text_as_mp4(tmp_path)
    outcome = run(capsys, "process", bad, clip, "-o", tmp_path / "out", "--quiet")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    assert (tmp_path / "out" / "yard" / "mask.mkv").exists()


def _truncated(folder: Path) -> Path:
    whole = write_clip(folder / "whole.mkv", count=60)
    path = folder / "cut.mkv"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    return path


def test_a_truncated_clip_is_complete_up_to_the_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "process", _truncated(tmp_path), "-o", tmp_path / "out", "--quiet")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    record = json.loads((tmp_path / "out" / "events.json").read_text())
    [problem] = record["problems"]
    assert "breaks off" in problem["what"]
    masks = read_masks(tmp_path / "out" / "mask.mkv")
    assert 20 < len(masks) < 60
    assert problem["at_s"] == pytest.approx(len(masks) / 25, abs=0.1)
    assert count_frames(tmp_path / "out" / "overlay.mp4") == len(masks)


def test_a_truncated_clip_counts_as_done_when_told_to_keep_going(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = ("-o", tmp_path / "out", "--keep-going")
    outcome = run(capsys, "process", _truncated(tmp_path), *options)
    assert outcome.code == 0
    assert "breaks off" in outcome.err


def test_corrupt_frames_in_the_middle_are_skipped_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = write_clip(tmp_path / "scratched.mkv", count=60)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = np.random.default_rng(3).bytes(200)
    path.write_bytes(data)
    outcome = run(capsys, "process", path, "-o", tmp_path / "out", "--quiet")
    record = json.loads((tmp_path / "out" / "events.json").read_text())
    assert outcome.code == 0, outcome.err
    assert record["problems"]
    assert len(read_masks(tmp_path / "out" / "mask.mkv")) > 40


def test_a_picture_of_another_size_ends_an_image_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for number in range(20):
        size = (30, 40) if number < 12 else (40, 50)
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full(size, 80, np.uint8))
    outcome = run(capsys, "process", tmp_path, "-o", tmp_path / "out", "--quiet")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    assert len(read_masks(tmp_path / "out" / "mask.mkv")) == 12


def test_an_output_that_exists_is_left_alone(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "events.json").write_text("precious")
    outcome = run(capsys, "process", clip, "-o", tmp_path)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert "--overwrite" in outcome.err
    assert (tmp_path / "events.json").read_text() == "precious"
    assert run(capsys, "process", clip, "-o", tmp_path, "--overwrite").code == 0
    assert json.loads((tmp_path / "events.json").read_text())["events"]


def test_an_output_folder_that_is_a_file_is_an_error(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "out").write_text("a file")
    outcome = run(capsys, "process", clip, "-o", tmp_path / "out")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err


def test_a_folder_that_cannot_be_written_is_an_error(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with mounted(tmp_path / "disk", "ro,size=1m") as disk:
        outcome = run(capsys, "process", clip, "-o", disk / "out")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err


def test_a_full_disk_ends_the_run_and_keeps_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    noisy = write_clip(tmp_path / "long.mp4", count=250, size=(320, 240))
    with mounted(tmp_path / "disk", "size=200k") as disk:
        outcome = run(capsys, "process", noisy, "-o", disk, "--quiet")
        left = {path.name for path in disk.iterdir()}
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    assert "full" in outcome.err
    assert any(".part" in name or name == "mask.mkv" for name in left)


_BAD_YAML = {
    "empty": "",
    "a list": "- 1\n- 2\n",
    "misspelt key": "model:\n  learning_rat: 0.1\n",
    "wrong type": "model:\n  learning_rate: fast\n",
}


@pytest.mark.parametrize("kind", _BAD_YAML)
@pytest.mark.parametrize("command", ["process", "check"])
def test_a_bad_configuration_is_one_sentence(
    kind: str, command: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "scene.yaml"
    path.write_text(_BAD_YAML[kind])
    if command == "check":
        outcome = run(capsys, "config", "check", path)
    else:
        outcome = run(capsys, "process", clip, "-o", tmp_path / "out", "--config", path)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert "scene.yaml" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--start", "soon"),
        ("--scale", "2"),
        ("--region", "1,2 3,4"),
        ("--end", "1", "--start", "2"),
        ("--set", "model.n_components=0"),
        ("--config", "clasic"),
        ("--region", "900,900 950,900 950,950"),
    ],
)
def test_bad_options_are_one_sentence(
    options: tuple[str, ...], clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "process", clip, "-o", tmp_path / "out", *options)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err


@pytest.mark.parametrize(
    "arguments", [("process",), ("no-such-command",), ("process", "--xyz")]
)
def test_bad_usage_exits_with_two(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, *arguments)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    return write_clip(folder / "long.mp4", count=1500, size=(640, 480))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_closes_everything_and_exits_with_130(
    number: signal.Signals, long_clip: Path, tmp_path: Path
):
    process = start("process", long_clip, "-o", tmp_path / "out")
    part = tmp_path / "out" / "mask.part.mkv"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (part.exists() and part.stat().st_size > 20_000):
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    masks = read_masks(tmp_path / "out" / "mask.mkv")
    assert 0 < len(masks) < 1500
    assert count_frames(tmp_path / "out" / "overlay.mp4") == len(masks)
    assert not list((tmp_path / "out").glob("*.part*"))
    [problem] = json.loads((tmp_path / "out" / "events.json").read_text())["problems"]
    assert "interrupted" in problem["what"]
