"""Reading ahead: same frames, bounded, ends cleanly whatever happens."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgsub.errors import DecodeError
from bgsub.frames import Frame
from bgsub.sources.read_ahead import ReadAhead

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(120)


def _frames(count: int, error: Exception | None = None) -> Iterator[Frame]:
    for index in range(count):
        yield Frame(index=index, timestamp_s=index / 25, image=np.zeros((1, 1), np.uint8))
    if error is not None:
        raise error


def test_frames_come_in_order_and_all_of_them():
    with ReadAhead(_frames(100), depth=3, stop=threading.Event()) as ahead:
        assert [frame.index for frame in ahead] == list(range(100))


def test_an_error_comes_after_the_good_frames():
    broken = _frames(5, DecodeError("The clip breaks off.", at_s=0.2))
    with ReadAhead(broken, depth=2, stop=threading.Event()) as ahead:
        iterator = iter(ahead)
        assert [next(iterator).index for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(DecodeError, match="breaks off"):
            next(iterator)


def test_reading_stays_within_its_depth():
    read = []

    def counted() -> Iterator[Frame]:
        for frame in _frames(50):
            read.append(frame.index)
            yield frame

    with ReadAhead(counted(), depth=4, stop=threading.Event()) as ahead:
        next(iter(ahead))
        time.sleep(0.3)
        # One taken, four waiting, one in the reader's hand.
        assert len(read) <= 6


def test_leaving_early_ends_the_thread():
    with ReadAhead(_frames(10**9), depth=2, stop=threading.Event()) as ahead:
        next(iter(ahead))
    assert not [t for t in threading.enumerate() if t.name == "bgsub-reader"]


def test_stop_ends_the_iteration_although_the_source_hangs():
    release = threading.Event()
    stop = threading.Event()

    def hanging() -> Iterator[Frame]:
        yield from _frames(1)
        release.wait(60)

    with ReadAhead(hanging(), depth=2, stop=stop) as ahead:
        iterator = iter(ahead)
        next(iterator)
        threading.Timer(0.2, stop.set).start()
        assert next(iterator, None) is None
        release.set()


def test_reading_counts_as_busy_and_waiting_for_room_does_not():
    def slow() -> Iterator[Frame]:
        for frame in _frames(6):
            time.sleep(0.02)
            yield frame

    with ReadAhead(slow(), depth=1, stop=threading.Event()) as ahead:
        settled_s = -1.0
        while ahead.busy_s != settled_s:
            settled_s = ahead.busy_s
            time.sleep(0.3)
        assert settled_s >= 0.04, "two or three frames were read, then there was no room"
        began = time.monotonic()
        assert len(list(ahead)) == 6
        assert 0.12 <= ahead.busy_s <= settled_s + time.monotonic() - began
