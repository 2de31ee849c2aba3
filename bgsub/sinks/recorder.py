"""Recording a live run: pre-roll, rotation, full disks; on a thread of its own.

Every frame is encoded once.  While nothing is to be recorded its packets go to a ring in
memory; when an event begins, the newest of them are the beginning of its file.

A recording ends at a gap of the stream, and after it another begins if there is still reason
to: no file holds times in which nothing was seen.  A stream that is merely slow, or of a
variable rate, leaves its frames' true times in the file.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bgsub.files import prepare_folder
from bgsub.sinks.recorder_keeper import Keeper
from bgsub.sinks.recorder_names import NameTemplate
from bgsub.sinks.recorder_writer import RecordingWriter
from bgsub.sinks.retention import Retention
from bgsub.sinks.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from bgsub.frames import FrameResult, StreamInfo
    from bgsub.live_events import EventChange
    from bgsub.sinks.recorder_segment import Recording
    from bgsub.sinks.recorder_wish import RecordingMode

__all__ = ["Recorder", "RecordingRules"]

logger = logging.getLogger(__name__)

_QUEUE_BYTES = 128 * 2**20
_QUEUE_FRAMES = 60
_WARN_EVERY_S = 60.0
_STOP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRules:
    """What is recorded and how long it is kept; the configuration's section ``recording``.

    The attributes are those of the section, where they are described.
    """

    mode: RecordingMode
    name: str
    pre_roll_s: float
    post_roll_s: float
    merge_gap_s: float
    max_length_s: float
    max_ring_bytes: int
    crf: int
    overlay: bool
    mask: bool
    keep_days: float | None
    keep_bytes: int | None
    min_free_bytes: int


class Recorder:
    """Records what happens, and never holds up or ends the run.

    Frames that the encoder or the disk cannot keep up with are left out and counted.  While
    the disk is full or fails, recording pauses with one warning.

    Parameters
    ----------
    folder : Path
        Where recordings go; created on entering.
    info : StreamInfo
        The stream.
    rules : RecordingRules
        What is recorded.
    lead_s : float
        How long before it is known an event may have begun: its shortest duration and the
        time added before it.
    max_value : float or None
        The value that means white in the frames; None: by their type.
    on_recording : callable
        Told of each recording when it begins and when it is over, on the recorder's thread.
    """

    def __init__(
        self,
        folder: Path,
        info: StreamInfo,
        rules: RecordingRules,
        *,
        lead_s: float,
        max_value: float | None,
        on_recording: Callable[[Recording], None],
    ) -> None:
        self._folder = folder
        names = NameTemplate(folder, rules.name, info.name)
        self._keeper = Keeper(
            Retention(names, keep_days=rules.keep_days, keep_bytes=rules.keep_bytes)
        )
        self._writer = RecordingWriter(
            names,
            info,
            rules,
            lead_s=lead_s,
            max_value=max_value,
            keeper=self._keeper,
            on_recording=on_recording,
        )
        frame_bytes = info.width * info.height * 4
        depth = min(_QUEUE_FRAMES, max(2, _QUEUE_BYTES // frame_bytes))
        self._worker = Worker("bgsub-recorder", depth)
        self._is_open = False
        self._n_dropped = 0
        self._warned_s = -math.inf

    @property
    def n_dropped(self) -> int:
        """Frames that are in no recording because writing them took too long."""
        return self._n_dropped

    @property
    def is_recording(self) -> bool:
        """Whether frames are being written to a file now."""
        return self._writer.is_recording

    def __enter__(self) -> Self:
        if not self._is_open:
            prepare_folder(self._folder)
            self._is_open = True
            self._keeper.start()
            self._worker.start()
        return self

    def write(self, result: FrameResult) -> None:
        """Take one result; returns at once."""
        if not self._is_open or self._worker.offer(lambda: self._writer.take(result)):
            return
        self._n_dropped += 1
        now_s = time.monotonic()
        if now_s - self._warned_s >= _WARN_EVERY_S:
            self._warned_s = now_s
            logger.warning(
                "recording is too slow for this stream: %d frames are left out so far",
                self._n_dropped,
            )

    def changed(self, change: EventChange) -> None:
        """Take news of an event, before the frame it came with."""
        if change.kind == "start":
            number, start_s = change.number, change.event.start_s
            self._post(lambda: self._writer.event_started(number, start_s))

    def gap(self, at_s: float, what: str) -> None:  # noqa: ARG002 - the log says what
        """End the recording: the stream broke off or came back."""
        self._post(self._writer.gap)

    def idle(self, at_s: float, *, in_event: bool) -> None:
        """Take note that no frame has come up to stream time `at_s`."""
        self._post(lambda: self._writer.idle(at_s, in_event=in_event))

    def rotate(self) -> None:
        """Go on in another file from the next frame on."""
        self._post(self._writer.rotate)

    def record_now(self) -> None:
        """Record from now on whatever happens, with the time before as for events."""
        self._post(lambda: self._writer.ask(is_asked=True))

    def stop_recording(self) -> None:
        """End what :meth:`record_now` began; events are still recorded."""
        self._post(lambda: self._writer.ask(is_asked=False))

    def _post(self, work: Callable[[], None]) -> None:
        if self._is_open:
            self._worker.post(work)

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
            self._worker.post(self._writer.close)
            if not self._worker.stop(_STOP_S):
                logger.warning("the disk is too slow: the last recording may lack its end")
        finally:
            self._keeper.stop()
