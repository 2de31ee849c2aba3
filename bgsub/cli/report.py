"""What became of clips, as tables on stdout, and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bgsub.cli.console import INTERRUPTED, out, print_error, print_note, printable
from bgsub.timecode import timecode

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from rich.table import Table

    from bgsub.app.clips import ClipReport

__all__ = ["exit_as_done", "show_clips", "show_events", "show_stages", "tell_problems"]

_STAGE_NAMES = {
    "prepare": "preparing",
    "wait_for_frames": "waiting for frames",
    "wait_for_sinks": "waiting for outputs",
}


def tell_problems(reports: Sequence[ClipReport]) -> None:
    """Print what went wrong, on stderr: as errors what made a clip fail."""
    for report in reports:
        for problem in report.problems:
            if report.stats is None:
                print_error(problem.what)
                continue
            line = f"{report.source.name} at {timecode(problem.at_s)}: {problem.what}"
            if problem.ends_run and report.failed:
                print_error(line)
            else:
                print_note(line)


def exit_as_done(reports: Sequence[ClipReport], stop: threading.Event) -> None:
    """Leave the command with 130 if it was interrupted, with 1 if a clip failed."""
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
    if any(report.failed for report in reports):
        raise typer.Exit(1)


def show_clips(reports: Sequence[ClipReport]) -> None:
    """Print a table with a line for each clip."""
    writes = any(report.folder is not None for report in reports)
    table = _table(
        "clip",
        ("frames", "footage", "fps", "speed", "moving", "events", "problems"),
        "written to" if writes else "",
    )
    for report in reports:
        stats = report.stats
        folder = "" if report.folder is None else str(report.folder)
        if stats is None:
            cells = ["-"] * 6 + ["1", "nothing" if writes else ""]
        else:
            wall = max(stats.wall_s, 1e-9)
            cells = [
                str(stats.n_frames),
                timecode(report.footage_s),
                f"{stats.n_frames / wall:.0f}",
                f"{report.footage_s / wall:.1f}×",
                f"{stats.coverage_sum / stats.n_frames:.2%}",
                str(len(report.events)),
                str(len(report.problems)),
                folder,
            ]
        table.add_row(_plain(report.source.name), *map(_plain, cells))
    out().print(table)


def show_events(reports: Sequence[ClipReport], *, at_most: int | None = None) -> None:
    """Print a table with a line for each event, the first `at_most` of each clip."""
    table = _table("clip", ("event", "from", "to", "peak at", "peak coverage"))
    for report in reports:
        name = _plain(report.source.name)
        for number, event in enumerate(report.events[:at_most], start=1):
            times = map(timecode, (event.start_s, event.end_s, event.peak_s))
            table.add_row(name, str(number), *times, f"{event.peak_coverage:.2%}")
        n_left = len(report.events) - (len(report.events) if at_most is None else at_most)
        if n_left > 0:
            table.add_row(name, "...", f"and {n_left} more", "in events.csv", "", "")
        if not report.events and report.stats is not None:
            table.add_row(name, "-", "nothing", "moved", "", "")
    console = out()
    console.print(table)
    console.print()


def show_stages(reports: Sequence[ClipReport]) -> None:
    """Print where the time went; what is worked at beside the loop is said to be."""
    table = _table("clip", ("stage", "seconds", "of the run", "ms a frame", "thread"))
    for report in reports:
        stats = report.stats
        if stats is None:
            continue
        for stage, seconds in report.stages_s.items():
            table.add_row(
                _plain(report.source.name),
                _STAGE_NAMES.get(stage, stage),
                f"{seconds:.2f}",
                f"{seconds / max(stats.wall_s, 1e-9):.0%}",
                f"{1000 * seconds / stats.n_frames:.2f}",
                "main" if stage in stats.stages_s else "its own",
            )
    console = out()
    console.print()
    console.print(table)


def _table(first: str, others: Sequence[str], last: str = "") -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    table.add_column(last)
    return table


def _plain(text: str) -> str:
    """Return text in which nothing that a file name may hold is markup or control."""
    from rich.markup import escape

    return escape(printable(text))
