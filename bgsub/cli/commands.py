"""The commands put together, and the one place where errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from bgsub import __version__
from bgsub.cli.console import INTERRUPTED, help_text, print_error
from bgsub.cli.startup import put_off_metadata
from bgsub.cli.streams import mend_streams, quiet_libraries
from bgsub.errors import BgsubError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["program", "run"]

_COMMANDS = ("process", "scan", "live", "evaluate", "bench", "synth", "segment", "study")
# Commands of several parts: the module, and what it calls them.
_GROUPS = {"config": ("configs", "configs"), "demo": ("demo", "demos")}

_SMALLER = "There is not enough memory; a smaller --scale needs less."
# How libraries in C++ say so.
_NO_MEMORY = ("bad_alloc", "Insufficient memory")


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"bgsub {__version__}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Tell moving things from background in footage of a static camera."""


def program(arguments: Sequence[str]) -> typer.Typer:
    """Return the program for some arguments: with the command that they name, or with all.

    To describe all commands takes a good part of the time until the first frame.
    """
    app = typer.Typer(
        name="bgsub",
        help="Tell moving things from background in footage of a static camera.",
        epilog="Begin with:  bgsub process CLIP.mp4 -o OUT",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    wanted = {*_COMMANDS, *_GROUPS}.intersection(arguments[:1])
    for name in _COMMANDS:
        if not wanted or name in wanted:
            command = getattr(import_module(f"bgsub.cli.{name}"), name)
            app.command(help=help_text(command))(command)
    for name, (module, parts) in _GROUPS.items():
        if not wanted or name in wanted:
            app.add_typer(getattr(import_module(f"bgsub.cli.{module}"), parts), name=name)
    return app


def run(argv: Sequence[str] | None) -> int:
    """Run one command and return its exit code, as :func:`bgsub.cli.main` says."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    put_off_metadata()
    mend_streams()
    is_verbose = not {"-v", "--verbose"}.isdisjoint(arguments)
    with nullcontext() if is_verbose else quiet_libraries():
        code = _run(arguments)
        return _finish_stdout() or code


def _finish_stdout() -> int:
    """Write out what waits in stdout; an error must not wait for the interpreter's end."""
    try:
        sys.stdout.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            # As in "bgsub scan ... | head": who read it has seen enough.
            return 0
        print_error(f"The standard output cannot be written ({error.strerror}).")
        return 1
    return 0


def _run(arguments: list[str]) -> int:
    try:
        program(arguments)(args=arguments, prog_name="bgsub")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BgsubError as error:
        print_error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError:
        print_error(_SMALLER)
        return 1
    except OSError as error:
        # Where the output of a command leads, and what it is started in, is not for us to mend.
        logging.getLogger("bgsub").debug("unexpected error", exc_info=True)
        where = "" if error.filename is None else f" ({error.filename})"
        print_error(f"The system refused to go on: {error.strerror or error}{where}.")
        return 1
    except Exception as error:
        # The last resort, so that no user ever sees a traceback.
        if any(sign in str(error) for sign in _NO_MEMORY):
            print_error(_SMALLER)
            return 1
        logging.getLogger("bgsub").debug("unexpected error", exc_info=True)
        kind = type(error).__name__
        print_error(f"This is a mistake in bgsub ({kind}: {error}); --verbose shows where.")
        return 1
    return 0
