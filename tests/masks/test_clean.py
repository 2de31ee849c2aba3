from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.errors import ConfigError, FrameShapeError
from bgsub.frames import Mask
from bgsub.masks import (
    MaskCleaner,
    coverage,
    drop_small,
    fill_holes,
    find_boxes,
    majority,
    restrict,
)
from tests.masks._masks import draw, masks


def cleaner(
    shape: tuple[int, int],
    *,
    median_px: int = 1,
    fill_holes_fraction: float = 0.0,
    min_area_fraction: float = 0.0,
    keep_shadows: bool = False,
    region: Mask | None = None,
) -> MaskCleaner:
    return MaskCleaner(
        frame_shape=shape,
        median_px=median_px,
        fill_holes_fraction=fill_holes_fraction,
        min_area_fraction=min_area_fraction,
        keep_shadows=keep_shadows,
        region=region,
    )


@given(
    mask=masks(0, 0, 127, 255, 255, max_side=16),
    side=st.sampled_from([1, 3, 5]),
    hole=st.sampled_from([0.0, 0.02, 0.2]),
    area=st.sampled_from([0.0, 0.01, 0.1]),
    keep=st.booleans(),
    restricted=st.booleans(),
)
def test_cleaning_is_its_steps_one_after_the_other(
    mask: Mask, side: int, hole: float, area: float, keep: bool, restricted: bool
) -> None:
    region = np.full(mask.shape, 255, dtype=np.uint8) if restricted else None
    if region is not None:
        region[: mask.shape[0] // 2, ::2] = 0
    result = cleaner(
        (mask.shape[0], mask.shape[1]),
        median_px=side,
        fill_holes_fraction=hole,
        min_area_fraction=area,
        keep_shadows=keep,
        region=region,
    ).clean(mask)
    expected = mask if keep else np.where(mask == 255, 255, 0).astype(np.uint8)
    expected = fill_holes(majority(expected, side), hole * mask.size)
    expected = drop_small(restrict(expected, region), area * mask.size)
    np.testing.assert_array_equal(result.mask, expected)
    assert result.coverage == coverage(expected)
    assert result.boxes == find_boxes(expected, min_area_px=0, max_boxes=64)


@pytest.mark.parametrize("keep", [False, True])
def test_cleaned_mask_is_read_only_and_its_own(keep: bool) -> None:
    for mask in (draw("....", "...."), draw("##..", "ss..")):
        before = mask.copy()
        result = cleaner((2, 4), keep_shadows=keep).clean(mask)
        assert not result.mask.flags.writeable
        assert not np.shares_memory(result.mask, mask)
        assert mask.flags.writeable
        np.testing.assert_array_equal(mask, before)


def test_shadows_are_dropped_or_kept() -> None:
    mask = draw("##ss", "##..")
    assert cleaner((2, 4)).clean(mask).mask.tolist() == draw("##..", "##..").tolist()
    kept = cleaner((2, 4), keep_shadows=True).clean(mask)
    assert kept.mask.tolist() == mask.tolist()
    assert kept.coverage == 0.5


def test_empty_mask_has_no_coverage_and_no_boxes() -> None:
    result = cleaner((20, 30), median_px=5, min_area_fraction=0.1).clean(
        np.zeros((20, 30), dtype=np.uint8)
    )
    assert not result.mask.any()
    assert result.coverage == 0.0
    assert result.boxes == ()


def test_limits_are_shares_of_the_frame() -> None:
    small, large = (np.zeros(shape, dtype=np.uint8) for shape in ((20, 20), (40, 40)))
    small[5:9, 5:9] = 255
    large[5:9, 5:9] = 255
    assert cleaner((20, 20), min_area_fraction=0.02).clean(small).mask.any()
    assert not cleaner((40, 40), min_area_fraction=0.02).clean(large).mask.any()


def test_no_foreground_leaves_the_region() -> None:
    mask = np.full((12, 12), 255, dtype=np.uint8)
    region = np.full((12, 12), 255, dtype=np.uint8)
    region[5:7, 5:7] = 0  # small enough to be filled as a hole
    result = cleaner((12, 12), median_px=5, fill_holes_fraction=0.5, region=region).clean(mask)
    np.testing.assert_array_equal(result.mask, region)


def test_wrong_shapes_and_sides_are_refused() -> None:
    with pytest.raises(FrameShapeError, match=r"mask is \(2, 2\), the frames are \(2, 3\)"):
        cleaner((2, 3)).clean(np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(FrameShapeError, match="region"):
        cleaner((2, 3), region=np.zeros((3, 2), dtype=np.uint8))
    with pytest.raises(ConfigError, match="median_px: 4"):
        cleaner((2, 3), median_px=4)
