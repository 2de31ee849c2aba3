"""Real footage: read whole, without problems."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bgsub.sources import ClipSource, ImageFolderSource

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"

pytestmark = [
    pytest.mark.footage,
    pytest.mark.skipif(not DATA.is_dir(), reason="the footage is not here"),
]


@pytest.mark.parametrize(
    ("name", "count", "fps"),
    [
        ("traffic_camera.mp4", 576, 25),
        ("issue53_brightness_change.avi", 59, 12),
        ("video.avi", 374, 30),
    ],
)
def test_real_clip_is_read_whole(name: str, count: int, fps: int):
    with ClipSource(DATA / "clips" / name, start_s=0.0, end_s=None, scale=0.25) as source:
        times = [f.timestamp_s for f in source]

        assert source.problems == ()
        assert source.info.fps == fps
        assert source.info.n_frames == count
    assert times == pytest.approx([n / fps for n in range(count)])


@pytest.mark.parametrize("start_s", [3.3, 20.0])
def test_real_clip_is_the_same_from_a_later_start(start_s: float):
    path = DATA / "clips" / "traffic_camera.mp4"
    with ClipSource(path, start_s=start_s, end_s=start_s + 0.3, scale=1.0) as source:
        part = list(source)
    with ClipSource(path, start_s=0.0, end_s=start_s + 0.3, scale=1.0) as source:
        whole = [f for f in source if f.timestamp_s >= start_s]

    for ours, theirs in zip(part, whole, strict=True):
        assert (ours.index, ours.timestamp_s) == (theirs.index, theirs.timestamp_s)
        np.testing.assert_array_equal(ours.image, theirs.image)


def test_real_sequence_is_read_in_order():
    folder = DATA / "cdnet" / "baseline" / "highway"
    with ImageFolderSource(folder, fps=25.0, start_s=0.0, end_s=8.0, scale=1.0) as source:
        frames = list(source)

        assert source.problems == ()
        assert source.paths[0].name.startswith("in000001.")
    assert [f.index for f in frames] == list(range(200))
    assert {f.image.shape for f in frames} == {(240, 320, 3)}
    assert all(b.timestamp_s > a.timestamp_s for a, b in pairwise(frames))
