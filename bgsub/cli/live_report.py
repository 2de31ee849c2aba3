"""What a live run says, while it goes on and when it is over: all of it on stderr."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Self

from bgsub.cli.console import print_line, print_note
from bgsub.cli.progress import PATIENCE_S, explain_wait

if TYPE_CHECKING:
    from types import TracebackType

    from bgsub.app.live import LiveReport
    from bgsub.frames import FrameResult, StreamInfo
    from bgsub.live_controls import LiveStatus
    from bgsub.live_events import EventChange

__all__ = ["LiveAnnouncer", "show_live"]

logger = logging.getLogger(__name__)

_STATUS_EVERY_S = 10.0


class LiveAnnouncer:
    """Says when the source is open, when it breaks off, and when something happens.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    verbose : bool
        Also say every ten seconds how the run goes.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._said_s = time.monotonic()
        self._patience = threading.Timer(PATIENCE_S, explain_wait)
        self._patience.daemon = True

    def __enter__(self) -> Self:
        # The loop begins: all that takes long is done.
        self._patience.cancel()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._patience.cancel()

    def opened(self, info: StreamInfo, granted: str, *, resumed: bool) -> None:
        """Say what is watched."""
        known = ", with the model of the last run" if resumed else ""
        self._say(f"Watching {info.name} ({granted}){known}; Ctrl-C ends it.")
        if not self._quiet:
            self._patience.start()

    def without_window(self, why: str) -> None:
        """Say that there is no window."""
        self._say(f"Without a window: {why}.")

    def write(self, result: FrameResult) -> None:
        """Say nothing about single frames."""

    def idle(self, at_s: float, *, in_event: bool) -> None:
        """Say nothing about the time between frames."""

    def gap(self, at_s: float, what: str) -> None:  # noqa: ARG002 - people read the clock
        """Say what has happened to the stream."""
        if not self._quiet:
            print_note(f"{_clock()} {what}")

    def changed(self, change: EventChange) -> None:
        """Say that an event begins, and how it was."""
        event = change.event
        if change.kind == "start":
            self._say(f"{_clock()} event {change.number} begins")
        elif change.kind == "end":
            length_s = event.end_s - event.start_s
            self._say(
                f"{_clock()} event {change.number} is over: {length_s:.1f} s, at most "
                f"{event.peak_coverage:.1%} of the picture moving"
            )

    def status(self, status: LiveStatus) -> None:
        """Say how the run goes, if that is wanted."""
        now_s = time.monotonic()
        if self._verbose and now_s - self._said_s >= _STATUS_EVERY_S:
            self._said_s = now_s
            logger.info("%.1f frames a second, %s", status.fps, _summary(status))

    def _say(self, text: str) -> None:
        if not self._quiet:
            print_line(text)


def show_live(report: LiveReport) -> None:
    """Say how the run was."""
    print_line(_summary(report.status))


def _summary(status: LiveStatus) -> str:
    return (
        f"{status.n_frames} frames, {status.n_dropped} left out, {status.n_events} events, "
        f"{status.n_breaks} breaks; from capture to mask {status.delay_ms:.0f} ms (median), "
        f"{status.worst_delay_ms:.0f} ms (99 %)"
    )


def _clock() -> str:
    return time.strftime("%H:%M:%S")
