"""``bgsub evaluate``: score a configuration on footage with ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgsub.cli.console import INTERRUPTED, out, set_up_logging
from bgsub.cli.options import (
    ConfigOption,
    OverwriteOption,
    QuietOption,
    SetOption,
    VerboseOption,
    load,
)
from bgsub.cli.signals import stop_on_signals
from bgsub.cli.sweeps import run_sweep
from bgsub.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["evaluate"]

_COLUMNS = ("recall", "specificity", "fpr", "fnr", "pwc", "precision", "f_measure")


def evaluate(
    dataset: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET",
            help="A folder with sequences in the CDnet layout, at any depth.",
            show_default=False,
        ),
    ],
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the scores to this file too."),
    ] = None,
    save_masks: Annotated[
        Path | None,
        typer.Option(
            "--save-masks", metavar="DIR", help="Keep the masks, as CDnet takes them."
        ),
    ] = None,
    contact_sheet: Annotated[
        Path | None,
        typer.Option(
            "--contact-sheet",
            metavar="DIR",
            help="Draw the hardest frames of each sequence: picture, truth, mask, errors.",
        ),
    ] = None,
    curves: Annotated[
        Path | None,
        typer.Option(
            "--curves",
            metavar="DIR",
            help="Draw precision over recall for every threshold of the foreground "
            "probability, before cleaning.",
        ),
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option(
            "--sweep",
            metavar="FILE",
            help="Score many configurations instead, as this YAML file says; needs -o.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for what a sweep writes."),
    ] = None,
    overwrite: OverwriteOption = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Score a configuration on footage with ground truth, counted as CDnet counts.

    A sequence is a folder with input/, groundtruth/, ROI.bmp and temporalROI.txt. Shadows count
    as background; what is outside the region or unknown does not count.

    --contact-sheet writes a picture for each sequence, CATEGORY-NAME.png: of each sixth of its
    scored frames the one with the most wrong pixels. --curves writes curves.json, curves.png
    and CATEGORY-NAME.png; their probability is the one before the mask is cleaned.

    --sweep tries values of any keys that change masks, on all cores, and writes sweep.csv,
    sweep.json, sweep.png (F-measure against processor time) and best.yaml, which --config
    takes. Its table tells too what the choice is worth on footage that it was not made on. The
    file has the entries method (grid or random), keys (each with a list of values or, in a
    random search, low, high and log: true), samples and seed of a random search, and sequences
    (left out: all); the README has one. Processor time is that of the detector on one thread.

    Examples:

      bgsub evaluate cdnet2014/dataset --config classic --json classic.json
      bgsub evaluate out/walkers --set model.n_components=5

      bgsub evaluate cdnet2014/dataset --contact-sheet sheets --curves curves

      bgsub evaluate cdnet2014/dataset --sweep sweep.yaml -o sweep
    """
    set_up_logging(verbose=verbose)
    loaded = load(config, sets)
    if sweep is not None:
        others = {
            "--json": json_file,
            "--save-masks": save_masks,
            "--contact-sheet": contact_sheet,
            "--curves": curves,
        }
        given = [option for option, value in others.items() if value is not None]
        run_sweep(dataset, sweep, output, loaded.config, given, overwrite, quiet)
        return
    if output is not None:
        msg = "-o is the folder of a --sweep; other outputs have options of their own."
        raise UsageError(msg)

    from bgsub.app.evaluate import EvaluationOutputs
    from bgsub.app.evaluate import evaluate as run
    from bgsub.cli.progress import ProgressObserver
    from bgsub.evaluation import report
    from bgsub.sinks import prepare_folder, write_json

    if json_file is not None and not json_file.parent.exists():
        prepare_folder(json_file.parent)
    outputs = EvaluationOutputs(
        save_masks=save_masks, contact_sheets=contact_sheet, curves=curves, overwrite=overwrite
    )
    with stop_on_signals() as stop, ProgressObserver(quiet=quiet) as observer:
        scored = run(dataset, loaded.config, outputs, observer=observer, stop=stop)
    mapping = report(scored) if scored else {}
    if not quiet and scored:
        _show(mapping)
    if json_file is not None and scored:
        write_json(json_file, mapping)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)


def _show(scores: Mapping[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("sequence")
    for name in (*_COLUMNS, "frames", "fps"):
        table.add_column(name.replace("_", "-"), justify="right")
    for name, row in scores["sequences"].items():
        cells = [f"{row[column]:.4f}" for column in _COLUMNS]
        table.add_row(name, *cells, str(row["frames"]), f"{row['fps']:.0f}")
    table.add_section()
    for name, row in scores["categories"].items():
        table.add_row(f"{name} (category)", *(f"{row[column]:.4f}" for column in _COLUMNS))
    table.add_section()
    for title, key in (("mean of sequences", "mean"), ("mean of categories", "overall")):
        table.add_row(title, *(f"{scores[key][column]:.4f}" for column in _COLUMNS))
    out().print(table)
