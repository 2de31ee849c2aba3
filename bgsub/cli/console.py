"""What the commands say, and where: results on stdout, everything else on stderr."""

from __future__ import annotations

import inspect
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

__all__ = [
    "INTERRUPTED",
    "help_text",
    "out",
    "print_error",
    "print_line",
    "print_note",
    "printable",
    "set_up_logging",
    "stderr",
]

INTERRUPTED = 130
"""Exit code of a run that Ctrl-C or SIGTERM ended."""


def out() -> Console:
    """Return the console for results."""
    from rich.console import Console

    # Where the output is no terminal its width is unknown: never cut a table for that.
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 160)


def stderr() -> Console:
    """Return the console for progress, notes and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def help_text(command: Callable[..., object]) -> str:
    """Return a command's docstring with each paragraph in one line, for any width to wrap.

    Indented lines, the examples, stay as they are.
    """
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(
        text if text.startswith(" ") else " ".join(text.splitlines()) for text in paragraphs
    )


def printable(text: str) -> str:
    """Return text with line breaks, control characters and broken ones written as escapes.

    A file name may hold any of them; on a terminal they would do as they like.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def print_error(message: str) -> None:
    """Print one error; never a markup accident with the brackets of a file name."""
    _print(f"bgsub: {message}", style="bold red")


def print_note(message: str) -> None:
    """Print something that the user should know but that ends nothing."""
    _print(message, style="yellow")


def print_line(message: str) -> None:
    """Print how the work goes on, where the result is not a text."""
    _print(message, style="none")


def _print(message: str, *, style: str) -> None:
    # Where nobody reads the errors any more, the exit code still tells.
    with suppress(OSError):
        stderr().print(printable(message), style=style, markup=False, emoji=False)


def set_up_logging(*, verbose: bool) -> None:
    """Send the log to stderr: warnings, and with `verbose` everything."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    for noisy in ("numba", "matplotlib", "libav", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
