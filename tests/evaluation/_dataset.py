"""Small sequences in the CDnet layout, written to disk for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.frames import Frame, FrameResult, Mask

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 24, 16


def labels(number: int) -> Mask:
    """A moving square with a shadow, an unknown edge, and a strip outside the region."""
    truth = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    x = number % (WIDTH - 10)
    truth[9:12, x : x + 6] = 50
    truth[3:10, x : x + 7] = 170
    truth[4:9, x + 1 : x + 6] = 255
    truth[:, WIDTH - 3 :] = 85
    return truth


def write_picture(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def write_sequence(
    folder: Path,
    *,
    numbers: range = range(1, 11),
    truth: range | None = None,
    scored: str | None = None,
    channels: int = 1,
    extension: str = "png",
) -> Path:
    """Frames with these numbers, labels for those, and what temporalROI.txt says."""
    for number in numbers:
        frame = np.full((HEIGHT, WIDTH, 3), (40 + number) % 256, dtype=np.uint8)
        write_picture(folder / "input" / f"in{number:06d}.{extension}", frame)
    for name in ("input", "groundtruth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in numbers if truth is None else truth:
        picture = labels(number)
        if channels == 3:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR).astype(np.uint8)
        write_picture(folder / "groundtruth" / f"gt{number:06d}.png", picture)
    if scored is not None:
        (folder / "temporalROI.txt").write_text(scored)
    return folder


def result(index: int, mask: Mask) -> FrameResult:
    image = np.zeros((*mask.shape, 3), dtype=np.uint8)
    frame = Frame(index=index, timestamp_s=index / 25, image=image)
    return FrameResult(frame=frame, mask=mask, coverage=0.0, boxes=(), in_event=False)
