"""``bgsub scan``: the events of ``process``, faster, and nothing else."""

from __future__ import annotations

import json
import shutil
import threading
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from bgsub.config import SCAN_DEFAULTS
from bgsub.frames import Box
from tests.cli._run import run
from tests.cli.conftest import FPS, FRAMES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.timeout(120)

_WIDTH, _HEIGHT = 480, 270
_FPS = 10.0


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People crossing a courtyard, larger than what a scan works on."""
    from bgsub.app.synth import synthesize
    from bgsub.synth import Scene

    folder = tmp_path_factory.mktemp("rendered")
    scene = Scene("walkers", width=_WIDTH, height=_HEIGHT, n_frames=150, fps=_FPS, seed=3)
    synthesize(scene, folder, on_frame=lambda _: None, stop=threading.Event())
    return folder / "clip.mp4"


def _record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "events.json").read_text())
    return record


def _boxes(event: dict[str, Any]) -> list[Box]:
    return [Box(**box) for box in event["boxes"]]


def test_the_events_are_those_of_process(
    rendered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    only = ("--set", "output.overlay=false", "--set", "output.mask=png", "--quiet")
    assert run(capsys, "process", rendered, "-o", tmp_path / "full", *only).code == 0
    masks = sorted((tmp_path / "full" / "masks").iterdir())
    assert run(capsys, "scan", rendered, "-o", tmp_path / "scan").code == 0
    full, scanned = _record(tmp_path / "full"), _record(tmp_path / "scan")
    assert len(full["events"]) == len(scanned["events"]) >= 1
    assert scanned["frame_size"] == full["frame_size"] == [_WIDTH, _HEIGHT]
    for one, other in zip(full["events"], scanned["events"], strict=True):
        assert other["start_s"] == pytest.approx(one["start_s"], abs=0.5)
        assert other["end_s"] == pytest.approx(one["end_s"], abs=0.5)
        assert other["peak_coverage"] == pytest.approx(one["peak_coverage"], rel=0.4)
        # Two peaks that are nearly alike may be taken for each other: its own counts.
        mask = cv2.imread(str(masks[round(other["peak_s"] * _FPS)]), cv2.IMREAD_GRAYSCALE)
        assert mask is not None
        assert _share_in(mask, _boxes(other)) > 0.7


def _share_in(mask: NDArray[Any], boxes: list[Box]) -> float:
    """Return the share of the foreground that lies in boxes."""
    left = mask.copy()
    for box in boxes:
        left[box.y : box.y + box.height, box.x : box.x + box.width] = 0
    return 1 - np.count_nonzero(left) / np.count_nonzero(mask)


def test_times_and_boxes_are_those_of_the_full_size_picture(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    half = ("--set", "input.max_side_px=64")
    outcome = run(capsys, "scan", clip, "-o", tmp_path, *half)
    assert outcome.code == 0, outcome.err
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "events.csv",
        "events.json",
        "summary.json",
    ]
    record = _record(tmp_path)
    [event] = record["events"]
    assert record["frame_size"] == [128, 96]
    assert event["start_s"] == pytest.approx(1.0, abs=1.5 / FPS), "1.5 s less the padding"
    left = 4 * (round(event["peak_s"] * FPS) - 30)
    [box] = _boxes(event)
    assert abs(box.x - left) <= 3
    assert abs(box.y - 30) <= 3
    assert abs(box.width - 30) <= 6
    assert abs(box.height - 30) <= 6


def test_the_events_are_on_stdout_and_nothing_is_written_unasked(
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    for name in ("one.mp4", "two.mp4"):
        shutil.copy(clip, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    outcome = run(capsys, "scan", "one.mp4", "two.mp4")
    assert outcome.code == 0
    assert outcome.out.count("00:00:01.000") == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.mp4", "two.mp4"]


def test_a_quiet_scan_is_silent(clip: Path, capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "scan", clip, "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_a_clip_in_which_nothing_moves_says_so(clip: Path, capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "scan", clip, "--end", "1.4")
    assert outcome.code == 0
    assert "nothing" in outcome.out


def test_a_region_leaves_out_what_moves_elsewhere(
    clip: Path, capsys: pytest.CaptureFixture[str]
):
    # In pixels of the full-size picture, whatever the scan's own size.
    outcome = run(capsys, "scan", clip, "--exclude", "0,28 128,28 128,62 0,62")
    assert "nothing" in outcome.out


def test_its_defaults_yield_to_file_and_command_line(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert (SCAN_DEFAULTS["input.max_side_px"], SCAN_DEFAULTS["input.colour"]) == (320, False)
    file = tmp_path / "mine.yaml"
    file.write_text("input:\n  colour: true\n")
    expected = {
        (): (320, False),
        ("--config", str(file)): (320, True),
        ("--config", str(file), "--set", "input.max_side_px=null"): (None, True),
    }
    for number, (options, (max_side_px, colour)) in enumerate(expected.items()):
        out = tmp_path / str(number)
        assert run(capsys, "scan", clip, "-o", out, *options).code == 0
        part = json.loads((out / "summary.json").read_text())["config"]["input"]
        assert (part["max_side_px"], part["colour"]) == (max_side_px, colour)


def test_existing_records_are_kept(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "events.json").write_text("mine")
    outcome = run(capsys, "scan", clip, "-o", tmp_path)
    assert outcome.code == 2
    assert "--overwrite" in outcome.err
    assert (tmp_path / "events.json").read_text() == "mine"
    assert run(capsys, "scan", clip, "-o", tmp_path, "--overwrite").code == 0


def test_a_clip_that_cannot_be_read_fails_and_the_others_are_scanned(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip at all")
    outcome = run(capsys, "scan", broken, clip)
    assert outcome.code == 1
    assert outcome.err.startswith("bgsub: ")
    assert "00:00:01.000" in outcome.out


@pytest.mark.parametrize("command", ["scan", "process"])
def test_the_stages_tell_where_the_time_went(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
):
    outcome = run(capsys, command, clip, "-o", tmp_path, "--verbose")
    assert outcome.code == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    stages, wall_s = summary["stages_s"], summary["wall_s"]
    detector = ("align", "model", "decide", "feedback", "clean")
    loop = ("prepare", "wait_for_frames", *detector, "events", "wait_for_sinks")
    sinks = {n for n in summary["outputs"] if not n.startswith("events")}
    assert set(stages) == {*loop, "decode", *sinks}
    assert sum(stages[name] for name in loop) == pytest.approx(wall_s, rel=0.05, abs=0.05)
    assert all(0 < stages[name] <= wall_s for name in ("model", "clean", "decode", *sinks))
    for name in ("model", "decode", *sinks):
        assert name in outcome.out
    assert summary["frames"] == FRAMES
