"""How kernels are compiled: without the interpreter's lock, kept on disk where possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel"]

_F = TypeVar("_F", bound="Callable[..., Any]")

# The numpy error model leaves out the checks for division by zero that would keep loops from
# being vectorised.  No fastmath: results must be the same bits everywhere.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def kernel(function: _F) -> _F:
    """Compile `function` on its first call, from the disk cache if it is there.

    Numba looks for a place for its cache beside the source, then in the user's cache
    directory.  Where neither can be written (a locked-down service account) it refuses to
    decorate at all; the function is then compiled anew in every process.

    Parameters
    ----------
    function : callable
        Takes arrays and scalars, writes into arrays it was given, raises nothing.

    Returns
    -------
    callable
        The compiled function, which lets other threads run while it works.
    """
    try:
        compiled = njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        compiled = njit(**_OPTIONS)(function)
    return cast("_F", compiled)
