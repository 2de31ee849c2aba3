"""Grey frames from colour clips: the luma plane, reduced, and the same as a conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.sources import ClipSource, ImageFolderSource
from bgsub.sources._luma import read_luma, shrink
from tests.sources._clips import number_in, picture, write_clip

if TYPE_CHECKING:
    from pathlib import Path

    from bgsub.frames import Frame

_WITH_LUMA = ("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "gray")
_WITHOUT = ("rgb24", "bgr24", "yuyv422", "yuv420p10le", "gray16le", "pal8", "gbrp")


def _frames(path: Path, *, max_side_px: int | None, scale: float = 1.0) -> list[Frame]:
    source = ClipSource(
        path, start_s=0.0, end_s=None, scale=scale, max_side_px=max_side_px, colour=False
    )
    with source:
        return list(source)


@pytest.mark.parametrize("kind", _WITH_LUMA)
@pytest.mark.parametrize("size", [(96, 64), (97, 63)])
def test_luma_is_what_a_conversion_to_grey_gives(kind: str, size: tuple[int, int]):
    frame = av.VideoFrame.from_ndarray(picture(5, *size), format="bgr24").reformat(format=kind)
    luma = read_luma(frame, size)
    assert luma is not None
    expected = frame.reformat(format="gray").to_ndarray().astype(int)
    assert np.abs(luma.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("kind", _WITHOUT)
def test_pictures_without_luma_bytes_are_left_to_a_conversion(kind: str):
    frame = av.VideoFrame(32, 16, kind)
    assert read_luma(frame, (32, 16)) is None


@pytest.mark.parametrize(("stored", "meant"), [(16, 0), (235, 255), (0, 0), (255, 255)])
def test_limited_range_is_stretched_to_black_and_white(stored: int, meant: int):
    planes = np.full((24, 16), 128, np.uint8)
    planes[:16] = stored
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    luma = read_luma(frame, (16, 16))
    assert luma is not None
    assert set(np.unique(luma)) == {meant}


def test_limited_range_is_stretched_in_even_steps():
    planes = np.full((24, 256), 128, np.uint8)
    planes[:16] = np.arange(256)
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    luma = read_luma(frame, (256, 16))
    assert luma is not None
    exact = np.rint((np.arange(256) - 16) * 255 / 219).clip(0, 255)
    np.testing.assert_array_equal(luma, np.tile(exact, (16, 1)))


@given(width=st.integers(1, 200), height=st.integers(1, 120), factor=st.floats(1.0, 9.0))
def test_shrinking_keeps_size_mean_and_place(width: int, height: int, factor: float):
    ramp = np.linspace(20, 220, width)[None, :] + np.zeros((height, 1))
    image = np.rint(ramp).astype(np.uint8)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = shrink(image, size)
    assert small.shape == (size[1], size[0])
    assert small.mean() == pytest.approx(image.mean(), abs=200 / size[0] / 2 + 1)


def test_shrinking_takes_every_pixel_into_account():
    random = np.random.default_rng(2)
    image = random.integers(0, 256, (360, 640)).astype(np.uint8)
    small = shrink(image, (160, 90)).astype(float)
    exact = cv2.resize(image.astype(np.float32), (160, 90), interpolation=cv2.INTER_AREA)
    # A subsample would have the variance of the pixels, not that of their means.
    assert np.abs(small - exact).max() <= 1.5


def test_the_longer_side_is_reduced_and_the_picture_is_the_same(tmp_path: Path):
    path = write_clip(tmp_path / "a.mp4", size=(320, 200))
    frames = _frames(path, max_side_px=160)
    assert {frame.image.shape for frame in frames} == {(100, 160)}
    assert [number_in(frame.image) for frame in frames] == [f.index for f in frames]
    assert not any(frame.image.flags.writeable for frame in frames)


def test_times_are_those_of_the_full_size_clip(tmp_path: Path):
    times_ms = [0, 40, 130, 150, 400]
    path = write_clip(tmp_path / "a.mkv", count=5, times_ms=times_ms)
    assert [round(1000 * f.timestamp_s) for f in _frames(path, max_side_px=48)] == times_ms


def test_a_small_picture_is_not_enlarged(tmp_path: Path):
    path = write_clip(tmp_path / "a.mp4", count=3)
    assert _frames(path, max_side_px=320)[0].image.shape == (64, 96)


def test_the_smaller_of_scale_and_longest_side_counts(tmp_path: Path):
    path = write_clip(tmp_path / "a.mp4", count=2)
    assert _frames(path, max_side_px=48, scale=0.25)[0].image.shape == (16, 24)
    assert _frames(path, max_side_px=24, scale=0.5)[0].image.shape == (16, 24)


@pytest.mark.parametrize("turn", [(90, False, False), (180, False, False), (0, True, False)])
def test_turned_clips_come_upright_in_grey_as_in_colour(
    tmp_path: Path, turn: tuple[int, bool, bool]
):
    path = write_clip(tmp_path / "a.mp4", count=2, turn=turn)
    [grey, _] = _frames(path, max_side_px=None)
    with ClipSource(path, start_s=0.0, end_s=None, scale=1.0) as source:
        colour = next(iter(source)).image
    expected = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY).astype(int)
    assert grey.image.shape == expected.shape
    assert np.abs(grey.image.astype(int) - expected).mean() < 3


def test_frames_that_are_kept_do_not_change_while_the_clip_is_decoded(tmp_path: Path):
    path = write_clip(tmp_path / "a.mp4", count=60)
    frames = _frames(path, max_side_px=None)
    assert [number_in(frame.image) for frame in frames] == list(range(60))


def test_pictures_of_a_folder_become_grey_and_small(tmp_path: Path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number))
    source = ImageFolderSource(
        tmp_path, fps=5.0, start_s=0.0, end_s=None, scale=1.0, max_side_px=48, colour=False
    )
    with source:
        frames = list(source)
        assert (source.info.width, source.info.source_width) == (48, 96)
    assert {frame.image.shape for frame in frames} == {(32, 48)}
    assert [number_in(frame.image) for frame in frames] == [0, 1, 2]
