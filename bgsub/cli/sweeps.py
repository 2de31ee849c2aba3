"""``bgsub evaluate --sweep``: score many configurations, and tell which is best."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from bgsub.cli.console import INTERRUPTED, out, print_note, printable, stderr
from bgsub.cli.signals import stop_on_signals
from bgsub.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.progress import Progress, TaskID

    from bgsub.app.sweep import SweepResult
    from bgsub.config import Config
    from bgsub.evaluation.sweep_scores import CandidateScores

__all__ = ["run_sweep"]

_SHOWN = 10
# With more sequences the table is too wide, and the files tell.
_SHOWN_SEQUENCES = 5


def run_sweep(
    dataset: Path,
    plan: Path,
    output: Path | None,
    config: Config,
    other_options: Sequence[str],
    overwrite: bool,
    quiet: bool,
) -> None:
    """Run a sweep and print its best candidates.

    Parameters
    ----------
    dataset : Path
        Where the sequences are.
    plan : Path
        The sweep file.
    output : Path or None
        Folder for what is written; None is told to be missing.
    config : Config
        Where the search begins.
    other_options : sequence of str
        Options that were given and that a sweep has no use for.
    overwrite : bool
        Replace files that are there already.
    quiet : bool
        Print nothing but errors.

    Raises
    ------
    UsageError
        If the options do not go together.
    """
    if other_options:
        msg = f"{other_options[0]} is about one configuration; leave it out with --sweep."
        raise UsageError(msg)
    if output is None:
        msg = "--sweep writes files: add -o DIR."
        raise UsageError(msg)

    from rich.progress import Progress

    from bgsub.app.sweep import sweep

    console = stderr()
    hidden = quiet or not console.is_terminal
    with (
        stop_on_signals() as stop,
        Progress(console=console, transient=True, disable=hidden) as bar,
    ):
        result = sweep(
            dataset,
            plan,
            config,
            output,
            overwrite=overwrite,
            observer=_Observer(bar),
            stop=stop,
        )
    if stop.is_set():
        done = f"{len(result.scored)} of {result.n_candidates} configurations"
        print_note(f"Interrupted: {done} were scored on every sequence.")
    if result.scored and not quiet:
        _show(result)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)


class _Observer:
    """Moves a bar, and prints notes."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def sweep_started(self, n_candidates: int, n_sequences: int) -> None:
        what = f"{n_candidates} configurations, {n_sequences} sequences"
        self._task = self._bar.add_task(what, total=1.0)

    def advanced(self, share: float) -> None:
        if self._task is not None:
            self._bar.update(self._task, completed=share)

    def noted(self, note: str) -> None:
        print_note(note)


def _show(result: SweepResult) -> None:
    from bgsub.evaluation.sweep_scores import leave_one_out

    console = out()
    ranked = sorted(result.scored, key=lambda one: -one.mean().f_measure)
    _show_candidates(ranked)
    console.print()
    held_out = leave_one_out(result.scored)
    if not held_out:
        console.print("One sequence alone cannot tell what the choice is worth on another.")
    else:
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for name, justify in (
            ("left out", "left"),
            ("chosen on the others", "right"),
            ("F there", "right"),
            ("best F there", "right"),
        ):
            table.add_column(name, justify=justify)  # type: ignore[arg-type]
        for one in held_out:
            number = str(one.chosen.candidate.number)
            f_measures = (f"{one.f_measure:.4f}", f"{one.best_f_measure:.4f}")
            table.add_row(_plain(one.sequence), number, *f_measures)
        table.add_section()
        means = (
            sum(getattr(one, name) for one in held_out) / len(held_out)
            for name in ("f_measure", "best_f_measure")
        )
        table.add_row("mean", "", *(f"{mean:.4f}" for mean in means))
        console.print(table)
    console.print(f"\nWritten to {_plain(str(result.folder))}", soft_wrap=True)


def _show_candidates(ranked: Sequence[CandidateScores]) -> None:
    """Print the best, and where the sweep began."""
    from rich.table import Table

    from bgsub.evaluation.sweep_scores import pareto_front

    front = pareto_front(ranked)
    sequences = list(ranked[0].counts)
    shown = sequences if len(sequences) <= _SHOWN_SEQUENCES else []
    table = Table(box=None, pad_edge=False)
    columns = ["", *ranked[0].candidate.values, "mean F", *shown, "CPU ms a frame", "Pareto"]
    for name in columns:
        table.add_column(_plain(name), justify="right")
    for rank, one in enumerate(ranked):
        number = one.candidate.number
        if rank >= _SHOWN and number != 0:
            continue
        table.add_row(
            f"{number} (as given)" if number == 0 else str(number),
            *(_plain(_text(value)) for value in one.candidate.values.values()),
            f"{one.mean().f_measure:.4f}",
            *(f"{one.scores(key).f_measure:.4f}" for key in shown),
            f"{one.cpu_ms_per_frame:.2f}",
            "×" if number in front else "",
        )
    out().print(table)


def _text(value: Any) -> str:  # noqa: ANN401 - a configuration holds anything
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))
