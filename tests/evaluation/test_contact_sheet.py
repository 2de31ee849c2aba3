from __future__ import annotations

import cv2
import numpy as np
import pytest

from bgsub.evaluation import ContactSheet, Counts, ScoredFrame, count
from bgsub.evaluation.sheet_drawing import error_picture, truth_picture
from bgsub.frames import Image, Mask

SHAPE = (48, 64)
WHITE, RED, BLUE = (255, 255, 255), (64, 64, 245), (255, 140, 30)
YELLOW, GREY, BLACK = (40, 205, 255), (112, 112, 112), (0, 0, 0)


def as_bgr(image: Image) -> Image:
    return image


def frame(
    number: int, n_wrong: int, *, n_frames: int = 12, shape: tuple[int, int] = SHAPE
) -> ScoredFrame:
    """A frame in which so many pixels are wrong, and nothing moves."""
    labels = np.zeros(shape, np.uint8)
    mask = np.zeros(shape, np.uint8)
    mask.ravel()[:n_wrong] = 255
    return ScoredFrame(
        number=number,
        position=number / n_frames,
        image=np.full((*shape, 3), 10 + number, np.uint8),
        mask=mask,
        probability=None,
        labels=labels,
        counts=count(mask, labels, None),
    )


def sheet_of(*frames: ScoredFrame) -> ContactSheet:
    sheet = ContactSheet(as_bgr)
    for one in frames:
        sheet.take(one)
    return sheet


def test_the_worst_frame_of_each_stretch_is_kept() -> None:
    wrong = [5, 9, 2, 0, 7, 7, 100, 200, 0, 0, 1, 3]
    sheet = sheet_of(*(frame(number, n) for number, n in enumerate(wrong)))
    assert sheet.numbers == (1, 2, 4, 7, 8, 11), "of equals, the first"


def test_a_sequence_with_one_scored_frame_has_one_row() -> None:
    sheet = sheet_of(frame(0, 3, n_frames=1))
    assert sheet.numbers == (0,)
    picture = sheet.draw("a/b", Counts(fp=3))
    assert picture is not None


def test_without_a_frame_there_is_no_sheet() -> None:
    assert sheet_of().draw("a/b", Counts()) is None


def test_what_is_kept_is_a_copy() -> None:
    one = frame(0, 3)
    sheet = sheet_of(one)
    before = sheet.draw("a/b", Counts())
    one.mask[:] = 255
    one.image[:] = 0
    assert before is not None
    np.testing.assert_array_equal(sheet.draw("a/b", Counts()), before)


def test_errors_have_a_colour_each() -> None:
    labels = np.array([[255, 255, 0, 0, 50, 50, 85, 170]], np.uint8)
    mask = np.array([[255, 127, 255, 127, 255, 0, 255, 0]], np.uint8)
    expected = [WHITE, BLUE, RED, BLACK, YELLOW, BLACK, GREY, GREY]
    assert [tuple(pixel) for pixel in error_picture(mask, labels)[0].tolist()] == expected


def test_truth_shows_what_is_not_scored() -> None:
    labels: Mask = np.array([[0, 255, 85, 170]], np.uint8)
    pixels = [tuple(pixel) for pixel in truth_picture(labels)[0].tolist()]
    assert pixels == [BLACK, WHITE, GREY, GREY]


@pytest.mark.parametrize("shape", [(1, 1), (48, 64), (240, 320), (300, 90), (1080, 1920)])
def test_frames_of_any_size_fit_a_sheet_of_readable_size(shape: tuple[int, int]) -> None:
    sheet = sheet_of(*(frame(number, 1, n_frames=6, shape=shape) for number in range(6)))
    picture = sheet.draw("category/name", Counts(tp=1))
    assert picture is not None
    assert picture.dtype == np.uint8
    assert 600 < picture.shape[1] < 2100
    assert picture.shape[0] < 4000


def test_every_picture_is_on_the_sheet_in_its_place() -> None:
    shape = (240, 320)
    one = frame(0, 320 * 120, shape=shape)
    picture = sheet_of(one).draw("a/b", one.counts)
    assert picture is not None
    # The last column: the upper half is found and should not be, the lower is rightly not.
    assert cv2.countNonZero(cv2.inRange(picture, RED, RED)) >= 320 * 120
    assert cv2.countNonZero(cv2.inRange(picture, (10, 10, 10), (10, 10, 10))) == 320 * 240
