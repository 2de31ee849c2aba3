"""A sweep whose parts fail."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from bgsub.app.evaluate import picture_names
from bgsub.app.sweep import sweep
from bgsub.config import Config
from bgsub.errors import SourceError
from bgsub.evaluation import find_sequences
from bgsub.synth import Scene, write_sequence

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)


class Vandal:
    """An observer that removes a sequence before the work begins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.shares: list[float] = []

    def sweep_started(self, n_candidates: int, n_sequences: int) -> None:
        assert (n_candidates, n_sequences) == (2, 2)
        shutil.rmtree(self._folder)

    def advanced(self, share: float) -> None:
        self.shares.append(share)

    def noted(self, note: str) -> None:
        pytest.fail(note)


def test_a_sequence_that_vanishes_is_the_users_to_know(tmp_path: Path):
    scene = Scene("traffic", width=64, height=36, n_frames=10, fps=1.0, seed=3)
    for name in ("one", "two"):
        write_sequence(scene, tmp_path / "data" / "rendered" / name)
    plan = tmp_path / "sweep.yaml"
    plan.write_text("keys: {mask.median_px: [3]}")
    vandal = Vandal(tmp_path / "data" / "rendered" / "two" / "input")
    with pytest.raises(SourceError, match="does not exist"):
        sweep(
            tmp_path / "data",
            plan,
            Config(),
            tmp_path / "out",
            overwrite=False,
            observer=vandal,
            stop=threading.Event(),
        )
    assert not list((tmp_path / "out").iterdir()), "no candidate is complete"
    assert all(0 <= share <= 1 for share in vandal.shares)


def test_sequences_whose_names_run_together_get_pictures_of_their_own(tmp_path: Path):
    scene = Scene("traffic", width=16, height=16, n_frames=4, fps=1.0, seed=3)
    for category, name in (("a", "b-c"), ("a-b", "c")):
        write_sequence(scene, tmp_path / category / name)
    names = picture_names(find_sequences(tmp_path))
    assert names == {"a-b/c": "a-b-c.png", "a/b-c": "a-b-c-2.png"}
