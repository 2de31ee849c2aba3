"""What a process of a sweep does, in this process."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from bgsub.app import sweep_worker
from bgsub.app.evaluate import EvaluationOutputs, evaluate
from bgsub.app.sweep_worker import SweepTask, run_task
from bgsub.config import load_config, parse_set
from bgsub.evaluation import find_sequences
from bgsub.synth import Scene, write_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence as Many
    from pathlib import Path

    from bgsub.config import Config
    from bgsub.evaluation import ScoredSequence, Sequence
    from bgsub.frames import Problem, StreamInfo
    from bgsub.pipeline import RunStats


class Silent:
    """An observer that wants to know nothing."""

    def clip_started(self, info: StreamInfo) -> None: ...

    def advanced(self, stats: RunStats) -> None: ...

    def sequence_scored(self, scored: ScoredSequence, problems: Many[Problem]) -> None: ...


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> Sequence:
    folder = tmp_path_factory.mktemp("data") / "rendered" / "one"
    scene = Scene("traffic", width=64, height=36, n_frames=30, fps=5.0, seed=3)
    write_sequence(scene, folder)
    [found] = find_sequences(folder)
    return found


def config(*sets: str) -> Config:
    return load_config(None, [parse_set(one) for one in sets]).config


def test_candidates_side_by_side_score_as_each_does_alone(sequence: Sequence):
    configs = {
        7: config(),
        3: config("mask.median_px=3", "model.n_components=5"),
        5: config("input.colour=false"),
    }
    outcome = run_task(SweepTask(sequence=sequence, configs=configs))
    assert outcome.failure is None
    assert outcome.sequence == "rendered/one"
    assert set(outcome.counts) == set(outcome.cpu_ms) == set(configs)
    assert all(ms > 0 for ms in outcome.cpu_ms.values())
    for number, one in configs.items():
        [alone] = evaluate(
            sequence.input_dir.parent,
            one,
            EvaluationOutputs(),
            observer=Silent(),
            stop=threading.Event(),
        )
        assert outcome.counts[number] == alone.counts


def test_a_sequence_that_is_gone_comes_back_as_a_sentence(sequence: Sequence, tmp_path: Path):
    copy = tmp_path / "rendered" / "two"
    shutil.copytree(sequence.input_dir.parent, copy)
    [found] = find_sequences(copy)
    shutil.rmtree(found.input_dir)
    outcome = run_task(SweepTask(sequence=found, configs={0: config()}))
    assert outcome.counts == {}
    assert outcome.failure is not None
    assert "does not exist" in outcome.failure


def test_a_piece_that_is_stopped_says_nothing(
    sequence: Sequence, monkeypatch: pytest.MonkeyPatch
):
    event = threading.Event()
    event.set()
    monkeypatch.setattr(sweep_worker._Stop, "event", event)
    outcome = run_task(SweepTask(sequence=sequence, configs={0: config()}))
    assert (outcome.counts, outcome.cpu_ms, outcome.failure) == ({}, {}, None)
