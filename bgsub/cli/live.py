"""``bgsub live``: a camera or stream, watched until somebody ends it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from bgsub.cli.console import INTERRUPTED, print_error, set_up_logging
from bgsub.cli.options import (
    ConfigOption,
    ExcludeOption,
    QuietOption,
    RegionOption,
    SetOption,
    VerboseOption,
    load,
    override,
    part_of_clip,
)
from bgsub.cli.signals import rotate_on_hangup, stop_on_signals
from bgsub.cli.startup import load_libraries

__all__ = ["live"]


class _Record(Enum):
    """What is recorded."""

    EVENTS = "events"
    ALWAYS = "always"
    OFF = "off"


def live(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            help="A webcam's number or device, an address (rtsp, http, tcp, ...), or a clip, "
            "which is played at its own pace. [default: the first webcam]",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder for recordings, snapshots, the log of events and the model; nothing "
            "is written without it.",
        ),
    ] = None,
    record: Annotated[
        _Record | None,
        typer.Option(help="What is recorded in DIR. [default: events]", show_default=False),
    ] = None,
    events_jsonl: Annotated[
        str | None,
        typer.Option(
            "--events-jsonl",
            metavar="FILE",
            help="Write a line of JSON for every start, update and end of an event; - is the "
            "standard output. [default: events.jsonl in DIR]",
        ),
    ] = None,
    no_window: Annotated[
        bool, typer.Option("--no-window", help="Open no window; there is none without display.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Learn the scene anew, whatever was known of it.")
    ] = False,
    scale: Annotated[
        float | None,
        typer.Option(metavar="FACTOR", help="Work on smaller frames: 0.5 halves each side."),
    ] = None,
    region: RegionOption = None,
    exclude: ExcludeOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Watch a camera or a stream, and record what happens.

    The newest frame is always the next one: frames that come while one is worked on are left
    out and counted. A stream that stalls or breaks off is opened again for as long as it
    takes; the model is kept meanwhile, and over a restart (model.npz in DIR).

    In the window, h lists the keys and q ends the run, as Ctrl-C and SIGTERM do; everything
    that was recorded is complete then. SIGHUP makes the recording go on in another file.

    Passwords in addresses are never shown. $NAME in an address stands for an environment
    variable, so that a password need be neither in a file nor on the command line.

    Examples:

      bgsub live

      bgsub live 'rtsp://viewer:$CAMERA_PASSWORD@10.0.0.7/stream1' -o yard --no-window

      bgsub live http://10.0.0.8/mjpg/video.mjpg -o door --record always

      bgsub live street.mp4 --events-jsonl - --no-window
    """
    set_up_logging(verbose=verbose)
    load_libraries()
    mode = {None: None, _Record.OFF: "manual"}.get(record, record and record.value)
    overrides = [
        *part_of_clip(None, None, region, exclude),
        *override("--scale", "input.scale", scale),
        *override("--record", "recording.mode", mode),
        *override("--events-jsonl", "notify.log", _place(events_jsonl)),
        *override("--no-window", "window.show", False if no_window else None),
    ]
    loaded = load(config, sets, overrides)

    from bgsub.app.compiler import load_compiler

    load_compiler()

    from bgsub.app.live import LiveOptions
    from bgsub.app.live import live as run
    from bgsub.cli.live_report import LiveAnnouncer, show_live

    options = LiveOptions(source=source, output=output, fresh=fresh)
    announcer = LiveAnnouncer(quiet=quiet, verbose=verbose)
    with stop_on_signals() as stop, rotate_on_hangup() as rotate:
        report = run(options, loaded.config, observer=announcer, stop=stop, rotate=rotate)
    if not quiet:
        show_live(report)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
    if report.failure is not None:
        print_error(f"{report.status.source}: {report.failure}")
        raise typer.Exit(1)


def _place(log: str | None) -> str | None:
    """Return where the log goes: a name on the command line is not one within a folder."""
    return log if log in {None, "", "-"} else str(Path(log).absolute())
