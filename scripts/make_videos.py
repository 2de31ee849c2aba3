"""Render the clips of ``videos/`` with their truth.

Run from the root of the repository::

    python scripts/make_videos.py [FOLDER]

Each clip is H.264 in MP4; its truth, the CDnet labels of every pixel, is lossless FFV1 in
Matroska (grey, the labels as they are). Rendered frames depend on their seed alone; the
encoded bytes also on the version of the encoder.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
from av import VideoFrame

from bgsub.synth import Scene

if TYPE_CHECKING:
    import numpy as np
    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One clip to render; it is named after its scene."""

    scene: str
    seconds: float
    seed: int
    crf: int
    width: int = 640
    height: int = 360
    fps: int = 15


CLIPS = (
    Clip(scene="walkers", seconds=22.0, seed=6, crf=23),
    Clip(scene="traffic", seconds=12.0, seed=2, crf=25),
    Clip(scene="trees", seconds=12.0, seed=3, crf=25, width=480, height=270),
)


def _add_stream(
    container: OutputContainer,
    codec: Literal["libx264", "ffv1"],
    clip: Clip,
    pixels: str,
    options: dict[str, str],
) -> VideoStream:
    stream = container.add_stream(codec, rate=clip.fps, options=options)
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, pixels
    stream.codec_context.time_base = Fraction(1, clip.fps)
    return stream


def _encode(
    container: OutputContainer, stream: VideoStream, image: NDArray[np.uint8], index: int
) -> None:
    frame = VideoFrame.from_ndarray(image, format="gray" if image.ndim == 2 else "bgr24")
    frame.pts, frame.time_base = index, stream.codec_context.time_base
    container.mux(stream.encode(frame))


def render(clip: Clip, folder: Path) -> tuple[Path, Path]:
    """Render one clip and its truth; return the two files."""
    scene = Scene(
        clip.scene,
        width=clip.width,
        height=clip.height,
        n_frames=round(clip.seconds * clip.fps),
        fps=float(clip.fps),
        seed=clip.seed,
    )
    video, truth = folder / f"{clip.scene}.mp4", folder / f"{clip.scene}.truth.mkv"
    quality = {"crf": str(clip.crf), "preset": "veryslow", "threads": "1"}
    lossless = {"level": "3", "coder": "1", "context": "1", "g": str(10 * clip.fps)}
    with (
        av.open(str(video), "w", options={"movflags": "+faststart"}) as pictures,
        av.open(str(truth), "w") as labels,
    ):
        seen = _add_stream(pictures, "libx264", clip, "yuv420p", quality)
        known = _add_stream(labels, "ffv1", clip, "gray", lossless)
        for frame in scene:
            _encode(pictures, seen, frame.image, frame.index)
            _encode(labels, known, frame.truth, frame.index)
        pictures.mux(seen.encode())
        labels.mux(known.encode())
    return video, truth


def main() -> None:
    """Render all clips."""
    parser = argparse.ArgumentParser(description="Render the clips of videos/.")
    default = Path(__file__).parents[1] / "videos"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for clip in CLIPS:
        render(clip, folder)


if __name__ == "__main__":
    main()
