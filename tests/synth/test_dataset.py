from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from bgsub.errors import OutputExistsError, SinkOpenError, SinkWriteError
from bgsub.synth import Scene, truth_frames, write_sequence


def small(n_frames: int = 6) -> Scene:
    return Scene("traffic", width=64, height=36, n_frames=n_frames, fps=1.0, seed=3)


@pytest.mark.parametrize("image_format", ["png", "jpg"])
def test_write_sequence_makes_the_cdnet_layout(
    tmp_path: Path, image_format: Literal["png", "jpg"]
) -> None:
    folder = tmp_path / "made" / "traffic"
    seen: list[int] = []
    write_sequence(
        small(), folder, lambda frame: seen.append(frame.index), image_format=image_format
    )
    assert seen == list(range(6))
    names = [f"in{n:06d}.{image_format}" for n in range(1, 7)]
    assert sorted(p.name for p in (folder / "input").iterdir()) == names
    assert sorted(p.name for p in (folder / "groundtruth").iterdir()) == [
        f"gt{n:06d}.png" for n in range(1, 7)
    ]
    assert (folder / "temporalROI.txt").read_text().split() == ["4", "6"]
    region = cv2.imread(str(folder / "ROI.bmp"), cv2.IMREAD_UNCHANGED)
    assert region is not None
    assert region.shape == (36, 64)
    assert (region == 255).all()


def test_write_sequence_stores_exactly_what_the_scene_shows(tmp_path: Path) -> None:
    write_sequence(small(), tmp_path / "s")
    for frame in small():
        number = f"{frame.index + 1:06d}"
        image = cv2.imread(str(tmp_path / "s" / "input" / f"in{number}.png"))
        truth = cv2.imread(
            str(tmp_path / "s" / "groundtruth" / f"gt{number}.png"), cv2.IMREAD_UNCHANGED
        )
        assert image is not None
        assert truth is not None
        np.testing.assert_array_equal(image, frame.image)
        np.testing.assert_array_equal(truth, frame.truth)


def test_first_scored_frame_follows_the_training_part(tmp_path: Path) -> None:
    scene = Scene("night", width=16, height=16, n_frames=12, fps=1.0, seed=0)
    assert scene.n_training == round(scene.spec.training_s)
    write_sequence(scene, tmp_path / "night")
    first, last = (tmp_path / "night" / "temporalROI.txt").read_text().split()
    assert int(first) == scene.n_training + 1
    assert int(last) == 12


def test_truth_frames_are_the_truth_of_the_frames() -> None:
    truths = list(truth_frames(small()))
    assert len(truths) == 6
    for truth, frame in zip(truths, small(), strict=True):
        np.testing.assert_array_equal(truth, frame.truth)


def test_write_sequence_leaves_an_existing_sequence_alone(tmp_path: Path) -> None:
    write_sequence(small(1), tmp_path / "s")
    before = sorted(p.stat().st_mtime_ns for p in (tmp_path / "s").rglob("*.png"))
    with pytest.raises(OutputExistsError, match="exists already"):
        write_sequence(small(2), tmp_path / "s")
    assert sorted(p.stat().st_mtime_ns for p in (tmp_path / "s").rglob("*.png")) == before


def test_write_sequence_says_what_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkOpenError, match="cannot be created"):
        write_sequence(small(1), tmp_path / "file" / "s")


def test_write_sequence_reports_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "s"

    def block(_: object) -> None:
        (folder / "input" / "in000002.png").mkdir()

    with pytest.raises(SinkWriteError, match=r"in000002\.png cannot be created"):
        write_sequence(small(2), folder, block)
