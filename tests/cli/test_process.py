"""``bgsub process`` on good clips: what a user finds in the folder afterwards."""

from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest

from tests.cli._run import count_frames, read_masks, run
from tests.cli.conftest import FRAMES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

_ALL = [
    "background.png",
    "events.csv",
    "events.json",
    "heatmap.png",
    "mask.mkv",
    "overlay.mp4",
    "summary.json",
]


def test_everything_is_written_and_opens(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "process", clip, "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == _ALL
    masks = read_masks(out / "mask.mkv")
    assert len(masks) == FRAMES == count_frames(out / "overlay.mp4")
    assert {int(v) for mask in masks for v in np.unique(mask)} == {0, 255}
    assert masks[40][45, 55] == 255
    assert not masks[20].any()
    for name in ("background.png", "heatmap.png"):
        picture = cv2.imread(str(out / name))
        assert picture is not None
        assert picture.shape == (96, 128, 3)
    background = cv2.imread(str(out / "background.png"))
    assert background is not None
    assert background.max() < 160, "the bright square is no background"


def test_the_event_is_found_once_and_at_its_time(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "process", clip, "-o", tmp_path, "--overwrite")
    record = json.loads((tmp_path / "events.json").read_text())
    assert (record["version"], record["frame_size"], record["problems"]) == (1, [128, 96], [])
    [event] = record["events"]
    assert event["start_s"] == pytest.approx(1.0, abs=0.1), "1.5 s less the padding"
    assert event["end_s"] == pytest.approx(2.95, abs=0.1)
    assert 1.5 <= event["peak_s"] < 2.5
    assert event["boxes"]
    rows = list(csv.DictReader((tmp_path / "events.csv").read_text().splitlines()))
    assert len(rows) == 1
    assert "yard.mp4" in outcome.out
    assert "00:00:02" in outcome.out


def test_the_summary_tells_what_was_done(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "process", clip, "-o", tmp_path, "--set", "model.n_components=4")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["frames"] == FRAMES
    assert summary["footage_s"] == pytest.approx(3.0, abs=0.01)
    assert "00:00:03.000" in outcome.out, "the table says the same as the summary"
    assert summary["config"]["model"]["n_components"] == 4
    assert summary["n_events"] == 1
    assert summary["problems"] == []
    assert sorted([*summary["outputs"], "summary.json"]) == _ALL


def test_probability_is_written_when_asked_for_and_agrees_with_the_mask(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    keys = ("median_px=1", "fill_holes_fraction=0", "min_area_fraction=0")
    uncleaned = [word for key in keys for word in ("--set", f"mask.{key}")]
    outcome = run(capsys, "process", clip, "-o", tmp_path, "--probability", *uncleaned)
    assert outcome.code == 0, outcome.err
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([*_ALL, "probability.mkv"])
    probabilities = read_masks(tmp_path / "probability.mkv")
    masks = read_masks(tmp_path / "mask.mkv")
    assert len(probabilities) == FRAMES
    assert probabilities[40][45, 55] > 200
    assert not probabilities[20].all()
    for probability, mask in zip(probabilities, masks, strict=True):
        np.testing.assert_array_equal(probability >= 128, mask == 255)


def test_a_part_of_the_clip_keeps_the_times_of_the_clip(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = ("--start", "00:00:01", "--end", "2.4s", "--quiet")
    outcome = run(capsys, "process", clip, "-o", tmp_path, *options)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["frames"] == 28
    assert summary["footage_s"] == pytest.approx(1.4, abs=0.01)


def test_scale_makes_everything_smaller(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run(capsys, "process", clip, "-o", tmp_path, "--scale", "0.5")
    assert read_masks(tmp_path / "mask.mkv")[0].shape == (48, 64)
    assert json.loads((tmp_path / "events.json").read_text())["frame_size"] == [64, 48]


def test_regions_decide_where_motion_counts(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    left = "0,0 40,0 40,96 0,96"
    run(capsys, "process", clip, "-o", tmp_path / "in", "--region", left, "--scale", "0.5")
    run(capsys, "process", clip, "-o", tmp_path / "ex", "--exclude", left)
    inside = np.max(read_masks(tmp_path / "in" / "mask.mkv"), axis=0)
    outside = np.max(read_masks(tmp_path / "ex" / "mask.mkv"), axis=0)
    assert inside[:, :20].any()
    assert not inside[:, 21:].any()
    assert outside[:, 41:].any()
    assert not outside[:, :40].any()


def test_several_clips_get_a_folder_each(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("one.mp4", "two.mp4"):
        shutil.copy(clip, tmp_path / name)
    outcome = run(capsys, "process", tmp_path / "*.mp4", clip, "-o", tmp_path / "out")
    assert outcome.code == 0
    folders = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert folders == ["one", "two", "yard"]
    assert all((tmp_path / "out" / name / "mask.mkv").exists() for name in folders)


def test_clips_of_one_name_do_not_overwrite_each_other(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(clip, tmp_path / folder / "yard.mp4")
    clips = (tmp_path / "a" / "yard.mp4", tmp_path / "b" / "yard.mp4")
    assert run(capsys, "process", *clips, "-o", tmp_path / "out").code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["yard", "yard-2"]


def test_an_image_folder_in_cdnet_numbering(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "sequence" / "input"
    folder.mkdir(parents=True)
    for number in range(1, 31):
        image = np.full((40, 60), 100, np.uint8)
        if number > 20:
            image[10:30, 10:30] = 220
        cv2.imwrite(str(folder / f"in{number:06d}.png"), image)
    outcome = run(capsys, "process", tmp_path / "sequence", "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    masks = read_masks(tmp_path / "out" / "mask.mkv")
    assert [bool(mask.any()) for mask in masks] == [False] * 20 + [True] * 10


def test_twelve_bit_pictures_are_as_bright_in_the_overlay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for number in range(12):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64), 2048, np.uint16))
    sets = ("--set", "model.max_value=4095.0", "--scale", "0.5")
    outcome = run(capsys, "process", tmp_path, "-o", tmp_path / "out", *sets)
    assert outcome.code == 0, outcome.err
    with av.open(str(tmp_path / "out" / "overlay.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gray")
    assert picture[-4:].mean() == pytest.approx(128, abs=8)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("output.mask=png", {"masks"}),
        ("output.mask=both", {"masks", "mask.mkv"}),
        ("output.mask=none", set[str]()),
    ],
)
def test_the_mask_format_is_a_choice(
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    key: str,
    expected: set[str],
):
    off = [f"output.{name}=false" for name in ("overlay", "background", "heatmap", "events")]
    sets = [argument for text in (key, *off) for argument in ("--set", text)]
    assert run(capsys, "process", clip, "-o", tmp_path, *sets).code == 0
    assert {p.name for p in tmp_path.iterdir()} == expected | {"summary.json"}
    if "masks" in expected:
        assert len(list((tmp_path / "masks").iterdir())) == FRAMES


def test_the_same_clip_gives_the_same_masks_whatever_the_threads(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for threads, batch in ((1, 1), (2, 8), (3, 5)):
        sets = ("--set", f"run.threads={threads}", "--set", f"run.batch_frames={batch}")
        run(capsys, "process", clip, "-o", tmp_path / str(threads), *sets)
    masks = [read_masks(tmp_path / str(threads) / "mask.mkv") for threads in (1, 2, 3)]
    np.testing.assert_array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(masks[0], masks[2])


def test_shadows_are_kept_on_request(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    sets = ("--set", "model.detect_shadows=true", "--set", "mask.shadows=keep")
    assert run(capsys, "process", clip, "-o", tmp_path, *sets).code == 0
    values = {int(v) for mask in read_masks(tmp_path / "mask.mkv") for v in np.unique(mask)}
    assert values <= {0, 127, 255}
