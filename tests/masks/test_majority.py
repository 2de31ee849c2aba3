from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.errors import ConfigError
from bgsub.frames import Mask
from bgsub.masks import majority
from tests.masks._masks import draw, masks
from tests.reference import masks as oracle


@given(mask=masks(0, 255, max_side=40), side=st.sampled_from([3, 5, 7, 9, 15, 17, 31]))
def test_majority_of_two_labels_is_the_median(mask: Mask, side: int) -> None:
    np.testing.assert_array_equal(majority(mask, side), cv2.medianBlur(mask, side))


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("side", [3, 5, 15, 17])
def test_majority_of_a_whole_frame_is_the_median(share: float, side: int) -> None:
    noise = np.random.default_rng(5).random((181, 243)) < share
    mask = np.where(noise, 255, 0).astype(np.uint8)
    np.testing.assert_array_equal(majority(mask, side), cv2.medianBlur(mask, side))


@given(mask=masks(0, 127, 255), side=st.sampled_from([1, 3, 5]))
def test_majority_equals_counting_neighbours(mask: Mask, side: int) -> None:
    before = mask.copy()
    assert majority(mask, side).tolist() == oracle.majority(mask.tolist(), side)
    np.testing.assert_array_equal(mask, before)


def test_majority_lets_shadow_vote_as_background_and_keep_its_label() -> None:
    mask = draw(
        "ssss#",
        "ss#s#",
        "sss##",
    )
    smoothed = majority(mask, 3)
    assert smoothed[1, 2] == 0, "an isolated foreground pixel among shadow becomes background"
    assert smoothed[1, 1] == 127
    assert smoothed[1, 3] == 255, "outvoted by foreground"


@pytest.mark.parametrize("side", [0, 2, 4, 33, -3])
def test_majority_refuses_a_side_without_a_clear_vote(side: int) -> None:
    with pytest.raises(ConfigError, match=f"median_px: {side} is not an odd number"):
        majority(draw("#."), side)


def test_majority_takes_a_read_only_view_with_gaps() -> None:
    whole = np.where(np.random.default_rng(1).random((40, 60)) < 0.5, 255, 0).astype(np.uint8)
    view = whole[::2, ::3]
    view.setflags(write=False)
    expected = cv2.medianBlur(np.ascontiguousarray(view), 5)
    np.testing.assert_array_equal(majority(view, 5), expected)
