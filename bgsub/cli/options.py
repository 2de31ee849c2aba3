"""The options that several commands share, and how they become overrides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bgsub.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bgsub.config import LoadedConfig, Override

__all__ = [
    "ConfigOption",
    "EndOption",
    "ExcludeOption",
    "InputsArgument",
    "KeepGoingOption",
    "OverwriteOption",
    "QuietOption",
    "RegionOption",
    "SetOption",
    "StartOption",
    "VerboseOption",
    "load",
    "override",
    "parse_polygon",
    "parse_size",
    "parse_time",
    "part_of_clip",
]


def _complete_config(incomplete: str) -> list[str]:
    from bgsub.config import config_names

    return [name for name in config_names() if name.startswith(incomplete)]


ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="NAME_OR_PATH",
        help="A configuration by its name, such as classic, or its file.",
        autocompletion=_complete_config,
        rich_help_panel="Configuration",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Change one value, such as model.n_components=5. Repeatable.",
        rich_help_panel="Configuration",
    ),
]
InputsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Clips, globs, folders of images or of clips.",
        show_default=False,
    ),
]
StartOption = Annotated[
    str | None,
    typer.Option("--start", metavar="TIME", help="Skip to this time: 90.5 or 00:01:30.5."),
]
EndOption = Annotated[
    str | None, typer.Option("--end", metavar="TIME", help="Stop before this time.")
]
RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="'X,Y X,Y X,Y...'",
        help="Motion counts only inside this polygon, in pixels. Repeatable.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="'X,Y X,Y X,Y...'",
        help="Motion never counts inside this polygon. Repeatable.",
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace outputs that are there already.")
]
KeepGoingOption = Annotated[
    bool, typer.Option("--keep-going", help="A clip that breaks off counts as done.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say what happens.")]


def override(option: str, path: str, value: object) -> list[Override]:
    """Return an override for an option that was given, nothing for one that was not."""
    from bgsub.config import Override

    if value is None:
        return []
    if isinstance(value, Path):
        value = str(value)
    return [Override(path=tuple(path.split(".")), value=value, origin=option)]


def parse_size(option: str, text: str) -> tuple[int, int]:
    """Read width and height in pixels: ``640x360``.

    Raises
    ------
    UsageError
        If it is anything else.
    """
    match = re.fullmatch(r"([0-9]{1,9})x([0-9]{1,9})", text.lower())
    width, height = map(int, match.groups()) if match else (0, 0)
    if not (width and height):
        msg = f"{option} {text!r} should be WIDTHxHEIGHT, such as 640x360."
        raise UsageError(msg)
    return width, height


def part_of_clip(
    start: str | None,
    end: str | None,
    region: Sequence[str] | None,
    exclude: Sequence[str] | None,
) -> list[Override]:
    """Return the overrides for the options that say which part of a clip counts."""
    return [
        *override("--start", "input.start_s", parse_time("--start", start)),
        *override("--end", "input.end_s", parse_time("--end", end)),
        *_polygons("--region", "regions.include", region),
        *_polygons("--exclude", "regions.exclude", exclude),
    ]


def load(
    config: str | None,
    sets: Sequence[str] | None,
    overrides: Iterable[Override] = (),
    *,
    defaults: Iterable[Override] = (),
) -> LoadedConfig:
    """Load the configuration of a command; its own options win over ``--set``."""
    from bgsub.config import load_config, parse_set

    return load_config(
        config,
        [*(parse_set(text) for text in sets or ()), *overrides],
        defaults=list(defaults),
    )


def parse_time(option: str, text: str | None) -> float | None:
    """Read a time of a clip: seconds (``90``, ``90.5s``) or ``[HH:]MM:SS[.mmm]``.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if text is None:
        return None
    parts = text.strip().removesuffix("s").split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    fits = 1 <= len(numbers) <= 3 and all(0 <= n < float("inf") for n in numbers)
    if not fits or any(n >= 60 for n in numbers[1:]):
        problem = f"{text!r} should be seconds or HH:MM:SS, such as 90.5 or 00:01:30.5"
        raise ConfigError(option, [problem])
    seconds = 0.0
    for number in numbers:
        seconds = seconds * 60 + number
    return seconds


def parse_polygon(option: str, text: str) -> list[list[float]]:
    """Read a polygon in pixels of the full-size picture: ``x,y x,y x,y ...``.

    Raises
    ------
    ConfigError
        If it is not at least three points.
    """
    points: list[list[float]] = []
    for word in text.replace(";", " ").split():
        try:
            x, y = (float(number) for number in word.split(","))
        except ValueError:
            points = []
            break
        points.append([x, y])
    if len(points) < 3:
        problem = f"{text!r} should be three or more points, such as '0,0 320,0 320,90'"
        raise ConfigError(option, [problem])
    return points


def _polygons(option: str, path: str, texts: Sequence[str] | None) -> list[Override]:
    polygons = [parse_polygon(option, text) for text in texts or ()]
    return override(option, path, polygons or None)
