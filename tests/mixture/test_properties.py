"""What holds for every clip, every size and every way of cutting the work."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.mixture import MixtureModel, MixtureParams
from tests.mixture._clips import busy_clip

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEEDS = st.integers(0, 2**32 - 1)
_PARAMS = st.builds(
    MixtureParams,
    background_threshold=st.floats(0.1, 0.95),
    match_sigmas=st.floats(0.5, 5.0),
    min_variance=st.floats(0.1, 300.0),
    initial_weight=st.floats(0.001, 0.9),
    learning_rate=st.floats(0.0, 1.0),
    warmup_frames=st.integers(0, 20),
)


def _state(model: MixtureModel) -> tuple[bytes, bytes, bytes, int]:
    arrays = (model.weights, model.means, model.variances)
    weights, means, variances = (a.tobytes() for a in arrays)
    return weights, means, variances, model.n_frames


@settings(max_examples=25)
@given(params=_PARAMS, seed=_SEEDS, height=st.integers(1, 7), width=st.integers(1, 9))
def test_state_stays_a_mixture(
    params: MixtureParams, seed: int, height: int, width: int
) -> None:
    model = MixtureModel(params)
    clip = busy_clip(20, (height, width, 3), seed=seed)
    masks = np.stack([model.apply(frame) for frame in clip])
    assert set(np.unique(masks)) <= {0, 255}
    weights, means, variances = model.weights, model.means, model.variances
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-5)
    assert (weights >= 0.0).all()
    assert (variances >= np.float32(params.min_variance)).all()
    assert np.isfinite(variances).all()
    assert ((means >= 0.0) & (means <= 255.0)).all()


@settings(max_examples=15)
@given(seed=_SEEDS, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_bits_do_not_depend_on_batch_length(seed: int, cuts: list[int]) -> None:
    clip = busy_clip(12, (5, 7, 3), seed=seed)
    one_by_one, batched = MixtureModel(), MixtureModel()
    expected = np.stack([one_by_one.apply(frame) for frame in clip])
    edges = [0, *sorted(cuts), 12]
    parts = [batched.apply_batch(clip[a:b]) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    assert _state(batched) == _state(one_by_one)


def test_bits_do_not_depend_on_threads() -> None:
    # So large that five threads are worth it.
    clip = busy_clip(6, (300, 422, 3))
    runs = []
    for n_threads in (1, 2, 5):
        model = MixtureModel(n_threads=n_threads)
        masks = [*model.apply_batch(clip[:4]), *(model.apply(f) for f in clip[4:])]
        runs.append((np.stack(masks).tobytes(), _state(model)))
    assert runs[0] == runs[1] == runs[2]


def test_bits_do_not_depend_on_tiling() -> None:
    clip = busy_clip(10, (60, 77, 3))
    whole = MixtureModel()
    expected = whole.apply_batch(clip)
    for rows in (slice(0, 1), slice(13, 37), slice(59, 60)):
        part = MixtureModel()
        np.testing.assert_array_equal(part.apply_batch(clip[:, rows]), expected[:, rows])
        np.testing.assert_array_equal(part.means, whole.means[rows])


@settings(max_examples=15)
@given(seed=_SEEDS)
def test_pixels_are_independent(seed: int) -> None:
    clip = busy_clip(10, (6, 9, 3), seed=seed)
    order = np.random.default_rng(seed).permutation(54)
    shuffled = clip.reshape(10, 54, 3)[:, order].reshape(clip.shape)
    masks = MixtureModel().apply_batch(clip).reshape(10, 54)
    masks_of_shuffled = MixtureModel().apply_batch(shuffled).reshape(10, 54)
    np.testing.assert_array_equal(masks_of_shuffled, masks[:, order])


@settings(max_examples=10)
@given(seed=_SEEDS)
def test_classifying_leaves_every_byte_of_the_state(seed: int) -> None:
    clip = busy_clip(12, (4, 5), seed=seed)
    model = MixtureModel(MixtureParams(detect_shadows=True))
    model.apply_batch(clip[:6])
    before = _state(model)
    first = model.apply_batch(clip[6:], learning_rate=0.0)
    second = model.apply_batch(clip[6:], learning_rate=0.0)
    assert _state(model) == before
    np.testing.assert_array_equal(first, second)


@settings(max_examples=10)
@given(seed=_SEEDS)
def test_label_is_the_same_whether_the_pixel_learns_or_not(seed: int) -> None:
    clip = busy_clip(8, (4, 5), seed=seed)
    model = MixtureModel()
    for frame in clip:
        classified = model.apply(frame, learning_rate=0.0)
        np.testing.assert_array_equal(model.apply(frame), classified)


@settings(max_examples=10)
@given(seed=_SEEDS)
def test_masked_pixels_keep_their_state_and_others_learn_as_ever(seed: int) -> None:
    clip = busy_clip(8, (5, 6, 3), seed=seed)
    free, held = MixtureModel(), MixtureModel()
    free.apply_batch(clip[:4])
    held.apply_batch(clip[:4])
    before = held.means
    update = np.random.default_rng(seed).random((5, 6)) < 0.5
    free.apply_batch(clip[4:])
    held.apply_batch(clip[4:], update_mask=update)
    np.testing.assert_array_equal(held.means[update], free.means[update])
    np.testing.assert_array_equal(held.weights[update], free.weights[update])
    np.testing.assert_array_equal(held.means[~update], before[~update])


def test_input_is_untouched() -> None:
    clip = busy_clip(3, (5, 6, 3))
    update = np.ones((5, 6), dtype=np.uint8)
    copies: tuple[NDArray[Any], ...] = (clip.copy(), update.copy())
    MixtureModel().apply_batch(clip, update_mask=update)
    np.testing.assert_array_equal(clip, copies[0])
    np.testing.assert_array_equal(update, copies[1])
