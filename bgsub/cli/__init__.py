"""The command line: arguments to overrides, errors to sentences and exit codes."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

# Importing makes over a hundred thousand objects that stay: collecting among them again and
# again, as Python does by default, and once more in the end, is a sixth of a scan's time.
_OBJECTS_PER_COLLECTION = 500_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str or None
        The arguments after the program's name; None takes the process's own, which then ends
        with the command.

    Returns
    -------
    int
        0 done, 1 the run failed, 2 bad usage or configuration, 130 interrupted.
    """
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    atexit.register(gc.freeze)
    code = _run(argv)
    if argv is None:
        _leave(code)
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        # Loaded here, so that Ctrl-C in the first moments ends quietly too.
        from bgsub.cli.commands import run

        return run(argv)
    except KeyboardInterrupt:
        return 130


def _leave(code: int) -> None:
    """End the process, if nothing is left to wait for, without taking it apart.

    What the operating system does in one go takes Python longer than a second of footage.
    """
    is_watched = sys.gettrace() or sys.getprofile() or sys.flags.interactive
    if is_watched or threading.active_count() > 1:
        return
    # As Python would: what libraries asked for first, then what waits in the streams.
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
