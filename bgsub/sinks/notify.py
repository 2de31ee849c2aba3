"""Telling others of events as they happen: lines of JSON, commands, snapshots."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bgsub.files import prepare_folder
from bgsub.sinks.commands import CommandRunner
from bgsub.sinks.event_log import STDOUT, EventLog
from bgsub.sinks.recorder_names import NameTemplate
from bgsub.sinks.records import event_record
from bgsub.sinks.snapshots import PeakKeeper, SnapshotStyle, SnapshotWriter
from bgsub.sinks.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from bgsub.frames import FrameResult, StreamInfo
    from bgsub.live_events import EventChange
    from bgsub.sinks.recorder_segment import Recording

__all__ = ["Notifier", "NotifyRules"]

logger = logging.getLogger(__name__)

_FACTS = (
    "start_s",
    "end_s",
    "peak_s",
    "start_at",
    "end_at",
    "peak_coverage",
    "snapshot",
    "recording",
)
_QUEUE = 200
_STOP_S = 1.0
_COMMAND_GRACE_S = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyRules:
    """How events are told; the configuration's section ``notify``.

    The attributes are those of the section, where they are described.
    """

    log: str | None
    log_bytes: int
    log_files: int
    snapshot: SnapshotStyle
    on_event_start: tuple[str, ...]
    on_event_end: tuple[str, ...]
    on_recording_end: tuple[str, ...]
    command_limit_s: float
    max_commands: int


class Notifier:
    """Writes, shows and runs what was asked for, and never holds up or ends the run.

    Parameters
    ----------
    folder : Path or None
        Where snapshots go, and the log if it is a relative path; None: no snapshots, and the
        log goes to the current folder.
    info : StreamInfo
        The stream.
    rules : NotifyRules
        What is told, and how.
    name : str
        Template of the snapshots' names, as for recordings.
    peaks_s : callable
        Returns the times of the frames that may turn out to be an event's peak, such as
        :attr:`bgsub.live_events.LiveEvents.peaks_s`.
    max_value : float or None
        The value that means white in the frames; None: by their type.
    min_free_bytes : int
        No snapshots are written while the disk has less room.
    """

    def __init__(
        self,
        folder: Path | None,
        info: StreamInfo,
        rules: NotifyRules,
        *,
        name: str,
        peaks_s: Callable[[], tuple[float, ...]],
        max_value: float | None,
        min_free_bytes: int,
    ) -> None:
        self._info = info
        self._rules = rules
        self._folder = folder
        self._log = None
        if rules.log is not None:
            place = rules.log if rules.log == STDOUT else str((folder or Path()) / rules.log)
            self._log = EventLog(place, max_bytes=rules.log_bytes, max_files=rules.log_files)
        self._peaks: PeakKeeper | None = None
        self._snapshots: SnapshotWriter | None = None
        if folder is not None and rules.snapshot != "none":
            self._peaks = PeakKeeper(peaks_s)
            self._snapshots = SnapshotWriter(
                NameTemplate(folder, name, info.name),
                style=rules.snapshot,
                max_value=max_value,
                min_free_bytes=min_free_bytes,
            )
        self._commands = CommandRunner(
            max_running=rules.max_commands, limit_s=rules.command_limit_s
        )
        self._worker = Worker("bgsub-notifier", _QUEUE)
        self._is_open = False
        self._zero = info.started_at
        self._recording: Recording | None = None

    def __enter__(self) -> Self:
        if not self._is_open:
            if self._folder is not None:
                prepare_folder(self._folder)
            self._is_open = True
            self._worker.start()
            self._commands.start()
        return self

    def write(self, result: FrameResult) -> None:
        """Take one result; returns at once."""
        frame = result.frame
        if frame.captured_at is not None:
            # Anew with every frame: a camera's clock and ours drift apart over months.
            self._zero = frame.captured_at - timedelta(seconds=frame.timestamp_s)
        if self._peaks is not None:
            self._peaks.add(result)

    def changed(self, change: EventChange) -> None:
        """Take news of an event, before the frame it came with."""
        peak = None
        if self._peaks is not None and change.kind == "end":
            peak = self._peaks.get(change.event.peak_s)
        zero = self._wall_clock_zero(change.event.end_s)
        self._post(lambda: self._tell(change, zero, peak))

    def gap(self, at_s: float, what: str) -> None:
        """Tell that the stream broke off or came back."""
        at = self._wall_clock_zero(at_s) + timedelta(seconds=at_s)
        self._post(
            lambda: self._add(
                {"type": "gap", "at_s": round(at_s, 6), "at": _iso(at), "what": what}
            )
        )

    def idle(self, at_s: float, *, in_event: bool) -> None:  # noqa: ARG002 - the sinks' protocol
        """Try again to write what the disk did not take."""
        if self._log is not None:
            self._post(self._log.flush)

    def rotate(self) -> None:
        """Begin with the log's file anew, if somebody has moved it."""
        if self._log is not None:
            self._post(self._log.reopen)

    def recording(self, recording: Recording) -> None:
        """Tell of a recording's beginning or end; may be called from any thread."""
        self._post(lambda: self._tell_recording(recording))

    def _post(self, work: Callable[[], None]) -> None:
        if self._is_open and not self._worker.post(work):
            logger.debug("news are left out: too many wait")

    def _wall_clock_zero(self, at_s: float) -> datetime:
        """Return the wall-clock time of stream time 0."""
        if self._zero is None:
            self._zero = datetime.now(UTC) - timedelta(seconds=at_s)
        return self._zero

    def _tell(self, change: EventChange, zero: datetime, peak: FrameResult | None) -> None:
        """On the worker's thread: write, show and run what is to be."""
        event = change.event
        number = f"{change.number:04d}"
        record: dict[str, Any] = {
            "type": change.kind,
            "event": change.number,
            "source": self._info.name,
            **event_record(event, zero),
        }
        if self._snapshots is not None and peak is not None:
            at = zero + timedelta(seconds=event.peak_s)
            path = self._snapshots.write(peak, at, number)
            record["snapshot"] = None if path is None else str(path)
        recording = self._recording_of(number)
        if change.kind == "end" and recording is not None:
            record["recording"] = str(recording.path)
        self._add(record)
        command = {
            "start": self._rules.on_event_start,
            "end": self._rules.on_event_end,
        }.get(change.kind)
        if command:
            self._commands.run(command, _facts(record))

    def _recording_of(self, event: str) -> Recording | None:
        """Return an event's own recording, complete or not, or the one that goes on."""
        recording = self._recording
        if recording is None or (recording.event != event and recording.end_s is not None):
            return None
        return recording

    def _tell_recording(self, recording: Recording) -> None:
        self._recording = recording
        is_over = recording.end_s is not None
        record = {
            "type": "recording_end" if is_over else "recording_start",
            "path": str(recording.path),
            "event": recording.event,
            "start_s": round(recording.start_s, 6),
            "start_at": _iso(recording.started_at),
        }
        if recording.end_s is not None:
            length = timedelta(seconds=recording.end_s - recording.start_s)
            record["end_s"] = round(recording.end_s, 6)
            record["end_at"] = _iso(recording.started_at + length)
        self._add(record)
        if is_over and self._rules.on_recording_end:
            self._commands.run(
                self._rules.on_recording_end,
                _text(
                    {
                        "BGSUB_RECORDING": record["path"],
                        "BGSUB_RECORDING_START_AT": record["start_at"],
                        "BGSUB_RECORDING_END_AT": record["end_at"],
                        "BGSUB_EVENT_NUMBER": record["event"],
                        "BGSUB_SOURCE": self._info.name,
                    }
                ),
            )

    def _add(self, record: dict[str, Any]) -> None:
        if self._log is not None:
            self._log.add(record)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        was_open, self._is_open = self._is_open, False
        if not was_open:
            return
        try:
            if not self._worker.stop(_STOP_S):
                logger.warning("the last events may not have been told: writing takes too long")
        finally:
            self._commands.stop(_COMMAND_GRACE_S)
            if self._log is not None:
                self._log.close()


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _facts(record: dict[str, Any]) -> dict[str, str]:
    """Return what a command learns of an event, as environment variables."""
    facts = {
        "BGSUB_EVENT": record["type"],
        "BGSUB_EVENT_NUMBER": record["event"],
        "BGSUB_SOURCE": record["source"],
        "BGSUB_EVENT_JSON": json.dumps(record),
    }
    for name in _FACTS:
        if record.get(name) is not None:
            facts[f"BGSUB_EVENT_{name.upper()}"] = record[name]
    return _text(facts)


def _text(facts: dict[str, Any]) -> dict[str, str]:
    # The system's strings end at a zero byte.
    return {name: str(value).replace("\0", "") for name, value in facts.items()}
