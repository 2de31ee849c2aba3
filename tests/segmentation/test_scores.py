"""Region and label scores against slow oracles, and on cases whose answer is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bgsub.errors import FrameShapeError
from bgsub.segmentation.scores import (
    adjusted_rand_index,
    connected_regions,
    covering,
    match_labels,
    matched_accuracy,
    overlaps,
    psnr_db,
    rand_index,
    score_labels,
    score_regions,
    variation_of_information,
)
from tests.reference import regions as oracle

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _maps(n_labels: int = 4) -> st.SearchStrategy[NDArray[np.int64]]:
    return arrays(np.int64, (4, 5), elements=st.integers(0, n_labels - 1))


@settings(deadline=None, max_examples=60)
@given(_maps(), _maps())
def test_region_scores_are_those_of_the_papers(
    first: NDArray[np.int64], second: NDArray[np.int64]
):
    shared = overlaps(first, second)
    a, b = first.tolist(), second.tolist()
    assert covering(shared) == pytest.approx(oracle.covering(a, b))
    assert rand_index(shared) == pytest.approx(oracle.rand_index(a, b))
    expected = oracle.variation_of_information(a, b)
    assert variation_of_information(shared) == pytest.approx(expected, abs=1e-9)
    assert matched_accuracy(shared) == pytest.approx(oracle.matched_accuracy(a, b))


@settings(deadline=None, max_examples=40)
@given(_maps(3))
def test_connected_regions_are_those_a_flood_finds(labels: NDArray[np.int64]):
    regions = connected_regions(labels)
    found = {
        frozenset(zip(*(axis.tolist() for axis in np.nonzero(regions == r)), strict=True))
        for r in np.unique(regions)
    }
    assert found == oracle.connected_regions(labels.tolist())
    assert sorted(np.unique(regions)) == list(range(len(found)))


@settings(deadline=None, max_examples=30)
@given(_maps(), st.permutations(range(4)))
def test_the_numbers_of_the_labels_do_not_matter(labels: NDArray[np.int64], order: list[int]):
    renamed = np.asarray(order)[labels] * 10**12 - 5
    scores = score_labels(renamed, labels)
    assert scores.accuracy == 1.0
    assert scores.adjusted_rand_index == pytest.approx(1.0)
    assert score_regions(renamed, [labels]) == score_regions(labels, [labels])


def test_halves_against_quarters_have_the_known_scores():
    halves = np.repeat([[0, 0, 1, 1]], 4, axis=0)
    quarters = halves + 2 * (np.arange(4)[:, None] >= 2)
    shared = overlaps(halves, quarters)
    assert covering(shared) == pytest.approx(0.5)
    assert covering(overlaps(quarters, halves)) == pytest.approx(0.5)
    assert variation_of_information(shared) == pytest.approx(1.0)
    assert matched_accuracy(shared) == pytest.approx(0.5)
    # Each pixel has 3 of its 7 fellows of the half beside it, in a quarter.
    assert rand_index(shared) == pytest.approx(1 - 4 / 15)


def test_a_class_in_two_places_is_two_regions_for_the_region_scores():
    labels = np.repeat([[0, 0, 1, 1, 0, 0]], 3, axis=0)
    truth = np.repeat([[0, 0, 1, 1, 2, 2]], 3, axis=0)
    scores = score_regions(labels, [truth])
    assert (scores.covering, scores.rand_index, scores.n_regions) == (1.0, 1.0, 3)
    assert scores.variation_of_information == 0.0
    assert covering(overlaps(labels, truth)) == pytest.approx(2 / 3)


def test_several_humans_count_alike():
    labels = np.repeat([[0, 0, 1, 1]], 2, axis=0)
    same, whole = labels, np.zeros_like(labels)
    scores = score_regions(labels, [same, whole])
    assert scores.covering == pytest.approx((1.0 + 0.5) / 2)
    assert scores.variation_of_information == pytest.approx((0.0 + 1.0) / 2)


def test_labels_are_matched_so_that_most_pixels_agree():
    first = np.array([[0, 0, 0, 1, 1, 2]])
    second = np.array([[1, 1, 0, 0, 0, 0]])
    shared = overlaps(first, second)
    assert match_labels(shared) == {0: 1, 1: 0}
    assert matched_accuracy(shared) == pytest.approx(4 / 6)


def test_chance_has_an_adjusted_rand_index_near_zero():
    random = np.random.default_rng(3)
    first, second = random.integers(0, 4, (2, 60, 60))
    assert abs(adjusted_rand_index(first, second)) < 0.01
    assert adjusted_rand_index(first, (first + 1) % 4) == pytest.approx(1.0)


def test_psnr_is_that_of_its_definition():
    picture = np.full((3, 4, 3), 100, np.uint8)
    assert psnr_db(picture, picture + np.uint8(5), max_value=255) == pytest.approx(
        20 * math.log10(255 / 5)
    )
    assert psnr_db(picture, picture - np.uint8(5), max_value=255) == pytest.approx(
        20 * math.log10(255 / 5)
    )
    assert psnr_db(picture, picture, max_value=255) == math.inf


def test_different_sizes_cannot_be_compared():
    one, other = np.zeros((2, 3), int), np.zeros((3, 2), int)
    for compare in (overlaps, adjusted_rand_index):
        with pytest.raises(FrameShapeError, match="Cannot compare"):
            compare(one, other)
    with pytest.raises(FrameShapeError, match="Cannot compare"):
        psnr_db(one, other, max_value=1)


def test_scores_without_truth_are_refused():
    with pytest.raises(ValueError, match="no truth"):
        score_regions(np.zeros((2, 2), int), [])
