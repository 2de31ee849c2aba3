"""What keeps the time from the command to the first frame short."""

from __future__ import annotations

import os
from importlib import import_module

__all__ = ["load_libraries"]

_LIBRARIES = ("numpy", "cv2", "bgsub.config")
_FRUGAL = {
    # Nothing here multiplies matrices, and threads that wait for such work spin for a while.
    "OPENBLAS_NUM_THREADS": "1",
    # Looking for plugins means reading what every installed package says of itself.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


def load_libraries() -> None:
    """Load what every run needs without what costs time and serves nobody here.

    The environment, which programs that a command starts inherit, is left as it was.  Only
    for commands that work on frames, which are alone in their process.
    """
    missing = [name for name in _FRUGAL if name not in os.environ]
    os.environ.update({name: _FRUGAL[name] for name in missing})
    try:
        for name in _LIBRARIES:
            import_module(name)
    finally:
        for name in missing:
            del os.environ[name]
