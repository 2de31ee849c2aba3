"""``bgsub process``: recorded clips in; masks, overlays, events and pictures out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgsub.cli.console import INTERRUPTED, clock, out, print_error, print_note, set_up_logging
from bgsub.cli.options import (
    ConfigOption,
    QuietOption,
    SetOption,
    VerboseOption,
    load,
    override,
    parse_polygon,
    parse_time,
)
from bgsub.cli.signals import stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bgsub.app.process import ClipReport
    from bgsub.config import Override

__all__ = ["process"]

_EPILOG_EVENTS = 20


def process(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Clips, globs, folders of images or of clips.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for what is written."),
    ],
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Skip to this time: 90.5 or 00:01:30.5."),
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Stop at this time.")] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'X,Y X,Y X,Y...'",
            help="Motion counts only inside this polygon, in pixels. Repeatable.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'X,Y X,Y X,Y...'",
            help="Motion never counts inside this polygon. Repeatable.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="FACTOR", help="Work on smaller frames: 0.5 halves each side."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace outputs that are there already.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="A clip that breaks off counts as done.")
    ] = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Find what moves in recorded clips.

    Writes for each clip: the masks (mask.mkv, lossless), the clip with moving things marked
    (overlay.mp4), the events (events.json, events.csv), the scene without moving things
    (background.png), where motion was (heatmap.png), and summary.json. One clip's files go
    straight into DIR, several clips' into a folder each.

    Examples:

      bgsub process street.mp4 -o out

      bgsub process 'archive/*.mkv' -o out --scale 0.5 --start 00:10:00

      bgsub process highway/input -o out --config classic

      bgsub process yard.mp4 -o out --exclude '0,0 200,0 200,40 0,40'
    """
    set_up_logging(verbose=verbose)
    overrides = [
        *override("--start", "input.start_s", parse_time("--start", start)),
        *override("--end", "input.end_s", parse_time("--end", end)),
        *override("--scale", "input.scale", scale),
        *_polygons("--region", "regions.include", region),
        *_polygons("--exclude", "regions.exclude", exclude),
    ]
    loaded = load(config, sets, overrides)

    from bgsub.app.process import Options
    from bgsub.app.process import process as run
    from bgsub.cli.progress import ProgressObserver

    options = Options(output=output, overwrite=overwrite, keep_going=keep_going)
    with stop_on_signals() as stop, ProgressObserver(quiet=quiet) as observer:
        reports = run(inputs, loaded.config, options, observer=observer, stop=stop)
    for report in reports:
        _tell_problems(report)
    if not quiet:
        _show(reports, verbose=verbose)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
    if any(report.failed for report in reports):
        raise typer.Exit(1)


def _polygons(option: str, path: str, texts: Sequence[str] | None) -> list[Override]:
    polygons = [parse_polygon(option, text) for text in texts or ()]
    return override(option, path, polygons or None)


def _tell_problems(report: ClipReport) -> None:
    if report.stats is None:
        for problem in report.problems:
            print_error(problem.what)
        return
    for problem in report.problems:
        line = f"{report.source.name} at {clock(problem.at_s)}: {problem.what}"
        if problem.ends_run and report.failed:
            print_error(line)
        else:
            print_note(line)


def _show(reports: Sequence[ClipReport], *, verbose: bool) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("clip")
    for name in ("frames", "footage", "fps", "speed", "moving", "events", "problems"):
        table.add_column(name, justify="right")
    table.add_column("written to")
    for report in reports:
        stats = report.stats
        if stats is None:
            table.add_row(report.source.name, "-", "-", "-", "-", "-", "-", "1", "nothing")
            continue
        footage = stats.last_s - stats.first_s
        wall = max(stats.wall_s, 1e-9)
        table.add_row(
            report.source.name,
            str(stats.n_frames),
            clock(footage),
            f"{stats.n_frames / wall:.0f}",
            f"{footage / wall:.1f}×",
            f"{stats.coverage_sum / stats.n_frames:.2%}",
            str(len(report.events)),
            str(len(report.problems)),
            str(report.folder),
        )
    console = out()
    console.print(table)
    for report in reports:
        if verbose and report.stats is not None:
            shares = ", ".join(f"{k} {v:.2f} s" for k, v in report.stats.stages_s.items())
            console.print(f"{report.source.name}: time in the loop: {shares}")
    if len(reports) == 1:
        _show_events(reports[0])


def _show_events(report: ClipReport) -> None:
    from rich.table import Table

    if not report.events:
        return
    table = Table(box=None, pad_edge=False)
    for name in ("event", "from", "to", "peak at", "peak coverage"):
        table.add_column(name, justify="right")
    for number, event in enumerate(report.events[:_EPILOG_EVENTS], start=1):
        table.add_row(
            str(number),
            clock(event.start_s),
            clock(event.end_s),
            clock(event.peak_s),
            f"{event.peak_coverage:.2%}",
        )
    console = out()
    console.print()
    console.print(table)
    if len(report.events) > _EPILOG_EVENTS:
        console.print(f"... and {len(report.events) - _EPILOG_EVENTS} more in events.csv")
