"""What keeps the time from the command to the first frame short."""

from __future__ import annotations

import sys

__all__ = ["load_compiler"]

_UNUSED = "scipy.linalg"


def load_compiler() -> None:
    """Import Numba without SciPy's linear algebra, which it loads wherever that is installed.

    Numba needs it for matrix products, of which no kernel here has any; loading it is a sixth
    of what a scan takes to start.  Only for commands, which are alone in their process: whoever
    uses the package from a program of their own may need Numba's matrix products.
    """
    if _UNUSED in sys.modules:
        return
    sys.modules[_UNUSED] = None  # type: ignore[assignment]  # importing it fails meanwhile
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules[_UNUSED]
