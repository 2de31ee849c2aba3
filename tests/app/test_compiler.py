from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_KERNELS = """
import numpy as np
from bgsub.app.compiler import load_compiler
load_compiler()
from bgsub.jit import kernel

@kernel
def double(values):
    for i in range(len(values)):
        values[i] = min(values[i] * 2, 100)

@kernel
def quadruple(values):
    double(values)
    double(values)
"""

_RUN = """
import sys
import kernels
for name in sys.argv[1:]:
    values = kernels.np.arange(3)
    getattr(kernels, name)(values)
    print(*values)
for name in ("numba.np.npyimpl", "numba.np.arrayobj", "scipy"):
    print(name in sys.modules)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kernels.py").write_text(_KERNELS)
    return tmp_path


def _run(folder: Path, *names: str) -> list[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{_RUN}"]
    done = subprocess.run([*command, *names], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_is_not_on_disk_is_compiled_without_what_no_kernel_needs(folder: Path) -> None:
    assert _run(folder, "quadruple") == ["0 4 8", "True", "True", "False"]


def test_what_is_on_disk_is_loaded_without_what_compiling_takes(folder: Path) -> None:
    _run(folder, "quadruple")
    assert _run(folder, "quadruple") == ["0 4 8", "False", "False", "False"]


def test_a_loaded_kernel_can_be_called_by_one_that_is_compiled_after_it(folder: Path) -> None:
    _run(folder, "double")
    assert _run(folder, "double", "quadruple") == ["0 2 4", "0 4 8", "True", "True", "False"]


def test_another_numba_is_left_as_it_is(folder: Path) -> None:
    newer = "from bgsub.app import compiler\ncompiler._numba_version = lambda: (9, 0)\n"
    (folder / "kernels.py").write_text(newer + _KERNELS)
    _run(folder, "quadruple")
    assert _run(folder, "quadruple") == ["0 4 8", "True", "True", "True"]
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\nimport kernels, numba\n"
    code += "from numba.core.typing import npydecl\nprint('numpy.random' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True"], "it may need what the others do not"


def test_the_version_is_known_before_anything_is_imported() -> None:
    code = "import sys\nfrom bgsub.app.compiler import _numba_version\n"
    code += "before = _numba_version()\nprint('numba' in sys.modules)\n"
    code += "import numba\nprint(before == numba.version_info.short)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


_LATER = """
import sys
import kernels
from kernels import np

kernels.double(np.arange(3))
for name in ("numpy.random", "numpy.polynomial", "numpy.ma"):
    print(name in sys.modules)
print(np.random.default_rng(1).integers(9) in range(9), np.polynomial.Polynomial([1, 2])(3.0))
from numpy.random.bit_generator import BitGenerator
print(isinstance(np.random.PCG64(), BitGenerator))
import numba
from numba.core.typing.typeof import typeof_impl
told = typeof_impl.dispatch(np.ndarray)
kernels.load_compiler()
print(typeof_impl.dispatch(np.ndarray) is told)
square = np.zeros((3, 3), np.float32)
square.flags.writeable = False
print(numba.typeof(square), numba.typeof(square.T), numba.typeof(square.copy()[:, :1]))
for wrong in (np.ma.masked_array([1, 2, 3]), np.zeros(3, np.longdouble)):
    try:
        print(numba.typeof(wrong))
    except Exception as error:
        print(type(error).__name__)
"""


def test_what_no_kernel_takes_is_loaded_when_the_program_asks_for_it(folder: Path) -> None:
    _run(folder, "double")
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{_LATER}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        *["False"] * 3,
        "True 7.0",
        "True",
        "True",
        "readonly array(float32, 2d, C) readonly array(float32, 2d, F) array(float32, 2d, A)",
        "NumbaTypeError",
        "NumbaValueError",
    ]
