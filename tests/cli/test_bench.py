"""``bgsub bench``: the table, the file, and what cannot be asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli._run import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

_SHORT = ("--seconds", "0.1", "--threads", "1")
_CASE = {
    "name": str,
    "mode": str,
    "colour": str,
    "ms_per_frame": float,
    "ratio_to_mog2": float,
}


def _check(record: dict[str, Any], width: int, height: int) -> None:
    assert (record["width"], record["height"], record["threads"]) == (width, height, 1)
    assert {case["mode"] for case in record["cases"]} == {
        "opencv",
        "frame",
        "batch",
        "robust",
        "classic",
    }
    for case in record["cases"]:
        assert {key: type(case[key]) for key in _CASE} == _CASE
        reference = next(
            c
            for c in record["cases"]
            if c["name"].startswith("MOG2") and c["colour"] == case["colour"]
        )
        ratio = reference["ms_per_frame"] / case["ms_per_frame"]
        assert case["ratio_to_mog2"] == pytest.approx(ratio)


def test_a_rendered_scene_is_measured_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "speed.json"
    outcome = run(capsys, "bench", "--size", "96x54", "--json", file, *_SHORT)
    assert outcome.code == 0, outcome.err
    record = json.loads(file.read_text())
    _check(record, 96, 54)
    assert record["content"] == "surveillance"
    assert 0.01 < record["foreground_fraction"] < 0.06
    assert record["warm_up_frames"] >= 100
    assert record["cpu"]
    assert record["floor_ms"]["grey"] > 0
    for text in (
        "96×54",
        "MOG2 BGR",
        "mixture K=5 grey",
        "all of classic BGR",
        "all of robust grey",
        "floor",
        "× MOG2",
    ):
        assert text in outcome.out


def test_several_sizes_make_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "speed.json"
    sizes = ("--size", "48x32", "--size", "64x36")
    options = ("--content", "noise", "--json", file, "--quiet", *_SHORT)
    outcome = run(capsys, "bench", *sizes, *options)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    first, second = json.loads(file.read_text())
    _check(first, 48, 32)
    _check(second, 64, 36)
    assert second["foreground_fraction"] is None


def test_a_clip_is_measured_at_its_own_size(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "speed.json"
    outcome = run(capsys, "bench", "--input", clip, "--json", file, *_SHORT)
    assert outcome.code == 0, outcome.err
    record = json.loads(file.read_text())
    _check(record, 128, 96)
    assert record["content"] == "yard.mp4"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--size", "big"), "WIDTHxHEIGHT"),
        (("--size", "0x10"), "WIDTHxHEIGHT"),
        (("--scene", "moon", "--size", "48x32"), "moon"),
        (("--scene", "trees", "--content", "noise"), "one of them"),
        (("--input", "a.mp4", "--size", "48x32"), "its own size"),
        (("--all-sizes", "--size", "48x32"), "leave --size"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_sentence(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
):
    outcome = run(capsys, "bench", *options)
    assert outcome.code == 2
    assert outcome.is_one_sentence
    assert words in outcome.err


def test_a_clip_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "bench", "--input", "nowhere.mp4")
    assert outcome.code == 1
    assert outcome.is_one_sentence
