from __future__ import annotations

import numpy as np
import pytest

from bgsub.errors import ConfigError
from bgsub.frames import Mask
from bgsub.masks import rasterize, restrict
from tests.masks._masks import draw

Polygon = tuple[tuple[float, float], ...]


def region(
    *include: Polygon,
    exclude: tuple[Polygon, ...] = (),
    size: tuple[int, int] = (8, 6),
    source: tuple[int, int] = (8, 6),
) -> Mask:
    made = rasterize(
        include,
        exclude,
        width=size[0],
        height=size[1],
        source_width=source[0],
        source_height=source[1],
    )
    assert made is not None
    return made


def rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def test_region_is_none_without_polygons() -> None:
    assert rasterize((), (), width=4, height=4, source_width=4, source_height=4) is None


def test_region_holds_the_pixels_under_its_outline() -> None:
    np.testing.assert_array_equal(
        region(rectangle(1, 2, 4, 3)),
        draw("........", "........", ".####...", ".####...", "........", "........"),
    )


def test_region_joins_what_is_included_and_cuts_what_is_excluded() -> None:
    made = region(
        rectangle(0, 0, 3, 5), rectangle(2, 0, 5, 5), exclude=(rectangle(1, 1, 4, 4),)
    )
    expected = np.zeros((6, 8), dtype=np.uint8)
    expected[:, :6] = 255
    expected[1:5, 1:5] = 0
    np.testing.assert_array_equal(made, expected)


def test_region_with_only_exclusions_is_the_rest() -> None:
    made = region(exclude=(rectangle(0, 0, 7, 2),))
    assert (made[:3] == 0).all()
    assert (made[3:] == 255).all()


@pytest.mark.parametrize("far", [9.0, 1e4, 1e9, 1e300])
def test_region_is_cut_off_at_the_edge_of_the_frame(far: float) -> None:
    np.testing.assert_array_equal(
        region(rectangle(-far, -far, far, far)), np.full((6, 8), 255, dtype=np.uint8)
    )
    left = region(rectangle(-far, -far, 3, far))
    assert (left[:, :4] == 255).all()
    assert (left[:, 4:] == 0).all()


@pytest.mark.parametrize("factor", [2, 4])
def test_region_for_reduced_frames_covers_the_same_part(factor: int) -> None:
    width, height = 64 // factor, 48 // factor
    made = region(rectangle(0, 0, 31, 47), size=(width, height), source=(64, 48))
    assert (made[:, : width // 2] == 255).all()
    assert (made[:, width // 2 :] == 0).all()
    whole = region(rectangle(0, 0, 64, 48), size=(width, height), source=(64, 48))
    assert (whole == 255).all()


def test_region_of_any_shape_is_near_its_exact_area() -> None:
    triangle = ((10.0, 5.0), (90.5, 20.25), (30.0, 70.0))
    made = region(triangle, size=(100, 80), source=(100, 80))
    (ax, ay), (bx, by), (cx, cy) = triangle
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    outline = sum(
        np.hypot(*(np.array(p) - np.array(q)))
        for p, q in zip(triangle, (*triangle[1:], triangle[0]), strict=True)
    )
    assert area <= np.count_nonzero(made) <= area + outline


def test_region_outside_the_picture_is_refused_by_name() -> None:
    inside, outside = rectangle(0, 0, 3, 3), rectangle(20, 20, 30, 30)
    with pytest.raises(ConfigError, match=r"regions\.include\.1: .*outside the 8x6 picture"):
        region(inside, outside)


def test_region_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"regions\.exclude: nothing .* left"):
        region(exclude=(rectangle(-1, -1, 9, 9),))


def test_restrict_clears_all_labels_outside() -> None:
    mask, kept = draw("#s#s"), draw("##..")
    np.testing.assert_array_equal(restrict(mask, kept), draw("#s.."))
    unrestricted = restrict(mask, None)
    np.testing.assert_array_equal(unrestricted, mask)
    assert not np.shares_memory(unrestricted, mask)
