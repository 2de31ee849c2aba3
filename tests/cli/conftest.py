"""A clip in which something moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 60
FPS = 20


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds, 128x96: a bright square crosses from 1.5 s on, until 2.5 s."""
    path = tmp_path_factory.mktemp("clip") / "yard.mp4"
    random = np.random.default_rng(1)
    scene = random.integers(60, 120, (96, 128, 3)).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "10", "g": "10"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for number in range(FRAMES):
            image = scene.copy()
            if 30 <= number < 50:
                left = 4 * (number - 30)
                image[30:60, left : left + 30] = 240
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path
