"""Write the golden masks in tests/golden, or with --check compare them.

Masks change only when the model's arithmetic does: say in the changelog why.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bgsub.mixture import MixtureModel, MixtureParams  # noqa: E402 - after the path is set
from tests.golden._clips import CLIPS  # noqa: E402 - after the path is set

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = ROOT / "tests" / "golden"
# Every value is written out: goldens do not change when a default does.
_BASE = MixtureParams(
    n_components=3,
    learning_rate=0.003,
    time_constant_s=None,
    initial_learning_rate=0.01,
    warmup_frames=200,
    background_threshold=0.7,
    match_sigmas=2.5,
    initial_variance=225.0,
    min_variance=100.0,
    initial_weight=0.001,
    max_value=None,
    detect_shadows=False,
    shadow_min_ratio=0.5,
)
PARAMS = {
    "moving_square": replace(_BASE, detect_shadows=True, min_variance=20.0),
    "swaying_leaves": replace(
        _BASE, n_components=4, learning_rate=0.05, warmup_frames=0, initial_weight=0.05
    ),
    "light_switch": replace(_BASE, learning_rate=0.02, background_threshold=0.6),
}


def golden(name: str) -> dict[str, Any]:
    """Return the record of one clip: parameters, masks and their checksum."""
    frames = CLIPS[name]()
    masks = MixtureModel(PARAMS[name]).apply_batch(frames)
    levels = np.searchsorted([0, 127, 255], masks).astype(np.uint8)
    bits = np.stack([levels == 1, levels == 2])
    packed = zlib.compress(np.packbits(bits).tobytes(), 9)
    return {
        "clip": name,
        "shape": list(masks.shape),
        "frames_sha256": hashlib.sha256(frames.tobytes()).hexdigest(),
        "masks_sha256": hashlib.sha256(masks.tobytes()).hexdigest(),
        "params": asdict(PARAMS[name]),
        "shadow_and_foreground_bits": base64.b64encode(packed).decode(),
    }


def masks_of(record: dict[str, Any]) -> NDArray[np.uint8]:
    """Return the masks in a record, shape (T, H, W)."""
    packed = zlib.decompress(base64.b64decode(record["shadow_and_foreground_bits"]))
    shape = tuple(record["shape"])
    size = int(np.prod(shape))
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=2 * size)
    shadow, foreground = bits.reshape(2, *shape)
    masks: NDArray[np.uint8] = shadow * np.uint8(127) + foreground * np.uint8(255)
    return masks


def main(arguments: list[str] | None = None) -> int:
    """Write or compare all records; return 1 if one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args(arguments).check
    differing = []
    for name in CLIPS:
        path = GOLDEN / f"{name}.json"
        record = golden(name)
        if check and json.loads(path.read_text()) != record:
            differing.append(name)
        if not check:
            path.write_text(json.dumps(record, indent=1) + "\n")
    if differing:
        sys.stderr.write(f"golden masks differ: {', '.join(differing)}\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
