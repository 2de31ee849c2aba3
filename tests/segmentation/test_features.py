"""Distinct values, how often they occur, and where they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bgsub.errors import PictureError
from bgsub.segmentation import features
from bgsub.segmentation.features import bands, extract
from tests.segmentation._pictures import colour, grey

_DEPTHS = st.sampled_from([np.uint8, np.uint16])


@settings(max_examples=40)
@given(st.data())
def test_every_pixel_leads_to_its_value_and_counts_add_up(data: st.DataObject):
    channels = data.draw(st.sampled_from([(), (3,)]))
    size = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    picture = data.draw(arrays(data.draw(_DEPTHS), size + channels))
    found = extract(picture)
    assert len(np.unique(found.values, axis=0)) == len(found.values)
    np.testing.assert_array_equal(
        found.counts, np.bincount(found.index.ravel(), minlength=len(found.values))
    )
    expected = picture[..., ::-1] if found.names == ("red", "green", "blue") else picture
    if picture.ndim == 3 and found.names == ("grey",):
        expected = picture[..., :1]
    np.testing.assert_array_equal(
        found.spread(found.values), expected.reshape(*size, len(found.names))
    )


def test_grey_levels_are_at_most_256():
    found = extract(grey(40.0))
    assert found.names == ("grey",)
    assert len(found.values) <= 256
    assert found.limits == (0.0, 256.0)


def test_colour_can_be_taken_as_grey():
    picture = colour()
    found = extract(picture, "grey")
    expected = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    np.testing.assert_array_equal(found.spread(found.values)[..., 0], expected)


def test_equal_channels_are_grey_whatever_is_asked():
    picture = np.dstack([grey()] * 3)
    assert {extract(picture, kind).names for kind in ("auto", "rgb", "lab")} == {("grey",)}


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_lab_is_that_of_the_colour_standard(depth: type):
    white = np.iinfo(depth).max
    # red, white and black: CIE Lab under D65, as tables give them
    picture: np.ndarray = np.array([[[0, 0, white], [white] * 3, [0, 0, 0]]], depth)
    found = extract(picture, "lab")
    right = [[53.24, 80.09, 67.20], [100.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(found.spread(found.values)[0], right, atol=0.05)
    np.testing.assert_allclose(
        found.intensity[found.index[0]], [right_one[0] for right_one in right], atol=0.05
    )


def test_position_is_in_units_of_the_range_of_brightness():
    picture = grey()[:20, :40]
    found = extract(picture, position_weight=0.5)
    assert found.names == ("grey", "x", "y")
    values = found.spread(found.values)
    np.testing.assert_array_equal(values[..., 0], picture)
    np.testing.assert_allclose(values[3, 10, 1:], [10 * 0.5 * 256 / 40, 3 * 0.5 * 256 / 40])
    assert len(found.values) == picture.size


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((0, 4), np.uint8),
        np.zeros((3, 3, 2), np.uint8),
        np.zeros(5, np.uint8),
        np.full((3, 3), np.nan),
        np.zeros((3, 3), bool),
    ],
)
def test_what_is_no_picture_is_refused(picture: np.ndarray):
    with pytest.raises(PictureError):
        extract(picture)


def test_bands_cover_a_large_picture_once():
    rows = [row for band in bands((5000, 3000)) for row in range(5000)[band]]
    assert rows == list(range(5000))
    assert len(list(bands((5000, 3000)))) > 10


def test_colours_are_counted_alike_by_a_table_and_by_sorting(monkeypatch: pytest.MonkeyPatch):
    picture = colour(30.0)
    sorting = extract(picture)
    monkeypatch.setattr(features, "_TABLE_PX", 0)
    table = extract(picture)
    np.testing.assert_array_equal(table.values, sorting.values)
    np.testing.assert_array_equal(table.counts, sorting.counts)
    np.testing.assert_array_equal(table.index, sorting.index)
