"""Recorded clips at their own pace, as if they were live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bgsub.sources.connection import BrokenOffError, Picture

if TYPE_CHECKING:
    import threading

    from bgsub.frames import FrameSource
    from bgsub.sources.connection import Connection

__all__ = ["ClipConnection", "Paced"]


class ClipConnection:
    """An open clip or folder of pictures, read as fast as it can be.

    Parameters
    ----------
    source : FrameSource
        The clip; it is entered here.

    Raises
    ------
    SourceOpenError
        If it cannot be opened.
    """

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        source.__enter__()
        info = source.info
        self.source_size = (info.source_width, info.source_height)
        self.fps = info.fps
        rate = "" if info.fps is None else f", {info.fps:.4g} frames a second"
        self.granted = f"{info.source_width}×{info.source_height}{rate}"
        self._frames = iter(source)

    def read(self) -> Picture | None:
        """Return the next picture; None at the end, as a connection does."""
        frame = next(self._frames, None)
        if frame is None:
            broken = [problem.what for problem in self._source.problems if problem.ends_run]
            if broken:
                raise BrokenOffError(broken[0])
            return None
        return Picture(frame.image, frame.timestamp_s, time.perf_counter())

    def close(self) -> None:
        """Close the clip."""
        self._source.__exit__(None, None, None)


class Paced:
    """Holds back the pictures of a recorded connection until it is their time.

    The first comes at once; time runs from when the second is asked for.

    Parameters
    ----------
    connection : Connection
        What is read.
    stop : threading.Event
        Ends the waiting.
    """

    def __init__(self, connection: Connection, stop: threading.Event) -> None:
        self._connection = connection
        self._stop = stop
        self._first_s: float | None = None
        self._began_s: float | None = None
        self.source_size = connection.source_size
        self.fps = connection.fps
        self.granted = connection.granted

    def read(self) -> Picture | None:
        """Return the next picture when it is due; it arrives then."""
        asked_s = time.perf_counter()
        picture = self._connection.read()
        if picture is None or picture.source_s is None:
            return picture
        if self._first_s is None:
            self._first_s = picture.source_s
            return picture
        if self._began_s is None:
            self._began_s = asked_s - self._first_s
        due_s = self._began_s + picture.source_s
        self._stop.wait(max(0.0, due_s - time.perf_counter()))
        return picture._replace(arrived_s=time.perf_counter())

    def close(self) -> None:
        """Close what is read."""
        self._connection.close()
