"""``bgsub segment``: files, record and exit codes as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

from bgsub.config import config_names, load_config
from bgsub.segmentation.noise import add_noise
from tests.cli._run import run
from tests.segmentation._pictures import colour, grey, stripes

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.timeout(120)

FIXED = {"labels.png", "recoloured.png", "uncertainty.png", "segmentation.json"}
FAST = ("--no-plots",)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "stripes.png"
    cv2.imwrite(str(path), grey(15.0))
    return path


def _record(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "segmentation.json").read_text())
    return content


def _read(path: Path) -> np.ndarray:
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found


def test_pictures_and_record_say_the_same(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "segment", picture, "-k", "3", "-o", tmp_path / "out", *FAST)
    assert outcome.code == 0, outcome.err
    assert not outcome.err
    assert "converged after" in outcome.out
    posteriors = {f"posterior-{j}.png" for j in (1, 2, 3)}
    assert {path.name for path in (tmp_path / "out").iterdir()} == FIXED | posteriors
    with Image.open(tmp_path / "out" / "labels.png") as indexed:
        assert indexed.mode == "P"
        labels = np.asarray(indexed)
    assert (labels == stripes()).mean() > 0.99
    likeliest = np.argmax(
        [_read(tmp_path / "out" / f"posterior-{j}.png") for j in (1, 2, 3)], axis=0
    )
    assert (likeliest == labels).mean() > 0.99
    recoloured = _read(tmp_path / "out" / "recoloured.png")
    assert len(np.unique(recoloured)) == 3
    record = _record(tmp_path / "out")
    assert record["pixels"] == np.bincount(labels.ravel()).tolist()


def test_the_record_is_as_promised(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ("-k", "2", "-o", tmp_path / "out", "--covariance", "tied", *FAST)
    assert run(capsys, "segment", picture, *arguments).code == 0
    record = _record(tmp_path / "out")
    assert record["version"] == 1
    assert record["image"] == str(picture)
    assert (record["estimator"], record["init"]) == ("histogram", "range")
    assert (record["n_components"], record["covariance_type"]) == (2, "tied")
    assert record["criterion"] == "likelihood"
    assert record["converged"] is True
    assert np.shape(record["weights"]) == (2,)
    assert np.shape(record["means"]) == (2, 1)
    assert np.shape(record["covariances"]) == (1, 1)
    assert record["means"][0] < record["means"][1]
    assert len(record["log_likelihood"]) == record["iterations"] == len(record["history"])
    assert record["seconds"] >= sum(record["timings"].values()) > 0
    assert record["bic"] > record["aic"]


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(".png", np.uint8), (".jpg", np.uint8), (".tif", np.uint8), (".png", np.uint16),
     (".tif", np.uint16)],
)  # fmt: skip
@pytest.mark.parametrize("make", [grey, colour])
def test_every_kind_of_picture_is_read(
    suffix: str,
    kind: type,
    make: Callable[[float], np.ndarray],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    path = tmp_path / f"picture{suffix}"
    scale = 257 if kind == np.uint16 else 1
    cv2.imwrite(str(path), make(5.0).astype(kind) * kind(scale))
    outcome = run(
        capsys, "segment", path, "-k", "3", "-o", tmp_path / "out", "--init", "kmeans", *FAST
    )
    assert outcome.code == 0, outcome.err
    with Image.open(tmp_path / "out" / "labels.png") as indexed:
        found = np.asarray(indexed)
    from sklearn.metrics import adjusted_rand_score

    assert adjusted_rand_score(stripes().ravel(), found.ravel()) > 0.95
    expected = kind if suffix != ".jpg" else np.uint8
    assert _read(tmp_path / "out" / "recoloured.png").dtype == expected


def test_transparency_is_ignored_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "logo.png"
    alpha = np.full(stripes().shape, 99, np.uint8)
    cv2.imwrite(str(path), np.dstack([colour(5.0), alpha]))
    outcome = run(capsys, "segment", path, "-o", tmp_path / "out", *FAST)
    assert outcome.code == 0
    assert "transparency is ignored" in outcome.err
    assert _record(tmp_path / "out")["features"] == ["red", "green", "blue"]


def test_noise_is_seeded_and_kept(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ("--noise-sigma", "20", "--seed", "5", *FAST)
    assert run(capsys, "segment", picture, "-o", tmp_path / "out", *arguments).code == 0
    noisy = _read(tmp_path / "out" / "noisy.png")
    np.testing.assert_array_equal(noisy, add_noise(_read(picture), 20.0, seed=5))
    assert _record(tmp_path / "out")["settings"]["noise_sigma"] == 20.0


def test_the_number_of_classes_can_be_found(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ("-k", "auto", "--set", "segmentation.max_components=4", *FAST)
    assert run(capsys, "segment", picture, "-o", tmp_path / "out", *arguments).code == 0
    record = _record(tmp_path / "out")
    assert [one["n_components"] for one in record["candidates"]] == [1, 2, 3, 4]
    assert record["bic"] == min(one["bic"] for one in record["candidates"])


def test_plots_and_the_film_are_there_when_asked_for(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "segment", picture, "-o", tmp_path / "out", "--animate")
    assert outcome.code == 0, outcome.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"histogram.png", "evolution.png", "convergence.png", "evolution.mp4"} <= names


def test_both_estimators_and_the_command_line_agree(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("histogram", "sklearn"):
        arguments = ("--estimator", name, "--tol", "1e-6", "--max-iter", "500", *FAST)
        outcome = run(capsys, "segment", picture, "-o", tmp_path / name, *arguments)
        assert outcome.code == 0, outcome.err
    ours, theirs = (_record(tmp_path / name) for name in ("histogram", "sklearn"))
    assert (ours["estimator"], theirs["estimator"]) == ("histogram", "sklearn")
    np.testing.assert_allclose(ours["means"], theirs["means"], rtol=1e-6)
    np.testing.assert_allclose(ours["covariances"], theirs["covariances"], rtol=1e-6)


def test_quiet_says_nothing(picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "segment", picture, "-o", tmp_path / "out", "--quiet", *FAST)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_outputs_are_replaced_only_when_allowed(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ("segment", picture, "-o", tmp_path / "out", *FAST)
    assert run(capsys, *arguments).code == 0
    before = (tmp_path / "out" / "labels.png").stat().st_mtime_ns
    refused = run(capsys, *arguments)
    assert refused.code == 2
    assert refused.is_one_sentence
    assert (tmp_path / "out" / "labels.png").stat().st_mtime_ns == before
    assert run(capsys, *arguments, "--overwrite").code == 0


def test_plots_of_others_are_not_replaced_either(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "histogram.png").write_text("mine")
    outcome = run(capsys, "segment", picture, "-o", tmp_path / "out")
    assert outcome.code == 2
    assert outcome.is_one_sentence
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"histogram.png"}


def test_a_picture_is_never_replaced_by_its_own_labels(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    mine = tmp_path / "labels.png"
    shutil.copy(picture, mine)
    before = mine.read_bytes()
    outcome = run(capsys, "segment", mine, "-o", tmp_path, "--overwrite", *FAST)
    assert outcome.code == 2
    assert outcome.is_one_sentence
    assert mine.read_bytes() == before


def _one_colour(folder: Path) -> Path:
    cv2.imwrite(str(folder / "flat.png"), np.full((9, 9), 40, np.uint8))
    return folder / "flat.png"


def _text(folder: Path) -> Path:
    (folder / "note.png").write_text("this is no picture")
    return folder / "note.png"


def _cut(folder: Path) -> Path:
    cv2.imwrite(str(folder / "whole.png"), grey(20.0))
    data = (folder / "whole.png").read_bytes()
    (folder / "cut.png").write_bytes(data[: len(data) // 2])
    return folder / "cut.png"


def _with_nan(folder: Path) -> Path:
    cv2.imwrite(str(folder / "nan.tif"), np.full((9, 9), float("nan"), np.float32))
    return folder / "nan.tif"


def _empty(folder: Path) -> Path:
    (folder / "empty.png").touch()
    return folder / "empty.png"


def test_of_several_pictures_in_a_file_the_first_is_taken_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    first, *others = (Image.fromarray(grey(15.0)) for _ in range(3))
    first.save(tmp_path / "several.tif", save_all=True, append_images=others)
    arguments = (tmp_path / "several.tif", "-o", tmp_path / "out", *FAST)
    outcome = run(capsys, "segment", *arguments)
    assert outcome.code == 0
    assert "holds 3 pictures: the first is taken" in outcome.err


_HOPELESS: dict[str, Callable[[Path], Path]] = {
    "device": lambda _: Path("/dev/null"),
    "missing": lambda folder: folder / "missing.png",
    "folder": lambda folder: folder,
    "text": _text,
    "cut off": _cut,
    "empty": _empty,
    "NaN": _with_nan,
    "one colour": _one_colour,
}


@pytest.mark.parametrize("kind", _HOPELESS)
def test_what_cannot_be_segmented_is_one_sentence(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "segment", _HOPELESS[kind](tmp_path), "-o", tmp_path / "out", *FAST)
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    "options",
    [
        ("-k", "0"),
        ("-k", "-2"),
        ("-k", "many"),
        ("-k", "65"),
        ("--covariance", "round"),
        ("--init", "guess"),
        ("--features", "smell"),
        ("--noise-sigma", "-1"),
        ("--noise-sigma", "1e300"),
        ("--smoothing", "nan"),
        ("--tol", "-1"),
        ("--max-iter", "0"),
        ("--set", "segmentation.n_component=3"),
        ("--config", "missing"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_2(
    options: tuple[str, ...],
    picture: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    outcome = run(capsys, "segment", picture, "-o", tmp_path / "out", *options)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_is_one_sentence(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    outcome = run(capsys, "segment", picture, "-o", picture / "out", *FAST)
    assert outcome.code == 1
    assert outcome.is_one_sentence


def test_every_configuration_for_stills_is_of_use(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    names = [name for name in config_names() if name.startswith("segmentation")]
    assert names
    for name in names:
        assert load_config(name).config.segmentation != load_config().config.segmentation
        out = tmp_path / name
        outcome = run(capsys, "segment", picture, "-o", out, "--config", name, *FAST)
        assert outcome.code == 0, outcome.err
