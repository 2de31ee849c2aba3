from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from bgsub.app import clips
from tests.cli._run import run

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
    unused = {"scipy.linalg", "sklearn", "matplotlib", "pandas", "bgsub.cli.study"}
    assert not loaded & unused


def test_decoding_begins_before_the_compiler_is_loaded(
    clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def load() -> None:
        threads.extend(thread.name for thread in threading.enumerate())

    monkeypatch.setattr(clips, "load_compiler", load)
    assert run(capsys, "scan", clip).code == 0
    assert "bgsub-reader" in threads


_THRIFTY = """
import os, sys
os.environ["OPENBLAS_NUM_THREADS"] = "3"
os.environ.pop("PYDANTIC_DISABLE_PLUGINS", None)
from bgsub.cli.startup import load_libraries
load_libraries()
assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
assert "PYDANTIC_DISABLE_PLUGINS" not in os.environ
assert {"numpy", "cv2", "pydantic"} <= set(sys.modules)
"""


def test_what_a_command_starts_inherits_the_environment_as_it_was() -> None:
    subprocess.run([sys.executable, "-c", _THRIFTY], check=True)


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
