"""Small results to write, and readers for what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np

from bgsub.frames import FOREGROUND, SHADOW, Box, Frame, FrameResult, StreamInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray


def stream_info(width: int, height: int, fps: float | None = 25.0) -> StreamInfo:
    return StreamInfo(
        name="clip",
        width=width,
        height=height,
        source_width=width,
        source_height=height,
        fps=fps,
    )


def result(
    index: int,
    width: int,
    height: int,
    *,
    timestamp_s: float | None = None,
    channels: int = 3,
    dtype: DTypeLike = np.uint8,
    noise: bool = False,
) -> FrameResult:
    """A frame with a block of foreground and one of shadow that move with the index."""
    rng = np.random.default_rng(index)
    shape = (height, width) if channels == 1 else (height, width, channels)
    white = np.iinfo(dtype).max
    if noise:
        image: NDArray[Any] = rng.integers(0, white, shape, dtype, endpoint=True)
        mask = rng.choice(np.array([0, SHADOW, FOREGROUND], np.uint8), (height, width))
    else:
        image = np.full(shape, white // 2, dtype)
        mask = np.zeros((height, width), np.uint8)
        left = index % width
        mask[: height // 2 + 1, left : left + 5] = FOREGROUND
        mask[height // 2 + 1 :, left : left + 3] = SHADOW
    probability = np.full((height, width), index % 128, np.uint8)
    probability |= rng.integers(0, 256, (height, width), np.uint8) if noise else mask // 2
    for array in (image, mask, probability):
        array.setflags(write=False)
    box = Box(x=index % width, y=0, width=1, height=height // 2 + 1)
    return FrameResult(
        frame=Frame(
            index=index,
            timestamp_s=index / 25 if timestamp_s is None else timestamp_s,
            image=image,
        ),
        mask=mask,
        coverage=float((mask == FOREGROUND).mean()),
        boxes=(box,),
        in_event=index % 2 == 0,
        probability=probability,
    )


def results(n_frames: int, width: int, height: int, **how: Any) -> Iterator[FrameResult]:
    return (result(index, width, height, **how) for index in range(n_frames))


def decoded(path: Path, pixel_format: str) -> tuple[list[float], list[NDArray[np.uint8]]]:
    """Timestamps and pictures of a video, as far as it can be read."""
    times: list[float] = []
    pictures: list[NDArray[np.uint8]] = []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        try:
            for frame in container.decode(stream):
                times.append(float(frame.time or 0.0))
                pictures.append(np.asarray(frame.to_ndarray(format=pixel_format), np.uint8))
        except av.error.InvalidDataError:
            pass  # a file cut short ends in the middle of a picture
    return times, pictures


def top_boxes(path: Path) -> Sequence[str]:
    """The kinds of the outermost boxes of an MP4 file."""
    data = path.read_bytes()
    kinds, at = [], 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kinds.append(data[at + 4 : at + 8].decode("latin-1"))
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            break
        at += size
    return kinds
