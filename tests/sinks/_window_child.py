"""A window of its own process, which says on standard output what was asked of it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2

from bgsub.config import load_config, parse_set
from bgsub.live_controls import LiveControls, LiveStatus
from bgsub.mixture import MixtureModel
from bgsub.sinks.window import Window
from tests.sinks._window import seen

_SHAPE = (180, 320, 3)
_MAX_S = 300.0


def main(folder: str, *settings: str) -> None:
    controls, status = LiveControls(), LiveStatus(source="yard", fps=25.0, delay_ms=12.0)
    model = MixtureModel()
    model.apply(seen(_SHAPE).frame.image)
    config = load_config(None, [parse_set(argument) for argument in settings]).config
    said: dict[str, Any] = {}
    window = Window(
        controls=controls,
        status=status,
        config=config,
        model=lambda: model,
        folder=Path(folder),
    )
    began, index = time.monotonic(), 0
    cv2.setNumThreads(1)
    with window:
        while not controls.quit and time.monotonic() - began < _MAX_S:
            window.write(seen(_SHAPE, index))
            index += not controls.paused
            window.poll()
            face = window._face
            says = asdict(controls) | {
                "view": face.view,
                "pixel": face.pixel,
                "canvas": face.canvas.shape[1::-1],
                "shows_keys": face.shows_keys,
                # Until they are drawn they are nowhere to be grasped.
                "shows_sliders": face.shows_sliders and face.sliders.area.width > 1,
            }
            controls.changes.clear()
            controls.reset_model = False
            if json.dumps(says) != json.dumps(said):
                said = says
                sys.stdout.write(json.dumps(says) + "\n")
                sys.stdout.flush()
            time.sleep(0.01)
    sys.stdout.write(json.dumps({"quit": controls.quit, "closed": True}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
