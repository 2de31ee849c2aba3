"""``bgsub bench``: the model's speed beside OpenCV's."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bgsub.cli.console import out, stderr
from bgsub.cli.options import QuietOption, parse_size
from bgsub.cli.signals import stop_on_signals
from bgsub.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["bench"]

_DEFAULT_SIZE = "1920x1080"
_ALL_SIZES = ("640x360", "1280x720", _DEFAULT_SIZE, "3840x2160")


class _Content(Enum):
    """What is made up instead of rendered."""

    NOISE = "noise"
    ALL_FOREGROUND = "all-foreground"
    STILL = "still"


def bench(
    size: Annotated[
        list[str] | None,
        typer.Option(metavar="WxH", help=f"Frame size; repeatable. [default: {_DEFAULT_SIZE}]"),
    ] = None,
    all_sizes: Annotated[
        bool, typer.Option("--all-sizes", help=f"Measure at {', '.join(_ALL_SIZES)}.")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Threads for each. [default: all cores]"),
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option("--input", "-i", metavar="CLIP", help="Measure on this clip's beginning."),
    ] = None,
    scene: Annotated[
        str | None,
        typer.Option(
            metavar="SCENE",
            help="Measure on a scene of 'bgsub synth --list'. "
            "[default: swaying trees beside a street with traffic]",
        ),
    ] = None,
    content: Annotated[
        _Content | None,
        typer.Option(help="Measure on made-up frames instead.", show_default=False),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="How long to measure at each size.")
    ] = 20.0,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures to this file too."),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Measure the model's speed beside OpenCV's MOG2 and KNN, on the same frames and threads.

    All take turns with blocks of 8 frames, several where frames are small, in rounds, after
    each has learnt 128 frames; the figures are medians. In mode frame the model gets a frame
    a call, in mode batch 8; modes robust and classic are all that these configurations do to
    a frame, cleaning included. OpenCV's models have their own parameters, without shadows; a
    ratio is to MOG2 on frames of the same kind, above 1 is faster. The floor is the time to
    read a frame and to write one byte for each pixel.

    Rendering is slow, so that 16 to 48 frames (less than 400 MB) are rendered and shown
    forwards and backwards in turn, without a jump; a clip's first frames too.

    Examples:

      bgsub bench

      bgsub bench --all-sizes --threads 1 --json speed.json

      bgsub bench --input street.mp4

      bgsub bench --content noise --size 1280x720
    """
    if sum(choice is not None for choice in (clip, scene, content)) > 1:
        msg = "--input, --scene and --content are three kinds of footage; give one of them"
        raise UsageError(msg)
    if (size or all_sizes) and clip is not None:
        msg = "--input is measured at its own size; leave --size and --all-sizes"
        raise UsageError(msg)
    if size and all_sizes:
        msg = "--all-sizes names the sizes; leave --size"
        raise UsageError(msg)
    texts = _ALL_SIZES if all_sizes else size or (_DEFAULT_SIZE,)
    sizes = [parse_size("--size", text) for text in texts]

    from rich.progress import Progress

    from bgsub.app.bench import SURVEILLANCE
    from bgsub.app.bench import bench as run
    from bgsub.cores import count_cores
    from bgsub.sinks import write_json

    console = stderr()
    hidden = quiet or not console.is_terminal
    with (
        stop_on_signals() as stop,
        Progress(console=console, transient=True, disable=hidden) as bar,
    ):
        task = bar.add_task("", total=1.0)
        records = run(
            sizes,
            content.value if content is not None else scene or SURVEILLANCE,
            clip,
            n_threads=threads or count_cores(),
            seconds=seconds,
            on_progress=lambda what, share: bar.update(task, description=what, completed=share),
            stop=stop,
        )
    if json_file is not None:
        write_json(json_file, records[0] if len(records) == 1 else records)
    if not quiet:
        _show(records)


def _show(records: Sequence[Mapping[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    first = records[0]
    console.print(f"{escape(first['cpu'])}, {first['threads']} of {first['cores']} threads")
    for record in records:
        table = Table(box=None, pad_edge=False)
        table.add_column("case")
        table.add_column("mode")
        for name in ("ms a frame", "× MOG2", "frames a second", "bytes a pixel"):
            table.add_column(name, justify="right")
        for case in record["cases"]:
            state = case["state_bytes_per_pixel"]
            ms = case["ms_per_frame"]
            table.add_row(
                case["name"],
                case["mode"],
                f"{ms:.2f}",
                f"{case['ratio_to_mog2']:.2f}",
                f"{1000 / ms:.0f}",
                "" if state is None else f"{state:.0f}",
            )
        for colour, ms in record["floor_ms"].items():
            name = "BGR" if colour == "bgr" else colour
            table.add_row(f"floor {name}", "copy", f"{ms:.2f}", "", f"{1000 / ms:.0f}", "")
        moving = record["foreground_fraction"]
        shown = "" if moving is None else f", {moving:.1%} of it moving"
        size = f"{record['width']}×{record['height']}"
        console.print(f"\n{size}, {escape(record['content'])}{shown}")
        console.print(table)
