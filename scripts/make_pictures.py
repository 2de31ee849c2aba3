"""Make the README's pictures from what ``bgsub process`` writes for the clips in videos/."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

_VIDEOS = Path(__file__).parents[1] / "videos"
_AT = {"walkers": 255, "traffic": 120}
_WIDTH = 480
_QUALITY = 66


def main() -> None:
    """Write one sheet for each clip: frame, mask, overlay and heat map."""
    for name, number in _AT.items():
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            clip = _VIDEOS / f"{name}.mp4"
            command = [sys.executable, "-m", "bgsub", "process", str(clip), "-o", folder, "-q"]
            subprocess.run(command, check=True)
            heat = cv2.imread(str(out / "heatmap.png"))
            if heat is None:
                sys.exit(f"{name}: there is no heat map")
            pictures = [
                _frame(clip, number),
                _frame(out / "mask.mkv", number),
                _frame(out / "overlay.mp4", number),
                np.asarray(heat, np.uint8),
            ]
        sheet = _sheet([_fit(picture) for picture in pictures])
        target = _VIDEOS / f"readme-{name}.jpg"
        cv2.imwrite(str(target), sheet, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


def _frame(path: Path, number: int) -> Picture:
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index == number:
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    return sys.exit(f"{path} has no frame {number}")


def _fit(picture: Picture) -> Picture:
    height = round(picture.shape[0] * _WIDTH / picture.shape[1])
    fitted = cv2.resize(picture, (_WIDTH, height), interpolation=cv2.INTER_AREA)
    return np.asarray(fitted, np.uint8)


def _sheet(pictures: list[Picture]) -> Picture:
    rows = [np.hstack(pictures[:2]), np.hstack(pictures[2:])]
    return np.vstack(rows)


if __name__ == "__main__":
    main()
