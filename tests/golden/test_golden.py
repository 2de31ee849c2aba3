"""The masks of a few clips, kept: a change of arithmetic is seen and owned up to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from bgsub.mixture import MixtureModel, MixtureParams
from scripts.generate_goldens import main, masks_of
from tests.golden._clips import CLIPS

_HERE = Path(__file__).parent


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_masks_are_those_that_were_kept(name: str, tmp_path: Path) -> None:
    record = json.loads((_HERE / f"{name}.json").read_text())
    frames = CLIPS[name]()
    assert hashlib.sha256(frames.tobytes()).hexdigest() == record["frames_sha256"]
    masks = MixtureModel(MixtureParams(**record["params"])).apply_batch(frames)
    kept = masks_of(record)
    assert hashlib.sha256(kept.tobytes()).hexdigest() == record["masks_sha256"]
    differing = np.flatnonzero((masks != kept).any(axis=(1, 2)))
    if differing.size:
        t = differing[0]
        picture = np.concatenate([kept[t], masks[t], (kept[t] != masks[t]) * np.uint8(255)], 1)
        np.save(tmp_path / "kept_got_difference.npy", picture)
    n = np.count_nonzero(masks != kept)
    assert n == 0, f"{n} pixels in frames {differing.tolist()}; see {tmp_path}"


def test_kept_masks_show_what_they_are_for() -> None:
    kept = {name: masks_of(json.loads((_HERE / f"{name}.json").read_text())) for name in CLIPS}
    square = kept["moving_square"]
    assert (square[40, 11:19, 33:40] == 255).all()
    assert (square[40, 21:23, 33:40] == 127).mean() > 0.5
    leaves = kept["swaying_leaves"]
    assert (leaves[1:5] == 255).mean() > 0.1
    assert (leaves[-5:] == 255).mean() < 0.06
    switch = kept["light_switch"]
    assert (switch[15] == 255).mean() < 0.01 < 0.5 < (switch[16] == 255).mean()


def test_generator_agrees_with_what_is_kept() -> None:
    assert main(["--check"]) == 0
