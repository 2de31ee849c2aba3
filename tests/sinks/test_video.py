from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest

from bgsub.errors import SinkOpenError, SinkWriteError
from bgsub.frames import FOREGROUND, SHADOW, Box, Frame, FrameResult
from bgsub.sinks import MaskVideo, OverlayVideo, ProbabilityVideo
from bgsub.sinks.video_writer import VideoWriter
from tests.sinks._disks import fake_small_disk
from tests.sinks._results import decoded, result, results, stream_info, top_boxes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

UNEVEN_S = [0.0, 0.033, 0.1, 0.5, 0.501, 2.25, 2.2667]


class TestMaskVideo:
    @pytest.mark.parametrize(
        "size", [(1, 1), (1, 300), (300, 1), (3, 5), (321, 243), (64, 48), (1280, 17)]
    )
    def test_every_mask_is_read_back_exactly(self, tmp_path: Path, size: tuple[int, int]):
        written = list(results(6, *size, noise=True)) + list(results(6, *size))
        with MaskVideo(tmp_path / "mask.mkv", stream_info(*size)) as sink:
            for index, one in enumerate(written):
                frame = Frame(index=index, timestamp_s=index / 25, image=one.frame.image)
                sink.write(_with(one, frame=frame))
        _, masks = decoded(tmp_path / "mask.mkv", "gray")
        assert len(masks) == len(written)
        for one, mask in zip(written, masks, strict=True):
            assert np.array_equal(one.mask, mask)

    @pytest.mark.parametrize("size", [(64, 48), (641, 242), (640, 241), (1280, 17), (321, 243)])
    def test_opencv_reads_every_mask_exactly(self, tmp_path: Path, size: tuple[int, int]):
        written = list(results(3, *size, noise=True)) + list(results(3, *size))
        with MaskVideo(tmp_path / "mask.mkv", stream_info(*size)) as sink:
            for index, one in enumerate(written):
                frame = Frame(index=index, timestamp_s=index / 25, image=one.frame.image)
                sink.write(_with(one, frame=frame))
        pictures = _read_by_opencv(tmp_path / "mask.mkv")
        assert len(pictures) == len(written)
        for one, picture in zip(written, pictures, strict=True):
            assert np.array_equal(picture, np.stack([one.mask] * 3, axis=2))

    @pytest.mark.parametrize("size", [(64, 48), (321, 243)])
    def test_a_mask_may_change_once_it_is_written(self, tmp_path: Path, size: tuple[int, int]):
        one = result(0, *size)
        mask = np.zeros(size[::-1], np.uint8)
        with MaskVideo(tmp_path / "mask.mkv", stream_info(*size)) as sink:
            for level in range(40):
                mask[...] = level
                frame = Frame(index=level, timestamp_s=level / 25, image=one.frame.image)
                sink.write(_with(one, mask=mask, frame=frame))
        _, masks = decoded(tmp_path / "mask.mkv", "gray")
        assert [(int(m.min()), int(m.max())) for m in masks] == [(i, i) for i in range(40)]

    def test_every_mask_is_a_key_frame(self, tmp_path: Path):
        with MaskVideo(tmp_path / "mask.mkv", stream_info(64, 48)) as sink:
            for one in results(5, 64, 48, noise=True):
                sink.write(one)
        with av.open(tmp_path / "mask.mkv") as container:
            packets = [p for p in container.demux(video=0) if p.size]
        assert [p.is_keyframe for p in packets] == [True] * 5

    def test_any_moment_can_be_sought(self, tmp_path: Path):
        written = list(results(150, 64, 48, noise=True))
        with MaskVideo(tmp_path / "mask.mkv", stream_info(64, 48)) as sink:
            for one in written:
                sink.write(one)
        with av.open(tmp_path / "mask.mkv") as container:
            container.seek(5_000_000)
            frame = next(container.decode(video=0))
            assert 3.0 <= (frame.time or 0.0) <= 5.0
            index = round((frame.time or 0.0) * 25)
            assert np.array_equal(frame.to_ndarray(format="gray"), written[index].mask)

    def test_columns_of_a_larger_mask_are_read_back_exactly(self, tmp_path: Path):
        one = result(0, 64, 48, noise=True)
        with MaskVideo(tmp_path / "mask.mkv", stream_info(32, 48)) as sink:
            sink.write(_with(one, mask=one.mask[:, ::2]))
        assert np.array_equal(decoded(tmp_path / "mask.mkv", "gray")[1][0], one.mask[:, ::2])

    @pytest.mark.parametrize("start_s", [0.0, 5.0, 7200.123])
    def test_timestamps_are_the_sources(self, tmp_path: Path, start_s: float):
        times = [start_s + time for time in UNEVEN_S]
        with MaskVideo(tmp_path / "mask.mkv", stream_info(32, 16, None)) as sink:
            for index, time in enumerate(times):
                sink.write(result(index, 32, 16, timestamp_s=time))
        assert decoded(tmp_path / "mask.mkv", "gray")[0] == pytest.approx(times, abs=5.1e-4)

    def test_times_closer_than_the_container_counts_keep_their_order(self, tmp_path: Path):
        with MaskVideo(tmp_path / "mask.mkv", stream_info(32, 16)) as sink:
            for index in range(5):
                sink.write(result(index, 32, 16, timestamp_s=index * 1e-4))
        times, masks = decoded(tmp_path / "mask.mkv", "gray")
        assert len(masks) == 5
        assert times == sorted(set(times))

    def test_same_masks_give_the_same_file(self, tmp_path: Path):
        for name in ("a.mkv", "b.mkv"):
            with MaskVideo(tmp_path / name, stream_info(64, 48)) as sink:
                for one in results(5, 64, 48, noise=True):
                    sink.write(one)
        assert np.array_equal(
            decoded(tmp_path / "a.mkv", "gray")[1], decoded(tmp_path / "b.mkv", "gray")[1]
        )
        with av.open(tmp_path / "a.mkv") as a, av.open(tmp_path / "b.mkv") as b:
            assert [bytes(p) for p in a.demux()] == [bytes(p) for p in b.demux()]


