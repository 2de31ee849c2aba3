from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from bgsub.synth import Scene

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return ``scripts/make_videos.py`` as a module."""
    where = ROOT / "scripts" / "make_videos.py"
    spec = importlib.util.spec_from_file_location("make_videos", where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_videos", module)  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


def decode(path: Path, kind: str) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=kind) for frame in container.decode(video=0)]


def test_render_writes_a_clip_and_its_lossless_truth(
    script: ModuleType, tmp_path: Path
) -> None:
    clip = replace(script.CLIPS[1], seconds=1.0, width=160, height=90, crf=18)
    video, truth = script.render(clip, tmp_path)
    scene = Scene("traffic", width=160, height=90, n_frames=15, fps=15.0, seed=clip.seed)
    pictures, labels = decode(video, "bgr24"), decode(truth, "gray")
    assert len(pictures) == len(labels) == 15
    for frame, picture, label in zip(scene, pictures, labels, strict=True):
        np.testing.assert_array_equal(label, frame.truth)
        assert np.abs(picture.astype(float) - frame.image).mean() < 8.0


def test_stored_clips_are_what_the_script_renders_today(script: ModuleType) -> None:
    folder = ROOT / "videos"
    total = 0
    for clip in script.CLIPS:
        video, truth = folder / f"{clip.scene}.mp4", folder / f"{clip.scene}.truth.mkv"
        labels = decode(truth, "gray")
        assert len(labels) == round(clip.seconds * clip.fps)
        assert video.stat().st_size < 1_000_000
        total += video.stat().st_size + truth.stat().st_size
        scene = Scene(
            clip.scene, width=clip.width, height=clip.height, n_frames=len(labels),
            fps=float(clip.fps), seed=clip.seed,
        )  # fmt: skip
        for index in range(0, len(labels), 45):
            # Another processor may round a rim pixel differently; a changed scene shows.
            assert (labels[index] != scene.render(index).truth).mean() < 0.001
    assert total < 4_000_000
