"""``bgsub study``: what K, threshold, iterations, covariance, start, noise and smoothing do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from bgsub.cli.console import INTERRUPTED, out, print_error, printable, set_up_logging, stderr
from bgsub.cli.options import (
    ConfigOption,
    OverwriteOption,
    QuietOption,
    SetOption,
    VerboseOption,
    load,
)
from bgsub.cli.signals import stop_on_signals
from bgsub.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from bgsub.config import Override
    from bgsub.segmentation.study import Grid
    from bgsub.segmentation.study_summary import Summary

__all__ = ["study"]

_SECTION = "segmentation"
_COMPONENTS = "n_components"
_DEFAULT_K = "2,3,4,5,6,7,8"
_PANEL = "What to vary: values with commas between them"
_MAX_GRID = 100_000


def study(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...", help="Pictures, globs, or folders of them.", show_default=False
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for what is written."),
    ],
    k: Annotated[
        str | None,
        typer.Option(
            "-k",
            metavar="K,...",
            help=f"Classes; auto lets BIC choose. [{_DEFAULT_K} if nothing is varied]",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    tol: Annotated[
        str | None,
        typer.Option(metavar="T,...", help="Stopping threshold.", rich_help_panel=_PANEL),
    ] = None,
    max_iter: Annotated[
        str | None,
        typer.Option(metavar="N,...", help="Iterations at most.", rich_help_panel=_PANEL),
    ] = None,
    covariance: Annotated[
        str | None,
        typer.Option(
            metavar="SHAPE,...",
            help="full, tied, diag, spherical.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="START,...",
            help="range, kmeans, k-means++, random.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    noise_sigma: Annotated[
        str | None,
        typer.Option(
            metavar="S,...",
            help="Gaussian noise added before, in levels of 255.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    smoothing: Annotated[
        str | None,
        typer.Option(
            metavar="B,...", help="Strength of spatial smoothing.", rich_help_panel=_PANEL
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=V,...",
            help="Any other key of the section segmentation, such as "
            "position_weight=0,0.5. Repeatable.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE_OR_DIR",
            help="Human segmentations: BSDS .mat or label images; a folder has them by the "
            "pictures' names.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Tried at a time. [default: all cores]"),
    ] = None,
    overwrite: OverwriteOption = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Try all combinations of settings on pictures and report what each leads to.

    For each: log-likelihood, BIC, AIC, iterations, time, agreement with the labels of the
    noise-free picture, PSNR of the picture recoloured by class means, and with --truth how
    well it covers what humans saw (covering, probabilistic Rand index, variation of
    information). Writes report.html, study.csv, study.json and the plots as PNG.

    Examples:

      bgsub study cameraman.png -o out -k 2,3,4 --noise-sigma 0,25,50 --smoothing 0,1

      bgsub study photo.jpg -o out -k 4 --covariance full,tied,diag,spherical --tol 1e-2,1e-5

      bgsub study BSDS500/images/test -o out --truth BSDS500/groundTruth/test -k 2,3,4,5
    """
    set_up_logging(verbose=verbose)
    wanted = {
        _COMPONENTS: k,
        "tol": tol,
        "max_iter": max_iter,
        "covariance_type": covariance,
        "init": init,
        "noise_sigma": noise_sigma,
        "smoothing": smoothing,
    }
    grid = _grid(
        {key: text for key, text in wanted.items() if text is not None}, vary, config, sets
    )

    from bgsub.app.study import StudyOptions
    from bgsub.app.study import study as run

    options = StudyOptions(
        output=output, truth=truth, overwrite=overwrite, jobs=jobs or os.cpu_count() or 1
    )
    with stop_on_signals() as stop, _Progress(quiet=quiet) as observer:
        outcome = run(images, grid, options, observer=observer, stop=stop)
    for error in outcome.unreadable:
        print_error(str(error))
    if outcome.summary is not None and not quiet:
        _show(outcome.summary, output)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
    if outcome.unreadable or outcome.is_empty:
        raise typer.Exit(1)


def _grid(
    wanted: Mapping[str, str],
    vary: Sequence[str] | None,
    config: str | None,
    sets: Sequence[str] | None,
) -> Grid:
    """Check every value as the configuration does, and combine them."""
    from bgsub.segmentation.study import Grid

    base = load(config, sets).config.segmentation
    texts = dict(wanted)
    for text in vary or ():
        key, sign, values = text.partition("=")
        key = key.strip().removeprefix(f"{_SECTION}.")
        if not sign or not values.strip():
            msg = f"--vary {text!r} should be KEY=VALUE,VALUE, such as position_weight=0,0.5."
            raise UsageError(msg)
        texts[key] = values
    varied = {}
    for key, values in (texts or {_COMPONENTS: _DEFAULT_K}).items():
        words = [word.strip() for word in values.split(",") if word.strip()]
        found = [
            getattr(load(config, sets, [_override(key, word)]).config.segmentation, key)
            for word in words
        ]
        varied[key] = tuple(dict.fromkeys(found))
        if not found:
            msg = f"No value is given for {key}; separate several with commas."
            raise UsageError(msg)
    grid = Grid(base=base, varied=varied)
    if len(grid) > _MAX_GRID:
        msg = f"That makes {len(grid)} combinations; vary fewer settings at a time."
        raise UsageError(msg)
    return grid


def _override(key: str, word: str) -> Override:
    from dataclasses import replace

    from bgsub.config import parse_set

    text = "null" if key == _COMPONENTS and word == "auto" else word
    return replace(parse_set(f"{_SECTION}.{key}={text}"), origin=f"{key}={word}")


class _Progress:
    """Shows a bar over all combinations of all pictures.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        console = stderr()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("preparing", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begun(self, total: int) -> None:
        """Set the bar's length."""
        self._bar.update(self._task, total=total)

    def advanced(self, picture: str, n_done: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, description=printable(picture), advance=n_done)

    def reporting(self) -> None:
        """Say that the report is being made."""
        self._bar.update(self._task, description="making the report")


def _show(summary: Summary, folder: Path) -> None:
    from rich.table import Table

    from bgsub.segmentation.study import MEASURES
    from bgsub.segmentation.study_plots import point_name, shown_measures

    several = len(summary.pictures) > 1
    table = Table(box=None, pad_edge=False)
    table.add_column("measure")
    table.add_column("best", justify="right")
    if several:
        table.add_column("best for each", justify="right")
    table.add_column("with")
    for name in shown_measures(summary):
        best = summary.best.get(name)
        if best is not None:
            each = [f"{best.each:.4g}"] * several
            table.add_row(
                MEASURES[name].title,
                f"{best.fixed:.4g}",
                *each,
                point_name(summary.grid.telling(best.values)),
            )
    console = out()
    if table.row_count:
        console.print(table)
    failed = [row for row in summary.rows if row.measures is None]
    for row in failed[:3]:
        print_error(f"{row.picture} with {point_name(row.values)}: {row.problem}")
    n = len(summary.rows)
    what = f"{n} result{'s' * (n != 1)}"
    console.print(f"{what} in {printable(str(folder / 'report.html'))}", markup=False)
