"""A search over configurations, in parallel processes, and what is written about it."""

from __future__ import annotations

import logging
import multiprocessing
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bgsub.app.evaluate import refuse_parts
from bgsub.app.sweep_files import SWEEP_NAMES, write_sweep
from bgsub.app.sweep_worker import (
    SweepOutcome,
    SweepTask,
    interrupts_held,
    run_task,
    start_worker,
)
from bgsub.cores import count_cores
from bgsub.errors import BgsubError, ConfigError, SourceError
from bgsub.evaluation import find_sequences
from bgsub.evaluation.sweep_plan import read_plan
from bgsub.evaluation.sweep_scores import CandidateScores
from bgsub.files import prepare_folder, refuse_existing

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable
    from collections.abc import Sequence as Many
    from pathlib import Path

    from bgsub.config import Config
    from bgsub.evaluation import Sequence
    from bgsub.evaluation.sweep_plan import Candidate, SweepPlan

__all__ = ["SweepObserver", "SweepResult", "sweep"]

logger = logging.getLogger(__name__)

_POLL_S = 0.2
# Candidates that share one reading of a sequence: more of them hold more models in memory,
# fewer leave more pieces, which are shared out more evenly and lost less of at an interruption.
_MOST_TOGETHER = 16
_PIECES_PER_WORKER = 3
_MEMORY = 512 * 2**20
# A generous guess of what a detector holds.
_BYTES_PER_PIXEL = 400


class SweepObserver(Protocol):
    """Who wants to know how the sweep goes on."""

    def sweep_started(self, n_candidates: int, n_sequences: int) -> None:
        """Take note of what will be tried."""
        ...

    def advanced(self, share: float) -> None:
        """Take note that this share of the work, 0 to 1, is done."""
        ...

    def noted(self, note: str) -> None:
        """Take note of what was wrong with a sequence."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What came of a sweep.

    Attributes
    ----------
    scored : tuple of CandidateScores
        The candidates scored on every sequence, by number.
    n_candidates : int
        How many there were to score.
    folder : Path
        Where the files are.
    """

    scored: tuple[CandidateScores, ...]
    n_candidates: int
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """Everything that is to be done, and who hears of it."""

    sequences: Many[Sequence]
    candidates: Many[Candidate]
    observer: SweepObserver
    stop: threading.Event


def sweep(
    dataset: Path,
    plan_file: Path,
    config: Config,
    output: Path,
    *,
    overwrite: bool,
    observer: SweepObserver,
    stop: threading.Event,
) -> SweepResult:
    """Score many configurations, and write tables, a plot and the best of them.

    Parameters
    ----------
    dataset : Path
        A folder with sequences in the CDnet layout, at any depth.
    plan_file : Path
        What to try, as :func:`bgsub.evaluation.sweep_plan.read_plan` reads it.
    config : Config
        Where the search begins, and the values of the keys that it leaves alone.
    output : Path
        Folder for what is written: :data:`bgsub.app.sweep_files.SWEEP_NAMES`.
    overwrite : bool
        Replace files that are there already.
    observer : SweepObserver
        Told of progress.
    stop : threading.Event
        Set to end early: what is written is about the candidates that are done.

    Returns
    -------
    SweepResult
        With no candidate if none was done in time, and then no file.

    Raises
    ------
    ConfigError
        Before any work, if the file or the sequences it names are wrong.
    BgsubError
        If a sequence cannot be read or a process died, with what was done until then written,
        or if nothing can be written.
    """
    refuse_parts(config.input)
    plan = read_plan(plan_file, config)
    sequences = _chosen(find_sequences(dataset), plan, plan_file)
    refuse_existing([output / name for name in SWEEP_NAMES], overwrite=overwrite)
    prepare_folder(output)
    work = _Work(sequences=sequences, candidates=plan.candidates, observer=observer, stop=stop)
    observer.sweep_started(len(plan.candidates), len(sequences))
    outcomes: list[SweepOutcome] = []
    error: BgsubError | None = None
    try:
        _run(work, outcomes)
    except BgsubError as caught:
        # What was done until now is written before the error goes its way.
        error = caught
    scored = _complete(work, outcomes)
    if scored:
        write_sweep(output, scored)
    if error is not None:
        raise error
    return SweepResult(scored=scored, n_candidates=len(plan.candidates), folder=output)


