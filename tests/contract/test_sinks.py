"""What every sink does, whatever it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.errors import SinkOpenError, SinkWriteError
from bgsub.sinks import (
    BackgroundPicture,
    Heatmap,
    MaskFolder,
    MaskVideo,
    OverlayVideo,
    ProbabilityVideo,
    ThreadedSink,
)
from tests.sinks._disks import fake_small_disk, mounted
from tests.sinks._results import decoded, result, results, stream_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from bgsub.frames import FrameResult, Image, Sink

SIZE = (64, 48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of sink: how it is made, where it writes, how many frames can be read back."""

    name: str
    make: Callable[[Path, tuple[int, int]], Sink]
    final: str
    pixel_format: str = ""
    is_picture: bool = False

    def n_readable(self, path: Path) -> int:
        if self.is_picture:
            return 0 if cv2.imread(str(path)) is None else 1
        if path.is_dir():
            pictures = [cv2.imread(str(file)) for file in path.glob("mask*.png")]
            assert all(picture is not None for picture in pictures)
            return len(pictures)
        return len(decoded(path, self.pixel_format)[0])


def _background(size: tuple[int, int]) -> Callable[[], Image]:
    width, height = size
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return lambda: noise


KINDS = [
    Kind(
        name="mask video",
        make=lambda folder, size: MaskVideo(folder / "mask.mkv", stream_info(*size)),
        final="mask.mkv",
        pixel_format="gray",
    ),
    Kind(
        name="probability",
        make=lambda folder, size: ProbabilityVideo(
            folder / "probability.mkv", stream_info(*size)
        ),
        final="probability.mkv",
        pixel_format="gray",
    ),
    Kind(
        name="overlay",
        make=lambda folder, size: OverlayVideo(folder / "overlay.mp4", stream_info(*size), 26),
        final="overlay.mp4",
        pixel_format="bgr24",
    ),
    Kind(
        name="mask folder",
        make=lambda folder, _: MaskFolder(folder / "masks"),
        final="masks",
    ),
    Kind(
        name="background",
        make=lambda folder, size: BackgroundPicture(
            folder / "background.png", _background(size)
        ),
        final="background.png",
        is_picture=True,
    ),
    Kind(
        name="heat map",
        make=lambda folder, size: Heatmap(folder / "heatmap.png", _background(size)),
        final="heatmap.png",
        is_picture=True,
    ),
    Kind(
        name="mask video on a thread",
        make=lambda folder, size: ThreadedSink(
            MaskVideo(folder / "mask.mkv", stream_info(*size)), depth=2
        ),
        final="mask.mkv",
        pixel_format="gray",
    ),
    Kind(
        name="overlay on a thread",
        make=lambda folder, size: ThreadedSink(
            OverlayVideo(folder / "overlay.mp4", stream_info(*size), 26), depth=2
        ),
        final="overlay.mp4",
        pixel_format="bgr24",
    ),
]
STREAMS = [kind for kind in KINDS if not kind.is_picture]
PICTURES = [kind for kind in KINDS if kind.is_picture]
VIDEOS = [kind for kind in STREAMS if kind.pixel_format]


