"""Recorded clips that are damaged, cut off, or no clips at all."""

from __future__ import annotations

import os
import random
import shutil
import socket
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import pytest

from bgsub.errors import BgsubError, SourceOpenError
from bgsub.sources import ClipSource
from bgsub.sources._container import open_clip
from bgsub.sources._faults import ProblemLog
from bgsub.sources._pictures import PictureConverter
from bgsub.sources._reader import ClipReader
from tests.sources._clips import FAST, cut, number_in, picture, write_clip, write_sound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bgsub.frames import Frame, Problem
    from bgsub.sources._container import Clip

pytestmark = pytest.mark.timeout(60)

INTRA: dict[str, Any] = {"codec": "mjpeg", "pixels": "yuvj420p", "options": {"q": "2"}}
PNG: dict[str, Any] = {"codec": "png", "pixels": "rgb24", "options": {}}
LOSSLESS: dict[str, Any] = {
    "codec": "ffv1",
    "pixels": "bgr0",
    "options": {"level": "3", "slicecrc": "1", "g": "1"},
}


def read(path: Path, **part: Any) -> tuple[list[Frame], Sequence[Problem]]:
    wanted: dict[str, Any] = {"start_s": 0.0, "end_s": None, "scale": 1.0, **part}
    with ClipSource(path, **wanted) as source:
        frames = list(source)
        return frames, source.problems


def refusal(path: Path) -> str:
    with pytest.raises(SourceOpenError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_folder_is_refused(tmp_path: Path):
    assert "is a folder, not a clip" in refusal(tmp_path)


def test_empty_file_is_refused(tmp_path: Path):
    (tmp_path / "clip.mp4").touch()
    assert "is empty" in refusal(tmp_path / "clip.mp4")


@pytest.mark.parametrize("name", ["clip.mp4", "clip.avi", "clip.mkv"])
def test_text_under_the_name_of_a_clip_is_refused(name: str, tmp_path: Path):
    (tmp_path / name).write_text("hello, this is no clip\n" * 100)
    assert "is not a clip that can be read" in refusal(tmp_path / name)


def test_text_is_refused_and_not_shown_as_pictures(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("hello, this is no clip\n" * 100)
    assert "holds text, not pictures" in refusal(tmp_path / "notes.txt")


def test_sound_alone_is_refused(tmp_path: Path):
    path = write_sound(tmp_path / "sound.mp4")
    assert "holds sound but no pictures" in refusal(path)


def test_single_picture_under_the_name_of_a_clip_is_refused(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), picture(1))
    shutil.move(tmp_path / "a.png", tmp_path / "clip.mp4")
    assert "a single picture" in refusal(tmp_path / "clip.mp4")


def test_pipe_is_refused_instead_of_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "clip.mp4")
    assert "is not a regular file" in refusal(tmp_path / "clip.mp4")


