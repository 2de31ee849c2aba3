"""Small real clips, written with PyAV."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bgsub.frames import Image

RATE = 25
TICK = Fraction(1, 1000)
FAST = {"preset": "ultrafast", "g": "10", "bf": "2", "threads": "1"}


def picture(number: int, width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """A coloured ramp with `number` written as a bar code of eight squares at the top."""
    across = np.linspace(30, 220, width, dtype=np.uint8)
    image: NDArray[np.uint8] = np.empty((height, width, 3), np.uint8)
    image[:, :, 0] = across
    image[:, :, 1] = np.linspace(40, 200, height, dtype=np.uint8)[:, None]
    image[:, :, 2] = across[::-1]
    side = width // 8
    for bit in range(8):
        image[:side, bit * side : (bit + 1) * side] = 230 if number >> bit & 1 else 20
    return image


def number_in(image: Image) -> int:
    """Read the number that `picture` wrote, at any scale."""
    grey = image if image.ndim == 2 else image.mean(axis=2)
    side = grey.shape[1] / 8
    row = grey[round(side / 2)]
    return sum(int(row[round((bit + 0.5) * side)] > 125) << bit for bit in range(8))


@dataclass(frozen=True, kw_only=True)
class ClipSpec:
    """What `write_clip` writes; the defaults are a short H.264 clip with B-frames."""

    count: int = 40
    size: tuple[int, int] = (96, 64)
    codec: str = "libx264"
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: dict(FAST))
    muxer: dict[str, str] = field(default_factory=dict)
    times_ms: Sequence[int] | None = None
    container: str | None = None
    audio_s: float = 0.0
    created: str | None = None
    turn: tuple[int, bool, bool] | None = None


def write_clip(path: Path, spec: ClipSpec | None = None, **changes: Any) -> Path:
    spec = spec or ClipSpec(**changes)
    with av.open(str(path), "w", format=spec.container, options=spec.muxer) as container:
        if spec.created is not None:
            container.metadata["creation_time"] = spec.created
        stream = container.add_stream(spec.codec, rate=RATE, options=spec.options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = spec.size
        stream.pix_fmt = spec.pixels
        stream.codec_context.thread_count = 1
        if spec.times_ms is not None:
            stream.codec_context.time_base = TICK
        if spec.turn is not None:
            stream.set_display_rotation(*spec.turn)
        sound = container.add_stream("aac", rate=16000) if spec.audio_s else None
        for number in range(spec.count):
            container.mux(stream.encode(_frame(spec, number)))
        container.mux(stream.encode())
        if sound is not None:
            for block in range(int(spec.audio_s * 16000 / 1024)):
                container.mux(sound.encode(_silence(block)))
            container.mux(sound.encode())
    return path


def _frame(spec: ClipSpec, number: int) -> av.VideoFrame:
    image = picture(number, *spec.size)
    if spec.pixels.startswith("gray"):
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format=spec.pixels)
    else:
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    if spec.times_ms is None:
        frame.pts, frame.time_base = number, Fraction(1, RATE)
    else:
        frame.pts, frame.time_base = spec.times_ms[number], TICK
    return frame


def _silence(block: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
    )
    frame.sample_rate = 16000
    frame.pts, frame.time_base = block * 1024, Fraction(1, 16000)
    return frame


def write_sound(path: Path, seconds: float = 0.5) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        for block in range(int(seconds * 16000 / 1024)):
            container.mux(stream.encode(_silence(block)))
        container.mux(stream.encode())
    return path


def cut(path: Path, to: Path, fraction: float) -> Path:
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * fraction)])
    return to
