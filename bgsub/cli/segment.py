"""``bgsub segment``: a picture in; classes, plots and their parameters out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgsub.cli.console import out, print_note, printable, set_up_logging, stderr
from bgsub.cli.options import (
    ConfigOption,
    OverwriteOption,
    QuietOption,
    SetOption,
    VerboseOption,
    load,
    override,
)
from bgsub.errors import UsageError

if TYPE_CHECKING:
    from bgsub.app.segment import Segmented
    from bgsub.config import Override

__all__ = ["segment"]

_SECTION = "segmentation"
_AUTO = "auto"


def segment(
    image: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE",
            help="The picture: PNG, JPEG, TIFF, 8 or 16 bits.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for what is written.")
    ],
    k: Annotated[
        str | None,
        typer.Option("-k", metavar="K", help="Classes; auto lets BIC choose. [default: 3]"),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="What is clustered: auto, grey, rgb or lab."),
    ] = None,
    position: Annotated[
        float | None,
        typer.Option(metavar="WEIGHT", help="Cluster x and y too; 0.5 is a good weight."),
    ] = None,
    covariance: Annotated[
        str | None,
        typer.Option(metavar="SHAPE", help="full, tied, diag or spherical."),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(metavar="START", help="range, kmeans, k-means++ or random."),
    ] = None,
    tol: Annotated[float | None, typer.Option(metavar="T", help="Stopping threshold.")] = None,
    max_iter: Annotated[
        int | None, typer.Option(metavar="N", help="Iterations at most.")
    ] = None,
    estimator: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH", help="auto, histogram, or sklearn for scikit-learn's own."
        ),
    ] = None,
    noise_sigma: Annotated[
        float | None,
        typer.Option(metavar="S", help="Add Gaussian noise before, in levels of 255."),
    ] = None,
    smoothing: Annotated[
        float | None,
        typer.Option(metavar="B", help="Strength of spatial smoothing; 8 keeps regions whole."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Chooses noise and starts.")
    ] = None,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Draw plots.")] = True,
    animate: Annotated[
        bool, typer.Option("--animate", help="Make a film of the iterations too.")
    ] = False,
    overwrite: OverwriteOption = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Divide a picture into classes by a mixture of Gaussians.

    Writes the labels (labels.png), the picture recoloured by class (recoloured.png), the
    probability of each class (posterior-1.png, ...), where the classes are uncertain
    (uncertainty.png), plots, and all parameters (segmentation.json).

    Examples:

      bgsub segment cameraman.png -k 2 -o out

      bgsub segment photo.jpg -k auto -o out --animate

      bgsub segment photo.jpg -k 4 -o out --features lab --position 0.5 --smoothing 8

      bgsub segment cameraman.png -o out --noise-sigma 25 --smoothing 8
    """
    set_up_logging(verbose=verbose)
    overrides = [
        *_components(k),
        *override("--features", f"{_SECTION}.features", features),
        *override("--position", f"{_SECTION}.position_weight", position),
        *override("--covariance", f"{_SECTION}.covariance_type", covariance),
        *override("--init", f"{_SECTION}.init", init),
        *override("--tol", f"{_SECTION}.tol", tol),
        *override("--max-iter", f"{_SECTION}.max_iter", max_iter),
        *override("--estimator", f"{_SECTION}.estimator", estimator),
        *override("--noise-sigma", f"{_SECTION}.noise_sigma", noise_sigma),
        *override("--smoothing", f"{_SECTION}.smoothing", smoothing),
        *override("--seed", f"{_SECTION}.seed", seed),
    ]
    settings = load(config, sets, overrides).config.segmentation

    from bgsub.app.segment import SegmentOptions, segment_file

    options = SegmentOptions(output=output, overwrite=overwrite, plots=plots, animate=animate)
    console = stderr()
    if quiet or not console.is_terminal:
        result = segment_file(image, settings, options, on_progress=_ignore)
    else:
        with console.status("reading") as status:
            result = segment_file(image, settings, options, on_progress=status.update)
    if not quiet:
        for note in result.notes:
            print_note(note)
        _show(result, output)


def _components(text: str | None) -> list[Override]:
    from bgsub.config import Override

    if text is None:
        return []
    try:
        value = None if text == _AUTO else int(text)
    except ValueError as error:
        msg = f"-k {text!r} should be a whole number, or {_AUTO}."
        raise UsageError(msg) from error
    return [Override(path=(_SECTION, "n_components"), value=value, origin="-k")]


def _show(result: Segmented, folder: Path) -> None:
    import numpy as np
    from rich.table import Table

    segmentation = result.segmentation
    table = Table(box=None, pad_edge=False)
    for heading in ("class", "weight", *segmentation.features.names):
        table.add_column(heading, justify="right")
    deviations = np.sqrt(np.diagonal(segmentation.covariances, axis1=1, axis2=2))
    for j in range(segmentation.n_components):
        pairs = zip(segmentation.means[j], deviations[j], strict=True)
        cells = (f"{mean:z.1f} ± {deviation:.1f}" for mean, deviation in pairs)
        table.add_row(str(j + 1), f"{segmentation.weights[j]:.3f}", *cells)
    console = out()
    console.print(table)
    end = "converged after" if segmentation.converged else "stopped, not converged, after"
    n = segmentation.iterations
    console.print(
        f"{end} {n} iteration{'s' * (n != 1)}; BIC {segmentation.bic:.6g}; "
        f"{result.seconds:.2f} s; everything is in {printable(str(folder))}",
        markup=False,
    )


def _ignore(_: str) -> None:
    pass
