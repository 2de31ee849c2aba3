"""``bgsub demo``: expectation–maximisation on samples whose mixture is known."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgsub.cli.console import out, set_up_logging, stderr
from bgsub.cli.options import (
    ConfigOption,
    OverwriteOption,
    QuietOption,
    SetOption,
    VerboseOption,
    load,
    override,
)

if TYPE_CHECKING:
    from bgsub.segmentation.demo import Demo

__all__ = ["demos"]

demos = typer.Typer(
    help="Watch expectation–maximisation find a known mixture.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for what is written.")
]
_Samples = Annotated[
    int, typer.Option(min=1, max=1_000_000, metavar="N", help="Samples to draw.")
]
_Seed = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Chooses the samples and the start.")
]
_Components = Annotated[
    int | None,
    typer.Option("-k", min=1, metavar="K", help="Components to fit. [default: the true 3]"),
]
_Init = Annotated[
    str | None,
    typer.Option(metavar="START", help="range, kmeans, k-means++ or random. [default: random]"),
]


@demos.command("em-1d")
def em_1d(
    output: _Output,
    k: _Components = None,
    samples: _Samples = 2000,
    seed: _Seed = None,
    init: _Init = None,
    overwrite: OverwriteOption = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fit samples of three Gaussians on a line.

    Shows the truth beside the estimate and scikit-learn's from the same start. Writes fit.png,
    parameters.png, evolution.png, convergence.png, evolution.mp4, demo.json and samples.csv.

    Examples:

      bgsub demo em-1d -o out

      bgsub demo em-1d -o out --seed 3 --init range --set segmentation.tol=1e-6
    """
    set_up_logging(verbose=verbose)
    _run(1, output, k, samples, seed, init, overwrite, config, sets, quiet)


@demos.command("em-2d")
def em_2d(
    output: _Output,
    k: _Components = None,
    samples: _Samples = 1500,
    seed: _Seed = None,
    init: _Init = None,
    overwrite: OverwriteOption = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Fit samples of three Gaussians in the plane.

    Shows the truth beside the estimate and scikit-learn's from the same start. Writes fit.png,
    parameters.png, evolution.png, convergence.png, evolution.mp4, demo.json and samples.csv.

    Examples:

      bgsub demo em-2d -o out

      bgsub demo em-2d -o out -k 4 --set segmentation.covariance_type=diag
    """
    set_up_logging(verbose=verbose)
    _run(2, output, k, samples, seed, init, overwrite, config, sets, quiet)


def _run(
    n_dimensions: int,
    output: Path,
    k: int | None,
    samples: int,
    seed: int | None,
    init: str | None,
    overwrite: bool,
    config: str | None,
    sets: list[str] | None,
    quiet: bool,
) -> None:
    defaults = [
        *override("bgsub demo", "segmentation.n_components", 3),
        # A start that is wrong shows most: these lie between the components.
        *override("bgsub demo", "segmentation.init", "random"),
        *override("bgsub demo", "segmentation.seed", 1 if n_dimensions == 1 else 0),
        # The estimate should differ from the truth by chance alone.
        *override("bgsub demo", "segmentation.tol", 1e-6),
        *override("bgsub demo", "segmentation.max_iter", 500),
    ]
    overrides = [
        *override("-k", "segmentation.n_components", k),
        *override("--seed", "segmentation.seed", seed),
        *override("--init", "segmentation.init", init),
    ]
    settings = load(config, sets, overrides, defaults=defaults).config.segmentation

    from bgsub.app.demo import demo

    console = stderr()
    is_shown = console.is_terminal and not quiet
    with console.status("fitting, then drawing") if is_shown else nullcontext():
        result = demo(n_dimensions, samples, settings, output, overwrite=overwrite)
    if not quiet:
        _show(result, output)


def _show(result: Demo, folder: Path) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("component", justify="right")
    for name in ("weight", "mean", "variance"):
        for whose in ("true", "found"):
            table.add_column(f"{whose} {name}", justify="right")
    truth, found = result.truth, result.fit.mixture
    for number in range(max(len(truth.weights), len(found.weights))):
        cells = [str(number + 1)]
        for name in ("weights", "means", "covariances"):
            for mixture in (truth, found):
                values = getattr(mixture, name)
                cells.append(_shown(values[number]) if number < len(values) else "")
        table.add_row(*cells)
    n = len(result.fit.history)
    console = out()
    console.print(table)
    console.print(
        f"{n} iteration{'s' * (n != 1)}; {result.accuracy:.1%} of the samples have the right "
        f"component, with the true parameters {result.best_accuracy:.1%}; scikit-learn from "
        f"the same start differs by {result.largest_difference:.1g}"
    )
    console.print(f"Written to {folder}", markup=False)


def _shown(value: object) -> str:
    """Return a number as it is, a mean as its coordinates, a covariance as its diagonal."""
    import numpy as np

    numbers = np.asarray(value, float)
    if numbers.ndim == 2:
        numbers = np.diagonal(numbers)
    return ", ".join(f"{number:.3g}" for number in np.atleast_1d(numbers))
