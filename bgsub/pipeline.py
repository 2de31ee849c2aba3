"""The one loop: source -> detector -> events -> sinks."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bgsub.errors import BgsubError, SourceOpenError
from bgsub.frames import Frame, FrameResult
from bgsub.sources.read_ahead import ReadAhead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bgsub.detection import Detector
    from bgsub.events import EventDetector
    from bgsub.frames import FrameSource, Sink

__all__ = ["Pipeline", "RunStats", "read_ahead"]

# What is read while the program is still loading, and so that reading and modelling need not
# take turns.
_QUEUE_BYTES = 64 * 2**20
_MAX_QUEUED = 512
_BATCH_BYTES = 64 * 2**20
_STAGES = ("prepare", "wait_for_frames", "events", "wait_for_sinks")


@dataclass(slots=True, kw_only=True)
class RunStats:
    """What a run has done so far; it stays valid when the run ends by an error.

    Attributes
    ----------
    n_frames : int
        Frames modelled and handed to every sink.
    first_s, last_s : float
        Timestamps of the first and the newest of them.
    coverage_sum : float
        Sum of their coverages.
    wall_s : float
        Time since reading began.
    decode_s : float
        Time that the reading thread spent reading, beside the loop.
    stages_s : dict of str to float
        Time that was spent beside the reading thread: before the loop began, waiting for
        frames, in the detector's stages, following events, and handing over to the sinks or
        waiting for them.
    """

    n_frames: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    coverage_sum: float = 0.0
    wall_s: float = 0.0
    decode_s: float = 0.0
    stages_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_STAGES, 0.0))


def read_ahead(source: FrameSource, stop: threading.Event) -> ReadAhead:
    """Return what reads a source on a thread of its own, as far ahead as memory allows.

    Parameters
    ----------
    source : FrameSource
        Entered already.
    stop : threading.Event
        Ends the reading early.
    """
    depth = _affordable(_QUEUE_BYTES, _frame_bytes(source), _MAX_QUEUED)
    return ReadAhead(source, depth=depth, stop=stop)


class Pipeline:
    """Takes the frames of one source through the detector to the sinks.

    Parameters
    ----------
    detector : Detector
        Turns the frames into masks.
    events : EventDetector
        Finds events in the coverage.
    batch_frames : int
        Frames the detector takes at a time; no effect on the result.
    """

    def __init__(
        self,
        *,
        detector: Detector,
        events: EventDetector,
        batch_frames: int,
    ) -> None:
        self._detector = detector
        self._events = events
        self._batch_frames = batch_frames
        self._clock = time.perf_counter()
        self.stats = RunStats()

    def run(
        self,
        source: FrameSource,
        ahead: ReadAhead,
        sinks: Sequence[Sink],
        *,
        stop: threading.Event,
        on_frames: Callable[[RunStats], None],
    ) -> None:
        """Run until the source ends or `stop` is set.

        Parameters
        ----------
        source : FrameSource
            Entered already.
        ahead : ReadAhead
            Entered already: reads the source.
        sinks : sequence of Sink
            Entered and left here: whatever happens, each is completed.
        stop : threading.Event
            Ends the run after the current batch, as the end of the source would.
        on_frames : callable
            Called with the statistics after every batch.

        Raises
        ------
        SourceOpenError
            If not a single frame came although nothing stopped the run.
        BgsubError
            The first error of the source or of a sink.
        """
        self._clock = ahead.began
        size = _affordable(_BATCH_BYTES, _frame_bytes(source), self._batch_frames)
        with ExitStack() as stack:
            for sink in sinks:
                stack.enter_context(sink)
            self._lap("prepare")
            for batch in _batches(ahead, size):
                self._lap("wait_for_frames")
                for result in self._work(batch):
                    for sink in sinks:
                        sink.write(result)
                    self._count(result)
                    self._lap("wait_for_sinks")
                self.stats.wall_s = self._clock - ahead.began
                self.stats.decode_s = ahead.busy_s
                on_frames(self.stats)
            self._lap("wait_for_frames")
        self._lap("wait_for_sinks")
        self.stats.wall_s = self._clock - ahead.began
        if self.stats.n_frames == 0 and not stop.is_set():
            why = [p.what for p in source.problems]
            why = why or ["there is no picture in the part that was asked for"]
            msg = f"{source.info.name}: {'; '.join(why)}"
            raise SourceOpenError(msg)

    def _work(self, batch: Sequence[Frame]) -> Iterator[FrameResult]:
        detections = self._detector.detect(batch)
        for frame, found in zip(batch, detections, strict=True):
            # The detector tells by itself where its time went.
            self._clock = time.perf_counter()
            in_event = self._events.update(
                frame.index, frame.timestamp_s, found.coverage, found.boxes
            )
            self._lap("events")
            yield FrameResult(
                frame=frame,
                mask=found.mask,
                coverage=found.coverage,
                boxes=found.boxes,
                in_event=in_event,
                probability=found.probability,
            )
        self._clock = time.perf_counter()
        stages = self.stats.stages_s
        prepare, wait, *last = _STAGES
        self.stats.stages_s = {
            prepare: stages[prepare],
            wait: stages[wait],
            **self._detector.stages_s,
            **{stage: stages[stage] for stage in last},
        }

    def _count(self, result: FrameResult) -> None:
        stats = self.stats
        if stats.n_frames == 0:
            stats.first_s = result.frame.timestamp_s
        stats.last_s = result.frame.timestamp_s
        stats.n_frames += 1
        stats.coverage_sum += result.coverage

    def _lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.stats.stages_s[stage] += now - self._clock
        self._clock = now


def _frame_bytes(source: FrameSource) -> int:
    return source.info.width * source.info.height * 3


def _affordable(memory: int, frame_bytes: int, at_most: int) -> int:
    """Return how many frames may be in `memory` bytes: two at least, or as few as allowed."""
    return min(at_most, max(2, memory // frame_bytes))


def _batches(frames: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    """Group frames of one shape; an error comes after the frames before it."""
    batch: list[Frame] = []
    error: Exception | None = None
    try:
        for frame in frames:
            if batch and frame.image.shape != batch[0].image.shape:
                yield batch
                batch = []
            batch.append(frame)
            if len(batch) == size:
                yield batch
                batch = []
    except BgsubError as caught:
        error = caught
    if batch:
        yield batch
    if error is not None:
        raise error
