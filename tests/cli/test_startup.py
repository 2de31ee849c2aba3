from __future__ import annotations

import signal
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from bgsub.app import clips
from bgsub.pipeline import read_ahead
from tests.cli._run import run

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from bgsub.frames import FrameSource
    from bgsub.sources import ReadAhead

_LOADED = """
import sys
from bgsub.cli import main
assert main(sys.argv[1:]) == 0
print(*sorted(sys.modules))
"""
_UNUSED = {"email", "scipy", "sklearn", "matplotlib", "pandas", "bgsub.cli.study"}
_FOR_COMPILING = {"numba.np.npyimpl", "numba.np.arraymath"}


@pytest.mark.parametrize("command", ["scan", "process"])
def test_a_run_loads_nothing_that_it_has_no_use_for(
    command: str, clip: Path, tmp_path: Path
) -> None:
    arguments = [command, str(clip), "-o", str(tmp_path / "out"), "--quiet", "--overwrite"]
    # The first run may have to compile.
    for unused in (_UNUSED, _UNUSED | _FOR_COMPILING):
        run = subprocess.run(
            [sys.executable, "-c", _LOADED, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = set(run.stdout.split())
        assert "numba" in loaded
        assert not loaded & unused


def test_decoding_begins_before_the_compiler_is_loaded(
    clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[ReadAhead] = []
    began: list[float] = []

    def read(source: FrameSource, stop: threading.Event) -> ReadAhead:
        readers.append(read_ahead(source, stop))
        return readers[0]

    monkeypatch.setattr(clips, "read_ahead", read)
    monkeypatch.setattr(clips, "load_compiler", lambda: began.append(readers[0].began))
    assert run(capsys, "scan", clip).code == 0
    assert began[0] > 0


@pytest.mark.parametrize("command", ["scan", "process"])
def test_an_interrupt_while_loading_ends_the_run_without_a_trace(
    command: str,
    clip: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clips, "load_compiler", lambda: signal.raise_signal(signal.SIGINT))
    outcome = run(capsys, command, clip, "-o", tmp_path / "out")
    assert (outcome.code, outcome.is_one_sentence) == (130, True), outcome.err
    assert "interrupted before its first frame" in outcome.err
    assert not any((tmp_path / "out").iterdir())


_METADATA = """
from bgsub.cli.startup import put_off_metadata
put_off_metadata()
import importlib.metadata
from importlib.metadata import entry_points
import importlib.metadata as metadata, sys
assert "email" not in sys.modules
{use}
put_off_metadata()
assert importlib.metadata is sys.modules["importlib.metadata"]
print(importlib.metadata.version("numpy"), importlib.metadata.__file__)
"""


@pytest.mark.parametrize(
    "use",
    ["", "entry_points(group='console_scripts')", "from importlib.metadata import version"],
)
def test_metadata_of_packages_is_there_for_who_asks(use: str) -> None:
    code = _METADATA.format(use=use)
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.split()[0] == version("numpy")


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


_LEAVING = """
import atexit, sys
from bgsub.cli import main
sys.argv = ["bgsub", *sys.argv[1:]]
atexit.register(print, "others were told")
{before}
main()
print("was taken apart")
"""


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["scan"], 2)])
def test_a_process_of_its_own_ends_with_the_command(arguments: list[str], code: int) -> None:
    run = _leave("", *arguments)
    assert run.returncode == code
    assert run.stdout.splitlines()[-1] == "others were told"
    assert "was taken apart" not in run.stdout


@pytest.mark.parametrize(
    "before",
    [
        "import threading; threading.Timer(0.5, print, ['still at work']).start()",
        "sys.setprofile(lambda *_: None)",
    ],
)
def test_a_process_in_which_somebody_has_work_left_ends_as_usual(before: str) -> None:
    run = _leave(before, "--version")
    assert "was taken apart" in run.stdout
    assert ("still at work" in run.stdout) == ("threading" in before)


def _leave(before: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = _LEAVING.format(before=before)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
