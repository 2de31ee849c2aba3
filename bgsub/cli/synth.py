"""``bgsub synth``: rendered scenes with exact truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bgsub.cli.console import out, print_note, stderr
from bgsub.cli.options import QuietOption, parse_size
from bgsub.cli.signals import stop_on_signals
from bgsub.errors import UsageError

__all__ = ["synth"]

# The layout of CDnet numbers frames with six digits.
_MAX_FRAMES = 999_999


def _complete_scene(incomplete: str) -> list[str]:
    from bgsub.synth import SCENES

    return [name for name in SCENES if name.startswith(incomplete)]


def _count_frames(seconds: float, fps: float) -> int:
    n_frames = seconds * fps
    if not (seconds > 0 and fps > 0 and n_frames <= _MAX_FRAMES):
        msg = (
            f"{seconds:g} seconds at {fps:g} frames per second cannot be rendered: choose "
            f"both above 0, and at most {_MAX_FRAMES} frames."
        )
        raise UsageError(msg)
    return max(1, round(n_frames))


def _list_scenes(wanted: bool) -> None:
    if not wanted:
        return
    from rich.table import Table

    from bgsub.synth import SCENES

    table = Table(box=None, pad_edge=False, show_header=False)
    for spec in SCENES.values():
        table.add_row(spec.name, spec.description)
    out().print(table)
    raise typer.Exit


def synth(
    scene: Annotated[
        str,
        typer.Argument(
            metavar="SCENE",
            help="The scene; --list shows all.",
            show_default=False,
            autocompletion=_complete_scene,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for what is written.")
    ],
    size: Annotated[
        str, typer.Option(metavar="WIDTHxHEIGHT", help="Size of the frames in pixels.")
    ] = "640x360",
    seconds: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Length.", show_default="all that happens"),
    ] = None,
    fps: Annotated[float, typer.Option(metavar="FPS", help="Frames per second.")] = 25.0,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Chooses textures, people, times and noise.")
    ] = 0,
    grey: Annotated[bool, typer.Option("--grey", help="Render without colour.")] = False,
    _list: Annotated[
        bool,
        typer.Option(
            "--list", help="Show the scenes and exit.", callback=_list_scenes, is_eager=True
        ),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Render a surveillance scene of which every pixel's truth is known.

    Writes the frames, the truth and the scored range in the CDnet layout, which evaluate
    takes, and clip.mp4 with the same frames. The same seed gives the same scene at any size.

    Examples:

      bgsub synth --list
      bgsub synth walkers -o out/walkers
      bgsub synth traffic -o out/traffic --size 1920x1080 --seconds 20 --seed 7
    """
    from rich.progress import Progress

    from bgsub.app.synth import CLIP_NAME, synthesize
    from bgsub.synth import SCENES, Scene

    if scene not in SCENES:
        msg = f"there is no scene {scene!r}; there are {', '.join(SCENES)}."
        raise UsageError(msg)
    width, height = parse_size("--size", size)
    rendered = Scene(
        scene,
        width=width,
        height=height,
        n_frames=_count_frames(SCENES[scene].duration_s if seconds is None else seconds, fps),
        fps=fps,
        seed=seed,
        grey=grey,
    )
    console = stderr()
    hidden = quiet or not console.is_terminal
    with (
        stop_on_signals() as stop,
        Progress(console=console, transient=True, disable=hidden) as bar,
    ):
        task = bar.add_task(scene, total=rendered.n_frames)
        synthesize(
            rendered, output, on_frame=lambda n: bar.update(task, completed=n), stop=stop
        )
    if not quiet:
        print_note(f"{rendered.n_frames} frames in {output}, the same as {output / CLIP_NAME}")
