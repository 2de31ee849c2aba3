"""``bgsub demo``: known mixtures from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import av
import pytest

from tests.cli._run import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

FILES = [
    "convergence.png",
    "demo.json",
    "evolution.mp4",
    "evolution.png",
    "fit.png",
    "parameters.png",
    "samples.csv",
]


@pytest.mark.parametrize(("name", "columns"), [("em-1d", "x"), ("em-2d", "x,y")])
def test_a_demo_writes_truth_and_estimate(
    name: str, columns: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    limits = ("--samples", "300", "--seed", "4", "--set", "segmentation.max_iter=6")
    outcome = run(capsys, "demo", name, "-o", tmp_path, *limits)
    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    record = json.loads((tmp_path / "demo.json").read_text())
    assert record["samples"] == 300
    assert len(record["truth"]["means"]) == len(record["estimate"]["means"]) == 3
    assert record["largest_difference"] < 1e-6
    lines = (tmp_path / "samples.csv").read_text().splitlines()
    assert (lines[0], len(lines)) == (f"{columns},component,estimate", 301)
    with av.open(str(tmp_path / "evolution.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == record["iterations"] + 2
    assert "true mean" in outcome.out
    assert "scikit-learn" in outcome.out


def test_options_choose_components_and_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ("-k", "2", "--init", "range", "--set", "segmentation.max_iter=2", "-q")
    outcome = run(capsys, "demo", "em-1d", "-o", tmp_path, *arguments, "--samples", "50")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    record = json.loads((tmp_path / "demo.json").read_text())
    assert len(record["estimate"]["weights"]) == 2
    assert record["start"]["means"][0] < record["start"]["means"][1]


@pytest.mark.parametrize(
    "arguments",
    [("--samples", "3"), ("--init", "nowhere"), ("--set", "segmentation.tol=-1")],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "demo", "em-2d", "-o", tmp_path / "out", *arguments)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert not (tmp_path / "out").exists()


def test_an_existing_demo_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "fit.png").write_bytes(b"mine")
    outcome = run(capsys, "demo", "em-1d", "-o", tmp_path)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert (tmp_path / "fit.png").read_bytes() == b"mine"
