"""Views of a frame at the size of the screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.frames import Box, Image
from bgsub.sinks.window_text import Lettering, fit
from bgsub.sinks.window_views import VIEWS, View, Views, pixel_at, tiles
from tests.sinks._window import seen

_sides = st.integers(1, 5000)


def _inside(box: Box, area: Box) -> bool:
    return (
        box.x >= area.x
        and box.y >= area.y
        and box.x + box.width <= area.x + area.width
        and box.y + box.height <= area.y + area.height
    )


@settings(deadline=None)
@given(width=_sides, height=_sides, room=st.tuples(_sides, _sides))
def test_fit_is_the_largest_of_the_shape(
    width: int, height: int, room: tuple[int, int]
) -> None:
    area = Box(x=3, y=5, width=room[0], height=room[1])
    box = fit(width, height, area)
    assert _inside(box, area)
    assert box.width == area.width or box.height == area.height
    assert abs(box.width * height - box.height * width) <= max(width, height)
    assert abs(2 * (box.x - area.x) + box.width - area.width) <= 1
    assert abs(2 * (box.y - area.y) + box.height - area.height) <= 1


@settings(deadline=None)
@given(
    view=st.sampled_from(VIEWS),
    size=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    room=st.tuples(st.integers(16, 900), st.integers(16, 900)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_tiles_lie_apart_and_places_in_them_are_pixels(
    view: View,
    size: tuple[int, int],
    room: tuple[int, int],
    place: tuple[float, float],
) -> None:
    width, height = size
    area = Box(x=0, y=0, width=room[0], height=room[1])
    parts = tiles(view, width, height, area)
    assert len(parts) == (4 if view == "split" else 1)
    owners = np.zeros((room[1] + 4, room[0] + 4), int)
    for _, box in parts:
        owners[box.y : box.y + box.height, box.x : box.x + box.width] += 1
    assert owners.max() == 1
    x, y = int(place[0] * (room[0] - 1)), int(place[1] * (room[1] - 1))
    pixel = pixel_at(parts, width, height, x, y)
    assert (pixel is not None) == bool(owners[y, x])
    if pixel is not None:
        assert 0 <= pixel[0] < height
        assert 0 <= pixel[1] < width


def test_background_is_asked_for_at_the_size_of_the_screen_and_kept() -> None:
    asked: list[int] = []

    def background(every: int) -> Image | None:
        asked.append(every)
        return np.full((-(-600 // every), -(-800 // every), 3), len(asked), np.uint8)

    views = Views(background=background, max_value=None)
    result = seen((600, 800, 3))
    canvas = np.zeros((150, 200, 3), np.uint8)
    parts = tiles("background", 800, 600, Box(x=0, y=0, width=200, height=150))
    for _ in range(3):
        views.draw(canvas, parts, result)
    assert asked == [4]
    views.forget_background()
    views.draw(canvas, parts, result)
    assert asked == [4, 4]
    assert (canvas == 2).all()


def test_background_that_is_not_there_yet_is_black() -> None:
    canvas = np.full((90, 160, 3), 7, np.uint8)
    parts = tiles("background", 160, 90, Box(x=0, y=0, width=160, height=90))
    Views(background=lambda _: None, max_value=None).draw(canvas, parts, seen())
    assert not canvas.any()


@pytest.mark.parametrize(
    ("dtype", "max_value", "white"),
    [("uint8", None, 255), ("uint16", 1023, 1023), ("float32", 1.0, 1)],
)
def test_picture_of_any_type_is_shown_in_its_brightness(
    dtype: str, max_value: float | None, white: float
) -> None:
    result = seen((90, 160))
    image = (result.frame.image / 255.0 * white).astype(dtype)
    result = replace(result, frame=replace(result.frame, image=image))
    canvas = np.zeros((90, 160, 3), np.uint8)
    parts = tiles("picture", 160, 90, Box(x=0, y=0, width=160, height=90))
    Views(background=lambda _: None, max_value=max_value).draw(canvas, parts, result)
    np.testing.assert_allclose(canvas[0, 100], 90, atol=1)
    np.testing.assert_allclose(canvas[45, 10], 230, atol=1)


@pytest.mark.parametrize("size", [(90, 160), (45, 80), (270, 480)])
def test_overlay_marks_the_same_thing_at_any_size(size: tuple[int, int]) -> None:
    height, width = size
    canvas = np.zeros((height, width, 3), np.uint8)
    parts = tiles("overlay", 160, 90, Box(x=0, y=0, width=width, height=height))
    Views(background=lambda _: None, max_value=None).draw(canvas, parts, seen())
    red = canvas[:, :, 2].astype(int) - canvas[:, :, 0]
    inside = red[height * 4 // 10 : height * 6 // 10, : width // 8]
    assert (inside > 40).all()
    assert (red[:, width // 2 :] == 0).all()


def test_text_is_cut_where_it_does_not_fit() -> None:
    lettering = Lettering(14)
    text = "a long sentence about a camera"
    assert lettering.fitted(text, 10_000) == text
    cut = lettering.fitted(text, 120)
    assert cut.endswith("...")
    assert text.startswith(cut[:-3])
    assert lettering.width_px(cut) <= 120
    assert lettering.fitted(text, 1) == ""
