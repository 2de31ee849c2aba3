"""Make the README's pictures of still images from what bgsub itself writes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import av
from PIL import Image

_VIDEOS = Path(__file__).parents[1] / "videos"
_CLIP, _FRAME = "trees.mp4", 120
_WIDTH = 800
_QUALITIES = range(80, 30, -5)
_MAX_BYTES = 58_000


def main() -> None:
    """Write a segmentation, a demo and a study of a rendered frame."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        picture = out / "trees.png"
        _frame(_VIDEOS / _CLIP, _FRAME).save(picture)
        _bgsub("segment", picture, "-k", "4", "-o", out / "segment")
        _bgsub("demo", "em-2d", "-o", out / "demo")
        noise = ("--noise-sigma", "0,10,25,50", "--smoothing", "0,1,3,8")
        _bgsub("study", picture, "-k", "4", *noise, "-o", out / "study")
        _write(out / "segment" / "overview.png", "readme-segment.jpg")
        _write(out / "demo" / "evolution.png", "readme-em.jpg")
        _write(out / "study" / "effect-noise_sigma.png", "readme-study.jpg")


def _bgsub(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "bgsub", *map(str, arguments), "-q"]
    subprocess.run(command, check=True)


def _frame(clip: Path, number: int) -> Image.Image:
    with av.open(str(clip)) as container:
        for place, frame in enumerate(container.decode(video=0)):
            if place == number:
                return Image.fromarray(frame.to_ndarray(format="rgb24"))
    sys.exit(f"{clip.name} has no frame {number}")


def _write(path: Path, name: str) -> None:
    picture = Image.open(path).convert("RGB")
    height = round(picture.height * _WIDTH / picture.width)
    reduced = picture.resize((_WIDTH, height), Image.Resampling.LANCZOS)
    for quality in _QUALITIES:
        # Whole colour, or thin lines would smear.
        reduced.save(_VIDEOS / name, quality=quality, subsampling=0, optimize=True)
        if (_VIDEOS / name).stat().st_size <= _MAX_BYTES:
            return
    sys.exit(f"{name} is larger than {_MAX_BYTES} bytes however coarse")


if __name__ == "__main__":
    main()