def _chosen(found: Many[Sequence], plan: SweepPlan, plan_file: Path) -> tuple[Sequence, ...]:
    there = {sequence.key for sequence in found}
    problems = [
        f"sequences: there is no {name!r}; there are {', '.join(sorted(there))}"
        for name in plan.sequences
        if name not in there
    ]
    if problems:
        raise ConfigError(str(plan_file), problems)
    return tuple(one for one in found if not plan.sequences or one.key in plan.sequences)


def _tasks(work: _Work, n_workers: int) -> list[SweepTask]:
    """Cut the work into pieces: all sequences for some candidates, then for the next.

    So what is done when the work is stopped is whole candidates, as far as can be.  The longest
    sequences come first, so that the last pieces are short and the processes end together.
    """
    n_pieces = _PIECES_PER_WORKER * n_workers
    size = -(-len(work.candidates) * len(work.sequences) // n_pieces)
    largest = max(sequence.width * sequence.height for sequence in work.sequences)
    size = max(1, min(size, _MOST_TOGETHER, _MEMORY // (_BYTES_PER_PIXEL * largest)))
    by_length = sorted(
        work.sequences, key=lambda one: -len(one.numbers) * one.width * one.height
    )
    return [
        SweepTask(
            sequence=sequence,
            configs={one.number: one.config for one in work.candidates[first : first + size]},
        )
        for first in range(0, len(work.candidates), size)
        for sequence in by_length
    ]


def _run(work: _Work, outcomes: list[SweepOutcome]) -> None:
    """Do the work in processes, and add what comes of each piece as it is done."""
    n_cores = count_cores()
    tasks = _tasks(work, n_cores)
    # A new interpreter each: a copy of this one would have its threads' locks and no threads.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    executor = ProcessPoolExecutor(
        max_workers=min(n_cores, len(tasks)),
        mp_context=context,
        initializer=start_worker,
        initargs=(stop,),
    )
    try:
        with interrupts_held():
            waiting = {executor.submit(run_task, task) for task in tasks}
        _gather(waiting, work, outcomes)
    finally:
        stop.set()
        executor.shutdown(wait=True, cancel_futures=True)


def _gather(
    waiting: set[Future[SweepOutcome]], work: _Work, outcomes: list[SweepOutcome]
) -> None:
    n_tasks = len(waiting)
    notes: set[str] = set()
    while waiting and not work.stop.is_set():
        done, waiting = wait(waiting, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        for future in done:
            outcome = _outcome(future, work)
            if outcome is None:
                return
            for note in outcome.notes:
                if note not in notes:
                    notes.add(note)
                    work.observer.noted(note)
            outcomes.append(outcome)
            numbers = list(outcome.counts)
            logger.debug("%s: candidates %d to %d", outcome.sequence, numbers[0], numbers[-1])
        work.observer.advanced(1.0 - len(waiting) / n_tasks)


def _outcome(future: Future[SweepOutcome], work: _Work) -> SweepOutcome | None:
    """Return what came of a piece; None if it was interrupted."""
    try:
        outcome = future.result()
    except BrokenProcessPool as error:
        # A signal to the whole group ends the processes, too.
        if work.stop.is_set():
            return None
        msg = (
            "A process of the sweep was ended from outside, most likely because memory is "
            "short; what is complete was kept, sweep fewer keys or sequences at a time."
        )
        raise BgsubError(msg) from error
    if outcome.failure is not None:
        raise SourceError(outcome.failure)
    return outcome


def _complete(work: _Work, outcomes: Iterable[SweepOutcome]) -> tuple[CandidateScores, ...]:
    """Return the candidates that were scored on every sequence."""
    by_sequence: dict[str, tuple[dict[int, Any], dict[int, float]]] = {
        sequence.key: ({}, {}) for sequence in work.sequences
    }
    for outcome in outcomes:
        counts, cpu_ms = by_sequence[outcome.sequence]
        counts.update(outcome.counts)
        cpu_ms.update(outcome.cpu_ms)
    return tuple(
        CandidateScores(
            candidate=one,
            counts={key: counts[one.number] for key, (counts, _) in by_sequence.items()},
            cpu_ms={key: cpu_ms[one.number] for key, (_, cpu_ms) in by_sequence.items()},
        )
        for one in work.candidates
        if all(one.number in counts for counts, _ in by_sequence.values())
    )
