"""``bgsub process``: recorded clips in; masks, overlays, events and pictures out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bgsub.cli.console import set_up_logging
from bgsub.cli.options import (
    ConfigOption,
    EndOption,
    ExcludeOption,
    InputsArgument,
    KeepGoingOption,
    OverwriteOption,
    QuietOption,
    RegionOption,
    SetOption,
    StartOption,
    VerboseOption,
    load,
    override,
    part_of_clip,
)
from bgsub.cli.report import exit_as_done, show_clips, show_events, show_stages, tell_problems
from bgsub.cli.signals import stop_on_signals
from bgsub.cli.startup import load_libraries

__all__ = ["process"]

_SHOWN_EVENTS = 20


def process(
    inputs: InputsArgument,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for what is written."),
    ],
    start: StartOption = None,
    end: EndOption = None,
    region: RegionOption = None,
    exclude: ExcludeOption = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="FACTOR", help="Work on smaller frames: 0.5 halves each side."),
    ] = None,
    probability: Annotated[
        bool,
        typer.Option(
            "--probability",
            help="Also write how surely each pixel is foreground (probability.mkv).",
        ),
    ] = False,
    overwrite: OverwriteOption = False,
    keep_going: KeepGoingOption = False,
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

    With --probability also probability.mkv, lossless 8-bit grey: 255 is surely foreground, and
    from 128 on a pixel is foreground before the mask is cleaned. It takes the model longer.

    Examples:

      bgsub process street.mp4 -o out
      bgsub process 'archive/*.mkv' -o out --scale 0.5 --start 00:10:00
      bgsub process highway/input -o out --config classic
      bgsub process yard.mp4 -o out --exclude '0,0 200,0 200,40 0,40'
    """
    set_up_logging(verbose=verbose)
    load_libraries()
    overrides = [
        *part_of_clip(start, end, region, exclude),
        *override("--scale", "input.scale", scale),
        *override("--probability", "output.probability", probability or None),
    ]
    loaded = load(config, sets, overrides)

    from bgsub.app.clips import Options
    from bgsub.app.process import process as run
    from bgsub.cli.progress import ProgressObserver

    options = Options(output=output, overwrite=overwrite, keep_going=keep_going)
    with stop_on_signals() as stop, ProgressObserver(quiet=quiet) as observer:
        reports = run(inputs, loaded.config, options, observer=observer, stop=stop)
    tell_problems(reports)
    if not quiet:
        show_clips(reports)
        if verbose:
            show_stages(reports)
        if len(reports) == 1 and reports[0].events:
            show_events(reports, at_most=_SHOWN_EVENTS)
    exit_as_done(reports, stop)
