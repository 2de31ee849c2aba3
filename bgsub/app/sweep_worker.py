"""What one process of a sweep does: some candidates on one sequence, read once."""

from __future__ import annotations

import itertools
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from bgsub.app.build import build_detector
from bgsub.app.evaluate import open_sequence
from bgsub.app.looking_ahead import learn_there_and_back, sample_frames, seconds_ahead
from bgsub.errors import BgsubError
from bgsub.evaluation import Counts, count
from bgsub.evaluation.truth import TruthReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from multiprocessing.synchronize import Event

    from bgsub.config import Config
    from bgsub.config.schema import InputConfig
    from bgsub.evaluation import Sequence
    from bgsub.frames import Frame, FrameSource, Mask, StreamInfo

__all__ = ["SweepOutcome", "SweepTask", "interrupts_held", "run_task", "start_worker"]

_BATCH_FRAMES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepTask:
    """One piece of a sweep.

    Attributes
    ----------
    sequence : Sequence
        What to score on.
    configs : mapping of int to Config
        The candidates by their numbers.
    """

    sequence: Sequence
    configs: Mapping[int, Config]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOutcome:
    """What came of one piece.

    Attributes
    ----------
    sequence : str
        ``category/name``.
    counts : mapping of int to Counts
        By candidate; empty if the work was stopped or failed.
    cpu_ms : mapping of int to float
        Processor time of the detector, milliseconds a frame.
    notes : tuple of str
        What was wrong with the sequence, without ending the work.
    failure : str or None
        The sentence that says what did end it.
    """

    sequence: str
    counts: Mapping[int, Counts]
    cpu_ms: Mapping[int, float]
    notes: tuple[str, ...] = ()
    failure: str | None = None


class _Stop:
    """What tells this process to stop; set when it starts."""

    event: Event | None = None

    @classmethod
    def is_set(cls) -> bool:
        return cls.event is not None and cls.event.is_set()


class _Runner:
    """One candidate at work on one sequence."""

    def __init__(self, config: Config, info: StreamInfo, ahead: list[Frame]) -> None:
        model = learn_there_and_back(ahead, info, config, _Stop.is_set) if ahead else None
        self._detector = build_detector(config, info, with_probability=False, model=model)
        self._batches_s: list[tuple[float, int]] = []
        self.counts = Counts()

    def take(self, batch: list[Frame], truth: list[Mask | None]) -> None:
        began = time.process_time()
        found = list(self._detector.detect(batch))
        self._batches_s.append((time.process_time() - began, len(batch)))
        for detection, labels in zip(found, truth, strict=True):
            if labels is not None:
                self.counts += count(detection.mask, labels, None)

    @property
    def cpu_ms(self) -> float:
        """Milliseconds a frame, without the first batch, which loads what is compiled."""
        batches = self._batches_s[1:] or self._batches_s
        frames = sum(n for _, n in batches)
        return 1000.0 * sum(seconds for seconds, _ in batches) / max(frames, 1)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back meanwhile, also in the processes that are started here.

    They inherit it: Ctrl-C does not reach them in the middle of their imports either.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_worker(stop: Event) -> None:
    """Prepare this process: Ctrl-C is for the parent, which sets `stop`; one thread each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _Stop.event = stop


def run_task(task: SweepTask) -> SweepOutcome:
    """Score candidates on a sequence, all on the same frames as they are read.

    Errors come back as sentences: not every one survives the way between processes.
    """
    counts: dict[int, Counts] = {}
    cpu_ms: dict[int, float] = {}
    notes: tuple[str, ...] = ()
    failure = None
    try:
        # Read again only for candidates that want the frames in another way.
        for part, configs in _by_input(task.configs).items():
            runners, notes = _run(task.sequence, part, configs)
            if _Stop.is_set():
                counts, cpu_ms = {}, {}
                break
            counts |= {number: runner.counts for number, runner in runners.items()}
            cpu_ms |= {number: runner.cpu_ms for number, runner in runners.items()}
    except BgsubError as error:
        counts, cpu_ms, failure = {}, {}, str(error)
    return SweepOutcome(
        sequence=task.sequence.key, counts=counts, cpu_ms=cpu_ms, notes=notes, failure=failure
    )


def _run(
    sequence: Sequence, part: InputConfig, configs: Mapping[int, Config]
) -> tuple[dict[int, _Runner], tuple[str, ...]]:
    truth = TruthReader(sequence)
    ahead = {
        seconds: sample_frames(open_sequence(sequence, part), seconds, _Stop.is_set)
        for seconds in {seconds_ahead(config) for config in configs.values()}
        if seconds > 0
    }
    with open_sequence(sequence, part) as source:
        runners = {
            number: _Runner(_single(config), source.info, ahead.get(seconds_ahead(config), []))
            for number, config in configs.items()
        }
        for batch in _batches(source):
            if _Stop.is_set():
                break
            labels = [truth.labels(frame) for frame in batch]
            for runner in runners.values():
                runner.take(batch, labels)
        problems = [*source.problems, *truth.problems]
    notes = (f"{sequence.key} at {one.at_s:.2f} s: {one.what}" for one in problems)
    return runners, tuple(notes)


def _by_input(configs: Mapping[int, Config]) -> dict[InputConfig, dict[int, Config]]:
    groups: dict[InputConfig, dict[int, Config]] = {}
    for number, config in configs.items():
        groups.setdefault(config.input, {})[number] = config
    return groups


def _single(config: Config) -> Config:
    """Return a configuration that works on one thread: the other cores have other work."""
    return config.model_copy(update={"run": config.run.model_copy(update={"threads": 1})})


def _batches(source: FrameSource) -> Iterator[list[Frame]]:
    frames = iter(source)
    while batch := list(itertools.islice(frames, _BATCH_FRAMES)):
        yield batch
