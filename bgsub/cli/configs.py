"""``bgsub config``: the effective configuration, a check of a file, a commented template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bgsub.cli.console import print_note
from bgsub.cli.options import ConfigOption, SetOption, load
from bgsub.errors import OutputExistsError, SinkOpenError

__all__ = ["configs"]

configs = typer.Typer(
    help="Show, check and write configurations.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@configs.command()
def show(config: ConfigOption = None, sets: SetOption = None) -> None:
    """Show every value in effect and where it comes from.

    Examples:

      bgsub config show

      bgsub config show --config classic --set model.n_components=5
    """
    from bgsub.config.document import effective_yaml

    typer.echo(effective_yaml(load(config, sets)), nl=False)


@configs.command()
def check(
    file: Annotated[
        str, typer.Argument(metavar="NAME_OR_PATH", help="The configuration to check.")
    ],
) -> None:
    """Check a configuration; all its mistakes are named at once.

    Example:

      bgsub config check yard.yaml
    """
    load(file, None)
    typer.echo(f"{file}: good")


@configs.command()
def init(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to write it; stdout if left out."),
    ] = None,
) -> None:
    """Write a template with every key, its default and its meaning.

    Examples:

      bgsub config init yard.yaml

      bgsub config init | less
    """
    from bgsub.config.document import template_yaml

    if file is None:
        typer.echo(template_yaml(), nl=False)
        return
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(template_yaml())
    except FileExistsError as error:
        msg = f"{file} exists already; choose another name."
        raise OutputExistsError(msg) from error
    except OSError as error:
        msg = f"{file} cannot be written: {error.strerror}."
        raise SinkOpenError(msg) from error
    print_note(f"Written to {file}; use it with --config {file}")
