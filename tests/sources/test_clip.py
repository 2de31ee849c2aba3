"""Recorded clips: what is delivered from good files of many kinds."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import pytest

from bgsub.errors import SourceOpenError
from bgsub.sources import ClipSource
from bgsub.sources._container import open_clip
from bgsub.sources._pictures import PictureConverter
from tests.sources._clips import FAST, number_in, picture, write_clip

if TYPE_CHECKING:
    from pathlib import Path

    from bgsub.frames import Frame

OPEN_GOP = {**FAST, "x264-params": "open-gop=1:keyint=10:bframes=2"}
KINDS: dict[str, dict[str, Any]] = {
    "clip.mp4": {},
    "open.mp4": {"options": OPEN_GOP},
    "fragmented.mp4": {"muxer": {"movflags": "frag_keyframe+empty_moov"}},
    "clip.mov": {"codec": "mjpeg", "pixels": "yuvj420p", "options": {}},
    "clip.mkv": {},
    "clip.ts": {},
    "clip.flv": {},
    "h264.avi": {},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"bf": "2", "g": "10"}},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p", "options": {}},
    "clip.mpg": {"codec": "mpeg2video", "options": {"g": "10", "bf": "2", "b": "4M"}},
    "clip.wmv": {"codec": "wmv2", "options": {"g": "10", "b": "4M"}},
    "clip.h264": {"container": "h264"},
    "clip.webm": {"codec": "libvpx", "options": {"deadline": "realtime", "g": "10"}},
    "sound.mp4": {"audio_s": 3.0},
    "sound.mkv": {"audio_s": 3.0},
    "sound.ts": {"audio_s": 3.0},
}


def read(
    path: Path, start_s: float = 0.0, end_s: float | None = None, scale: float = 1.0
) -> list[Frame]:
    """Read a clip that is expected to be without problems."""
    with ClipSource(path, start_s=start_s, end_s=end_s, scale=scale) as source:
        frames = list(source)
        assert source.problems == ()
        info = source.info
    assert all(f.image.shape[:2] == (info.height, info.width) for f in frames)
    return frames


@pytest.mark.parametrize("name", KINDS)
def test_clip_of_any_container_is_read_whole_with_exact_times(name: str, tmp_path: Path):
    frames = read(write_clip(tmp_path / name, **KINDS[name]))

    assert [number_in(f.image) for f in frames] == list(range(40))
    assert [f.index for f in frames] == list(range(40))
    assert [f.timestamp_s for f in frames] == pytest.approx(
        [n / 25 for n in range(40)], abs=1e-3
    )


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("start_s", [0.01, 0.4, 0.77, 1.55])
def test_clip_read_from_a_time_gives_the_same_frames(name: str, start_s: float, tmp_path: Path):
    path = write_clip(tmp_path / name, **KINDS[name])
    whole = [f for f in read(path) if f.timestamp_s >= start_s]

    part = read(path, start_s=start_s)

    assert [(f.index, f.timestamp_s) for f in part] == [(f.index, f.timestamp_s) for f in whole]
    for ours, theirs in zip(part, whole, strict=True):
        np.testing.assert_array_equal(ours.image, theirs.image)


def test_clip_part_begins_and_ends_at_the_given_times(tmp_path: Path):
    path = write_clip(tmp_path / "clip.mp4")

    with ClipSource(path, start_s=0.2, end_s=0.4, scale=1.0) as source:
        frames = list(source)

        assert [f.index for f in frames] == [5, 6, 7, 8, 9]
        assert source.info.n_frames == 5
        assert not source.problems


@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, None), (0.41, 0.43)])
def test_clip_part_without_pictures_is_refused(start_s, end_s, tmp_path: Path):
    path = write_clip(tmp_path / "clip.mp4")

    with (
        pytest.raises(SourceOpenError, match=r"no picture from .* s on.* the last one"),
        ClipSource(path, start_s=start_s, end_s=end_s, scale=1.0),
    ):
        pass


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.mov"])
def test_clip_of_variable_rate_keeps_its_times(name: str, tmp_path: Path):
    times_ms = [0, 40, 50, 400, 410, 1000, 1010, 1020, 1900, 4000]
    path = write_clip(tmp_path / name, count=10, times_ms=times_ms)

    frames = read(path)

    assert [f.timestamp_s for f in frames] == pytest.approx([t / 1000 for t in times_ms])
    assert [number_in(f.image) for f in frames] == list(range(10))


def test_clip_whose_video_begins_after_its_sound_begins_at_zero(tmp_path: Path):
    times_ms = [1000 + 40 * n for n in range(40)]
    path = write_clip(tmp_path / "late.mp4", times_ms=times_ms, audio_s=2.0)

    times = [f.timestamp_s for f in read(path)]

    assert times == pytest.approx([n / 25 for n in range(40)])


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_clip_whose_last_picture_stays_long_is_complete(name: str, tmp_path: Path):
    times_ms = [*range(0, 800, 40), 2800, 2840]
    path = write_clip(tmp_path / name, count=len(times_ms), times_ms=times_ms)

    assert len(read(path)) == len(times_ms)


@pytest.mark.parametrize("size", [(321, 243), (17, 3), (1, 1), (2, 1)])
def test_clip_of_odd_size_is_delivered_in_that_size(size: tuple[int, int], tmp_path: Path):
    path = tmp_path / "odd.mkv"
    write_clip(path, size=size, count=3, codec="ffv1", pixels="bgr0", options={})

    frames = read(path)

    assert [f.image.shape for f in frames] == [(size[1], size[0], 3)] * 3
    if size[0] > 16:
        np.testing.assert_array_equal(frames[1].image, picture(1, *size))


def test_clip_of_odd_size_in_h264_keeps_its_colours(tmp_path: Path):
    path = write_clip(tmp_path / "odd.mp4", size=(321, 243), count=3, pixels="yuv444p")

    image = read(path)[2].image

    assert image.shape == (243, 321, 3)
    assert np.abs(image.astype(int) - picture(2, 321, 243)).mean() < 3


@pytest.mark.parametrize("pixels", ["gray", "gray10le", "gray12le", "gray16le"])
def test_clip_in_grey_is_delivered_in_grey(pixels: str, tmp_path: Path):
    path = tmp_path / "grey.mkv"
    write_clip(path, count=3, codec="ffv1", pixels=pixels, options={"level": "3"})

    frames = read(path)

    grey = cv2.cvtColor(picture(2), cv2.COLOR_BGR2GRAY)
    assert frames[2].image.shape == (64, 96)
    assert frames[2].image.dtype == np.uint8
    assert np.abs(frames[2].image.astype(int) - grey).max() <= 1


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv422p10le", "yuv444p"])
def test_clip_of_more_bits_or_colour_is_delivered_in_eight_bit_bgr(pixels: str, tmp_path: Path):
    image = read(write_clip(tmp_path / "deep.mkv", count=3, pixels=pixels))[2].image

    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - picture(2)).mean() < 6


def test_clip_of_full_range_is_as_bright_as_one_of_limited_range(tmp_path: Path):
    full = write_clip(
        tmp_path / "full.avi", count=2, codec="mjpeg", pixels="yuvj444p", options={"q": "2"}
    )
    limited = write_clip(tmp_path / "limited.mp4", count=2, pixels="yuv444p")

    brightness = [read(path)[0].image.mean(axis=(0, 1)) for path in (full, limited)]

    assert brightness[0] == pytest.approx(brightness[1], abs=2.0)
    assert brightness[0] == pytest.approx(picture(0).mean(axis=(0, 1)), abs=2.0)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
@pytest.mark.parametrize("hflip", [False, True])
@pytest.mark.parametrize("vflip", [False, True])
def test_clip_is_turned_upright(degrees: int, hflip: bool, vflip: bool, tmp_path: Path):
    path = write_clip(tmp_path / "turned.mov", count=2, turn=(degrees, hflip, vflip))
    stored = read(write_clip(tmp_path / "stored.mov", count=2))[1].image
    expected = np.rot90(stored, degrees // 90)
    expected = expected[:, ::-1] if hflip else expected
    expected = expected[::-1] if vflip else expected

    frames = read(path)

    np.testing.assert_array_equal(frames[1].image, expected)
    assert not frames[1].image.flags.writeable


def test_clip_turned_and_scaled_tells_both_sizes(tmp_path: Path):
    path = write_clip(tmp_path / "turned.mov", count=2, turn=(90, False, False))

    with ClipSource(path, start_s=0.0, end_s=None, scale=0.5) as source:
        info = source.info

    assert (info.source_width, info.source_height) == (64, 96)
    assert (info.width, info.height) == (32, 48)


@pytest.mark.parametrize("scale", [0.5, 0.3, 0.01])
def test_clip_scaled_is_the_average_of_its_pixels(scale: float, tmp_path: Path):
    path = tmp_path / "clip.mkv"
    write_clip(path, count=2, codec="ffv1", pixels="bgr0", options={})
    width, height = max(1, round(96 * scale)), max(1, round(64 * scale))

    image = read(path, scale=scale)[1].image

    assert image.shape == (height, width, 3)
    if scale > 0.1:
        area = cv2.resize(picture(1), (width, height), interpolation=cv2.INTER_AREA)
        assert np.abs(image.astype(int) - area).mean() < 4
        assert number_in(image) == 1


def test_clip_info_tells_rate_count_and_start(tmp_path: Path):
    path = write_clip(tmp_path / "clip.mp4", created="2024-05-06T07:08:09.000000Z")

    with ClipSource(path, start_s=0.0, end_s=None, scale=1.0) as source:
        info = source.info

    assert info.name == str(path)
    assert info.fps == 25.0
    assert info.n_frames == 40
    assert info.started_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize("created", [None, "1970-01-01T00:00:00Z", "yesterday"])
def test_clip_without_a_sensible_date_has_no_start(created: str | None, tmp_path: Path):
    path = write_clip(tmp_path / "clip.mkv", count=2, created=created)

    with ClipSource(path, start_s=0.0, end_s=None, scale=1.0) as source:
        assert source.info.started_at is None


def test_clip_times_that_do_not_rise_are_repaired_and_reported(tmp_path: Path):
    first = write_clip(tmp_path / "a.ts").read_bytes()
    second = write_clip(tmp_path / "b.ts").read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(first + second)

    with ClipSource(path, start_s=0.0, end_s=None, scale=1.0) as source:
        frames = list(source)
        problems = source.problems

    times = [f.timestamp_s for f in frames]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert [number_in(f.image) for f in frames] == [*range(40), *range(40)]
    assert times[-1] == pytest.approx(79 / 25, abs=0.2)
    assert [p.ends_run for p in problems] == [False]
    assert "time stamp" in problems[0].what
    assert problems[0].at_s == pytest.approx(1.6)


def test_clip_can_be_read_again_by_entering_again(tmp_path: Path):
    source = ClipSource(write_clip(tmp_path / "a.mp4"), start_s=0.0, end_s=None, scale=1.0)
    for _ in range(2):
        with source:
            assert len(list(source)) == 40


def test_clip_leaves_the_log_of_the_library_as_it_was(tmp_path: Path):
    before = av.logging.get_level()
    read(write_clip(tmp_path / "clip.mp4"))
    assert av.logging.get_level() == before


@pytest.mark.parametrize(
    ("n_busy", "small_px", "n_threads"),
    [(1, 96 * 64, 3), (8, 96 * 64, 1), (1, 96, 0), (0, 96 * 64, 0)],
)
def test_small_pictures_are_decoded_on_the_cores_that_others_leave(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_busy: int,
    small_px: int,
    n_threads: int,
) -> None:
    monkeypatch.setattr("bgsub.sources._container.count_cores", lambda: 4)
    monkeypatch.setattr("bgsub.sources._container._SMALL_PX", small_px)
    clip = open_clip(write_clip(tmp_path / "a.mp4"), n_threads=0, n_busy_cores=n_busy)
    with clip.container:
        assert clip.stream.codec_context.thread_count == n_threads


@pytest.mark.parametrize(
    ("part", "is_left"),
    [
        ({}, False),
        ({"scale": 0.51}, False),
        ({"max_side_px": 50}, False),
        ({"scale": 0.5}, True),
        ({"scale": 0.9, "max_side_px": 48}, True),
    ],
)
def test_edges_of_blocks_are_left_only_in_pictures_of_half_the_size_or_less(
    tmp_path: Path, part: dict[str, Any], is_left: bool
) -> None:
    clip = open_clip(write_clip(tmp_path / "a.mp4", count=1), n_threads=1, **part)
    with clip.container:
        assert ("skip_loop_filter" in clip.stream.codec_context.options) == is_left


@pytest.mark.parametrize(
    "codec", ["libx264", "libx265", "libvpx-vp9", "mpeg4", "mjpeg", "ffv1"]
)
def test_clip_decoded_for_half_its_size_hardly_differs(codec: str, tmp_path: Path) -> None:
    coarse = {"crf": "36", "x265-params": "log-level=none"}
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_clip(
        tmp_path / "clip.mkv", codec=codec, options=coarse, pixels=pixels, size=(192, 128)
    )
    with av.open(str(path)) as container:
        pictures = list(container.decode(video=0))
    half = PictureConverter(pictures[0], scale=0.5, max_side_px=None, colour=False)
    expected = [(p.time or 0.0, half.convert(p)) for p in pictures]

    with ClipSource(path, start_s=0.0, end_s=None, scale=0.5, colour=False) as source:
        frames = list(source)
        assert source.problems == ()

    assert [f.timestamp_s for f in frames] == pytest.approx([time_s for time_s, _ in expected])
    differences = np.array(
        [cv2.absdiff(f.image, e) for f, (_, e) in zip(frames, expected, strict=True)]
    )
    assert differences.mean(axis=(1, 2)).max() < 0.3
    # It shows where a codec both smooths and has pictures that no other is predicted from.
    assert differences.any() == (codec in {"libx264", "libx265"})


@pytest.mark.parametrize("start_s", [0.0, 0.48])
def test_of_a_clip_every_so_manieth_frame_can_be_had(tmp_path: Path, start_s: float) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    with ClipSource(path, start_s=start_s, end_s=None, scale=1.0) as source:
        frames = list(source.sampled(7))
    numbers = list(range(round(start_s * 25), 40, 7))
    assert [frame.index for frame in frames] == numbers
    assert [number_in(frame.image) for frame in frames] == numbers
