"""Scenes as folders in the layout of CDnet 2014."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from bgsub.errors import OutputExistsError, SinkWriteError
from bgsub.files import prepare_folder, write_bytes

if TYPE_CHECKING:
    from bgsub.synth._view import Array
    from bgsub.synth.scene import RenderedFrame, Scene

__all__ = ["truth_frames", "write_sequence"]

_JPEG_QUALITY = 95
_KEPT = "the frames before it are complete"


def truth_frames(scene: Scene) -> Iterator[Array]:
    """Yield the truth of each frame of a scene, (H, W) uint8 CDnet labels."""
    for frame in scene:
        yield frame.truth


def write_sequence(
    scene: Scene,
    folder: Path,
    on_frame: Callable[[RenderedFrame], None] | None = None,
    *,
    image_format: Literal["png", "jpg"] = "png",
) -> None:
    """Write a scene as a CDnet sequence.

    The folder gets ``input/in000001.png`` and so on, ``groundtruth/gt000001.png``,
    ``ROI.bmp`` (everything), and ``temporalROI.txt`` with the numbers of the first and the
    last scored frame, both counted from 1 and inclusive; the frames before are for training.

    Parameters
    ----------
    scene : Scene
        What to render.
    folder : Path
        Created with its parents; must not hold a sequence.
    on_frame : callable, optional
        Called with each frame after it was written: for a progress bar, or to write a clip of
        the same frames.
    image_format : {"png", "jpg"}
        Of the pictures; the truth is always PNG. JPEG (quality 95) is a quarter of the size,
        and its blocks are noise that a real camera has too.

    Raises
    ------
    OutputExistsError
        If the folder holds ``input`` or ``groundtruth`` already.
    SinkOpenError
        If the folder cannot be created.
    SinkWriteError
        If a file cannot be written.
    """
    pictures, truths = folder / "input", folder / "groundtruth"
    for path in (pictures, truths):
        if path.exists():
            msg = f"{path} exists already: choose another folder, or remove it first"
            raise OutputExistsError(msg)
    prepare_folder(pictures)
    prepare_folder(truths)
    _write(folder / "ROI.bmp", np.full((scene.height, scene.width), 255, np.uint8))
    for frame in scene:
        number = f"{frame.index + 1:06d}"
        _write(pictures / f"in{number}.{image_format}", frame.image)
        _write(truths / f"gt{number}.png", frame.truth)
        if on_frame is not None:
            on_frame(frame)
    scored = f"{scene.n_training + 1} {scene.n_frames}\n"
    write_bytes(folder / "temporalROI.txt", scored.encode(), kept=_KEPT)


def _write(path: Path, image: Array) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix == ".jpg" else []
    done, code = cv2.imencode(path.suffix, image, options)
    if not done:
        msg = f"the picture {path} cannot be encoded: choose another format"
        raise SinkWriteError(msg)
    write_bytes(path, code.data, kept=_KEPT)
