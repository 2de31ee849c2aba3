from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from bgsub.evaluation import (
    OPERATING_LEVEL,
    Counts,
    Curve,
    ProbabilityHistogram,
    ScoredFrame,
    curves_record,
    draw_curves,
    mean_curve,
)
from bgsub.frames import Mask, Probability
from tests.reference import curves as oracle


def frame(probability: Probability | None, labels: Mask) -> ScoredFrame:
    return ScoredFrame(
        number=1,
        position=0.0,
        image=np.zeros((*labels.shape, 3), np.uint8),
        mask=np.zeros_like(labels),
        probability=probability,
        labels=labels,
        counts=Counts(),
    )


def curve_of(*frames: tuple[Probability, Mask]) -> Curve:
    histogram = ProbabilityHistogram()
    for probability, labels in frames:
        histogram.take(frame(probability, labels))
    return histogram.curve()


def row(*values: int) -> Mask:
    return np.array([values], np.uint8)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Probability, Mask]:
    shape = draw(array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5))
    levels = st.sampled_from([0, 1, 100, 127, 128, 254, 255]) | st.integers(0, 255)
    labels = arrays(np.uint8, shape, elements=st.sampled_from([0, 50, 85, 170, 255]))
    return draw(arrays(np.uint8, shape, elements=levels)), draw(labels)


@settings(max_examples=30)
@given(frames=st.lists(pairs(), min_size=1, max_size=3))
def test_curve_equals_looking_at_every_pixel_at_every_threshold(
    frames: list[tuple[Probability, Mask]],
) -> None:
    expected = oracle.points([(p.tolist(), labels.tolist()) for p, labels in frames])
    curve = curve_of(*frames)
    np.testing.assert_allclose(curve.recall, [point[0] for point in expected])
    np.testing.assert_allclose(curve.precision, [point[1] for point in expected])
    np.testing.assert_allclose(curve.f_measure, [point[2] for point in expected])
    assert curve.average_precision == pytest.approx(oracle.average_precision(expected))


def test_average_precision_of_a_worked_example() -> None:
    curve = curve_of((row(250, 200, 150, 100, 50), row(255, 0, 255, 170, 0)))
    # The first moving pixel is found alone, the second along with one that is still.
    assert curve.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert curve.best_level == 128, "of equals, the one nearest to one half"


def test_one_half_is_the_threshold_of_the_masks() -> None:
    curve = curve_of((row(127, 128), row(0, 255)))
    assert (curve.recall[OPERATING_LEVEL], curve.precision[OPERATING_LEVEL]) == (1.0, 1.0)
    assert curve.best_level == OPERATING_LEVEL


def test_footage_in_which_nothing_moves_has_a_curve() -> None:
    curve = curve_of((row(0, 200), row(0, 50)))
    assert not curve.recall.any()
    assert curve.average_precision == 0.0
    assert draw_curves("still", {"a/b": curve}, None).startswith(b"\x89PNG")


def test_a_frame_without_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="not asked for"):
        ProbabilityHistogram().take(frame(None, row(0)))


def test_the_mean_weighs_sequences_alike_whatever_their_length() -> None:
    good = curve_of(*[(row(255, 0), row(255, 0))] * 9)
    bad = curve_of((row(0, 255), row(255, 0)))
    mean = mean_curve([good, bad])
    assert mean.recall[128] == 0.5
    assert mean.f_measure[128] == 0.5
    assert mean.average_precision == pytest.approx((1.0 + 0.5) / 2)
    with pytest.raises(ValueError, match="no curves"):
        mean_curve([])


def test_the_record_holds_every_threshold_and_is_json() -> None:
    curve = curve_of((row(250, 200, 150), row(255, 0, 255)))
    record = json.loads(json.dumps(curves_record({"a/b": curve})))
    assert record["thresholds"] == list(range(256))
    assert record["operating_threshold"] == 128
    one = record["sequences"]["a/b"]
    assert len(one["recall"]) == len(one["precision"]) == len(one["f_measure"]) == 256
    assert one["best"]["f_measure"] == max(one["f_measure"])
    assert one["operating"]["recall"] == one["recall"][128] == 1.0
    assert record["mean"]["average_precision"] == one["average_precision"]


@pytest.mark.parametrize("n_curves", [1, 10, 11])
def test_any_number_of_curves_is_drawn(n_curves: int) -> None:
    curve = curve_of((row(250, 200, 150, 20), row(255, 0, 255, 0)))
    curves = {f"a/{number}": curve for number in range(n_curves)}
    data = np.frombuffer(draw_curves("Curves", curves, mean_curve([curve])), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert picture is not None
    assert min(picture.shape[:2]) > 400
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
