"""What is left of recordings and of the log when the process is killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av.error
import pytest

from tests.sinks._recording import times
from tests.sinks._recording_child import FPS

ROOT = Path(__file__).parents[2]
MAX_LOST_S = 3.0


def killed_after(folder: Path, seconds: float) -> tuple[float, int]:
    """Let a child record for so long, then kill it.

    Returns how far it had come, and how many frames it had to leave out.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.sinks._recording_child", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    written_s, n_dropped, began = -1.0, 0, 0.0
    with child:
        assert child.stdout is not None
        for line in child.stdout:
            if written_s < 0:
                began = time.perf_counter()
            at_s, dropped = line.split()
            written_s, n_dropped = float(at_s), int(dropped)
            if child.returncode is None and time.perf_counter() - began >= seconds:
                child.kill()
    return written_s, n_dropped


def check(folder: Path, written_s: float, n_dropped: int) -> float:
    """Check all that is left; return how many seconds are lost."""
    lost = []
    for suffix in ("always*.mkv", "always*.mask.mkv"):
        paths = [
            p for p in sorted(folder.glob(f"*{suffix}")) if p.suffixes == _suffixes(suffix)
        ]
        held = [times(path) for path in paths[:-1]]
        # Of the newest there may be no more than its name.
        with contextlib.suppress(av.error.FFmpegError, KeyError):
            held.append(times(paths[-1]))
        if not held[-1]:
            held.pop()
        frames = [round(at_s * FPS) for one in held for at_s in one]
        n_missing = frames[-1] + 1 - len(frames)
        assert frames == sorted(set(frames))
        assert n_missing <= n_dropped, "not one is lost between the files"
        assert all(one[-1] - one[0] <= 5.0 for one in held)
        lost.append(written_s - frames[-1] / FPS)
    lines = (folder / "log.jsonl").read_text().splitlines()
    assert lines
    assert all(json.loads(line)["type"] for line in lines)
    assert max(lost) <= MAX_LOST_S
    return max(lost)


def _suffixes(pattern: str) -> list[str]:
    return [f".{part}" for part in pattern.split(".")[1:]]


def test_recordings_of_a_killed_process_play_up_to_the_last_seconds(tmp_path: Path) -> None:
    check(tmp_path, *killed_after(tmp_path, 7.3))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_recordings_play_whenever_the_process_is_killed(tmp_path: Path) -> None:
    moments = random.Random(5)
    folders = [tmp_path / str(number) for number in range(20)]
    for folder in folders:
        folder.mkdir()
    # Recording in real time leaves a processor idle: several record at once.
    with ThreadPoolExecutor(5) as pool:
        seconds = [moments.uniform(2.0, 12.0) for _ in folders]
        for folder, left in zip(folders, pool.map(killed_after, folders, seconds), strict=True):
            check(folder, *left)
