"""What the commands say, and where: results on stdout, everything else on stderr."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "INTERRUPTED",
    "clock",
    "out",
    "print_error",
    "print_note",
    "set_up_logging",
    "stderr",
]

INTERRUPTED = 130
"""Exit code of a run that Ctrl-C or SIGTERM ended."""


def out() -> Console:
    """Return the console for results."""
    from rich.console import Console

    # Where the output is no terminal its width is unknown: never cut a table for that.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def stderr() -> Console:
    """Return the console for progress, notes and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_error(message: str) -> None:
    """Print one error; never a markup accident with the brackets of a file name."""
    stderr().print(f"bgsub: {message}", style="bold red", markup=False)


def print_note(message: str) -> None:
    """Print something that the user should know but that ends nothing."""
    stderr().print(message, style="yellow", markup=False)


def set_up_logging(*, verbose: bool) -> None:
    """Send the log to stderr: warnings, and with `verbose` everything."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    for noisy in ("numba", "matplotlib", "libav"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def clock(seconds: float) -> str:
    """Return a time of a clip as ``HH:MM:SS.mmm``."""
    total_ms = round(seconds * 1000)
    minutes, ms = divmod(total_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
