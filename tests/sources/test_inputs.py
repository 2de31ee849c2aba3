"""From arguments to paths and sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import pytest

from bgsub.errors import SourceOpenError
from bgsub.sources import ClipSource, ImageFolderSource, expand_inputs, open_source
from tests.sources._clips import picture

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("cam2.mp4", "cam10.mp4", "cam1.MKV", "notes.txt", "sub/deep/late.avi"):
        path = tmp_path / "clips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for name in ("pictures/a.png", "pictures/b.png", "sequence/input/in000001.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture(0, 16, 16))
    (tmp_path / "nothing").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["clips/cam2.mp4"], ["clips/cam2.mp4"]),
        (["clips/notes.txt"], ["clips/notes.txt"]),
        (["clips"], ["clips/cam1.MKV", "clips/cam2.mp4", "clips/cam10.mp4"]),
        (["clips/*.mp4"], ["clips/cam2.mp4", "clips/cam10.mp4"]),
        (["clips/*"], ["clips/cam1.MKV", "clips/cam2.mp4", "clips/cam10.mp4"]),
        (["clips/*.txt"], ["clips/notes.txt"]),
        (["**/*.avi"], ["clips/sub/deep/late.avi"]),
        (["pictures"], ["pictures"]),
        (["sequence"], ["sequence"]),
        (["sequence/input"], ["sequence/input"]),
        (["pict*"], ["pictures"]),
        (["*quence"], ["sequence"]),
        (["clips/cam2.mp4", "./clips/*2.mp4", "clips"], None),
    ],
)
def test_arguments_are_expanded(arguments, expected, tree: Path):
    expected = expected or ["clips/cam2.mp4", "clips/cam1.MKV", "clips/cam10.mp4"]
    assert [p.as_posix() for p in expand_inputs(arguments)] == expected


def test_absolute_pattern_is_expanded(tree: Path):
    assert expand_inputs([f"{tree}/clips/*2.mp4"]) == (tree / "clips" / "cam2.mp4",)


def test_file_whose_name_looks_like_a_pattern_is_found(tree: Path):
    (tree / "cam[1].mp4").write_bytes(b"x")
    assert [p.name for p in expand_inputs(["cam[1].mp4"])] == ["cam[1].mp4"]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("missing.mp4", r"^'missing.mp4' does not exist; check the name$"),
        ("clips/*.mov", r"^nothing matches 'clips/\*.mov'; check the pattern$"),
        ("nothing", r"^'nothing' holds neither clips nor pictures"),
        ("pictures/a.png", r"^'pictures/a.png' is a single picture; .* a folder of pictures$"),
        ("pictures/*.png", r"^'pictures/\*.png' matches single pictures; give their folder"),
        ("rtsp://camera/1", r"^'rtsp://camera/1' is an address.* to a file first$"),
    ],
)
def test_argument_that_stands_for_nothing_is_refused(argument, message, tree: Path):
    with pytest.raises(SourceOpenError, match=message):
        expand_inputs(["clips/cam2.mp4", argument])


def test_folder_with_a_picture_beside_every_clip_stands_for_the_clips(tree: Path):
    for name in ("cam1.jpg", "cam2.jpg", "cam10.jpg"):
        (tree / "clips" / name).write_bytes(b"x")
    assert len(expand_inputs(["clips"])) == 3

    (tree / "clips" / "cam3.jpg").write_bytes(b"x")
    assert [p.name for p in expand_inputs(["clips"])] == ["clips"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("pictures", ImageFolderSource), ("clips/cam2.mp4", ClipSource)],
)
def test_source_is_picked_by_what_the_path_is(name: str, kind: type, tree: Path):
    source = open_source(tree / name, start_s=0.0, end_s=None, scale=1.0, image_fps=5.0)
    assert isinstance(source, kind)


def test_single_picture_is_no_source(tree: Path):
    with pytest.raises(SourceOpenError, match="single picture"):
        open_source(tree / "pictures/a.png", start_s=0.0, end_s=None, scale=1.0, image_fps=5.0)
