"""Small regions join what surrounds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bgsub.config.segmentation import SegmentationConfig
from bgsub.segmentation.features import extract
from bgsub.segmentation.regions import merge_small_regions
from bgsub.segmentation.scores import connected_regions
from bgsub.segmentation.segment import segment
from tests.segmentation._pictures import grey, stripes


def test_a_speck_joins_what_surrounds_it():
    labels = stripes()
    specked = labels.copy()
    specked[5:7, 3:5] = 2
    specked[20, 30] = 0
    assert (merge_small_regions(specked, 5) == labels).all()
    assert (merge_small_regions(specked, 4) != labels).sum() == 4


def test_a_speck_on_a_border_is_shared_out():
    labels = stripes(9, 6)
    specked = labels.copy()
    specked[4, 1:3] = 2
    assert (merge_small_regions(specked, 3) == labels).all()


@settings(deadline=None, max_examples=60)
@given(
    arrays(np.uint8, (9, 11), elements=st.integers(0, 2)),
    st.integers(1, 40),
)
def test_large_regions_stay_and_small_ones_go(labels: np.ndarray, least: int):
    found = merge_small_regions(labels, least)
    before = connected_regions(labels)
    sizes = np.bincount(before.ravel())
    large = (sizes >= least)[before]
    if not large.any():
        assert (found == labels).all()
        return
    assert (found[large] == labels[large]).all()
    # What was small has the class of a large region.
    assert set(np.unique(found)) <= set(np.unique(labels[large]))
    assert np.bincount(connected_regions(found).ravel()).min() >= least


def test_segmentation_merges_what_is_below_the_share():
    picture = grey(40.0)
    plain = segment(picture, SegmentationConfig(n_components=3))
    merged = segment(picture, SegmentationConfig(n_components=3, min_region_fraction=0.05))
    assert np.bincount(connected_regions(plain.labels).ravel()).min() < 0.05 * picture.size
    assert np.bincount(connected_regions(merged.labels).ravel()).min() >= 0.05 * picture.size


def test_texture_is_the_logarithm_of_the_local_contrast():
    picture = np.full((64, 128), 128, np.uint8)
    picture[:, 64:] += np.where(np.indices((64, 64)).sum(axis=0) % 2, 51, 0).astype(np.uint8)
    found = extract(picture, texture_weight=2.0)
    assert found.names == ("grey", "texture")
    texture = found.spread(found.values)[:, :, 1]
    assert texture[32, 10] == pytest.approx(0.0, abs=0.5)
    # Half of 51 of 256 levels up and down: 9.96 percent.
    expected = 2.0 * 25.6 * np.log(1 + 100 * 25.5 / 256)
    assert texture[32, 110] == pytest.approx(expected, rel=0.01)


def test_texture_tells_rough_from_smooth_of_equal_brightness():
    random = np.random.default_rng(5)
    picture = np.full((60, 90), 128.0)
    picture[:, 45:] += random.choice([-30.0, 30.0], (60, 45))
    config = SegmentationConfig(
        n_components=2, texture_weight=1.0, init="kmeans", reg_covar=1.0
    )
    labels = segment(picture.astype(np.uint8), config).labels
    left, right = labels[:, :35], labels[:, 55:]
    assert np.mean(left == np.bincount(left.ravel()).argmax()) > 0.95
    assert np.mean(right == np.bincount(right.ravel()).argmax()) > 0.95
    assert np.bincount(left.ravel()).argmax() != np.bincount(right.ravel()).argmax()
