"""How kernels are compiled: without the interpreter's lock, kept on disk where possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["as_read_only", "device", "kernel"]

_F = TypeVar("_F", bound="Callable[..., Any]")

# The numpy error model leaves out the checks for division by zero that would keep loops from
# being vectorised.  No fastmath: results must be the same bits everywhere.
# Nothing calls kernels from C: a way to do so would be compiled for each.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


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


def device(function: _F) -> _F:
    """Compile `function` where kernels call it; nothing else can.

    It is part of the kernels that are kept on disk, and neither kept itself nor made callable
    from Python, which halves the time that it takes to compile.

    Parameters
    ----------
    function : callable
        Called by kernels of the same module only: they are compiled anew when their own module
        changes.

    Returns
    -------
    callable
        For kernels.
    """
    options = {**_OPTIONS, "no_cpython_wrapper": True}
    return cast("_F", njit(**options)(function))


def as_read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array as one that cannot be written: a view, unless it is one already.

    Numba compiles once for arrays that may be written and once for those that may not: a kernel
    whose inputs always come like this is compiled, and loaded, once.
    """
    if not array.flags.writeable:
        return array
    view = array.view()
    view.setflags(write=False)
    return view