class TestProbabilityVideo:
    @pytest.mark.parametrize("size", [(1, 1), (3, 5), (321, 243), (1280, 17)])
    def test_every_value_is_read_back_exactly_at_its_time(
        self, tmp_path: Path, size: tuple[int, int]
    ):
        written = [*results(3, *size, noise=True), result(3, *size)]
        with ProbabilityVideo(tmp_path / "p.mkv", stream_info(*size)) as sink:
            for one in written:
                sink.write(one)
        times, pictures = decoded(tmp_path / "p.mkv", "gray")
        assert times == pytest.approx([one.frame.timestamp_s for one in written], abs=5.1e-4)
        for one, picture in zip(written, pictures, strict=True):
            assert one.probability is not None
            assert np.array_equal(one.probability, picture)

    @pytest.mark.parametrize("height", [16, 17])
    def test_opencv_reads_every_value_exactly(self, tmp_path: Path, height: int):
        levels = np.repeat(np.arange(256, dtype=np.uint8)[None], height, axis=0)
        one = _with(result(0, 256, height), probability=levels)
        with ProbabilityVideo(tmp_path / "p.mkv", stream_info(256, height)) as sink:
            sink.write(one)
        (picture,) = _read_by_opencv(tmp_path / "p.mkv")
        assert np.array_equal(picture, np.stack([levels] * 3, axis=2))

    def test_a_result_without_probability_is_refused(self, tmp_path: Path):
        with (
            ProbabilityVideo(tmp_path / "p.mkv", stream_info(32, 16)) as sink,
            pytest.raises(ValueError, match="not asked for"),
        ):
            sink.write(_with(result(0, 32, 16), probability=None))


