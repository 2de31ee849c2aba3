"""What keeps the time from the command to the first frame short."""

from __future__ import annotations

import os
import sys
from importlib import import_module

__all__ = ["load_libraries"]

_LIBRARIES = ("numpy", "cv2", "bgsub.config")
_FRUGAL = {
    # Nothing here multiplies matrices, and threads that wait for such work spin for a while.
    "OPENBLAS_NUM_THREADS": "1",
    # Looking for plugins means reading what every installed package says of itself.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
# For so long a thread may keep the interpreter while others wait. By default it is 50 times as
# long: who reads frames would stand still for four of them while something is imported.
_TURN_S = 0.0001


def load_libraries() -> None:
    """Load what every run needs without what costs time and serves nobody here.

    From then on threads take short turns.
    The environment, which programs that a command starts inherit, is left as it was.  Only
    for commands that work on frames, which are alone in their process.
    """
    sys.setswitchinterval(_TURN_S)
    missing = [name for name in _FRUGAL if name not in os.environ]
    os.environ.update({name: _FRUGAL[name] for name in missing})
    try:
        for name in _LIBRARIES:
            import_module(name)
    finally:
        for name in missing:
            del os.environ[name]
