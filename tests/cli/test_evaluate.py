"""``bgsub evaluate`` and ``bgsub synth``: a rendered scene is written, found and scored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.cli._run import count_frames, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

_MEASURES = {"recall", "specificity", "fpr", "fnr", "pwc", "precision", "f_measure"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from bgsub.cli import main

    root = tmp_path_factory.mktemp("dataset")
    for category, scene in (("baseline", "walkers"), ("shadow", "traffic")):
        folder = root / category / scene
        options = ["--size", "160x90", "--fps", "10", "--seconds", "8", "--seed", "3", "-q"]
        assert main(["synth", scene, "-o", str(folder), *options]) == 0
    return root


def test_synth_writes_frames_truth_range_and_the_same_frames_as_a_clip(dataset: Path):
    folder = dataset / "shadow" / "traffic"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["ROI.bmp", "clip.mp4", "groundtruth", "input", "temporalROI.txt"]
    assert count_frames(folder / "clip.mp4") == 80 == len(list((folder / "input").iterdir()))
    truth = cv2.imread(str(folder / "groundtruth" / "gt000080.png"), cv2.IMREAD_GRAYSCALE)
    assert truth is not None
    assert set(np.unique(truth)) <= {0, 50, 170, 255}
    first, last = (int(word) for word in (folder / "temporalROI.txt").read_text().split())
    assert 1 < first < last == 80


def test_synth_does_not_write_over_a_sequence(
    dataset: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "synth", "traffic", "-o", dataset / "shadow" / "traffic")
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err


def test_synth_lists_its_scenes(capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "synth", "--list")
    assert outcome.code == 0
    assert all(name in outcome.out for name in ("walkers", "bootstrap", "thermal"))


@pytest.mark.parametrize(
    "arguments", [("nowhere",), ("traffic", "--size", "big"), ("traffic", "--size", "8x8")]
)
def test_synth_says_what_is_wrong(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "synth", *arguments, "-o", tmp_path / "out")
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert not (tmp_path / "out").exists()


def test_scores_come_as_json_and_as_a_table(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "evaluate", dataset, "--json", tmp_path / "scores.json")
    assert outcome.code == 0, outcome.err
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert list(scores["sequences"]) == ["baseline/walkers", "shadow/traffic"]
    for row in scores["sequences"].values():
        assert set(row) == _MEASURES | {"frames", "fps"}
        assert row["frames"] == 80
        assert 0.3 < row["f_measure"] <= 1.0
    f = [row["f_measure"] for row in scores["sequences"].values()]
    assert scores["mean"]["f_measure"] == pytest.approx(sum(f) / 2)
    assert set(scores["categories"]) == {"baseline", "shadow"}
    assert "shadow/traffic" in outcome.out
    assert f"{f[1]:.4f}" in outcome.out


def test_the_configuration_changes_the_scores(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    blind = ("--set", "model.match_sigmas=100.0", "--quiet")
    outcome = run(capsys, "evaluate", dataset, *blind, "--json", tmp_path / "blind.json")
    assert (outcome.code, outcome.out) == (0, "")
    scores = json.loads((tmp_path / "blind.json").read_text())
    assert scores["mean"]["recall"] < 0.2


def test_masks_are_kept_as_cdnet_takes_them(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root = dataset / "baseline"
    outcome = run(capsys, "evaluate", root, "--save-masks", tmp_path / "masks", "-q")
    assert outcome.code == 0, outcome.err
    masks = sorted((tmp_path / "masks" / "baseline" / "walkers").iterdir())
    assert [masks[0].name, masks[-1].name] == ["bin000001.png", "bin000080.png"]
    again = run(capsys, "evaluate", root, "--save-masks", tmp_path / "masks", "-q")
    assert again.code == 2
    assert again.is_one_sentence, again.err


def test_contact_sheets_and_curves_are_drawn_for_each_sequence(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    sheets, curves = tmp_path / "sheets", tmp_path / "curves"
    wanted = ("--contact-sheet", sheets, "--curves", curves, "--quiet")
    outcome = run(capsys, "evaluate", dataset, *wanted)
    assert outcome.code == 0, outcome.err
    pictures = ["baseline-walkers.png", "shadow-traffic.png"]
    assert sorted(path.name for path in sheets.iterdir()) == pictures
    names = sorted([*pictures, "curves.json", "curves.png"])
    assert sorted(path.name for path in curves.iterdir()) == names
    for path in (*sheets.iterdir(), *curves.glob("*.png")):
        picture = cv2.imread(str(path))
        assert picture is not None
        assert min(picture.shape[:2]) > 400, path
    record = json.loads((curves / "curves.json").read_text())
    assert list(record["sequences"]) == ["baseline/walkers", "shadow/traffic"]
    for curve in record["sequences"].values():
        assert 0.3 < curve["operating"]["f_measure"] <= curve["best"]["f_measure"] <= 1.0
        assert curve["average_precision"] > 0.3

    again = run(capsys, "evaluate", dataset, *wanted)
    assert again.code == 2
    assert again.is_one_sentence, again.err
    assert "--overwrite" in again.err
    assert run(capsys, "evaluate", dataset, *wanted, "--overwrite").code == 0


def test_probability_without_cleaning_scores_as_its_mask_does(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    keys = ("median_px=1", "fill_holes_fraction=0", "min_area_fraction=0")
    uncleaned = [word for key in keys for word in ("--set", f"mask.{key}")]
    # Shadow is foreground to the probability, and background to the mask.
    uncleaned += ["--set", "detector.find_cast_shadows=false"]
    files = ("--json", tmp_path / "scores.json", "--curves", tmp_path)
    outcome = run(capsys, "evaluate", dataset, *uncleaned, *files)
    assert outcome.code == 0, outcome.err
    scores = json.loads((tmp_path / "scores.json").read_text())
    curves = json.loads((tmp_path / "curves.json").read_text())
    for key, row in scores["sequences"].items():
        point = curves["sequences"][key]["operating"]
        assert point["f_measure"] == pytest.approx(row["f_measure"], abs=1e-9)


def test_truth_that_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "one"
    run(capsys, "synth", "walkers", "-o", folder, "--size", "64x36", "--seconds", "2", "-q")
    (folder / "groundtruth" / "gt000040.png").unlink()
    outcome = run(capsys, "evaluate", tmp_path)
    assert outcome.code == 0
    assert "frame 40" in outcome.err


@pytest.mark.parametrize("setting", ["input.scale=0.5", "input.start_s=1.0", "input.end_s=3.0"])
def test_a_part_of_the_frames_cannot_be_scored(
    setting: str, dataset: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "evaluate", dataset, "--set", setting)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err


def test_a_folder_without_sequences_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "evaluate", tmp_path)
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
