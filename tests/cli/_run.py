"""Running a command as a user would, within this process or as one of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np

from bgsub.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def is_one_sentence(self) -> bool:
        """Whether stderr holds one line, which is no traceback."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        return (
            len(lines) == 1 and lines[0].startswith("bgsub: ") and "Traceback" not in lines[0]
        )


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return Outcome(code=code, out=captured.out, err=captured.err)


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start bgsub as a process of its own."""
    command = [sys.executable, "-m", "bgsub", *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_masks(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [np.asarray(frame.to_ndarray(format="gray"), np.uint8) for frame in frames]


def count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
