"""Scores: how far pixels are from their background."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.errors import FrameShapeError
from bgsub.mixture import SCORE_UNIT, MixtureModel, MixtureParams
from tests.mixture._clips import busy_clip
from tests.mixture._oracles import pixels_of_the_paper

_LEARNT = np.full((8, 40), 100, dtype=np.uint8)


def _steady(**changes: Any) -> MixtureParams:
    return MixtureParams(warmup_frames=0, **changes)


def _bits(model: MixtureModel) -> bytes:
    return b"".join(a.tobytes() for a in (model.weights, model.means, model.variances))


@pytest.mark.parametrize(
    ("offset", "expected"), [(0, 0), (6, 20), (25, 85), (50, 170), (75, 255)]
)
def test_score_is_the_distance_in_match_thresholds(offset: int, expected: int) -> None:
    # The threshold is 25 grey levels.  One pixel off, so that its block is not quiet, or all.
    params = _steady(min_variance=100.0, initial_variance=100.0, match_sigmas=2.5)
    for where in (np.s_[3, 5], np.s_[:]):
        model = MixtureModel(params)
        model.apply(_LEARNT)
        frame = _LEARNT.copy()
        frame[where] += offset
        score = model.score(frame, learning_rate=0.0)
        assert (score[where] == expected).all()
        assert np.count_nonzero(score) == np.count_nonzero(frame != _LEARNT)


def test_score_of_three_channels_is_that_of_the_mean_square() -> None:
    params = _steady(min_variance=100.0, initial_variance=100.0, match_sigmas=2.0)
    model = MixtureModel(params)
    model.apply(np.full((2, 3, 3), 100, np.uint8))
    frame = np.full((2, 3, 3), 100, np.uint8)
    frame[0, 0] = (130, 90, 106)
    expected = SCORE_UNIT * np.sqrt((30**2 + 10**2 + 6**2) / 3) / 20.0
    assert model.score(frame)[0, 0] == round(expected)


@pytest.mark.parametrize("shape", [(31, 37, 3), (31, 37)])
@pytest.mark.parametrize("n_components", [1, 3, 5])
def test_score_learns_as_apply_does_and_agrees_with_its_mask(
    shape: tuple[int, ...], n_components: int
) -> None:
    params = MixtureParams(n_components=n_components, initial_weight=0.02)
    labels, scored = MixtureModel(params, n_threads=1), MixtureModel(params, n_threads=2)
    rng = np.random.default_rng(0)
    n_near_but_foreground = 0
    for frame in busy_clip(40, shape):
        learns = rng.random(shape[:2]) < 0.9
        rate = float(rng.choice((0.0, 0.02, 0.2)))
        mask = labels.apply(frame, rate, learns)
        score = scored.score(frame, rate, learns)
        assert (score[mask == 0] <= SCORE_UNIT).all()
        n_near_but_foreground += int(np.count_nonzero(score[mask > 0] <= SCORE_UNIT))
        assert _bits(labels) == _bits(scored)
        assert labels.n_frames == scored.n_frames
    assert n_near_but_foreground < 0.001 * 40 * 31 * 37


def test_score_of_a_value_that_matches_by_rounding_is_not_above_the_threshold() -> None:
    # Here a distance of 11 grey levels matches, though the exact threshold is at 10.6.
    params = _steady(match_sigmas=30.0, min_variance=0.1, initial_variance=0.1)
    model = MixtureModel(params)
    model.apply(_LEARNT)
    for where in (np.s_[3, 5], np.s_[:]):
        frame = _LEARNT.copy()
        frame[where] += 11
        assert not model.apply(frame, 0.0).any()
        assert (model.score(frame, 0.0)[where] == SCORE_UNIT).all()


def test_score_looks_at_background_components_only() -> None:
    model = MixtureModel(_steady(learning_rate=0.05, background_threshold=0.7))
    other = np.full_like(_LEARNT, 220)
    model.apply(_LEARNT)
    for _ in range(3):
        model.apply(other)
    # The second component has a weight of 0.14.
    assert (model.score(other, 0.0) == 255).all()
    thresholds = np.full(_LEARNT.shape, 255, np.uint8)
    thresholds[:, :7] = round(0.7 * 255)
    thresholds[:, 7:14] = round(0.9 * 255)
    score = model.score(other, 0.0, background_threshold=thresholds)
    assert (score[:, :7] == 255).all()
    assert (score[:, 7:] <= SCORE_UNIT).all()


def test_threshold_of_one_does_not_make_unused_components_background() -> None:
    model = MixtureModel(_steady(initial_variance=16000.0, min_variance=10.0))
    everything = np.full((1, 1), 255, np.uint8)
    model.apply(np.zeros((1, 1), np.uint8))
    for _ in range(2000):
        model.apply(np.zeros((1, 1), np.uint8), 0.05)
    assert model.score(everything, 0.0, background_threshold=everything)[0, 0] == 255


def test_score_of_what_is_not_a_number_is_highest_and_of_what_is_not_learnt_lowest() -> None:
    model = MixtureModel(MixtureParams(max_value=1.0))
    first = np.full((3, 40), 0.5, np.float32)
    learns = np.ones((3, 40), bool)
    learns[1] = False
    frame = first.copy()
    frame[:, 7] = np.nan
    frame[:, 9] = np.inf
    assert not model.score(first, update_mask=learns).any()
    expected = np.zeros((3, 40))
    expected[:, (7, 9)] = 255
    np.testing.assert_array_equal(model.score(frame), expected)


def test_score_is_written_where_told() -> None:
    frames = busy_clip(3, (13, 17, 3))
    model, twin = MixtureModel(), MixtureModel()
    out = np.full((13, 17), 7, np.uint8)
    for frame in frames:
        assert model.score(frame, out=out) is out
        np.testing.assert_array_equal(out, twin.score(frame))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 2), np.uint8),
        np.zeros((8, 40), np.float32),
        0.7,
        np.zeros((8, 40, 1), np.uint8),
    ],
)
def test_thresholds_of_other_shape_or_type_are_refused(wrong: Any) -> None:
    model = MixtureModel()
    with pytest.raises(FrameShapeError, match="background_threshold must be a uint8 array"):
        model.score(_LEARNT, background_threshold=wrong)
    assert model.n_frames == 0


def test_thresholds_need_not_be_contiguous() -> None:
    clip = busy_clip(20, (9, 11, 3))
    thresholds = np.random.default_rng(0).integers(0, 256, (9, 22), np.uint8)
    model, twin = MixtureModel(), MixtureModel()
    for frame in clip:
        score = model.score(frame, 0.05, background_threshold=thresholds[:, ::2])
        other = twin.score(frame, 0.05, background_threshold=thresholds[:, ::2].copy())
        np.testing.assert_array_equal(score, other)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 9),
    width=st.integers(1, 70),
    colour=st.booleans(),
)
def test_score_does_not_depend_on_neighbours_or_threads(
    seed: int, height: int, width: int, colour: bool
) -> None:
    shape = (height, width, 3) if colour else (height, width)
    clip = busy_clip(6, shape, seed=seed)
    order = np.random.default_rng(seed).permutation(height * width)
    mixed = clip.reshape(6, height * width, *shape[2:])[:, order].reshape(clip.shape)
    model, other = MixtureModel(n_threads=1), MixtureModel(n_threads=3)
    for frame, shuffled in zip(clip, mixed, strict=True):
        score = model.score(frame, 0.1).ravel()
        np.testing.assert_array_equal(other.score(shuffled, 0.1).ravel(), score[order])


@pytest.mark.parametrize(("n_components", "n_channels"), [(3, 3), (5, 1)])
def test_scores_are_those_of_the_paper(n_components: int, n_channels: int) -> None:
    shape = (6, 8) if n_channels == 1 else (6, 8, 3)
    params = _steady(
        n_components=n_components, learning_rate=0.02, min_variance=16.0, initial_weight=0.02
    )
    model = MixtureModel(params)
    pixels = pixels_of_the_paper(params, 48)
    certain = np.ones(48, dtype=bool)
    n_compared = 0
    for frame in busy_clip(60, shape):
        values = [[float(v) for v in np.atleast_1d(x)] for x in frame.reshape(48, -1)]
        exact = np.array([p.score(x) for p, x in zip(pixels, values, strict=True)])
        score = model.score(frame).reshape(-1).astype(int)
        margins = [p.step(x, 0.02).margin for p, x in zip(pixels, values, strict=True)]
        # A decision that could fall otherwise in fixed point sends a pixel another way.
        certain &= np.array(margins) > 1e-2
        expected = np.minimum(SCORE_UNIT * exact, 255.0)
        # Squared distances are rounded to a quarter of a squared grey level, variances drift.
        tolerance = 2.0 + 0.01 * expected
        assert (np.abs(score - expected)[certain] <= tolerance[certain]).all()
        np.testing.assert_array_equal((score > SCORE_UNIT)[certain], (exact > 1.0)[certain])
        n_compared += int(np.count_nonzero(certain & (expected > 2.0) & (expected < 255.0)))
    assert n_compared > 300


def test_probability_is_half_at_the_match_threshold_and_learns_nothing() -> None:
    params = _steady(min_variance=100.0, initial_variance=100.0)
    model = MixtureModel(params)
    model.apply(_LEARNT)
    before, n_frames = _bits(model), model.n_frames
    frame = _LEARNT.copy()
    frame[0, :4] += np.array([25, 50, 75, 5], np.uint8)
    probability = model.foreground_probability(frame)
    assert probability.dtype == np.float32
    assert probability.shape == (8, 40)
    np.testing.assert_allclose(probability[0, :4], [0.5, 0.8, 0.9, 1 / 26], rtol=1e-6)
    assert not probability[1:].any()
    assert _bits(model) == before
    assert model.n_frames == n_frames
    mask = model.apply(frame, learning_rate=0.0)
    np.testing.assert_array_equal(probability > 0.5, mask == 255)


def test_probability_needs_a_model_that_has_seen_a_frame() -> None:
    with pytest.raises(FrameShapeError, match="not seen a frame yet"):
        MixtureModel().foreground_probability(_LEARNT)


def test_warm_up_compiles_what_scores_need(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(MixtureModel, "score", lambda *_, **__: called.append("score"))
    monkeypatch.setattr(MixtureModel, "apply", lambda *_, **__: called.append("apply"))
    MixtureModel().warm_up((4, 4), np.uint8, scores=True)
    MixtureModel().warm_up((4, 4), np.uint8)
    assert called == ["score", "apply"]
