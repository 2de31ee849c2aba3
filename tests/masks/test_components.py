from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.frames import Box, Mask
from bgsub.masks import coverage, drop_small, fill_holes, find_boxes
from bgsub.masks._boxes import merge_boxes
from bgsub.masks._regions import RegionFinder
from tests.masks._masks import draw, masks
from tests.reference import masks as oracle

areas = st.integers(min_value=0, max_value=40)


@given(mask=masks(0, 127, 255), max_area=areas)
def test_fill_holes_equals_flooding_from_the_edge(mask: Mask, max_area: int) -> None:
    before = mask.copy()
    assert fill_holes(mask, max_area).tolist() == oracle.fill_holes(mask.tolist(), max_area)
    np.testing.assert_array_equal(mask, before)


@given(mask=masks(0, 127, 255), min_area=areas)
def test_drop_small_equals_flooding_each_region(mask: Mask, min_area: int) -> None:
    before = mask.copy()
    assert drop_small(mask, min_area).tolist() == oracle.drop_small(mask.tolist(), min_area)
    np.testing.assert_array_equal(mask, before)


@given(mask=masks(0, 127, 255, max_side=20), min_area=areas)
def test_components_have_the_size_and_box_of_their_pixels(mask: Mask, min_area: int) -> None:
    rows = RegionFinder(*mask.shape).settle(mask.copy(), max_hole_px=0, min_area_px=min_area)
    found = sorted(
        (area_px, left, top, right - left, bottom - top)
        for area_px, left, top, right, bottom in rows.tolist()
    )
    assert found == oracle.boxes(mask.tolist(), min_area)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.7])
def test_components_of_a_noisy_frame_are_those_of_flooding(share: float) -> None:
    noise = np.random.default_rng(3).random((60, 80)) < share
    mask = np.where(noise, 255, 0).astype(np.uint8)
    assert drop_small(mask, 9).tolist() == oracle.drop_small(mask.tolist(), 9)
    assert fill_holes(mask, 9).tolist() == oracle.fill_holes(mask.tolist(), 9)


def test_fill_holes_fills_what_an_object_encloses_but_not_a_bay() -> None:
    mask = draw(
        "#####....",
        "#.s.#.###",
        "#.#.#.#..",
        "#...#.###",
        "#####....",
    )
    filled = fill_holes(mask, 9)
    assert (filled[:5, :5] == 255).all()
    assert (filled[:, 5:] == mask[:, 5:]).all(), "open to the frame's edge"
    np.testing.assert_array_equal(fill_holes(mask, 8), mask)


def test_drop_small_keeps_what_lies_in_the_hole_of_a_dropped_ring() -> None:
    mask = np.zeros((13, 13), dtype=np.uint8)
    mask[1:12, 1:12] = 255
    mask[2:11, 2:11] = 0  # a ring of 40 pixels
    mask[3:10, 3:10] = 255  # around 49
    kept = drop_small(mask, 45)
    assert int((kept == 255).sum()) == 49
    assert kept[1, 1] == 0


def test_drop_small_leaves_shadow_alone() -> None:
    mask = draw("s#s..##", "sss..##")
    np.testing.assert_array_equal(drop_small(mask, 2), draw("s.s..##", "sss..##"))


def test_coverage_counts_foreground_only() -> None:
    assert coverage(draw("##s.", "....")) == 0.25
    assert coverage(draw("....")) == 0.0
    assert coverage(draw("##")) == 1.0


def test_boxes_come_largest_first_and_connect_over_corners() -> None:
    mask = draw(
        "#.......",
        ".#......",
        "......##",
        "......##",
    )
    assert find_boxes(mask, min_area_px=1, max_boxes=9) == (
        Box(x=6, y=2, width=2, height=2),
        Box(x=0, y=0, width=2, height=2),
    )
    assert find_boxes(mask, min_area_px=3, max_boxes=9) == (Box(x=6, y=2, width=2, height=2),)
    assert find_boxes(mask, min_area_px=1, max_boxes=1) == (Box(x=6, y=2, width=2, height=2),)
    assert find_boxes(np.zeros_like(mask), min_area_px=0, max_boxes=9) == ()


def test_a_fragment_in_anothers_box_is_part_of_it() -> None:
    mask = draw(
        "#.......",
        "#..##...",
        "#..#####",
        "#.......",
        "#####...",
    )
    assert find_boxes(mask, min_area_px=1, max_boxes=9) == (
        Box(x=0, y=0, width=5, height=5),
        Box(x=3, y=1, width=5, height=2),
    ), "overlapping by less than half of the smaller"
    mask[2, 5:] = 0
    assert find_boxes(mask, min_area_px=1, max_boxes=9) == (Box(x=0, y=0, width=5, height=5),)


def test_boxes_that_grow_take_in_what_then_lies_in_them() -> None:
    body, far, bridge = (60, 0, 0, 10, 10), (16, 12, 0, 16, 4), (9, 6, 0, 14, 4)
    apart = (Box(x=0, y=0, width=10, height=10), Box(x=12, y=0, width=4, height=4))
    assert merge_boxes(np.array([body, far], np.int32), max_boxes=9) == apart
    whole = Box(x=0, y=0, width=16, height=10)
    assert merge_boxes(np.array([bridge, far, body], np.int32), max_boxes=9) == (whole,)


@given(
    corners=st.lists(st.tuples(*[st.integers(0, 12)] * 4), max_size=12),
    max_boxes=st.integers(1, 12),
)
def test_boxes_are_merged_as_one_would_by_hand(
    corners: list[tuple[int, int, int, int]], max_boxes: int
) -> None:
    found = [(1 + w * h // 2, x, y, x + 1 + w, y + 1 + h) for x, y, w, h in corners]
    rows = np.array(found, np.int32).reshape(-1, 5)
    boxes = [(b.x, b.y, b.width, b.height) for b in merge_boxes(rows, max_boxes=max_boxes)]
    assert boxes == oracle.merged_boxes(found, max_boxes)


@given(mask=masks(0, 255, max_side=20))
def test_boxes_hold_all_foreground_and_none_is_part_of_another(mask: Mask) -> None:
    boxes = find_boxes(mask, min_area_px=0, max_boxes=400)
    held = np.zeros(mask.shape, dtype=bool)
    for i, box in enumerate(boxes):
        held[box.y : box.y + box.height, box.x : box.x + box.width] = True
        for other in boxes[i + 1 :]:
            pixels = {
                (y, x)
                for y in range(box.y, box.y + box.height)
                for x in range(box.x, box.x + box.width)
            } & {
                (y, x)
                for y in range(other.y, other.y + other.height)
                for x in range(other.x, other.x + other.width)
            }
            smaller = min(box.width * box.height, other.width * other.height)
            assert 2 * len(pixels) < smaller
    assert held[mask == 255].all()
