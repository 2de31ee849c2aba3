"""The grey picture as the decoder already has it: its luma plane."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange

if TYPE_CHECKING:
    from bgsub.frames import Image

__all__ = ["read_luma", "shrink"]

# In limited range, 16 is black and 235 is white.
_BLACK, _STRETCH = 16, 255 / 219


def read_luma(frame: av.VideoFrame, size: tuple[int, int]) -> Image | None:
    """Return the luma of a decoded frame, 0 black and 255 white, without a conversion.

    Parameters
    ----------
    frame : av.VideoFrame
        Any frame.
    size : tuple of int
        Wanted width and height, at most the frame's.

    Returns
    -------
    ndarray of uint8, shape (H, W), or None
        None where the frame has no plane of luma bytes: it must be converted.  At full size
        and in full range it is the decoder's memory, which lives as long as the array.
    """
    has_luma_bytes, is_full_range = _layout(frame.format.name)
    if not has_luma_bytes:
        return None
    plane: Any = frame.planes[0]  # a buffer, which its stubs do not say
    if plane.line_size < plane.width:
        return None  # stored bottom up
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    luma = shrink(rows[: plane.height, : plane.width], size)
    if is_full_range or frame.color_range == ColorRange.JPEG:
        return luma
    # Rounded and kept within 0 to 255; half the time of a table of the 256 values.
    return np.asarray(cv2.addWeighted(luma, _STRETCH, luma, 0.0, -_BLACK * _STRETCH))


def shrink(image: Image, size: tuple[int, int]) -> Image:
    """Return a picture reduced to `size` (width, height), every pixel taken into account.

    Halving is the one reduction that OpenCV vectorises: halves, and a last step of less than
    two, take a tenth of the time of one exact average.
    """
    height, width = image.shape[:2]
    while width >= 2 * size[0] and height >= 2 * size[1]:
        # An odd last row or column would make it a general, slow reduction.
        width, height = width // 2, height // 2
        even = image[: 2 * height, : 2 * width]
        image = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    if (width, height) == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))


@cache
def _layout(name: str) -> tuple[bool, bool]:
    """Tell of a kind of pixels whether it has a plane of luma bytes, always of full range."""
    kind = av.VideoFormat(name)
    if kind.is_rgb or kind.has_palette:
        return False, False
    parts = kind.components
    is_alone = kind.is_planar or len(parts) == 1
    has_luma_bytes = is_alone and parts[0].is_luma and parts[0].bits == 8
    return has_luma_bytes, len(parts) == 1 or name.startswith("yuvj")
