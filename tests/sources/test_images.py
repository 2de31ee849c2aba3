"""Folders of pictures."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from bgsub.errors import SourceOpenError
from bgsub.sources import ImageFolderSource
from tests.sources._clips import number_in, picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bgsub.frames import Frame, Problem


def source_of(folder: Path, **part: Any) -> ImageFolderSource:
    wanted: dict[str, Any] = {
        "fps": 10.0,
        "start_s": 0.0,
        "end_s": None,
        "scale": 1.0,
        **part,
    }
    return ImageFolderSource(folder, **wanted)


def read(folder: Path, **part: Any) -> tuple[list[Frame], Sequence[Problem]]:
    with source_of(folder, **part) as source:
        return list(source), source.problems


def write(folder: Path, numbers: Iterable[int], name: str = "in{:06d}.png") -> Path:
    for number in numbers:
        assert cv2.imwrite(str(folder / name.format(number)), picture(number))
    return folder


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "png", "bmp", "tif", "tiff", "webp"])
def test_pictures_of_any_format_are_read(suffix: str, tmp_path: Path):
    frames, problems = read(write(tmp_path, range(3), f"{{}}.{suffix}"))

    assert [number_in(f.image) for f in frames] == [0, 1, 2]
    assert all(f.image.shape == (64, 96, 3) for f in frames)
    assert not problems


def test_pictures_come_in_the_order_of_their_numbers(tmp_path: Path):
    numbers = [1, 2, 9, 10, 11, 100]
    frames, _ = read(write(tmp_path, numbers, "Frame{}.png"))

    assert [number_in(f.image) for f in frames] == numbers
    assert [f.index for f in frames] == [0, 1, 2, 3, 4, 5]
    assert [f.timestamp_s for f in frames] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_sequence_in_the_cdnet_layout_is_read_from_its_input(tmp_path: Path):
    for name in ("input", "groundtruth"):
        (tmp_path / name).mkdir()
    write(tmp_path / "input", range(1, 4))
    write(tmp_path / "groundtruth", range(7, 9))
    cv2.imwrite(str(tmp_path / "ROI.bmp"), picture(0))

    with source_of(tmp_path) as source:
        assert [number_in(f.image) for f in source] == [1, 2, 3]
        assert [p.name for p in source.paths] == [f"in{n:06d}.png" for n in (1, 2, 3)]


def test_other_and_hidden_files_are_left_out(tmp_path: Path):
    write(tmp_path, range(2))
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "._in000001.png").write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()

    frames, problems = read(tmp_path)

    assert len(frames) == 2
    assert not problems


def test_part_begins_and_ends_at_the_given_times(tmp_path: Path):
    write(tmp_path, range(10))

    with source_of(tmp_path, start_s=0.3, end_s=0.7) as source:
        assert [f.index for f in source] == [3, 4, 5, 6]
        assert source.info.n_frames == 4
        assert len(source.paths) == 10


def test_part_without_pictures_is_refused(tmp_path: Path):
    write(tmp_path, range(10))

    with pytest.raises(SourceOpenError, match=r"no picture from 2 s on; .* lasts 1.00 s"):
        source_of(tmp_path, start_s=2.0).__enter__()


def test_scaled_pictures_are_averages(tmp_path: Path):
    write(tmp_path, [5])

    with source_of(tmp_path, scale=0.25) as source:
        (frame,) = source
        info = source.info

    expected = cv2.resize(picture(5), (24, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(frame.image, expected)
    assert not frame.image.flags.writeable
    assert (info.width, info.height, info.source_width, info.source_height) == (24, 16, 96, 64)


def test_transparency_is_dropped(tmp_path: Path):
    image = np.dstack([picture(3), np.zeros((64, 96), np.uint8)])
    cv2.imwrite(str(tmp_path / "a.png"), image)

    frames, _ = read(tmp_path)

    np.testing.assert_array_equal(frames[0].image, picture(3))


def test_sixteen_bits_stay_sixteen(tmp_path: Path):
    deep = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96) * 10
    cv2.imwrite(str(tmp_path / "a.png"), deep)

    frames, _ = read(tmp_path)

    np.testing.assert_array_equal(frames[0].image, deep)


def test_mixed_pictures_are_converted_to_the_kind_of_the_first(tmp_path: Path):
    colour = picture(3)
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    deep = grey.astype(np.uint16) * 257
    kinds = {"colour": colour, "grey": grey, "deep": deep}
    for first, model in kinds.items():
        folder = tmp_path / first
        folder.mkdir()
        for number, image in enumerate([model, *kinds.values()]):
            cv2.imwrite(str(folder / f"{number}.png"), image)

        frames, problems = read(folder)

        assert not problems
        assert {f.image.dtype for f in frames} == {model.dtype}
        assert {f.image.shape for f in frames} == {model.shape}
        unit = 257 if first == "deep" else 1
        again = [f.image.astype(int) // unit for f in frames[2:]]
        assert np.abs(again[0] - again[1]).max() <= 1


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "tif", "webp"])
def test_picture_cut_off_is_skipped_and_reported(
    suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    write(tmp_path, range(5), f"{{}}.{suffix}")
    for number in (2, 3):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(path.read_bytes()[:-40])

    frames, problems = read(tmp_path)

    assert [f.index for f in frames] == [0, 1, 4]
    assert [(p.at_s, p.ends_run) for p in problems] == [(0.2, False)]
    assert problems[0].what == "2 corrupt pictures were skipped up to 0.30 s"
    if suffix in {"jpg", "png"}:
        assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_first_picture_may_be_unreadable(content: bytes, tmp_path: Path):
    write(tmp_path, range(3))
    (tmp_path / "in000000.png").write_bytes(content)

    frames, problems = read(tmp_path)

    assert [f.index for f in frames] == [1, 2]
    assert len(problems) == 1


def test_size_change_ends_the_folder(tmp_path: Path):
    write(tmp_path, range(3))
    cv2.imwrite(str(tmp_path / "in000001.png"), picture(1, 48, 32))

    frames, problems = read(tmp_path)

    assert [f.index for f in frames] == [0]
    assert [(p.at_s, p.ends_run) for p in problems] == [(0.1, True)]
    assert "from 96×64 to 48×32 at 'in000001.png'" in problems[0].what


def test_folder_without_pictures_is_refused(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceOpenError, match="holds no pictures; give a folder of"):
        source_of(tmp_path).__enter__()


def test_file_in_place_of_a_folder_is_refused(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceOpenError, match="cannot be read as a folder"):
        source_of(tmp_path / "notes.txt").__enter__()


def test_picture_of_absurd_size_is_refused(tmp_path: Path):
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        data += struct.pack(">I", len(body)) + name + body
        data += struct.pack(">I", zlib.crc32(name + body))
    (tmp_path / "bomb.png").write_bytes(data)

    with pytest.raises(SourceOpenError, match=r"none of the 1 pictures .* too large") as caught:
        source_of(tmp_path).__enter__()
    assert "\n" not in str(caught.value)


def test_pictures_of_floating_point_are_refused(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.zeros((4, 4), np.float32))
    with pytest.raises(SourceOpenError, match="of a kind that is not supported"):
        source_of(tmp_path).__enter__()


def test_a_picture_is_upright_as_its_camera_was_held(tmp_path: Path):
    scene = np.zeros((24, 32, 3), np.uint8)
    scene[:8, :8] = 255
    jpeg = cv2.imencode(".jpg", scene)[1].tobytes()
    # Exif with one entry: orientation 6, the camera was turned to the left.
    tiff = b"MM\0*\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (tmp_path / "1.jpg").write_bytes(jpeg[:2] + segment + jpeg[2:])
    with ImageFolderSource(tmp_path, fps=25.0, start_s=0.0, end_s=None, scale=1.0) as source:
        [frame] = source
    assert frame.image.shape == (32, 24, 3)
    assert frame.image[2, -3].min() > 200
    assert frame.image[2, 2].max() < 50


def test_every_so_manieth_picture_can_be_had_and_no_other_is_read(tmp_path: Path):
    write(tmp_path, range(20))
    (tmp_path / "in000011.png").write_bytes(b"no picture")
    with source_of(tmp_path, start_s=0.2) as source:
        frames = list(source.sampled(5))

    assert [f.index for f in frames] == [2, 7, 12, 17]
    assert [number_in(f.image) for f in frames] == [2, 7, 12, 17]
    assert not source.problems
