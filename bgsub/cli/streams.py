"""Standard input, output and error as the commands may rely on them."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["mend_streams", "quiet_libraries"]

_STDERR = 2


def mend_streams() -> None:
    """Open what the caller closed, and let no name stop the output for its characters."""
    while True:
        # The lowest free number is taken: a video must not become what libraries print to.
        number = os.open(os.devnull, os.O_RDWR)
        if number > _STDERR:
            os.close(number)
            break
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep to ourselves what libpng, libjpeg and others print about damaged pictures.

    They write to the file of stderr, past Python: it leads nowhere meanwhile, and Python's own
    stream keeps a copy of it.
    """
    try:
        is_ours = sys.stderr.fileno() == _STDERR
    except (OSError, ValueError):
        is_ours = False
    if not is_ours:
        yield
        return
    before = sys.stderr
    before.flush()
    kept = os.dup(_STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    sys.stderr = os.fdopen(
        kept, "w", buffering=1, encoding=before.encoding, errors=before.errors
    )
    try:
        yield
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os.dup2(kept, _STDERR)
        copy, sys.stderr = sys.stderr, before
        with suppress(OSError):
            copy.close()
