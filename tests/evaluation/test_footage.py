"""Discovery and scoring on the real data sets, with masks made from their own truth."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bgsub.evaluation import Scores, ScoringSink, Sequence, find_sequences
from bgsub.evaluation.cdnet import read_labels
from tests.evaluation._dataset import result

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"

pytestmark = [
    pytest.mark.footage,
    pytest.mark.skipif(not (DATA / "cdnet").is_dir(), reason="the real footage is not here"),
]

# First and last scored frame, number of frames.
RANGES = {
    "baseline/highway": (470, 1700, 1700),
    "baseline/office": (570, 2050, 2050),
    "cameraJitter/traffic": (900, 1570, 1570),
    "sbi/CAVIAR2": (0, 459, 460),
    "sbi/HallAndMonitor": (0, 295, 296),
    "sbi/HighwayI": (0, 439, 440),
    "wallflower/WavingTrees": (247, 247, 287),
}


@pytest.fixture(scope="module")
def sequences() -> dict[str, Sequence]:
    return {s.key: s for s in find_sequences(DATA)}


def test_all_sequences_are_found_with_their_ranges(sequences: dict[str, Sequence]) -> None:
    found = {
        key: (s.first_scored, s.last_scored, len(s.numbers)) for key, s in sequences.items()
    }
    assert found.items() >= RANGES.items()
    assert all(s.roi is None for s in sequences.values()), (
        "all white, or larger than the frames"
    )


@pytest.mark.parametrize("key", RANGES)
def test_the_truth_itself_scores_one_and_nothing_scores_zero(
    sequences: dict[str, Sequence], key: str
) -> None:
    sequence = sequences[key]
    perfect, blind = (ScoringSink(sequence, save_masks=None) for _ in range(2))
    step = max(1, len(sequence.scored) // 40)
    for number in islice(sorted(sequence.scored), 0, None, step):
        labels = read_labels(sequence.truth[number])
        assert labels is not None
        index = sequence.numbers.index(number)
        perfect.write(result(index, np.where(labels == 255, 255, 0).astype(np.uint8)))
        blind.write(result(index, np.zeros_like(labels)))
    assert perfect.problems == []
    scores = Scores.of(perfect.counts)
    assert (scores.recall, scores.precision, scores.f_measure, scores.pwc) == (1, 1, 1, 0)
    assert Scores.of(blind.counts).recall == 0
    assert Scores.of(blind.counts).specificity == 1
