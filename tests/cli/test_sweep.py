"""``bgsub evaluate --sweep``: many configurations in processes, and how they end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import cv2
import pytest

from bgsub.app.sweep_files import SWEEP_NAMES
from tests.cli._run import run

# A machine that others use, too, may take a minute to start processes and to end them.
_WAIT_S = 120
pytestmark = pytest.mark.timeout(400)

_GRID = "keys: {mask.median_px: [3, 9], model.match_sigmas: [2.5, 100.0]}\n"
_ENDLESS = (
    "method: random\nsamples: 400\nkeys: {model.learning_rate: {low: 1e-4, high: 1e-1}}\n"
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from bgsub.cli import main

    root = tmp_path_factory.mktemp("dataset")
    for name, scene in (("one", "walkers"), ("two", "traffic")):
        folder = root / "rendered" / name
        options = ["--size", "160x90", "--fps", "10", "--seconds", "4", "--seed", "3", "-q"]
        assert main(["synth", scene, "-o", str(folder), *options]) == 0
    return root


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(_GRID)
    return path


def test_a_sweep_finds_the_best_and_writes_what_config_takes(
    dataset: Path, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    outcome = run(
        capsys, "evaluate", dataset, "--config", "classic", "--sweep", plan, "-o", out
    )
    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in out.iterdir()) == sorted(SWEEP_NAMES)
    record = json.loads((out / "sweep.json").read_text())
    rows = list(csv.DictReader((out / "sweep.csv").read_text().splitlines()))
    assert [row["candidate"] for row in rows] == ["0", "1", "2", "3"]
    assert all(one["cpu_ms_per_frame"] > 0 for one in record["candidates"])
    blind = [row for row in rows if row["model.match_sigmas"] == "100.0"]
    assert all(float(row["f_measure"]) < 0.2 for row in blind)
    best = record["candidates"][record["best"]]
    assert best["values"]["model.match_sigmas"] == 2.5
    assert set(record["leave_one_out"]["sequences"]) == {"rendered/one", "rendered/two"}
    assert "left out" in outcome.out
    assert f"{best['mean']['f_measure']:.4f}" in outcome.out
    picture = cv2.imread(str(out / "sweep.png"))
    assert picture is not None

    scores = tmp_path / "best.json"
    options = ("--config", out / "best.yaml", "--json", scores, "--quiet")
    assert run(capsys, "evaluate", dataset, *options).code == 0
    again = json.loads(scores.read_text())
    assert again["mean"] == pytest.approx(best["mean"])


def test_every_candidate_scores_as_it_does_alone(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    plan = tmp_path / "sweep.yaml"
    plan.write_text("keys: {input.colour: [true, false]}\nsequences: [rendered/two]\n")
    base = ("--config", "classic")
    outcome = run(
        capsys,
        "evaluate",
        dataset,
        "--config",
        "classic",
        "--sweep",
        plan,
        "-o",
        tmp_path / "out",
        *base,
    )
    assert outcome.code == 0, outcome.err
    assert "One sequence alone" in outcome.out
    record = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert len(record["candidates"]) == 2
    for one in record["candidates"]:
        colour = json.dumps(one["values"]["input.colour"])
        options = (*base, "--set", f"input.colour={colour}", "--json", tmp_path / "f.json")
        run(capsys, "evaluate", dataset / "rendered" / "two", *options)
        alone = json.loads((tmp_path / "f.json").read_text())
        found = one["sequences"]["rendered/two"]
        assert found["f_measure"] == alone["mean"]["f_measure"]
        assert found["pwc"] == alone["mean"]["pwc"]


def test_what_is_wrong_is_told_before_anything_is_written(
    dataset: Path, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    bad_key, bad_sequence = tmp_path / "key.yaml", tmp_path / "sequence.yaml"
    bad_key.write_text("keys: {mask.median_px: [4]}")
    bad_sequence.write_text("keys: {mask.median_px: [5]}\nsequences: [rendered/three]")
    out = tmp_path / "out"
    for arguments in (
        ("--sweep", bad_key, "-o", out),
        ("--sweep", bad_sequence, "-o", out),
        ("--sweep", tmp_path / "none.yaml", "-o", out),
        ("--config", "classic", "--sweep", plan),
        ("--config", "classic", "--sweep", plan, "-o", out, "--json", tmp_path / "scores.json"),
        ("--config", "classic", "--sweep", plan, "-o", out, "--set", "input.scale=0.5"),
        ("-o", out),
    ):
        outcome = run(capsys, "evaluate", dataset, *arguments)
        assert outcome.code == 2, arguments
        assert outcome.is_one_sentence, outcome.err
        assert not out.exists()


def test_an_older_sweep_is_kept_unless_it_may_be_replaced(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    plan, out = tmp_path / "sweep.yaml", tmp_path / "out"
    plan.write_text("keys: {mask.median_px: [9]}\nsequences: [rendered/one]")
    out.mkdir()
    (out / "best.yaml").write_text("mine")
    arguments = (
        "evaluate",
        dataset,
        "--config",
        "classic",
        "--sweep",
        plan,
        "-o",
        out,
        "--quiet",
    )
    refused = run(capsys, *arguments)
    assert refused.code == 2
    assert refused.is_one_sentence, refused.err
    outcome = run(capsys, *arguments, "--overwrite")
    assert (outcome.code, outcome.out) == (0, "")
    assert "median_px: 9" in (out / "best.yaml").read_text()


def test_truth_that_is_missing_is_told_once(
    tmp_path: Path, plan: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "data" / "one"
    run(capsys, "synth", "walkers", "-o", folder, "--size", "64x36", "--seconds", "2", "-q")
    (folder / "groundtruth" / "gt000040.png").unlink()
    sweep = ("--config", "classic", "--sweep", plan, "-o", tmp_path / "out")
    outcome = run(capsys, "evaluate", tmp_path / "data", *sweep)
    assert outcome.code == 0
    assert outcome.err.count("no labels for frame 40") == 1


def _launch(dataset: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """Start a sweep that would take minutes."""
    plan = tmp_path / "sweep.yaml"
    plan.write_text(_ENDLESS)
    arguments = ["evaluate", str(dataset), "--config", "classic", "--sweep", str(plan)]
    return subprocess.Popen(
        [sys.executable, "-m", "bgsub", *arguments, "-o", str(tmp_path / "out"), "--verbose"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A process group of its own, as a shell gives to each command.
        start_new_session=True,
    )


def _start(dataset: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """Start a sweep that would take minutes; some candidates are done on return."""
    process = _launch(dataset, tmp_path)
    assert process.stderr is not None
    done: set[str] = set()
    for line in process.stderr:
        numbers = line.rpartition("candidates ")[2]
        if numbers in done:
            return process
        done.add(numbers)
    pytest.fail(f"it ended by itself: {done}")


def _workers(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text()
            if int(fields[1]) == parent and "spawn_main" in command:
                found.append(int(folder.name))
    return found


def _group_has_ended(group: int) -> bool:
    """Wait until no process of a group is left; some only notice that their parent is gone."""
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@linux
def test_ctrl_c_ends_a_sweep_with_what_is_done(dataset: Path, tmp_path: Path):
    process = _start(dataset, tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=_WAIT_S)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "configurations were scored on every sequence" in err
    rows = list(csv.DictReader((tmp_path / "out" / "sweep.csv").read_text().splitlines()))
    assert 0 < len(rows) < 401
    assert all(0 < float(row["f_measure"]) <= 1 for row in rows)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(SWEEP_NAMES)
    assert _group_has_ended(process.pid)


@linux
def test_ctrl_c_while_the_processes_start_is_not_their_affair(dataset: Path, tmp_path: Path):
    process = _launch(dataset, tmp_path)
    deadline = time.monotonic() + _WAIT_S
    while not _workers(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    # In the middle of their imports, which a Ctrl-C must not reach.
    time.sleep(0.15)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=_WAIT_S)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert _group_has_ended(process.pid)


@linux
def test_a_worker_that_dies_is_a_sentence_and_what_was_done_is_kept(
    dataset: Path, tmp_path: Path
):
    process = _start(dataset, tmp_path)
    os.kill(_workers(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=_WAIT_S)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert "bgsub: A process of the sweep was ended from outside" in err
    assert (tmp_path / "out" / "sweep.csv").exists()
    assert _group_has_ended(process.pid)
