from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_LOADED = """
import sys
from bgsub.cli import main
assert main(sys.argv[1:]) == 0
print(*sorted(sys.modules))
"""


@pytest.mark.parametrize("command", ["scan", "process"])
def test_a_run_loads_nothing_that_it_has_no_use_for(
    command: str, clip: Path, tmp_path: Path
) -> None:
    arguments = [command, str(clip), "-o", str(tmp_path / "out"), "--quiet"]
    run = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "numba.np.arraymath" in loaded
    assert not loaded & {"scipy.linalg", "sklearn", "matplotlib", "pandas"}


def test_programs_of_others_keep_numbas_matrix_products() -> None:
    pytest.importorskip("scipy")
    code = """
import numpy as np
from bgsub.masks import majority
majority(np.zeros((9, 9), np.uint8), 3)
import numba
product = numba.njit(lambda a, b: a @ b)(np.eye(2), np.eye(2))
print(product.tolist())
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[[1.0, 0.0], [0.0, 1.0]]"
