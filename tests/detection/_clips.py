"""Small made-up clips, and detectors for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.app.build import build_detector
from bgsub.config import Config
from bgsub.frames import Frame, StreamInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from bgsub.detection import Detection, Detector

__all__ = [
    "FPS",
    "SIZE",
    "clip",
    "coverages",
    "f_measure",
    "found",
    "frames_of",
    "make",
    "world",
]

FPS = 25
SIZE = (72, 96)


def world(seed: int, shape: tuple[int, int] = SIZE, *, low: int = 60) -> NDArray[np.uint8]:
    """Return a smooth coloured texture, shape (H, W, 3)."""
    noise = np.random.default_rng(seed).normal(0, 1, (*shape, 3))
    noise[..., 1:] = 0.4 * noise[..., 1:] + 0.8 * noise[..., :1]
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    levels = low + 50 + 25 * smooth / smooth.std()
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def clip(
    n_frames: int, picture: Callable[[int], NDArray[np.uint8]], *, noise: float = 2.0
) -> list[NDArray[np.uint8]]:
    """Return the pictures of a clip, with the noise of a sensor."""
    rng = np.random.default_rng(77)
    frames = []
    for t in range(n_frames):
        exact = picture(t).astype(np.float32)
        noisy = exact + rng.normal(0, noise, exact.shape)
        frames.append(np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8))
    return frames


def frames_of(images: Sequence[NDArray[np.generic]], *, start_s: float = 0.0) -> list[Frame]:
    """Return pictures as frames of a stream."""
    return [
        Frame(index=t, timestamp_s=start_s + t / FPS, image=image)
        for t, image in enumerate(images)
    ]


def make(
    shape: tuple[int, ...] = SIZE,
    *,
    with_probability: bool = False,
    threads: int = 1,
    model: dict[str, object] | None = None,
    mask: dict[str, object] | None = None,
    **parts: object,
) -> Detector:
    """Return a detector with the product's defaults but for what is given."""
    sections = {"detector": parts, "model": model or {}, "mask": mask or {}}
    config = Config.model_validate({**sections, "run": {"threads": threads}})
    height, width = shape[:2]
    info = StreamInfo(
        name="clip", width=width, height=height, source_width=width, source_height=height
    )
    return build_detector(config, info, with_probability=with_probability)


def found(images: Sequence[NDArray[np.generic]], **settings: object) -> list[Detection]:
    """Return what a new detector says about a clip."""
    return list(make(images[0].shape, **settings).detect(frames_of(images)))  # type: ignore[arg-type]


def coverages(detections: Sequence[Detection]) -> NDArray[np.float64]:
    """Return the share of foreground of each frame."""
    return np.array([detection.coverage for detection in detections])


def f_measure(masks: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return the F-measure over all pixels."""
    hits = np.count_nonzero(masks & truth)
    return 2 * hits / (np.count_nonzero(masks) + np.count_nonzero(truth))
