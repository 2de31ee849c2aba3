"""The command line: arguments to overrides, errors to sentences and exit codes."""

from __future__ import annotations

import atexit
import gc
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
        The arguments after the program's name; None takes the process's own.

    Returns
    -------
    int
        0 done, 1 the run failed, 2 bad usage or configuration, 130 interrupted.
    """
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    atexit.register(gc.freeze)
    try:
        # Loaded here, so that Ctrl-C in the first moments ends quietly too.
        from bgsub.cli.commands import run

        return run(argv)
    except KeyboardInterrupt:
        return 130
