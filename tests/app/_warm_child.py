"""Prints which compiled functions a live scene needs that warming up did not load."""

from __future__ import annotations

import sys

import numpy as np
from numba.core.dispatcher import Dispatcher

from bgsub.app.live_scene import LiveScene, warm_up
from bgsub.config import Config
from bgsub.frames import Frame, StreamInfo

_HEIGHT, _WIDTH = 720, 1280
_FRAMES = 60


def _loaded() -> dict[str, int]:
    return {
        f"{name}.{key}": len(value.signatures)
        for name, module in list(sys.modules.items())
        if name.startswith("bgsub")
        for key, value in vars(module).items()
        if isinstance(value, Dispatcher)
    }


def main() -> None:
    """Warm up, watch somebody walk through a sunny yard, and compare."""
    info = StreamInfo(
        name="", width=_WIDTH, height=_HEIGHT, source_width=_WIDTH, source_height=_HEIGHT
    )
    warm_up(Config(), info, (_HEIGHT, _WIDTH, 3))
    before = _loaded()
    scene = LiveScene(Config(), info, None)
    rng = np.random.default_rng(3)
    ground = rng.integers(90, 130, (_HEIGHT, _WIDTH, 3), np.uint8)
    for t in range(_FRAMES):
        image = ground.copy()
        if t > 5:
            x = 100 + 12 * min(t, 30)
            image[200:420, x : x + 80] = (200, 40, 60)
            image[380:420, x + 80 : x + 220] //= 2
        if t > 40:
            image -= image // 3
        scene.look(Frame(index=t, timestamp_s=t / 25, image=image))
    after = _loaded()
    for name, count in after.items():
        if count != before.get(name, 0):
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
