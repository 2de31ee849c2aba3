"""``bgsub scan``: the events of recorded clips, as fast as the decoder goes."""

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

__all__ = ["scan"]


def scan(
    inputs: InputsArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder for events.json, events.csv and summary.json; nothing is written "
            "without it.",
        ),
    ] = None,
    start: StartOption = None,
    end: EndOption = None,
    region: RegionOption = None,
    exclude: ExcludeOption = None,
    overwrite: OverwriteOption = False,
    keep_going: KeepGoingOption = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """List when something moves in recorded clips, as fast as they can be decoded.

    Works on the grey picture, its longer side reduced to 320 pixels, unless a configuration or
    --set says otherwise (input.max_side_px, input.colour). Times are the clip's own, exact;
    boxes are in pixels of the full-size picture, regions too.

    Examples:

      bgsub scan night.mp4
      bgsub scan 'archive/*.mkv' -o events --exclude '0,0 640,0 640,80 0,80'
      bgsub scan street.mp4 --set input.max_side_px=640 --set input.colour=true
    """
    set_up_logging(verbose=verbose)
    load_libraries()

    from bgsub.config import SCAN_DEFAULTS

    defaults = [
        default
        for path, value in SCAN_DEFAULTS.items()
        for default in override("bgsub scan", path, value)
    ]
    overrides = part_of_clip(start, end, region, exclude)
    loaded = load(config, sets, overrides, defaults=defaults)

    from bgsub.app.clips import Options
    from bgsub.app.scan import scan as run
    from bgsub.cli.progress import ProgressObserver

    options = Options(output=output, overwrite=overwrite, keep_going=keep_going)
    with stop_on_signals() as stop, ProgressObserver(quiet=quiet) as observer:
        reports = run(inputs, loaded.config, options, observer=observer, stop=stop)
    tell_problems(reports)
    if not quiet:
        show_events(reports)
        show_clips(reports)
        if verbose:
            show_stages(reports)
    exit_as_done(reports, stop)
