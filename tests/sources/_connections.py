"""Connections that do as a test tells them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from bgsub.errors import SourceOpenError
from bgsub.sources.connection import BrokenOffError, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bgsub.frames import Image


def grey(level: int, height: int = 4, width: int = 6) -> Image:
    image = np.full((height, width), level, np.uint8)
    image.setflags(write=False)
    return image


class FakeConnection:
    """Gives the pictures it was made with, then breaks off, or ends if `why` is None."""

    source_size = (6, 4)
    fps: float | None = 25.0
    granted = "fake"

    def __init__(
        self, images: Iterable[Image], why: str | None, *, every_s: float = 0.005
    ) -> None:
        self._images = iter(images)
        self._why = why
        self._every_s = every_s
        self.is_closed = False
        self.readers: set[str] = set()

    def read(self) -> Picture | None:
        self.readers.add(threading.current_thread().name)
        time.sleep(self._every_s)
        image = next(self._images, None)
        if image is not None:
            return Picture(image, None, time.perf_counter())
        if self._why is None:
            return None
        if self._why == "a mistake":
            raise ZeroDivisionError(self._why)
        raise BrokenOffError(self._why)

    def close(self) -> None:
        self.is_closed = True


class FakeServer:
    """Connects with the next of its connections each time; with none, it is down."""

    def __init__(self, *connections: FakeConnection | None) -> None:
        self._next: Iterator[FakeConnection | None] = iter(connections)
        self.asked_s: list[float] = []

    def __call__(self, _stop: threading.Event) -> FakeConnection:
        self.asked_s.append(time.monotonic())
        connection = next(self._next, None)
        if connection is None:
            msg = "'fake' is down"
            raise SourceOpenError(msg)
        return connection
