from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from bgsub.errors import FrameShapeError
from bgsub.evaluation import Counts, Scores, count, mean_scores
from bgsub.frames import Mask
from tests.reference import scores as oracle


@st.composite
def frames(draw: st.DrawFn) -> tuple[Mask, Mask, Mask | None]:
    shape = draw(array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))

    def labels(*values: int) -> st.SearchStrategy[Mask]:
        return arrays(np.uint8, shape, elements=st.sampled_from(values))

    mask = draw(labels(0, 127, 255))
    truth = draw(labels(0, 50, 85, 170, 255))
    return mask, truth, draw(st.none() | labels(0, 1, 255))


@given(frame=frames())
def test_count_equals_looking_at_every_pixel(frame: tuple[Mask, Mask, Mask | None]) -> None:
    mask, truth, roi = frame
    expected = oracle.count(
        mask.tolist(), truth.tolist(), None if roi is None else roi.tolist()
    )
    counts = count(mask, truth, roi)
    assert (counts.tp, counts.fp, counts.fn, counts.tn) == expected


def test_count_treats_each_label_as_cdnet_does() -> None:
    truth = np.array([[0, 50, 85, 170, 255]] * 3, dtype=np.uint8)
    mask = np.array([[0] * 5, [127] * 5, [255] * 5], dtype=np.uint8)
    assert count(mask, truth, None) == Counts(tp=1, fp=2, fn=2, tn=4)
    roi = np.array([[0] * 5, [0] * 5, [255] * 5], dtype=np.uint8)
    assert count(mask, truth, roi) == Counts(tp=1, fp=2)


def test_count_refuses_shapes_that_differ() -> None:
    small, large = np.zeros((2, 3), dtype=np.uint8), np.zeros((4, 6), dtype=np.uint8)
    with pytest.raises(FrameShapeError, match="mask is"):
        count(small, large, None)
    with pytest.raises(FrameShapeError, match="region"):
        count(small, small, large)


numbers = st.integers(0, 10**12)


@given(tp=numbers, fp=numbers, fn=numbers, tn=numbers)
def test_scores_follow_cdnets_formulas(tp: int, fp: int, fn: int, tn: int) -> None:
    scores = asdict(Scores.of(Counts(tp=tp, fp=fp, fn=fn, tn=tn)))
    assert scores == pytest.approx(oracle.scores(tp, fp, fn, tn))
    assert list(scores) == list(oracle.NAMES)


def test_scores_of_a_worked_example() -> None:
    scores = Scores.of(Counts(tp=30, fp=10, fn=20, tn=140))
    assert scores == Scores(
        recall=0.6,
        specificity=140 / 150,
        fpr=10 / 150,
        fnr=0.4,
        pwc=15.0,
        precision=0.75,
        f_measure=2 * 0.6 * 0.75 / (0.6 + 0.75),
    )


@pytest.mark.parametrize(
    "counts", [Counts(), Counts(tn=5), Counts(fp=5), Counts(fn=5), Counts(fp=2, fn=3)]
)
def test_scores_without_anything_found_are_zero(counts: Counts) -> None:
    scores = Scores.of(counts)
    assert (scores.recall, scores.precision, scores.f_measure) == (0.0, 0.0, 0.0)


def test_counts_add_up_over_frames() -> None:
    parts = [Counts(tp=1, fp=2, fn=3, tn=4), Counts(tp=10, fp=20, fn=30, tn=40)]
    assert sum(parts, Counts()) == Counts(tp=11, fp=22, fn=33, tn=44)


def test_mean_scores_weigh_sequences_alike_whatever_their_length() -> None:
    long, short = Counts(tp=10**6), Counts(fn=1)
    mean = mean_scores([Scores.of(long), Scores.of(short)])
    assert mean.recall == 0.5
    assert mean.f_measure == 0.5
    with pytest.raises(ValueError, match="no scores"):
        mean_scores([])
