"""Recorded clips at their own pace."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from bgsub.errors import SourceOpenError
from bgsub.sources.clip import ClipSource
from bgsub.sources.connection import BrokenOffError
from bgsub.sources.paced import ClipConnection, Paced
from tests.sources._clips import ClipSpec, number_in, write_clip

if TYPE_CHECKING:
    from pathlib import Path


def _clip(path: Path) -> ClipConnection:
    return ClipConnection(ClipSource(path, start_s=0.0, end_s=None, scale=1.0))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", ClipSpec(count=10))


def test_a_clip_plays_as_long_as_it_lasts(clip: Path) -> None:
    paced = Paced(_clip(clip), threading.Event())
    began = time.perf_counter()
    numbers, arrived = [], []
    while (picture := paced.read()) is not None:
        numbers.append(number_in(picture.image))
        arrived.append(picture.arrived_s - began)
    paced.close()
    assert numbers == list(range(10))
    # Frame n is due n/25 s after the first, and is never early.
    assert all(at - arrived[0] >= n / 25 - 0.005 for n, at in enumerate(arrived))
    assert 9 / 25 - 0.005 <= arrived[-1] - arrived[0] < 10.0
    assert (paced.source_size, paced.fps) == ((96, 64), 25.0)


def test_time_runs_from_when_the_second_picture_is_asked_for(clip: Path) -> None:
    paced = Paced(_clip(clip), threading.Event())
    paced.read()
    time.sleep(0.3)
    asked_s = time.perf_counter()
    arrived = []
    while (picture := paced.read()) is not None:
        arrived.append(picture.arrived_s - asked_s)
    paced.close()
    assert all(at >= n / 25 - 0.005 for n, at in enumerate(arrived, start=1))


def test_waiting_for_a_frame_ends_when_the_run_does(tmp_path: Path) -> None:
    # Nobody waits for a frame that comes after a minute.
    clip = write_clip(tmp_path / "clip.mp4", ClipSpec(count=2, times_ms=(0, 60_000)))
    stop = threading.Event()
    paced = Paced(_clip(clip), stop)
    paced.read()
    stop.set()
    began = time.perf_counter()
    while paced.read() is not None:
        pass
    paced.close()
    assert time.perf_counter() - began < 10.0


def test_a_clip_that_is_cut_off_breaks_off_with_its_reason(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", ClipSpec(count=100))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    connection = _clip(path)
    with pytest.raises(BrokenOffError, match="the clip breaks off at"):
        _read_all(connection)
    connection.close()


def _read_all(connection: ClipConnection) -> None:
    while connection.read() is not None:
        pass


def test_a_clip_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="does not exist"):
        _clip(tmp_path / "nothing.mp4")