def test_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_clip(tmp_path / "clip.mp4", count=2)

    def deny(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    assert "may not be read; check its permissions" in refusal(path)


def test_unreadable_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_clip(tmp_path / "clip.mp4", count=2)

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    assert "cannot be read (Input/output error)" in refusal(path)


def test_playlist_is_refused_without_touching_the_network(tmp_path: Path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        path = tmp_path / "clip.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n")

        assert "is a playlist, not a clip" in refusal(path)
        with pytest.raises(TimeoutError):
            server.accept()


def test_script_naming_other_files_is_refused(tmp_path: Path):
    write_clip(tmp_path / "real.mp4", count=2)
    (tmp_path / "clip.mp4").write_text("ffconcat version 1.0\nfile real.mp4\n")
    assert "only names other files" in refusal(tmp_path / "clip.mp4")


def test_clip_cut_off_before_its_index_is_refused(tmp_path: Path):
    path = cut(write_clip(tmp_path / "a.mp4"), tmp_path / "cut.mp4", 0.6)
    assert "cut off before its index" in refusal(path)


def test_clip_without_a_whole_picture_is_refused(tmp_path: Path):
    whole = write_clip(tmp_path / "a.mkv", **LOSSLESS)
    data = whole.read_bytes()
    first = data.index(b"\x1f\x43\xb6\x75")  # the first cluster
    (tmp_path / "cut.mkv").write_bytes(data[: first + 40])
    assert "holds no picture that can be decoded" in refusal(tmp_path / "cut.mkv")


def test_clip_of_absurd_size_is_refused(tmp_path: Path):
    raw: dict[str, Any] = {"codec": "rawvideo", "pixels": "bgr24", "options": {}}
    path = write_clip(tmp_path / "a.avi", count=2, **raw)
    data = path.read_bytes()
    header = data.index(b"strf") + 8  # BITMAPINFOHEADER: size, then width and height
    size = (20000).to_bytes(4, "little") + (1000).to_bytes(4, "little")
    path.write_bytes(data[: header + 4] + size + data[header + 12 :])
    assert "20000×1000 pixels, more than" in refusal(path)


CUTTABLE: dict[str, dict[str, Any]] = {
    "faststart.mp4": {"muxer": {"movflags": "faststart"}},
    "h264.mkv": {},
    "lossless.mkv": LOSSLESS,
    "mjpeg.avi": INTRA,
    "h264.avi": {"size": (320, 240), "options": {**FAST, "qp": "5"}},
    "h264.flv": {},
}


@pytest.mark.parametrize("name", CUTTABLE)
@pytest.mark.parametrize("fraction", [0.35, 0.5, 0.8, 0.9])
def test_clip_cut_off_gives_what_is_good_and_says_where_it_breaks(
    name: str, fraction: float, tmp_path: Path
):
    whole = write_clip(tmp_path / name, **CUTTABLE[name])
    good, _ = read(whole)

    frames, problems = read(cut(whole, tmp_path / f"cut-{name}", fraction))

    assert 3 < len(frames) < 40
    expected = {f.timestamp_s: f.image for f in good}
    for frame in frames:
        np.testing.assert_array_equal(frame.image, expected[frame.timestamp_s])
    # Of the last pictures some may be missing that were to be shown between others.
    assert [f.index for f in frames] == list(range(len(frames)))
    end_s = frames[-1].timestamp_s + 0.04
    assert len(frames) / 25 == pytest.approx(end_s, abs=0.081)
    assert [p.ends_run for p in problems] == [*[False] * (len(problems) - 1), True]
    assert problems[-1].at_s == pytest.approx(end_s)
    assert f"breaks off at {end_s:.2f} s of 1.60 s" in problems[-1].what


@pytest.mark.parametrize("name", ["clip.mpg", "clip.wmv"])
def test_clip_cut_off_within_a_picture_breaks_off_without_a_known_length(
    name: str, tmp_path: Path
):
    codec = {"clip.mpg": "mpeg2video", "clip.wmv": "wmv2"}[name]
    options = {"g": "10", "b": "4M"}
    whole = write_clip(tmp_path / name, codec=codec, options=options, size=(320, 240))

    frames, problems = read(cut(whole, tmp_path / f"cut-{name}", 0.61))

    assert [number_in(f.image) for f in frames] == list(range(len(frames)))
    assert problems[-1].ends_run
    assert "breaks off at" in problems[-1].what


def test_clip_cut_off_is_no_problem_before_the_break(tmp_path: Path):
    whole = write_clip(tmp_path / "a.mkv")
    frames, problems = read(cut(whole, tmp_path / "cut.mkv", 0.6), end_s=0.4)

    assert len(frames) == 10
    assert not problems


@pytest.mark.parametrize(("name", "kind"), [("a.avi", INTRA), ("a.mov", PNG)])
def test_corrupt_pictures_in_the_middle_are_skipped_and_reported_once(
    name: str, kind: dict[str, Any], tmp_path: Path
):
    path = write_clip(tmp_path / name, **kind)
    with av.open(str(path)) as container:
        packets = list(container.demux(video=0))
        damaged = [(p.pos, p.size) for p in packets[10:13]]
    data = bytearray(path.read_bytes())
    for position, size in damaged:
        assert position is not None
        begin = position + size // 2  # behind the headers, among the pixels
        data[begin : begin + size // 4] = b"\x55" * (size // 4)
    path.write_bytes(data)

    frames, problems = read(path)

    expected = [n for n in range(40) if n not in {10, 11, 12}]
    assert [number_in(f.image) for f in frames] == expected
    assert [f.index for f in frames] == expected
    assert [f.timestamp_s for f in frames] == pytest.approx([n / 25 for n in expected])
    assert len(problems) == 1
    assert not problems[0].ends_run
    assert problems[0].at_s == pytest.approx(0.4, abs=0.041)
    assert problems[0].what.startswith("3 corrupt pictures were skipped up to 0.")


def test_corruption_before_the_start_is_not_reported(tmp_path: Path):
    path = write_clip(tmp_path / "a.avi", **INTRA)
    with av.open(str(path)) as container:
        position = list(container.demux(video=0))[4].pos
    assert position is not None
    data = bytearray(path.read_bytes())
    data[position + 60 : position + 260] = b"\xff" * 200
    path.write_bytes(data)

    frames, problems = read(path, start_s=0.4)

    assert [number_in(f.image) for f in frames] == list(range(10, 40))
    assert not problems


@pytest.mark.parametrize("container", ["mpegts", "h264"])
def test_size_change_in_mid_stream_ends_the_clip(container: str, tmp_path: Path):
    options = {**FAST, "x264-params": "repeat-headers=1"}
    parts = [
        write_clip(tmp_path / f"{size[0]}", size=size, container=container, options=options)
        for size in [(96, 64), (128, 80)]
    ]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(p.read_bytes() for p in parts))

    frames, problems = read(path)

    assert [number_in(f.image) for f in frames] == list(range(len(frames)))
    assert len(frames) >= 38
    assert [p.ends_run for p in problems if "size changes" in p.what] == [True]
    assert "from 96×64 to 128×80 at 1." in problems[-1].what


def test_pixels_that_cannot_be_converted_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = write_clip(tmp_path / "clip.mp4", count=2)

    def fail(*args: object) -> None:
        raise av.error.OSError(95, "Operation not supported")

    monkeypatch.setattr(PictureConverter, "convert", fail)
    assert "pixels of the kind yuv420p" in refusal(path)


FUZZED: dict[str, dict[str, Any]] = {
    "a.mp4": {"muxer": {"movflags": "faststart"}},
    "a.mkv": {},
    "a.avi": INTRA,
    "a.ts": {},
}


@pytest.mark.parametrize("name", FUZZED)
@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_never_crash_or_hang(name: str, seed: int, tmp_path: Path):
    path = write_clip(tmp_path / name, count=25, **FUZZED[name])
    data = bytearray(path.read_bytes())
    chance = random.Random(f"{name} {seed}")
    # Half of the variants spare the header, so that the damage reaches the decoder.
    begin = 0 if seed % 2 else len(data) // 4
    for _ in range(1 + seed * 3):
        data[chance.randrange(begin, len(data))] = chance.randrange(256)
    path.write_bytes(data)

    for start_s in (0.0, 0.5):
        try:
            frames, problems = read(path, start_s=start_s)
        except BgsubError:
            continue
        assert all(b.timestamp_s > a.timestamp_s for a, b in pairwise(frames))
        assert all(b.index > a.index for a, b in pairwise(frames))
        assert len({f.image.shape for f in frames}) == 1
        assert sum(p.ends_run for p in problems) <= 1


def test_damage_leaves_nothing_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = write_clip(tmp_path / "a.mkv")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = b"\x55" * 300
    path.write_bytes(data)
    capfd.readouterr()

    read(path)

    assert capfd.readouterr() == ("", "")


def test_clip_of_nothing_but_damage_from_some_point_on_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bgsub.sources._reader._MAX_FAILURES_IN_A_ROW", 5)
    path = write_clip(tmp_path / "a.avi", **INTRA)
    with av.open(str(path)) as container:
        positions = [p.pos for p in container.demux(video=0) if p.pos is not None]
    data = bytearray(path.read_bytes())
    for position in positions[10:30]:
        data[position + 60 : position + 260] = b"\xff" * 200
    path.write_bytes(data)

    frames, problems = read(path)

    assert [number_in(f.image) for f in frames] == list(range(10))
    assert problems[-1].ends_run
    assert "breaks off at 0.40 s of 1.60 s" in problems[-1].what


@pytest.mark.parametrize("fails_at_once", [True, False])
def test_clip_that_cannot_seek_is_decoded_from_its_beginning(
    fails_at_once: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # A container that refuses to seek, and one that always lands at its end.
    path = write_clip(tmp_path / "a.mkv")

    def seek(clip: Clip, to_s: float) -> bool:
        clip.container.seek(1_560, stream=clip.stream)
        return not fails_at_once

    monkeypatch.setattr("bgsub.sources.clip._seek", seek)

    frames, problems = read(path, start_s=0.6)

    assert [f.index for f in frames] == list(range(15, 40))
    assert [number_in(f.image) for f in frames] == list(range(15, 40))
    assert not problems


def test_reading_error_in_the_middle_breaks_off_after_what_is_good(tmp_path: Path):
    path = write_clip(tmp_path / "a.mkv", **LOSSLESS)
    clip = open_clip(path, n_threads=1)
    with clip.container:
        failing = replace(clip, container=_failing(clip.container, after=12))
        log = ProblemLog()
        frames = list(ClipReader(failing, log=log, is_seeked=False).frames())

    assert [f.number for f in frames] == list(range(12))
    assert [p.ends_run for p in log.problems] == [True]
    assert "breaks off at 0.48 s of 1.60 s" in log.problems[0].what


def _failing(container: Any, *, after: int) -> Any:
    return _FailingContainer(container, after=after)


class _FailingContainer:
    """A container whose disk fails for good after some packets."""

    def __init__(self, container: Any, *, after: int) -> None:
        self._packets = container.demux(video=0)
        self._left = after
        self.format = container.format

    def demux(self, stream: object) -> Any:
        while self._left:
            self._left -= 1
            yield next(self._packets)
        raise av.error.OSError(5, "Input/output error")
