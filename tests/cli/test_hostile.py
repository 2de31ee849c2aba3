"""Odd names, odd streams, odd orders: what no user should come to harm by."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.cli.console import printable
from tests.cli._run import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)


def _bgsub(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "bgsub", *(str(argument) for argument in arguments)]
    return subprocess.run(command, check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("name", ["overlay.mp4", "overlay.part.mp4"])
def test_a_clip_is_never_replaced_by_its_own_output(
    name: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(clip, tmp_path / name)
    outcome = run(capsys, "process", tmp_path / name, "-o", tmp_path, "--overwrite")
    assert (outcome.code, outcome.is_one_sentence) == (2, True)
    assert "would be replaced by an output" in outcome.err
    assert (tmp_path / name).read_bytes() == clip.read_bytes()


def test_a_clip_under_another_name_is_not_replaced_either(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    out.mkdir()
    shutil.copy(clip, out / "overlay.mp4")
    (tmp_path / "link.mp4").hardlink_to(out / "overlay.mp4")
    outcome = run(capsys, "process", tmp_path / "link.mp4", "-o", out, "--overwrite")
    assert outcome.code == 2
    assert (out / "overlay.mp4").read_bytes() == clip.read_bytes()


def test_a_picture_folder_is_not_replaced_by_its_masks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "masks"
    folder.mkdir()
    cv2.imwrite(str(folder / "1.png"), np.zeros((24, 32), np.uint8))
    before = (folder / "1.png").read_bytes()
    arguments = ("-o", tmp_path, "--overwrite", "--set", "output.mask=png")
    assert run(capsys, "process", folder, *arguments).code == 2
    assert (folder / "1.png").read_bytes() == before


def test_names_cannot_break_lines_or_control_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    name = "new\nline \x1b[31m[red] :smile:.mp4"
    outcome = run(capsys, "scan", tmp_path / name)
    assert outcome.is_one_sentence
    assert "new\\nline \\x1b[31m[red] :smile:.mp4" in outcome.err


def test_printable_keeps_letters_of_any_script():
    assert printable("Straße 日本 é") == "Straße 日本 é"
    assert printable("a\udcff\u202eb\t") == "a\\udcff\\u202eb\\t"


def test_an_empty_name_is_not_the_current_folder(
    clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(clip.parent)
    outcome = run(capsys, "scan", "")
    assert (outcome.code, outcome.is_one_sentence) == (1, True)


def test_a_name_too_long_for_a_file_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "scan", "x" * 300)
    assert (outcome.code, outcome.is_one_sentence) == (1, True)
    assert "name too long" in outcome.err


def test_nothing_is_lost_when_all_streams_are_closed(clip: Path, tmp_path: Path):
    def close_all() -> None:
        for number in range(3):
            os.close(number)

    done = _bgsub("process", clip, "-o", tmp_path / "out", preexec_fn=close_all)
    assert done.returncode == 0
    assert (tmp_path / "out" / "summary.json").is_file()


def test_a_terminal_of_few_letters_gets_escapes(clip: Path, tmp_path: Path):
    path = tmp_path / "日本.mp4"
    shutil.copy(clip, path)
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = _bgsub("scan", path, env=env, capture_output=True)
    assert (done.returncode, b"\\u65e5" in done.stdout) == (0, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")  # noqa: PTH110
def test_results_that_cannot_be_told_are_a_failure():
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = _bgsub("config", "show", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert re.fullmatch(rb"bgsub: .*No space left on device\)?\.\n", done.stderr)


def test_damaged_pictures_are_told_by_bgsub_alone(tmp_path: Path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(4):
        picture = random.integers(60, 120, (48, 64, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    data = bytearray((folder / "2.png").read_bytes())
    data[200:260] = bytes(60)
    (folder / "2.png").write_bytes(data)
    done = _bgsub("scan", folder, capture_output=True)
    lines = [line for line in done.stderr.splitlines() if b"Preparing the model" not in line]
    assert len(lines) == 1
    assert b"a corrupt picture was skipped" in lines[0]


@pytest.mark.parametrize("command", ["process", "scan", "evaluate", "synth"])
def test_help_wraps_no_line_early(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.rstrip() for line in run(capsys, command, "--help").out.splitlines()]
    prose = lines[: lines.index(" Examples:")]
    for line, following in itertools.pairwise(prose):
        first = following.split()[:1]
        if line.strip() and first:
            assert len(line) + 1 + len(first[0]) > 79


@pytest.mark.parametrize(
    "arguments",
    [
        ("--seconds", "nan"),
        ("--seconds", "inf"),
        ("--seconds", "-1"),
        ("--seconds", "1e300"),
        ("--fps", "nan"),
        ("--size", "9" * 5000 + "x1"),
    ],
)
def test_absurd_scenes_are_one_sentence(
    arguments: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "synth", "walkers", "-o", tmp_path / "out", *arguments)
    assert (outcome.code, outcome.is_one_sentence) == (2, True)
    assert not (tmp_path / "out").exists()


def test_an_interrupt_outside_of_any_command_is_quiet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bgsub.cli.commands.run", interrupted)
    outcome = run(capsys, "config", "show")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "")


def test_libraries_out_of_memory_are_told_as_such(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def exhausted(**_: object) -> None:
        raise cv2.error("std::bad_alloc")

    monkeypatch.setattr("bgsub.cli.commands.program", lambda _: exhausted)
    outcome = run(capsys, "config", "show")
    assert (outcome.code, outcome.is_one_sentence) == (1, True)
    assert "not enough memory" in outcome.err
