"""What only a process of its own can show: threads, forks, and the cache of compiled code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bgsub

_TWO_MODELS_IN_TWO_THREADS = """
import threading
import numpy as np
from bgsub.mixture import MixtureModel

clip = np.random.default_rng(0).integers(0, 255, (8, 160, 240, 3)).astype(np.uint8)
expected = MixtureModel(n_threads=1).apply_batch(clip)
wrong = []

def run():
    for _ in range(5):
        model = MixtureModel(n_threads=2)
        masks = np.stack([model.apply(frame) for frame in clip])
        if not np.array_equal(masks, expected):
            wrong.append(1)

threads = [threading.Thread(target=run) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("wrong:", len(wrong))
"""

_MODEL_BEFORE_AND_AFTER_A_FORK = """
import os, sys, warnings
import numpy as np
from bgsub.mixture import MixtureModel

warnings.simplefilter("ignore", DeprecationWarning)
clip = np.random.default_rng(0).integers(0, 255, (4, 160, 240, 3)).astype(np.uint8)
expected = MixtureModel(n_threads=1).apply_batch(clip)
model = MixtureModel(n_threads=2)
model.apply_batch(clip[:2])
child = os.fork()
same = np.array_equal(model.apply_batch(clip[2:]), expected[2:])
if child == 0:
    os._exit(0 if same else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print("same:", same, "child:", status)
"""

_FIRST_MASK = """
import time
import numpy as np
from bgsub.mixture import MixtureModel

start = time.process_time()
MixtureModel().warm_up((480, 640, 3), np.uint8)
print("seconds:", time.process_time() - start)
"""


def _run(code: str, *, package: Path | None = None, **env: str) -> str:
    root = Path(bgsub.__file__).parents[1] if package is None else package
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(root), **env},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    return result.stdout


def _seconds(output: str) -> float:
    return float(output.removeprefix("seconds:"))


def test_models_in_several_threads_do_not_disturb_each_other() -> None:
    assert _run(_TWO_MODELS_IN_TWO_THREADS) == "wrong: 0\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_model_goes_on_after_a_fork() -> None:
    assert _run(_MODEL_BEFORE_AND_AFTER_A_FORK) == "same: True child: 0\n"


@pytest.mark.slow
def test_compiled_code_is_kept_on_disk(tmp_path: Path) -> None:
    first = _seconds(_run(_FIRST_MASK, NUMBA_CACHE_DIR=str(tmp_path)))
    second = _seconds(_run(_FIRST_MASK, NUMBA_CACHE_DIR=str(tmp_path)))
    assert first < 15.0
    assert second < first / 3


@pytest.mark.slow
def test_installation_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    package = tmp_path / "site"
    source = Path(bgsub.__file__).parent
    shutil.copytree(source, package / "bgsub", ignore=shutil.ignore_patterns("__pycache__"))
    # A file in the way of the folder stops even a superuser from writing there.
    (package / "bgsub" / "mixture" / "__pycache__").touch()
    home = tmp_path / "home"
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "NUMBA_CACHE_DIR": ""}
    _run(_FIRST_MASK, package=package, **places)
    assert list((home / "cache").rglob("*.nbi"))
    shutil.rmtree(home)
    home.touch()
    assert _run(_FIRST_MASK, package=package, **places).startswith("seconds:")
