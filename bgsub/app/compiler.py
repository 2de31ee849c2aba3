"""Numba, loaded when it is wanted and without what no kernel here needs."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["load_compiler"]

# SciPy, for the linear algebra of matrix products, and the tool that measures what tests
# cover: Numba loads them wherever they are installed.
_UNUSED = ("scipy", "scipy.linalg", "coverage")
_GENERATORS = "numpy.random.bit_generator"
# What is replaced below is Numba's own business: only in versions with which this was tried.
_FIRST_TRIED, _LAST_TRIED = (0, 61), (0, 68)


@cache
def load_compiler() -> None:
    """Import Numba, once, without the libraries that it loads only because they are installed.

    From then on, kernels that are on disk are loaded without what only compiling takes,
    extensions of Numba are not looked for among all that is installed, and nobody is told of
    every call into LLVM.  Together this is a third of what a scan takes to start.  Only for
    commands, which are alone in their process: whoever uses the package from a program of
    their own may need what is left out.
    """
    if not _FIRST_TRIED <= _numba_version() <= _LAST_TRIED:
        with _left_out(*_UNUSED):
            import numba
        return
    with _left_out(*_UNUSED), _generators_left_out():
        import numba  # noqa: F401
    from numba.core import entrypoints, event
    from numba.core.caching import FunctionCache

    from bgsub.app.stored_kernels import replace_loading

    replace_loading()
    _tell_arrays_at_once()
    entrypoints.init_all = event.start_event = event.end_event = _nothing
    FunctionCache.load_overload = _load_overload  # type: ignore[method-assign]


def _numba_version() -> tuple[int, int]:
    """Return Numba's version without importing it; (0, 0) if that cannot be told."""
    found = find_spec("numba")
    if found is None or found.origin is None:
        return 0, 0
    try:
        text = Path(found.origin).with_name("_version.py").read_text()
    except OSError:
        return 0, 0
    said = re.search(r'"version": "(\d+)\.(\d+)', text)
    return (0, 0) if said is None else (int(said[1]), int(said[2]))


def _nothing(*_: object, **__: object) -> None: ...


def _load_overload(cache: Any, signature: Any, context: Any) -> Any:  # noqa: ANN401 - Numba's
    """Load a function from Numba's cache; None if it must be compiled.

    Numba's own method first learns all that can be compiled, a tenth of a second's work of
    which a function that is compiled has no use, nor for the runtime: what it needs of that
    is part of it.
    """
    from numba.core.caching import Cache

    context.refresh = _nothing
    try:
        found = Cache.load_overload(cache, signature, context)  # type: ignore[no-untyped-call]
    finally:
        del context.refresh
    if found is None:
        # Compiling comes next, and imports this.
        with _left_out(*_UNUSED):
            import numba.np.arraymath  # noqa: F401
    return found


def _tell_arrays_at_once() -> None:
    """Let Numba tell the type of an array without loading NumPy's masked arrays."""
    from numba.core import errors, types
    from numba.core.typing.typeof import typeof_impl
    from numba.np import numpy_support

    of_any_array: Any = typeof_impl.dispatch(np.ndarray)

    def type_of(array: Any, purpose: Any) -> Any:  # noqa: ANN401 - Numba's
        if type(array) is np.ndarray:
            try:
                kind = numpy_support.from_dtype(array.dtype)
            except errors.NumbaNotImplementedError:
                return of_any_array(array, purpose)
            layout = numpy_support.map_layout(array)
            return types.Array(kind, array.ndim, layout, readonly=not array.flags.writeable)
        return of_any_array(array, purpose)

    typeof_impl.register(np.ndarray, type_of)


@contextmanager
def _generators_left_out() -> Iterator[None]:
    """Let Numba, meanwhile, take stand-ins for NumPy's random generators and polynomials.

    It asks for both only to recognise them among the arguments of kernels.
    """
    stand_ins = {
        name: _StandIn(f"numpy.{name}")
        for name in ("random", "polynomial")
        if name not in vars(np)
    }
    vars(np).update(stand_ins)
    if "random" in stand_ins:
        sys.modules[_GENERATORS] = stand_ins["random"].bit_generator
    try:
        yield
    finally:
        # From now on they are what they always were, loaded when they are asked for.
        for name, stand_in in stand_ins.items():
            if vars(np).get(name) is stand_in:
                delattr(np, name)
        if isinstance(sys.modules.get(_GENERATORS), _StandIn):
            del sys.modules[_GENERATORS]


class _StandIn(ModuleType):
    """A module in which every class is there, and is of no use, and every module is such."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a class or a module
        if name.startswith("_"):
            raise AttributeError(name)
        is_class = name[0].isupper()
        made = type(name, (), {}) if is_class else _StandIn(f"{self.__name__}.{name}")
        setattr(self, name, made)
        return made


@contextmanager
def _left_out(*names: str) -> Iterator[None]:
    """Let importing these fail meanwhile."""
    missing = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(missing))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]
