"""What keeps the time from the command to the first frame short."""

from __future__ import annotations

import importlib
import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["load_libraries", "put_off_metadata"]

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

_METADATA = "importlib.metadata"


def put_off_metadata() -> None:
    """Let what reads the metadata of packages, half of the mail library, be loaded on use.

    Pydantic and Numba import it to look for extensions, and then are told not to.
    """
    if _METADATA not in sys.modules:
        sys.modules[_METADATA] = importlib.metadata = _Metadata(_METADATA)


class _Metadata(ModuleType):
    """Becomes the module of the standard library with the first thing asked of it."""

    def entry_points(self, **chosen: Any) -> Any:  # noqa: ANN401 - the library's
        """Return the entry points, as the library does; who imports this need not call it."""
        return _metadata().entry_points(**chosen)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the library's
        # What importing asks of every module is not yet a use.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_metadata(), name)


def _metadata() -> Any:  # noqa: ANN401 - a module
    if isinstance(sys.modules.get(_METADATA), _Metadata):
        del sys.modules[_METADATA]
    return import_module(_METADATA)


def load_libraries() -> None:
    """Load what every run needs without what costs time and serves nobody here.

    The environment, which programs that a command starts inherit, is left as it was; threads
    take short turns from then on.  Only for commands that work on frames, which are alone in
    their process.
    """
    sys.setswitchinterval(_TURN_S)
    missing = [name for name in _FRUGAL if name not in os.environ]
    os.environ.update({name: _FRUGAL[name] for name in missing})
    try:
        for name in _LIBRARIES:
            import_module(name)
        # What checks values is made with the first ones: here, where no plugin is looked for.
        import_module("bgsub.config").Config()
    finally:
        for name in missing:
            del os.environ[name]
