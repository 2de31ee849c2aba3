"""Reading one picture file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2
import numpy as np
from cv2.utils import logging as cv2_logging

from bgsub.sources._container import MAX_PIXELS, MAX_SIDE_PX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bgsub.frames import Image

__all__ = ["like", "read_image"]

_COLOUR_CHANNELS = (3, 4)
# Unlike IMREAD_UNCHANGED, these turn the picture as its camera says it was held (Exif).
_AS_STORED = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
_WIDEN = 257  # 255 becomes 65535


def read_image(path: Path) -> Image | None:
    """Return the picture as stored, upright: (H, W) grey or (H, W, 3) BGR, uint8 or uint16.

    Transparency is dropped.  None is returned for what is damaged, cut off, too large, or of
    another type of number.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if not _is_complete(data):
        return None
    try:
        with _quiet_opencv():
            image = cv2.imdecode(np.frombuffer(data, np.uint8), _AS_STORED)
    except cv2.error:  # above OpenCV's own limit of pixels
        return None
    return None if image is None else _accepted(image)


def like(model: Image, image: Image) -> Image:
    """Return `image` with as many channels and the same type of number as `model`."""
    if image.ndim < model.ndim:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.ndim > model.ndim:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if image.dtype == model.dtype:
        return image
    if model.dtype == np.uint16:
        return image.astype(np.uint16) * np.uint16(_WIDEN)
    return np.rint(image / _WIDEN).astype(np.uint8)


def _is_complete(data: bytes) -> bool:
    """Tell whether a JPEG or PNG file has its end; decoders would fill the rest with grey."""
    if data.startswith(b"\xff\xd8"):
        # Start of scan and end of image cannot occur within compressed data.
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda") >= 0
    if data.startswith(b"\x89PNG"):
        return data.rfind(b"IEND") >= 0
    return bool(data)


def _accepted(image: Image) -> Image | None:
    height, width = image.shape[:2]
    if max(height, width) > MAX_SIDE_PX or height * width > MAX_PIXELS:
        return None
    if image.dtype not in (np.uint8, np.uint16):
        return None
    if image.ndim == 2:
        return image
    if image.shape[2] not in _COLOUR_CHANNELS:
        return None
    return np.ascontiguousarray(image[:, :, :3])


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    # A damaged picture is reported by the source, not by lines of the library's log.
    level = cv2_logging.getLogLevel()
    cv2_logging.setLogLevel(cv2_logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2_logging.setLogLevel(level)
