"""Progress on a terminal: frames, speed, time left; silent anywhere else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from bgsub.cli.console import print_note, printable, stderr

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from rich.progress import Progress, TaskID

    from bgsub.app.clips import ClipReport
    from bgsub.evaluation import ScoredSequence
    from bgsub.frames import Problem, StreamInfo
    from bgsub.pipeline import RunStats

__all__ = ["PATIENCE_S", "ProgressObserver", "explain_wait"]

PATIENCE_S = 1.5
_RECORDED = "a recorded clip's beginning may be looked through first, and "


class ProgressObserver:
    """Shows a bar for the clip at work, and says so when the first frame takes long.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._expected: int | None = None
        self._patience: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop_waiting()
        if self._bar is not None:
            self._bar.stop()

    def clip_started(self, info: StreamInfo) -> None:
        """Begin a bar, and to wait for the first frame."""
        self._expected = info.n_frames
        if self._bar is None and not self._quiet:
            # Not before: the frames are being read by now.
            self._bar = _new_bar()
        if self._bar is not None:
            name = printable(info.name)
            self._task = self._bar.add_task(name, total=info.n_frames, fps=0.0)
        if not self._quiet:
            self._patience = threading.Timer(PATIENCE_S, explain_wait, [_RECORDED])
            self._patience.daemon = True
            self._patience.start()

    def advanced(self, stats: RunStats) -> None:
        """Move the bar."""
        self._stop_waiting()
        if self._bar is None or self._task is None:
            return
        self._bar.update(
            self._task,
            completed=stats.n_frames,
            total=max(self._expected or 0, stats.n_frames),
            fps=stats.n_frames / max(stats.wall_s, 1e-9),
        )

    def clip_ended(self, report: ClipReport) -> None:  # noqa: ARG002 - the table tells it
        """Take the bar away."""
        self._end_bar()

    def sequence_scored(self, scored: ScoredSequence, problems: Sequence[Problem]) -> None:
        """Take the bar away, and say what was wrong with the sequence."""
        self._end_bar()
        for problem in problems:
            print_note(f"{scored.sequence.key} at {problem.at_s:.2f} s: {problem.what}")

    def _end_bar(self) -> None:
        self._stop_waiting()
        if self._bar is not None and self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _new_bar() -> Progress | None:
    """Return a bar that is shown already; None where stderr is no terminal."""
    console = stderr()
    if not console.is_terminal:
        return None
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} frames"),
        TextColumn("{task.fields[fps]:.0f} fps"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    bar.start()
    return bar


def explain_wait(also: str = "") -> None:
    """Say why the first frame takes long, with another reason as a clause."""
    print_note(
        f"Preparing the model; {also}the first run on a machine compiles it, "
        "about ten seconds ..."
    )
