"""Frames of any type as 8-bit pictures, for what looks at regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.jit import as_read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Image, Mask

__all__ = ["flattened", "near_foreground", "to_bytes", "to_luma"]

_AROUND = np.ones((9, 9), np.uint8)


def to_bytes(image: Image, max_value: float | None) -> NDArray[np.uint8]:
    """Return a frame as uint8, in its shape and C-contiguous.

    Parameters
    ----------
    image : Image
        uint8 is returned as it is, or as a contiguous copy.
    max_value : float or None
        The value that means white; None: the largest of the type, 1 for float32.
    """
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image)
    if max_value is None:
        max_value = 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max)
    levels = image.astype(np.float32) * np.float32(255.0 / max_value)
    finite: NDArray[np.float32] = np.nan_to_num(np.clip(levels, 0, 255), nan=0.0)
    return np.rint(finite).astype(np.uint8, order="C")


def to_luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the luma of a BGR picture; a grey one is returned as it is."""
    if picture.ndim == 2:
        return picture
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)  # type: ignore[return-value]


def near_foreground(mask: Mask) -> Mask:
    """Return what is not 0 in a mask, with four cells around it: what objects may touch."""
    if not cv2.countNonZero(mask):
        return mask
    return cv2.dilate(mask, _AROUND)  # type: ignore[return-value]


def flattened(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture with the channels side by side, shape (h, w * channels), to be read."""
    return as_read_only(np.ascontiguousarray(picture).reshape(len(picture), -1))