class TestOverlayVideo:
    def test_timestamps_count_from_the_first_frame(self, tmp_path: Path):
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 48), 26) as sink:
            for index, time in enumerate(UNEVEN_S):
                sink.write(result(index, 64, 48, timestamp_s=100.0 + time))
        assert decoded(tmp_path / "o.mp4", "bgr24")[0] == pytest.approx(UNEVEN_S, abs=1e-4)

    @pytest.mark.parametrize(
        ("size", "even"), [((1, 1), (2, 2)), ((63, 48), (64, 48)), ((64, 47), (64, 48))]
    )
    def test_odd_frames_get_one_more_column_or_row(
        self, tmp_path: Path, size: tuple[int, int], even: tuple[int, int]
    ):
        with OverlayVideo(tmp_path / "o.mp4", stream_info(*size), 0) as sink:
            sink.write(_plain(size, (40, 200, 90)))
        picture = decoded(tmp_path / "o.mp4", "bgr24")[1][0]
        assert picture.shape == (even[1], even[0], 3)
        assert np.abs(picture[-1, -1].astype(int) - (40, 200, 90)).max() <= 4

    @pytest.mark.parametrize(
        "colour", [(0, 0, 255), (255, 0, 0), (0, 255, 0), (255, 255, 255), (30, 120, 200)]
    )
    def test_colours_are_not_shifted(self, tmp_path: Path, colour: tuple[int, int, int]):
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 48), 10) as sink:
            sink.write(_plain((64, 48), colour))
        with av.open(tmp_path / "o.mp4") as container:
            frame = next(container.decode(video=0))
            # The tags tell any player how to turn the picture into colours.
            assert (frame.colorspace, frame.color_range) == (6, 1)
            picture = frame.to_ndarray(format="bgr24")
        assert np.abs(picture[40, 60].astype(int) - colour).max() <= 4

    def test_foreground_is_marked_and_the_rest_is_not(self, tmp_path: Path):
        grey = _plain((64, 48), (128, 128, 128))
        mask = np.zeros((48, 64), np.uint8)
        mask[30:46, 4:24] = FOREGROUND
        mask[30:46, 34:44] = SHADOW
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 48), 10) as sink:
            sink.write(_with(grey, mask=mask))
        blue, _, red = (decoded(tmp_path / "o.mp4", "bgr24")[1][0][..., c] for c in (0, 1, 2))
        assert red[38, 14] > 150 > blue[38, 14]
        assert blue[38, 38] > 150 > red[38, 38]
        assert abs(int(red[38, 58]) - 128) <= 4

    @pytest.mark.parametrize(("x", "y"), [(20, 24), (21, 25)])
    def test_boxes_keep_their_colour_on_odd_pixels(self, tmp_path: Path, x: int, y: int):
        grey = _plain((64, 64), (128, 128, 128))
        box = Box(x=x, y=y, width=20, height=20)
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 64), 10) as sink:
            sink.write(_with(grey, boxes=(box,)))
        picture = decoded(tmp_path / "o.mp4", "bgr24")[1][0].astype(int)
        row = picture[y + 10, :, 2] - picture[y + 10, :, 0]
        # One line at either side, yellow: far more red than blue.
        assert row[x - 4 : x].max() > 80
        assert row[x + 20 : x + 24].max() > 80

    def test_closed_file_is_an_ordinary_mp4(self, tmp_path: Path):
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 48), 26) as sink:
            for one in results(100, 64, 48):
                sink.write(one)
        boxes = top_boxes(tmp_path / "o.mp4")
        assert "moov" in boxes
        assert "moof" not in boxes
        with av.open(tmp_path / "o.mp4") as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == (
                "h264",
                "yuv420p",
            )
            assert stream.frames == 100
            assert container.duration == pytest.approx(4_000_000, abs=50_000)

    def test_frames_given_are_left_alone(self, tmp_path: Path):
        one = result(0, 64, 48, noise=True)
        before = one.frame.image.copy()
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 48), 26) as sink:
            sink.write(one)
        assert np.array_equal(one.frame.image, before)

    def test_12_bit_frames_are_shown_in_full_range(self, tmp_path: Path):
        one = _plain((64, 48), (0, 0, 0))
        frame = Frame(index=0, timestamp_s=0.0, image=np.full((48, 64), 4095, np.uint16))
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 48), 10, max_value=4095) as sink:
            sink.write(_with(one, frame=frame))
        assert decoded(tmp_path / "o.mp4", "bgr24")[1][0][40, 60].min() >= 252

    @pytest.mark.parametrize("fps", [None, 0.01, 29.97, 1e6])
    def test_any_frame_rate_is_taken(self, tmp_path: Path, fps: float | None):
        with OverlayVideo(tmp_path / "o.mp4", stream_info(64, 48, fps), 26) as sink:
            for one in results(3, 64, 48):
                sink.write(one)
        assert len(decoded(tmp_path / "o.mp4", "bgr24")[0]) == 3