def _named(kinds: list[Kind]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", kinds, ids=[kind.name for kind in kinds])


def _write_all(sink: Sink, written: Iterable[FrameResult]) -> None:
    for one in written:
        sink.write(one)


def _write_and_break_off(sink: Sink, written: Iterable[FrameResult]) -> None:
    with sink:
        _write_all(sink, written)
        message = "from elsewhere"
        raise RuntimeError(message)


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@_named(KINDS)
class TestEverySink:
    def test_sink_without_a_frame_leaves_no_file(self, kind: Kind, tmp_path: Path):
        with kind.make(tmp_path, SIZE):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_sink_creates_the_folder_it_writes_to(self, kind: Kind, tmp_path: Path):
        folder = tmp_path / "new" / "deep"
        with kind.make(folder, SIZE) as sink:
            sink.write(result(0, *SIZE))
        assert kind.n_readable(folder / kind.final) == 1

    def test_final_name_appears_on_leaving_and_nothing_else_is_left(
        self, kind: Kind, tmp_path: Path
    ):
        final = tmp_path / kind.final
        with kind.make(tmp_path, SIZE) as sink:
            for one in results(3, *SIZE):
                sink.write(one)
            if kind not in STREAMS or kind in VIDEOS:
                assert not final.exists()
        assert kind.n_readable(final) == (1 if kind.is_picture else 3)
        assert not [name for name in _files(tmp_path) if ".part" in name]

    def test_leaving_twice_does_no_harm(self, kind: Kind, tmp_path: Path):
        sink = kind.make(tmp_path, SIZE)
        with sink:
            sink.write(result(0, *SIZE))
        before = {name: (tmp_path / name).read_bytes() for name in _files(tmp_path)}
        sink.__exit__(None, None, None)
        assert {name: (tmp_path / name).read_bytes() for name in _files(tmp_path)} == before

    def test_leaving_without_entering_does_no_harm(self, kind: Kind, tmp_path: Path):
        kind.make(tmp_path, SIZE).__exit__(None, None, None)
        assert list(tmp_path.iterdir()) == []

    def test_leaving_on_an_error_keeps_what_was_written(self, kind: Kind, tmp_path: Path):
        with pytest.raises(RuntimeError, match="from elsewhere"):
            _write_and_break_off(kind.make(tmp_path, SIZE), results(4, *SIZE))
        assert kind.n_readable(tmp_path / kind.final) == (1 if kind.is_picture else 4)
        assert not [name for name in _files(tmp_path) if ".part" in name]

    def test_folder_below_a_file_cannot_be_opened(self, kind: Kind, tmp_path: Path):
        (tmp_path / "file").write_text("in the way")
        sink = kind.make(tmp_path / "file" / "folder", SIZE)
        with pytest.raises(SinkOpenError, match="cannot be created"):
            sink.__enter__()
        sink.__exit__(None, None, None)
        assert _files(tmp_path) == ["file"]

    def test_folder_on_a_read_only_disk_cannot_be_opened(self, kind: Kind, tmp_path: Path):
        with mounted(tmp_path / "disk", "ro") as folder:
            sink = kind.make(folder, SIZE)
            with pytest.raises(SinkOpenError, match="the disk is read-only"):
                sink.__enter__()
            sink.__exit__(None, None, None)

    @pytest.mark.parametrize("size", [(1, 1), (5, 3), (243, 321)])
    @pytest.mark.parametrize(
        ("channels", "dtype"), [(1, np.uint8), (3, np.uint8), (1, np.uint16), (3, np.uint16)]
    )
    def test_any_size_and_kind_of_picture_is_taken(
        self,
        kind: Kind,
        tmp_path: Path,
        size: tuple[int, int],
        channels: int,
        dtype: type[np.generic],
    ):
        with kind.make(tmp_path, size) as sink:
            for one in results(2, *size, channels=channels, dtype=dtype):
                sink.write(one)
        assert kind.n_readable(tmp_path / kind.final) == (1 if kind.is_picture else 2)

    def test_an_older_output_is_replaced(self, kind: Kind, tmp_path: Path):
        for n_frames in (5, 2):
            with kind.make(tmp_path, SIZE) as sink:
                for one in results(n_frames, *SIZE):
                    sink.write(one)
        assert kind.n_readable(tmp_path / kind.final) == (1 if kind.is_picture else 2)


@pytest.fixture(params=["real", "fake"])
def small_disk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A folder where a megabyte or so can be written."""
    if request.param == "fake":
        fake_small_disk(monkeypatch, 1_000_000)
        yield tmp_path
    else:
        with mounted(tmp_path / "disk", "size=1m") as folder:
            yield folder


BIG = (320, 240)


def _write_until_full(sink: Sink) -> int:
    """Write noise until the sink refuses; return how many frames it took."""
    for index in range(2000):
        try:
            # Five frames a second: the containers hold back up to a second.
            sink.write(result(index, *BIG, timestamp_s=index / 5, noise=True))
        except SinkWriteError:
            return index
    pytest.fail("the disk was never full")


@_named(VIDEOS)
def test_full_disk_keeps_a_video_readable_up_to_there(kind: Kind, small_disk: Path):
    sink = kind.make(small_disk, BIG)
    with sink:
        n_taken = _write_until_full(sink)
        with pytest.raises(SinkWriteError, match="disk is full"):
            sink.write(result(n_taken + 1, *BIG))
    final = small_disk / kind.final
    part = final.with_name(f"{final.stem}.part{final.suffix}")
    assert _files(small_disk) == [part.name]
    n_readable = kind.n_readable(part)
    # What a container holds back, what waits for the thread, and the frame cut in two.
    assert n_taken - 9 <= n_readable <= n_taken + 1
    assert n_readable > 0


def test_full_disk_keeps_the_masks_before(tmp_path: Path):
    with (
        mounted(tmp_path / "disk", "size=256k") as folder,
        MaskFolder(folder / "masks") as sink,
    ):
        n_taken = _write_until_full(sink)
        kept = _files(folder / "masks")
        assert kept == [f"mask{index:06d}.png" for index in range(n_taken)]
        last = cv2.imread(str(folder / "masks" / kept[-1]), cv2.IMREAD_UNCHANGED)
        assert last is not None
        assert np.array_equal(last, result(n_taken - 1, *BIG, noise=True).mask)


@_named(PICTURES)
def test_full_disk_leaves_no_half_picture(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_small_disk(monkeypatch, 1000)
    sink = kind.make(tmp_path, BIG)
    sink.__enter__()
    sink.write(result(0, *BIG))
    with pytest.raises(SinkWriteError, match="disk is full"):
        sink.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


@_named(KINDS)
def test_error_on_leaving_does_not_hide_the_error_on_its_way(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if kind.final == "masks":
        pytest.skip("writes nothing on leaving")
    fake_small_disk(monkeypatch, 900)
    with pytest.raises(RuntimeError, match="from elsewhere") as caught:
        _write_and_break_off(kind.make(tmp_path, SIZE), [result(0, *SIZE, noise=True)])
    assert "disk is full" in caught.value.__notes__[0]


@_named(VIDEOS)
def test_frame_of_another_size_is_refused(kind: Kind, tmp_path: Path):
    sink = kind.make(tmp_path, SIZE)
    sink.__enter__()
    sink.write(result(0, *SIZE))
    with pytest.raises(SinkWriteError, match=r"60x48 pixels but .* holds 64x48"):
        _write_all(sink, (result(index, 60, 48) for index in range(1, 9)))
    sink.__exit__(None, None, None)
    assert kind.n_readable(tmp_path / kind.final) == 1
