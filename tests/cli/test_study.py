"""``bgsub study``: files, table and exit codes as a user meets them."""

from __future__ import annotations

import csv
import json
import os
import threading
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.cli._run import run

pytestmark = pytest.mark.timeout(120)

FILES = {"report.html", "study.csv", "study.json", "sheet.png"}
SHAPE = (24, 32)
BSDS = Path(__file__).parents[2] / ".." / "shared" / "data" / "stills" / "bsds"


def _picture(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    levels = np.repeat(np.array([50, 190]), 16)[None] + random.normal(0, 8, SHAPE)
    return levels.astype(np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f"p{number}.png"), _picture(number))
    return folder


@pytest.fixture
def truths(tmp_path: Path) -> Path:
    folder = tmp_path / "truths"
    folder.mkdir()
    halves = np.repeat(np.array([1, 2], np.uint8), 16)[None].repeat(SHAPE[0], axis=0)
    for number in range(2):
        cv2.imwrite(str(folder / f"p{number}.png"), halves)
    return folder


def test_every_combination_is_in_every_file(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = ("-k", "2,3", "--smoothing", "0,2", "--vary", "reg_covar=1e-6,1")
    outcome = run(capsys, "study", pictures / "p0.png", "-o", tmp_path / "out", *options)
    assert outcome.code == 0, outcome.err
    effects = {f"effect-{key}.png" for key in ("n_components", "smoothing", "reg_covar")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | effects
    rows = list(csv.DictReader((tmp_path / "out" / "study.csv").read_text().splitlines()))
    combinations = {(r["n_components"], r["smoothing"], r["reg_covar"]) for r in rows}
    assert len(rows) == len(combinations) == 8
    record = json.loads((tmp_path / "out" / "study.json").read_text())
    assert [row["values"]["n_components"] for row in record["rows"]] == [2] * 4 + [3] * 4
    assert "8 results" in outcome.out
    assert "BIC" in outcome.out


def test_truth_is_matched_by_name_and_means_are_over_the_pictures(
    pictures: Path, truths: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ("-o", tmp_path / "out", "--truth", truths, "-k", "2,4", "-q")
    outcome = run(capsys, "study", pictures, *arguments)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    record = json.loads((tmp_path / "out" / "study.json").read_text())
    assert record["pictures"] == ["p0", "p1"]
    assert record["rows"][0]["covering"] == 1.0
    assert record["rows"][0]["variation_of_information"] == 0.0
    assert record["best"]["covering"]["values"] == {"n_components": 2}
    assert record["mean"][1]["covering"] == pytest.approx(
        np.mean([row["covering"] for row in record["rows"] if row["n_components"] == 4])
    )
    assert (tmp_path / "out" / "pictures.png").exists()


def test_nothing_varied_varies_k_and_auto_is_a_value(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run(capsys, "study", pictures / "p0.png", "-o", tmp_path / "a", "-q")
    record = json.loads((tmp_path / "a" / "study.json").read_text())
    assert record["varied"] == {"n_components": [2, 3, 4, 5, 6, 7, 8]}
    run(capsys, "study", pictures / "p0.png", "-o", tmp_path / "b", "-q", "-k", "2,auto")
    record = json.loads((tmp_path / "b" / "study.json").read_text())
    assert record["varied"] == {"n_components": [2, None]}
    assert record["rows"][1]["n_components"] == 2


def test_the_number_of_jobs_does_not_change_the_results(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    found = []
    for jobs in ("1", "3"):
        out = tmp_path / jobs
        arguments = ("-k", "2,3", "--init", "range,random", "-q", "-j", jobs)
        assert run(capsys, "study", pictures, "-o", out, *arguments).code == 0
        rows = json.loads((out / "study.json").read_text())["rows"]
        found.append([{k: v for k, v in row.items() if k != "seconds"} for row in rows])
    assert found[0] == found[1]


def test_an_existing_report_is_kept_unless_told_otherwise(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ("study", pictures / "p0.png", "-o", tmp_path / "out", "-k", "2", "-q")
    assert run(capsys, *arguments).code == 0
    again = run(capsys, *arguments)
    assert again.code == 2
    assert again.is_one_sentence, again.err
    assert run(capsys, *arguments, "--overwrite").code == 0


def test_no_output_replaces_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "sheet.png"
    cv2.imwrite(str(path), _picture(0))
    before = path.read_bytes()
    outcome = run(capsys, "study", path, "-o", tmp_path, "-k", "2", "--overwrite")
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "2,x"),
        ("-k", ","),
        ("-k", "0"),
        ("--covariance", "round"),
        ("--vary", "nothing=1"),
        ("--vary", "reg_covar"),
        ("--vary", "reg_covar="),
        ("--config", "nowhere"),
        ("--truth", "nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_nothing_is_written(
    arguments: tuple[str, ...],
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    outcome = run(capsys, "study", pictures / "p0.png", "-o", tmp_path / "out", *arguments)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert not (tmp_path / "out").exists()


def test_one_truth_for_several_pictures_is_refused(
    pictures: Path, truths: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    truth = truths / "p0.png"
    outcome = run(capsys, "study", pictures, "-o", tmp_path / "out", "--truth", truth)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err


def test_a_picture_that_cannot_be_read_does_not_stop_the_others(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (pictures / "p1.png").write_bytes(b"no picture")
    outcome = run(capsys, "study", pictures, "-o", tmp_path / "out", "-k", "2")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    assert "p1.png" in outcome.err
    assert json.loads((tmp_path / "out" / "study.json").read_text())["pictures"] == ["p0"]


@pytest.mark.parametrize("name", ["nowhere.png", "p0.png"])
def test_nothing_to_study_is_an_error(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "p0.png").write_bytes(b"no picture")
    outcome = run(capsys, "study", tmp_path / name, "-o", tmp_path / "out")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    assert not (tmp_path / "out").exists()


def test_more_classes_than_values_are_reported_beside_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    two = np.where(np.arange(32)[None] < 16, 10, 200).repeat(SHAPE[0], axis=0)
    cv2.imwrite(str(tmp_path / "two.png"), two.astype(np.uint8))
    outcome = run(capsys, "study", tmp_path / "two.png", "-o", tmp_path / "out", "-k", "2,3")
    assert outcome.code == 0
    assert "2 distinct values" in outcome.err
    rows = json.loads((tmp_path / "out" / "study.json").read_text())["rows"]
    assert ["problem" in row for row in rows] == [False, True]


class _SetLater(threading.Event):
    """Ctrl-C after it was asked about some times."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._left = calls

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_ctrl_c_keeps_what_is_done(
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(
        "bgsub.cli.study.stop_on_signals", lambda: nullcontext(_SetLater(calls=6))
    )
    outcome = run(capsys, "study", pictures, "-o", tmp_path / "out", "-q", "-j", "1")
    assert outcome.code == 130
    assert outcome.err == ""
    rows = json.loads((tmp_path / "out" / "study.json").read_text())["rows"]
    assert 0 < len(rows) < 7
    assert "Every result" in (tmp_path / "out" / "report.html").read_text()


def test_ctrl_c_before_anything_is_done_writes_nothing(
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(
        "bgsub.cli.study.stop_on_signals", lambda: nullcontext(_SetLater(calls=0))
    )
    outcome = run(capsys, "study", pictures, "-o", tmp_path / "out")
    assert (outcome.code, outcome.err) == (130, "")
    assert not (tmp_path / "out").exists()


@pytest.mark.footage
@pytest.mark.skipif(not BSDS.is_dir(), reason="needs the real pictures")
def test_real_pictures_have_the_covering_that_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    images = [BSDS / "images" / f"{name}.jpg" for name in ("12084", "102061")]
    arguments = ("-o", tmp_path / "out", "--truth", BSDS / "groundTruth", "-k", "3", "-q")
    assert run(capsys, "study", *images, *arguments).code == 0
    mean = json.loads((tmp_path / "out" / "study.json").read_text())["mean"][0]
    assert 0.4 < mean["covering"] < 0.7


def test_a_study_that_found_nothing_has_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    cv2.imwrite(str(tmp_path / "one.png"), np.full(SHAPE, 9, np.uint8))
    options = ("-k", "2,3", "-o", tmp_path / "out")
    outcome = run(capsys, "study", tmp_path / "one.png", *options)
    assert outcome.code == 1
    assert "only one distinct value" in outcome.err


def test_an_empty_list_of_values_is_told(pictures: Path, capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "study", pictures, "-k", "", "-o", pictures / "out")
    assert outcome.code == 2
    assert "No value is given for n_components" in outcome.err


def test_pictures_may_have_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("a$\\frac{b$", "猫", os.fsdecode(b"x\xff"), "<b>&[red]"):
        try:
            (tmp_path / f"{name}.png").write_bytes(
                cv2.imencode(".png", _picture(0))[1].tobytes()
            )
        except (OSError, UnicodeError):
            continue  # not on this file system
    outcome = run(capsys, "study", tmp_path, "-k", "2,3", "-o", tmp_path / "out")
    assert (outcome.code, outcome.err) == (0, "")
    assert (tmp_path / "out" / "pictures.png").exists()
    assert "&lt;b&gt;&amp;[red]" in (tmp_path / "out" / "report.html").read_text("utf-8")
