"""Kernels that are on disk, loaded without what only compiling others takes."""

from __future__ import annotations

import sys
from functools import cache, wraps
from typing import Any

from llvmlite import binding
from numba.core import environment
from numba.core.codegen import CPUCodegen, JITCodeLibrary
from numba.core.runtime import nrt

__all__ = ["replace_loading"]

_rebuild_env = environment._rebuild_env


class StoredLibrary(JITCodeLibrary):
    """A kernel's machine code.

    With it Numba stores the code from which it is compiled into others.  Numba's own method
    reads that at once, which takes longer than all else; here it is read when it is asked for.

    Parameters
    ----------
    codegen : CPUCodegen
        Numba's generator of code.
    name : str
        The kernel's name.
    machine_code, bitcode : bytes
        As Numba stores them.
    """

    def __init__(
        self, codegen: CPUCodegen, name: str, machine_code: bytes, bitcode: bytes
    ) -> None:
        self._module: Any = None
        self._bitcode = b""
        super().__init__(codegen, name)  # type: ignore[no-untyped-call]
        self._bitcode = bitcode
        self._machine_code = machine_code
        self.enable_object_caching()  # type: ignore[no-untyped-call]
        self._set_compiled_object(machine_code)  # type: ignore[no-untyped-call]
        self._finalize_final_module()  # type: ignore[no-untyped-call]

    @property
    def _shared_module(self) -> Any:  # noqa: ANN401 - LLVM's
        if self._module is None and self._bitcode:
            self._module = binding.parse_bitcode(self._bitcode)
        return self._module

    @_shared_module.setter
    def _shared_module(self, module: Any) -> None:  # noqa: ANN401 - LLVM's
        self._module = module

    def get_pointer_to_function(self, name: str) -> Any:  # noqa: ANN401 - Numba's
        """Return the address of a function; 0 if it is not in the kernel's machine code."""
        if name.encode() not in self._machine_code:
            return 0
        engine: Any = self._codegen._engine
        return engine.get_function_address(name)


def replace_loading() -> None:
    """Let Numba load kernels as described here; what they call is made known to LLVM."""
    CPUCodegen.unserialize_library = _unserialized  # type: ignore[method-assign, assignment]
    # What the processor is called is asked for each kernel, and stays the same.
    CPUCodegen.magic_tuple = cache(CPUCodegen.magic_tuple)  # type: ignore[method-assign]
    environment._rebuild_env = _rebuilt_environment
    runtime: Any = nrt
    for name, address in runtime._nrt.c_helpers.items():
        binding.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)


def _unserialized(codegen: CPUCodegen, stored: tuple[str, str, Any]) -> JITCodeLibrary:
    name, kind, data = stored
    if kind == "object":
        return StoredLibrary(codegen, name, *data)
    return JITCodeLibrary._unserialize(codegen, stored)  # type: ignore[no-untyped-call, no-any-return]


@wraps(_rebuild_env)
def _rebuilt_environment(module: str, constants: Any, name: str) -> environment.Environment:  # noqa: ANN401
    """Return what a function knows of Python, without importing those of Numba for it.

    Numba's own functions are compiled into kernels and ask Python for nothing but constants.
    """
    known = environment.lookup_environment(name)  # type: ignore[no-untyped-call]
    if known is not None or not module.startswith("numba.") or module in sys.modules:
        return _rebuild_env(module, constants, name)  # type: ignore[no-untyped-call, no-any-return]
    made = environment.Environment({"__name__": module})
    made.consts[:] = constants
    made.env_name = name
    environment.Environment._memo[name] = made
    return made
