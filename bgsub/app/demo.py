"""A synthetic example put together: samples drawn, fitted, drawn and written."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from bgsub.files import prepare_folder, refuse_existing, write_bytes
from bgsub.segmentation.demo import Demo, as_record, run_demo
from bgsub.segmentation.plots_demo import DEMO_PLOTS, write_demo_plots
from bgsub.sinks import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from bgsub.config.segmentation import SegmentationConfig

__all__ = ["demo"]

_RECORD, _SAMPLES = "demo.json", "samples.csv"


def demo(
    n_dimensions: int,
    n_samples: int,
    settings: SegmentationConfig,
    output: Path,
    *,
    overwrite: bool,
) -> Demo:
    """Fit samples of a known mixture, and write numbers, plots and a film.

    Parameters
    ----------
    n_dimensions : int
        1 or 2.
    n_samples : int
        How many samples.
    settings : SegmentationConfig
        How to fit.
    output : Path
        The folder for what is written.
    overwrite : bool
        Replace outputs that are there already.

    Raises
    ------
    BgsubError
        If there are too few samples, or an output exists or cannot be written.
    """
    names = (_RECORD, _SAMPLES, *DEMO_PLOTS)
    refuse_existing([output / name for name in names], overwrite=overwrite)
    result = run_demo(n_dimensions, n_samples, settings)
    prepare_folder(output)
    write_json(output / _RECORD, as_record(result))
    samples = _samples_csv(result).encode()
    write_bytes(output / _SAMPLES, samples, kept="nothing of it is kept")
    write_demo_plots(output, result, settings)
    return result


def _samples_csv(result: Demo) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    labels = result.fit.mixture.label(result.values)
    writer.writerow([*"xy"[: result.values.shape[1]], "component", "estimate"])
    for value, true, found in zip(result.values, result.classes, labels, strict=True):
        writer.writerow([*(f"{v:.6g}" for v in value), true + 1, found + 1])
    return stream.getvalue()
