"""Connected regions agree with what OpenCV finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.detection._runs import AREA, BOTTOM, LEFT, RIGHT, TOP, Regions

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _mask(seed: int, softness: float, value: int) -> NDArray[np.uint8]:
    """Return specks or blobs, of any size and at the edges too."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 150, 2))
    noise = cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), softness).reshape(shape)
    return (noise > rng.uniform(-0.1, 0.3)).astype(np.uint8) * np.uint8(value)


@given(
    seed=st.integers(0, 2**32 - 1),
    softness=st.floats(0.3, 4.0),
    value=st.sampled_from([1, 255]),
    diagonal=st.booleans(),
)
def test_regions_are_the_connected_components(
    seed: int, softness: float, value: int, diagonal: bool
) -> None:
    mask = _mask(seed, softness, value)
    regions = Regions(mask, diagonal=diagonal)
    n_labels, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask, connectivity=8 if diagonal else 4
    )
    assert len(regions) == n_labels - 1
    pairs = np.unique(np.stack([regions.labels.ravel(), labels.ravel()]), axis=1)
    # Each region is one component, and the other way round.
    assert pairs.shape[1] == len(np.unique(labels)) == len(np.unique(regions.labels))
    for mine, other in pairs.T:
        assert (mine == 0) == (other == 0)
        box = regions.boxes[mine]
        if mine:
            left, top, width, height, area = stats[other]
            assert (box[LEFT], box[TOP], box[AREA]) == (left, top, area)
            assert (box[RIGHT], box[BOTTOM]) == (left + width, top + height)


@pytest.mark.parametrize("value", [1, 255])
def test_runs_cover_the_mask_in_its_order(value: int) -> None:
    mask = _mask(3, 1.0, value)
    regions = Regions(mask)
    painted = np.zeros_like(mask)
    for row, start, end, label in regions.runs:
        assert (regions.labels[row, start:end] == label).all()
        painted[row, start:end] = value
    np.testing.assert_array_equal(painted, mask)
    places = regions.runs[:, 0].astype(np.int64) * mask.shape[1] + regions.runs[:, 1]
    assert (np.diff(places) > 0).all()


def test_chosen_regions_are_painted() -> None:
    regions = Regions(_mask(5, 2.0, 255))
    which = np.arange(len(regions) + 1) % 2 == 1
    np.testing.assert_array_equal(regions.chosen(which), which[regions.labels])


def test_an_empty_mask_has_no_regions() -> None:
    regions = Regions(np.zeros((5, 7), np.uint8))
    assert len(regions) == len(regions.runs) == 0
    assert not regions.labels.any()


def test_there_is_room_for_any_number_of_runs() -> None:
    height, width = 90, 200
    mask = (np.indices((height, width)).sum(axis=0) % 2).astype(np.uint8)
    apart = Regions(mask, diagonal=False)
    assert len(apart.runs) == len(apart) == height * width // 2 > 4096
    assert len(Regions(mask)) == 1
    np.testing.assert_array_equal(apart.chosen(np.ones(len(apart) + 1, bool)), mask)
