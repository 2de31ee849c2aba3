"""What every source does, wherever its frames come from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.errors import SourceError, SourceOpenError
from bgsub.sources import ClipSource, ImageFolderSource, open_source
from tests.sources._clips import number_in, picture, write_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bgsub.frames import FrameSource

COUNT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of source: how its input is made, how it is opened, what its frames are."""

    name: str
    write: Callable[[Path], Path]
    make: Callable[[Path], FrameSource]
    shape: tuple[int, ...]
    dtype: type = np.uint8


def _clip(path: Path) -> FrameSource:
    return ClipSource(path, start_s=0.0, end_s=None, scale=1.0)


def _folder(path: Path) -> FrameSource:
    return ImageFolderSource(path, fps=25.0, start_s=0.0, end_s=None, scale=1.0)


def _opened(path: Path) -> FrameSource:
    return open_source(path, start_s=0.0, end_s=None, scale=1.0, image_fps=25.0)


def _write_h264(folder: Path) -> Path:
    return write_clip(folder / "clip.mp4", count=COUNT)


def _write_grey(folder: Path) -> Path:
    return write_clip(folder / "clip.mkv", count=COUNT, codec="ffv1", pixels="gray", options={})


def _write_pictures(folder: Path) -> Path:
    for number in range(COUNT):
        cv2.imwrite(str(folder / f"in{number + 1:06d}.png"), picture(number))
    return folder


def _write_deep(folder: Path) -> Path:
    for number in range(COUNT):
        grey = cv2.cvtColor(picture(number), cv2.COLOR_BGR2GRAY).astype(np.uint16)
        cv2.imwrite(str(folder / f"{number}.png"), grey)
    return folder


KINDS = [
    Kind(name="h264", write=_write_h264, make=_clip, shape=(64, 96, 3)),
    Kind(name="grey ffv1", write=_write_grey, make=_clip, shape=(64, 96)),
    Kind(name="png folder", write=_write_pictures, make=_folder, shape=(64, 96, 3)),
    Kind(
        name="16-bit folder", write=_write_deep, make=_folder, shape=(64, 96), dtype=np.uint16
    ),
    Kind(name="opened clip", write=_write_h264, make=_opened, shape=(64, 96, 3)),
    Kind(name="opened folder", write=_write_pictures, make=_opened, shape=(64, 96, 3)),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found = request.param
    assert isinstance(found, Kind)
    return found


@pytest.fixture
def source(kind: Kind, tmp_path: Path) -> FrameSource:
    return kind.make(kind.write(tmp_path))


def test_source_yields_every_frame_once_in_order(source: FrameSource):
    with source:
        frames = list(source)

    assert [f.index for f in frames] == list(range(COUNT))
    if frames[0].image.dtype == np.uint8:
        assert [number_in(f.image) for f in frames] == list(range(COUNT))
    assert not source.problems


def test_source_yields_read_only_images_of_its_shape_and_type(source: FrameSource, kind: Kind):
    with source:
        for frame in source:
            assert frame.image.shape == kind.shape
            assert frame.image.dtype == kind.dtype
            assert not frame.image.flags.writeable


def test_source_never_writes_an_image_again(source: FrameSource):
    with source:
        frames = list(source)
        copies = [f.image.copy() for f in frames]
    for frame, copy in zip(frames, copies, strict=True):
        np.testing.assert_array_equal(frame.image, copy)
    assert any((a != b).any() for a, b in pairwise(copies))


def test_source_timestamps_rise_strictly_from_zero(source: FrameSource):
    with source:
        times = [f.timestamp_s for f in source]

    assert times == pytest.approx([n / 25 for n in range(COUNT)])
    assert all(later > earlier for earlier, later in pairwise(times))


def test_source_info_is_valid_once_entered(source: FrameSource, kind: Kind):
    with source:
        info = source.info

        assert (info.height, info.width) == kind.shape[:2]
        assert (info.source_height, info.source_width) == kind.shape[:2]
        assert info.fps == pytest.approx(25.0)
        assert info.n_frames == COUNT
        assert info.name


def test_source_is_of_no_use_before_it_is_entered(source: FrameSource):
    with pytest.raises(SourceError, match="with statement"):
        _ = source.info
    with pytest.raises(SourceError, match="with statement"):
        iter(source)


def test_source_may_be_entered_and_left_twice(source: FrameSource):
    with source:
        with source:
            next(iter(source))
        source.__exit__(None, None, None)
        assert source.info.width


def test_source_gives_nothing_after_the_end(source: FrameSource):
    with source:
        assert len(list(source)) == COUNT
        assert not list(source)


def test_source_goes_on_where_a_loop_was_left(source: FrameSource):
    with source:
        for frame in source:
            if frame.index == 3:
                break
        assert next(iter(source)).index == 4


def test_source_left_in_mid_stream_gives_nothing_more(source: FrameSource):
    with source:
        frames = iter(source)
        next(frames)

    assert next(frames, None) is None
    assert not list(source)


def test_source_is_left_when_the_work_raises(source: FrameSource):
    with pytest.raises(ZeroDivisionError), source:
        _ = next(iter(source)).index / 0
    assert not list(source)


@pytest.mark.parametrize("make", [_clip, _folder, _opened])
def test_source_that_is_missing_raises_on_entering(make, tmp_path: Path):
    source = make(tmp_path / "missing")

    with pytest.raises(SourceOpenError, match=r"missing' does not exist; check the name$"):
        source.__enter__()
    source.__exit__(None, None, None)
