"""The capture thread: always the newest frame, over breaks and reconnections."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from bgsub.errors import SourceError, SourceOpenError
from bgsub.frames import Frame, StreamInfo
from bgsub.sources._live_clock import LiveClock
from bgsub.sources.connection import BrokenOffError
from bgsub.sources.newest import Newest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from bgsub.frames import Image
    from bgsub.sources.connection import Connection, Picture

__all__ = ["Capture", "Captured", "Gap", "Retries"]

logger = logging.getLogger(__name__)

_JOIN_S = 0.3
_MAX_GAPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A frame, and when it came in by :func:`time.perf_counter`."""

    frame: Frame
    arrived_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What happened to the stream, and when in stream time."""

    at_s: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a broken source is opened again.

    Attributes
    ----------
    first_s, longest_s : float
        The first pause, and the longest: each is twice the one before.
    for_s : float or None
        Give up after this time; None: never.
    """

    first_s: float
    longest_s: float
    for_s: float | None


class Capture:
    """Reads a live source on a thread of its own, and opens it again when it breaks off.

    All frames have the size and kind of the first one: after a change they are fitted to it.
    Entering opens the source and waits for its first picture; leaving ends the thread.

    Parameters
    ----------
    connect : callable
        Opens the source, now and after every break; it is called with an event that is set
        when the run ends.
    name : str
        For people; without a password.
    retries : Retries or None
        None: the source is recorded, its end is the end, and it waits for its viewer: it
        begins when the first frame is asked for.
    """

    def __init__(
        self,
        connect: Callable[[threading.Event], Connection],
        *,
        name: str,
        retries: Retries | None,
    ) -> None:
        self._connect = connect
        self._name = name
        self._retries = retries
        self._stop = threading.Event()
        self._newest: Newest[Captured] = Newest()
        self._gaps: deque[Gap] = deque(maxlen=_MAX_GAPS)
        self._thread: threading.Thread | None = None
        self._info: StreamInfo | None = None
        self._clock = LiveClock(0.0)
        self._index = 0
        self._kind: tuple[int, ...] = ()
        self._seen_kind: tuple[int, ...] = ()
        self.is_connected = False
        self.n_breaks = 0
        self.granted = ""
        self.failure: str | None = None
        """Why a recorded source, or one that is given up, ended early; None if it did not."""

    @property
    def info(self) -> StreamInfo:
        """What is known of the source; valid once entered."""
        if self._info is None:
            msg = f"'{self._name}' is not open; use it in a with statement"
            raise SourceError(msg)
        return self._info

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape (H, W) or (H, W, 3) of all frames, of uint8; valid once entered."""
        return self._kind

    @property
    def n_dropped(self) -> int:
        """Frames that came while the last one was worked on, and were left out."""
        return self._newest.n_dropped

    @property
    def has_ended(self) -> bool:
        """Whether no frame is there and none will come."""
        return self._newest.is_exhausted

    @property
    def now_s(self) -> float:
        """Stream time now, in seconds; goes on while the stream is broken."""
        return self._clock.at(time.perf_counter())

    def take(self, timeout_s: float) -> Captured | None:
        """Return the newest frame not yet taken; wait for one for `timeout_s` seconds."""
        return self._newest.take(timeout_s)

    def gaps(self) -> list[Gap]:
        """Return what has happened to the stream since the last call."""
        return [self._gaps.popleft() for _ in range(len(self._gaps))]

    def __enter__(self) -> Self:
        connection = self._connect(self._stop)
        try:
            first = self._first_of(connection)
        except BaseException:
            connection.close()
            raise
        self._describe(connection, first)
        self._thread = threading.Thread(
            target=self._run, args=(connection, first), name="bgsub-capture", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._newest.close()
        thread, self._thread = self._thread, None
        if thread is not None:
            # A thread that waits for the network is left to its time-out.
            thread.join(timeout=_JOIN_S)

    def _describe(self, connection: Connection, first: Picture) -> None:
        height, width = first.image.shape[:2]
        self._kind = self._seen_kind = first.image.shape
        self._clock = LiveClock(first.arrived_s)
        self.granted = connection.granted
        self.is_connected = True
        self._info = StreamInfo(
            name=self._name,
            width=width,
            height=height,
            source_width=connection.source_size[0],
            source_height=connection.source_size[1],
            fps=connection.fps,
            started_at=_wall_clock(first.arrived_s),
        )

    def _run(self, connection: Connection | None, first: Picture | None) -> None:
        try:
            if self._retries is None and first is not None:
                # Nothing of it is to be missed while a run gets ready.
                self._newest.wait_for_taker()
                first = first._replace(arrived_s=time.perf_counter())
                self._clock = LiveClock(first.arrived_s)
            while connection is not None:
                try:
                    why = self._pump(connection, first)
                finally:
                    connection.close()
                if why is None or self._stop.is_set():
                    return
                connection, first = self._reconnect(why)
        finally:
            self._newest.close()

    def _pump(self, connection: Connection, first: Picture | None) -> str | None:
        """Pass on the pictures; return why they broke off, None at the end of a clip."""
        try:
            if first is not None:
                self._pass_on(first)
            while not self._stop.is_set():
                picture = connection.read()
                if picture is None:
                    return None
                self._pass_on(picture)
        except (BrokenOffError, SourceError) as error:
            return str(error)
        except Exception as error:
            # A mistake in here must not end months of watching.
            logger.debug("reading failed", exc_info=True)
            return f"reading it failed ({type(error).__name__})"
        return None

    def _pass_on(self, picture: Picture) -> None:
        time_s = self._clock.place(picture.source_s, picture.arrived_s)
        frame = Frame(
            index=self._index,
            timestamp_s=time_s,
            image=self._fitted(picture.image, time_s),
            captured_at=_wall_clock(picture.arrived_s),
        )
        self._index += 1
        self._newest.put(Captured(frame=frame, arrived_s=picture.arrived_s))

    def _fitted(self, image: Image, time_s: float) -> Image:
        if image.shape != self._seen_kind:
            self._tell(
                time_s,
                f"the pictures changed from {_size(self._seen_kind)} to {_size(image.shape)}; "
                f"they are worked on at {_size(self._kind)}",
            )
            self._seen_kind = image.shape
        if image.shape == self._kind:
            return image
        return _fit(image, self._kind)

    def _reconnect(self, why: str) -> tuple[Connection | None, Picture | None]:
        """Open the source again with growing pauses; None when told to stop, or given up."""
        broke_s = time.perf_counter()
        if self._retries is None:
            self.failure = why
            return None, None
        self.n_breaks += 1
        self.is_connected = False
        self._tell(self._clock.at(broke_s), f"'{self._name}' broke off: {why}")
        pause_s = self._retries.first_s
        while not self._stop.wait(pause_s):
            found = self._attempt()
            if found is not None:
                self._clock.reconnected()
                self.is_connected = True
                gone_s = time.perf_counter() - broke_s
                back_s = self._clock.at(found[1].arrived_s)
                self._tell(back_s, f"'{self._name}' is back after {gone_s:.1f} s")
                return found
            pause_s = min(2 * pause_s, self._retries.longest_s)
            gone_s = time.perf_counter() - broke_s
            if self._retries.for_s is not None and gone_s > self._retries.for_s:
                self.failure = f"it did not come back for {gone_s:.0f} s"
                break
        return None, None

    def _attempt(self) -> tuple[Connection, Picture] | None:
        try:
            connection = self._connect(self._stop)
            try:
                return connection, self._first_of(connection)
            except BaseException:
                connection.close()
                raise
        except SourceError as error:
            logger.info("%s", error)
        except Exception:
            logger.debug("opening failed", exc_info=True)
        return None

    def _first_of(self, connection: Connection) -> Picture:
        try:
            picture = connection.read()
        except BrokenOffError as error:
            msg = f"'{self._name}' gives no picture: {error}"
            raise SourceOpenError(msg) from None
        if picture is None:
            msg = f"'{self._name}' holds no picture"
            raise SourceOpenError(msg)
        return picture

    def _tell(self, at_s: float, what: str) -> None:
        logger.info("at %.2f s: %s", at_s, what)
        self._gaps.append(Gap(at_s=at_s, what=what))


def _fit(image: Image, kind: tuple[int, ...]) -> Image:
    """Return a picture with the shape (H, W) or (H, W, 3), stretched to it."""
    if image.ndim == 3 and len(kind) == 2:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    elif image.ndim == 2 and len(kind) == 3:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.shape[:2] != kind[:2]:
        is_larger = image.shape[0] > kind[0]
        how = cv2.INTER_AREA if is_larger else cv2.INTER_LINEAR
        image = cv2.resize(image, (kind[1], kind[0]), interpolation=how)
    image = np.asarray(image)
    image.setflags(write=False)
    return image


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}" + (" grey" if len(shape) == 2 else "")


def _wall_clock(arrived_s: float) -> datetime:
    age_s = time.perf_counter() - arrived_s
    return datetime.fromtimestamp(time.time() - age_s).astimezone()
