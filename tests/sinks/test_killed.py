"""What is left when the process is killed while it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.sinks._results import decoded, result

ROOT = Path(__file__).parents[2]
N_BEFORE_KILL = 200
# A second is held back by the containers, and a frame or two may be cut short.
N_LOST = 25 + 3


def test_videos_of_a_killed_process_play_up_to_the_last_second(tmp_path: Path):
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.sinks._child", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        written = -1
        for line in child.stdout:
            written = int(line)
            if written == N_BEFORE_KILL:
                child.kill()
    assert written >= N_BEFORE_KILL
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mask.part.mkv",
        "overlay.part.mp4",
    ]
    times, masks = decoded(tmp_path / "mask.part.mkv", "gray")
    assert len(masks) >= written - N_LOST
    for index, mask in enumerate(masks):
        assert np.array_equal(mask, result(index, 160, 120).mask)
    assert np.allclose(times, np.arange(len(times)) / 25, atol=5.1e-4)
    times, pictures = decoded(tmp_path / "overlay.part.mp4", "bgr24")
    assert len(pictures) >= written - N_LOST
    assert np.allclose(times, np.arange(len(times)) / 25, atol=1e-3)
