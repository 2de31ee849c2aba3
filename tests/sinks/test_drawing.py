from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.frames import FOREGROUND, SHADOW, Box, Frame, FrameResult
from bgsub.sinks.drawing import Painter, to_bgr8
from bgsub.timecode import timecode


class TestToBgr8:
    def test_8_bit_colour_is_given_back_as_it_is(self):
        image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
        assert to_bgr8(image) is image

    @pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1)])
    def test_grey_is_the_same_in_all_channels(self, shape: tuple[int, ...]):
        image = np.arange(20, dtype=np.uint8).reshape(shape)
        bgr = to_bgr8(image)
        assert bgr.shape == (4, 5, 3)
        assert all(np.array_equal(bgr[..., c], image.reshape(4, 5)) for c in range(3))

    @pytest.mark.parametrize(
        ("image", "max_value", "expected"),
        [
            (np.array([[0, 257, 32896, 65535]], np.uint16), None, [0, 1, 128, 255]),
            (np.array([[0, 2048, 4095, 60000]], np.uint16), 4095.0, [0, 128, 255, 255]),
            (np.array([[-1.0, 0.0, 0.5, 2.0]], np.float32), 1.0, [0, 0, 128, 255]),
            (np.array([[0, 50, 100, 200]], np.uint8), 100.0, [0, 128, 255, 255]),
        ],
    )
    def test_other_ranges_are_mapped(self, image, max_value, expected):
        assert to_bgr8(image, max_value)[0, :, 0].tolist() == pytest.approx(expected, abs=1)


class TestPainter:
    def test_nothing_moving_leaves_all_but_the_label(self):
        picture = np.full((240, 320, 3), 90, np.uint8)
        Painter(240, 320).paint(picture, _result(np.zeros((240, 320), np.uint8)))
        changed = (picture != 90).any(axis=2)
        assert changed[:30, :150].any()
        changed[:30, :150] = False
        assert not changed.any()

    def test_only_regions_and_their_outline_change(self):
        mask = np.zeros((240, 320), np.uint8)
        mask[100:120, 100:140] = FOREGROUND
        mask[150:160, 200:220] = SHADOW
        picture = np.full((240, 320, 3), 90, np.uint8)
        Painter(240, 320).paint(picture, _result(mask))
        changed = (picture[30:] != 90).any(axis=2)
        expected = np.zeros((240, 320), bool)
        expected[99:121, 99:141] = True
        expected[150:160, 200:220] = True
        # The outline's corners are round.
        expected[[99, 99, 120, 120], [99, 140, 99, 140]] = False
        assert np.array_equal(changed, expected[30:])

    def test_texture_shows_through_the_tint(self):
        picture = np.zeros((240, 320, 3), np.uint8)
        picture[:, ::2] = 200
        mask = np.full((240, 320), FOREGROUND, np.uint8)
        Painter(240, 320).paint(picture, _result(mask))
        assert (picture[100, 100].astype(int) - picture[100, 101] > 80).all()

    def test_state_of_the_event_is_seen(self):
        pictures = []
        for in_event in (False, True):
            picture = np.full((240, 320, 3), 90, np.uint8)
            empty = np.zeros((240, 320), np.uint8)
            Painter(240, 320).paint(picture, _result(empty, in_event=in_event))
            pictures.append(picture)
        red = [int((p[..., 2].astype(int) - p[..., 0] > 80).sum()) for p in pictures]
        assert red[0] == 0
        assert red[1] > 20

    def test_label_of_a_camera_tells_the_time_of_day_instead_of_the_streams(self):
        def label(timestamp_s: float, at: datetime | None) -> np.ndarray:
            picture = np.full((240, 320, 3), 90, np.uint8)
            empty = _result(np.zeros((240, 320), np.uint8))
            frame = replace(empty.frame, timestamp_s=timestamp_s, captured_at=at)
            Painter(240, 320).paint(picture, replace(empty, frame=frame))
            return picture

        noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
        assert np.array_equal(label(1.0, noon), label(5e6, noon))
        assert not np.array_equal(label(1.0, noon), label(1.0, noon + timedelta(seconds=1)))
        assert not np.array_equal(label(1.0, None), label(2.0, None))

    def test_label_covers_a_small_part_at_any_size(self):
        for height, width in [(120, 160), (240, 320), (1080, 1920), (2160, 3840)]:
            picture = np.full((height, width, 3), 90, np.uint8)
            empty = np.zeros((height, width), np.uint8)
            Painter(height, width).paint(picture, _result(empty, in_event=True))
            share = (picture != 90).any(axis=2).mean()
            assert 0 < share < (0.04 if height >= 240 else 0.2)

    @given(height=st.integers(1, 70), width=st.integers(1, 200), in_event=st.booleans())
    def test_any_size_is_painted(self, height: int, width: int, *, in_event: bool):
        mask = np.full((height, width), FOREGROUND, np.uint8)
        mask[::2] = SHADOW
        picture = np.zeros((height, width, 3), np.uint8)
        box = Box(x=0, y=0, width=width, height=height)
        Painter(height, width).paint(picture, _result(mask, in_event=in_event, boxes=(box,)))
        assert picture.any()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "00:00:00.000"),
        (59.9996, "00:01:00.000"),
        (3661.0015, "01:01:01.002"),
        (360000.5, "100:00:00.500"),
        (-1.25, "-00:00:01.250"),
    ],
)
def test_timecode_rounds_to_milliseconds(seconds: float, text: str):
    assert timecode(seconds) == text


def _result(
    mask: np.ndarray, *, in_event: bool = False, boxes: tuple[Box, ...] = ()
) -> FrameResult:
    image = np.zeros((*mask.shape, 3), np.uint8)
    return FrameResult(
        frame=Frame(index=0, timestamp_s=83.4567, image=image),
        mask=mask,
        coverage=0.0,
        boxes=boxes,
        in_event=in_event,
    )
