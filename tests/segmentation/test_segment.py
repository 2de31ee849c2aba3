"""From a picture to its classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from bgsub.config.segmentation import SegmentationConfig
from bgsub.errors import PictureError
from bgsub.segmentation import limits
from bgsub.segmentation import segment as module
from bgsub.segmentation.limits import check_size
from bgsub.segmentation.noise import add_noise
from bgsub.segmentation.outputs import record
from bgsub.segmentation.segment import segment
from tests.segmentation._pictures import COLOURS, colour, grey, stripes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _config(**values: Any) -> SegmentationConfig:
    return SegmentationConfig(**{"n_components": 3} | values)


@pytest.mark.parametrize("estimator", ["histogram", "sklearn"])
@pytest.mark.parametrize("shape", ["full", "tied", "diag", "spherical"])
def test_classes_of_a_picture_are_found(estimator: str, shape: str):
    config = _config(estimator=estimator, covariance_type=shape, init="kmeans")
    found = segment(colour(), config)
    # ordered by brightness, and BGR
    brightness = np.array(COLOURS) @ [0.114, 0.587, 0.299]
    right = np.argsort(np.argsort(brightness))[stripes()]
    np.testing.assert_array_equal(found.labels, right)
    means = np.array(COLOURS)[np.argsort(brightness)][:, ::-1]
    np.testing.assert_allclose(found.means, means, atol=2)
    np.testing.assert_allclose(found.weights, 1 / 3, atol=0.01)
    assert found.estimator == estimator


@pytest.mark.parametrize("shape", ["full", "tied", "diag", "spherical"])
def test_both_estimators_agree(shape: str):
    config = _config(covariance_type=shape, tol=1e-7, max_iter=300)
    ours = segment(colour(30.0), config)
    theirs = segment(colour(30.0), config.model_copy(update={"estimator": "sklearn"}))
    np.testing.assert_allclose(ours.means, theirs.means, rtol=1e-6)
    np.testing.assert_allclose(ours.covariances, theirs.covariances, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert ours.iterations == theirs.iterations
    assert len(ours.history) == ours.iterations
    for mine, other in zip(ours.history, theirs.history, strict=True):
        np.testing.assert_allclose(mine.means, other.means, rtol=1e-6)
        assert mine.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-9)


def test_history_ends_with_the_result_and_keeps_the_order_of_classes():
    found = segment(grey(15.0), _config())
    last = found.history[-1]
    np.testing.assert_array_equal(last.means, found.means)
    np.testing.assert_array_equal(last.weights, found.weights)
    assert np.all(np.diff(found.means[:, 0]) > 0)


def test_posteriors_sum_to_one_and_their_largest_is_the_label():
    found = segment(grey(40.0), _config())
    posteriors = np.stack([found.posterior(j) for j in range(3)])
    np.testing.assert_allclose(posteriors.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_array_equal(posteriors.argmax(axis=0), found.labels)


@pytest.mark.parametrize("smoothing", [0.0, 3.0])
def test_entropy_is_high_where_no_class_is_likelier(smoothing: float):
    found = segment(grey(40.0), _config(smoothing=smoothing))
    entropy = found.entropy()
    assert entropy.shape == found.labels.shape
    assert entropy.min() >= 0
    assert entropy.max() <= 1
    posteriors = np.stack([found.posterior(j) for j in range(3)]).astype(float)
    terms = posteriors * np.log(np.maximum(posteriors, 1e-30))
    np.testing.assert_allclose(entropy, -terms.sum(axis=0) / np.log(3), atol=1e-5)
    best = posteriors.max(axis=0)
    assert entropy[best > 0.999].max() < 0.02
    assert entropy[best < 0.6].min() > 0.4


def test_one_class_is_certain():
    found = segment(grey(), _config(n_components=1))
    assert found.labels.max() == 0
    assert found.entropy().max() == 0


@pytest.mark.parametrize("picture", [grey(5.0), colour(5.0)])
def test_recoloured_picture_has_each_classs_mean_colour(picture: np.ndarray):
    found = segment(picture, _config())
    for j in range(3):
        inside = found.labels == j
        mean = picture[inside].mean(axis=0)
        np.testing.assert_allclose(
            found.recoloured[inside], np.broadcast_to(mean, picture[inside].shape), atol=0.51
        )
    assert found.recoloured.dtype == picture.dtype


def test_sixteen_bits_are_labelled_as_eight():
    picture = grey(20.0)
    deep = picture.astype(np.uint16) * 257
    shallow = segment(picture, _config())
    np.testing.assert_array_equal(segment(deep, _config()).labels, shallow.labels)
    both = (segment(p.repeat(3).reshape(*p.shape, 3), _config()) for p in (picture, deep))
    assert [found.features.names for found in both] == [("grey",)] * 2


def test_deep_colour_is_segmented():
    deep = colour(5.0).astype(np.uint16) * 257
    found = segment(deep, _config())
    assert adjusted_rand_score(stripes().ravel(), found.labels.ravel()) == 1
    assert found.recoloured.dtype == np.uint16


def test_the_criterion_finds_how_many_classes_there_are():
    found = segment(np.tile(grey(8.0), (4, 4)), _config(n_components=None, max_components=5))
    assert found.n_components == 3
    assert [candidate.n_components for candidate in found.curve] == [1, 2, 3, 4, 5]
    assert found.bic == min(candidate.bic for candidate in found.curve)
    assert np.isclose(found.aic, found.curve[2].aic)


def test_position_divides_what_has_one_brightness():
    plain = np.full((30, 60), 128, np.uint8)
    found = segment(plain, _config(n_components=2, position_weight=1.0, init="kmeans"))
    assert len(set(found.labels[:, :25].ravel())) == 1
    assert found.labels[0, 0] != found.labels[0, -1]


def test_a_sample_has_to_do_where_there_are_too_many_values_and_it_is_said():
    picture = np.tile(colour(25.0), (3, 3, 1))
    found = segment(picture, _config(max_fit_values=1000))
    whole = segment(picture, _config())
    assert found.fitted_values == 1000
    assert any("sample" in note for note in found.notes)
    assert not whole.notes
    assert adjusted_rand_score(found.labels.ravel(), whole.labels.ravel()) > 0.97


def test_two_values_are_two_classes_without_collapse():
    picture = np.where(stripes() == 1, 200, 20).astype(np.uint8)
    found = segment(picture, _config(n_components=2))
    np.testing.assert_array_equal(found.labels, stripes() == 1)
    np.testing.assert_allclose(found.means.ravel(), [20, 200])


def test_threads_and_repetition_change_nothing():
    first, second = (segment(colour(40.0), _config(init="kmeans", n_init=2)) for _ in "12")
    np.testing.assert_array_equal(first.labels, second.labels)
    assert first.bic == second.bic


@pytest.mark.parametrize(
    ("picture", "values", "words"),
    [
        (np.full((8, 8), 7, np.uint8), {"n_components": 2}, "only one distinct value"),
        (grey(0.0), {"n_components": 4}, "3 distinct values"),
        (np.zeros((0, 0), np.uint8), {}, "shape"),
        (np.full((8, 8), float("nan")), {}, "float64"),
        (grey(), {"estimator": "sklearn", "stopping": "parameters"}, "stopping"),
        (grey(0.0), {"reg_covar": 0.0}, "reg_covar"),
    ],
)
def test_what_cannot_be_segmented_is_one_clear_error(
    picture: NDArray[Any], values: dict[str, Any], words: str
):
    with pytest.raises(PictureError, match=words):
        segment(picture, _config(**values))


@pytest.mark.parametrize(
    "values", [{"estimator": "sklearn"}, {"smoothing": 1.0}, {"position_weight": 1.0}]
)
def test_what_memory_cannot_hold_is_refused_before_anything_is_done(
    values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    huge = np.broadcast_to(np.uint8(0), (100_000, 100_000))
    monkeypatch.setattr(module, "extract", lambda *_: pytest.fail("it was begun"))
    with pytest.raises(PictureError, match="GiB"):
        segment(huge, _config(**values))


def test_a_hundred_million_pixels_are_not_refused_on_a_machine_of_24_gib(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(limits, "_memory", lambda: 24.0 * 2**30)
    monkeypatch.setattr(module, "extract", lambda *_: (_ for _ in ()).throw(KeyError))
    large = np.broadcast_to(np.uint8(0), (10_000, 10_000, 3))
    with pytest.raises(KeyError):
        segment(large, _config(n_components=8, smoothing=2.0))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_noise_has_its_sigma_stays_in_range_and_comes_from_the_seed(depth: type):
    white = np.iinfo(depth).max
    picture: np.ndarray = np.full((200, 300, 3), white // 2, depth)
    noisy = add_noise(picture, 10.0, seed=1)
    assert noisy.std() == pytest.approx(10.0 * white / 255, rel=0.02)
    flat = (noisy.astype(float) - picture).reshape(-1, 3)
    assert abs(np.corrcoef(flat.T)[0, 1]) < 0.02
    np.testing.assert_array_equal(noisy, add_noise(picture, 10.0, seed=1))
    assert not np.array_equal(noisy, add_noise(picture, 10.0, seed=2))
    bright = add_noise(np.full((50, 50), white, depth), 30.0, seed=0)
    assert bright.max() == white
    assert (bright == white).mean() > 0.4


def test_steps_begin_with_the_textbooks_start():
    picture = grey(15.0)
    found = segment(picture, _config(n_components=2))
    dark = picture < 128
    np.testing.assert_allclose(found.start.weights, [dark.mean(), 1 - dark.mean()])
    means = [[picture[dark].mean()], [picture[~dark].mean()]]
    np.testing.assert_allclose(found.start.means, means)
    assert (found.steps[0].means == found.start.means).all()
    assert math.isnan(found.steps[0].log_likelihood)
    assert found.steps[1:] == found.history


@pytest.mark.parametrize(
    ("smoothing", "criterion", "tol"), [(0.0, "parameters", 0.5), (3.0, "labels", 0.002)]
)
def test_the_record_tells_the_start_and_what_ended_the_iterations(
    smoothing: float, criterion: str, tol: float
):
    config = _config(smoothing=smoothing, stopping="parameters", tol=0.5)
    found = segment(grey(30.0), config)
    content = record(found, config, image="a.png", seconds=1.0)
    assert (content["criterion"], content["tol"]) == (criterion, tol)
    assert content["start"]["means"] == found.start.means.tolist()
    assert len(content["history"]) == content["iterations"]


def test_a_container_may_have_less_memory_than_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(limits, "_CONTAINER_LIMIT", limit)
    big = np.empty((20_000, 20_000), np.uint8)
    config = _config(smoothing=1.0)
    limit.write_text(f"{2**30}\n")
    with pytest.raises(PictureError, match="there are 1: scale it down"):
        check_size(big, config)
    limit.write_text("max\n")
    check_size(big[:1000], config)
    limit.unlink()
    check_size(big[:1000], config)
