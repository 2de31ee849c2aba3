"""Numba, loaded when it is wanted and without what no kernel here needs."""

from __future__ import annotations

import sys

__all__ = ["load_compiler"]

# SciPy's linear algebra, for matrix products, and the tool that measures what tests cover:
# Numba loads them wherever they are installed.
_UNUSED = ("scipy.linalg", "coverage")


def load_compiler() -> None:
    """Import Numba without the libraries that it loads only because they are installed.

    Loading them is a sixth of what a scan takes to start.  Only for commands, which are alone
    in their process: whoever uses the package from a program of their own may need Numba's
    matrix products.
    """
    left_out = [name for name in _UNUSED if name not in sys.modules]
    # Importing them fails meanwhile.
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        for name in left_out:
            del sys.modules[name]
