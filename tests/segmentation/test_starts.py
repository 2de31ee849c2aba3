"""First partitions: the textbook's, and that no class is ever empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.segmentation.starts import divide_range, starting_labels

if TYPE_CHECKING:
    from bgsub.segmentation.starts import Init


def test_two_classes_of_a_full_histogram_begin_as_in_the_textbook():
    levels = np.arange(256.0)
    labels = divide_range(levels, np.ones(256), 2, (0.0, 256.0))
    np.testing.assert_array_equal(labels, np.arange(256) > 127)


def test_a_part_without_a_sample_makes_the_range_that_of_the_samples():
    levels = np.array([10.0, 20, 30, 40])
    labels = divide_range(levels, np.ones(4), 2, (0.0, 256.0))
    assert labels.tolist() == [0, 0, 1, 1]


def test_a_gap_in_the_samples_makes_parts_of_equal_share():
    levels = np.array([0.0, 1, 2, 100])
    labels = divide_range(levels, np.array([5.0, 5, 5, 5]), 4, (0.0, 256.0))
    assert labels.tolist() == [0, 1, 2, 3]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(1, 10_000)), min_size=1, max_size=30),
    st.data(),
)
def test_no_class_is_empty_and_classes_go_from_dark_to_bright(
    pairs: list[tuple[int, int]], data: st.DataObject
):
    levels = np.array([float(level) for level, _ in pairs])
    counts = np.array([float(count) for _, count in pairs])
    k = data.draw(st.integers(1, len(pairs)))
    labels = divide_range(levels, counts, k, (0.0, 256.0))
    assert set(labels.tolist()) == set(range(k))
    assert all(levels[labels == j].max() <= levels[labels == j + 1].min() for j in range(k - 1))


@pytest.mark.parametrize("init", ["range", "kmeans", "k-means++", "random"])
def test_the_same_seed_gives_the_same_start_without_empty_classes(init: Init):
    random = np.random.default_rng(0)
    values = random.normal(100, 50, (500, 3))
    counts = random.integers(1, 5, 500).astype(float)

    def labels(seed: int) -> np.ndarray:
        return starting_labels(
            values,
            counts,
            4,
            init,
            random=np.random.RandomState(seed),
            intensity=values.mean(axis=1),
        )

    np.testing.assert_array_equal(labels(1), labels(1))
    assert set(labels(2).tolist()) == set(range(4))


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random"])
def test_starts_of_many_samples_are_had_from_some_of_them(init: Init):
    values = np.repeat([[0.0], [100.0]], 60_000, axis=0) + np.linspace(0, 1, 120_000)[:, None]
    labels = starting_labels(
        values,
        np.ones(len(values)),
        2,
        init,
        random=np.random.RandomState(0),
        intensity=values[:, 0],
    )
    assert set(labels.tolist()) == {0, 1}