def test_disk_full_at_the_first_frame_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_small_disk(monkeypatch, 100)
    sink = MaskVideo(tmp_path / "mask.mkv", stream_info(64, 48))
    sink.__enter__()
    with pytest.raises(SinkWriteError, match=r"disk is full: .* nothing of it is kept"):
        sink.write(result(0, 64, 48))
    sink.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room_missing", [30, 300])
def test_disk_full_while_closing_keeps_every_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_missing: int
):
    def write(name: str) -> None:
        with OverlayVideo(tmp_path / name, stream_info(64, 48), 26) as sink:
            for one in results(60, 64, 48):
                sink.write(one)

    write("whole.mp4")
    fake_small_disk(monkeypatch, (tmp_path / "whole.mp4").stat().st_size - room_missing)
    with pytest.raises(SinkWriteError, match=r"disk is full.*the 60 frames before"):
        write("cut.mp4")
    assert len(decoded(tmp_path / "cut.part.mp4", "bgr24")[0]) == 60


class TestVideoWriter:
    def test_size_the_encoder_refuses_is_said_on_opening(self, tmp_path: Path):
        writer = _writer(tmp_path / "o.mp4", width=63)
        with pytest.raises(SinkOpenError, match="cannot be encoded as libx264 of 63x48 pixels"):
            writer.open()
        writer.close()
        assert list(tmp_path.iterdir()) == []

    def test_writing_before_opening_and_after_closing_is_refused(self, tmp_path: Path):
        writer = _writer(tmp_path / "o.mp4")
        picture = np.zeros((72, 64), np.uint8)
        with pytest.raises(SinkWriteError, match="is not open"):
            writer.write(picture, 0.0)
        writer.open()
        writer.open()
        writer.write(picture, 0.0)
        writer.close()
        writer.close()
        with pytest.raises(SinkWriteError, match="is not open"):
            writer.write(picture, 0.0)

    def test_picture_of_another_size_is_refused(self, tmp_path: Path):
        writer = _writer(tmp_path / "o.mp4")
        writer.open()
        with pytest.raises(SinkWriteError, match="a video has one size"):
            writer.write(np.zeros((48, 64), np.uint8), 0.0)
        writer.close()


def _writer(path: Path, width: int = 64) -> VideoWriter:
    return VideoWriter(
        path, width=width, height=48, fps=25, codec="libx264", pix_fmt="yuv420p", options={}
    )


def _read_by_opencv(path: Path) -> list[NDArray[np.uint8]]:
    video = cv2.VideoCapture(str(path))
    pictures: list[NDArray[np.uint8]] = []
    while True:
        is_read, picture = video.read()
        if not is_read:
            break
        pictures.append(np.asarray(picture, np.uint8))
    video.release()
    return pictures


def _plain(size: tuple[int, int], colour: tuple[int, int, int]) -> FrameResult:
    """A frame of one colour in which nothing moves."""
    width, height = size
    image = np.full((height, width, 3), colour, np.uint8)
    return FrameResult(
        frame=Frame(index=0, timestamp_s=0.0, image=image),
        mask=np.zeros((height, width), np.uint8),
        coverage=0.0,
        boxes=(),
        in_event=False,
    )


def _with(one: FrameResult, **changes: object) -> FrameResult:
    values = {name: getattr(one, name) for name in FrameResult.__slots__}
    return FrameResult(**(values | changes))
