"""Where motion counts: polygons of the configuration as a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.errors import ConfigError
from bgsub.frames import BACKGROUND, FOREGROUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bgsub.frames import Mask

    Polygon = Sequence[tuple[float, float]]

__all__ = ["rasterize", "restrict"]

# Sub-pixel bits of the corners handed to OpenCV.
_SHIFT = 4

# Corners are held this many frames around the frame, where OpenCV's integers are safe.
_MARGIN_FRAMES = 16.0


def rasterize(
    include: Sequence[Polygon],
    exclude: Sequence[Polygon],
    *,
    width: int,
    height: int,
    source_width: int,
    source_height: int,
) -> Mask | None:
    """Return the part of the frame where motion counts.

    Corners are pixel positions (x, y) of the full-size picture, and the pixels under the
    outline belong to the polygon.  What lies outside the picture is cut off.  A pixel counts
    when it is in at least one of `include`, or there is none, and in none of `exclude`.

    Parameters
    ----------
    include, exclude : sequence of polygons
        Each a sequence of at least three (x, y).
    width, height : int
        Size of the frames that the region is for.
    source_width, source_height : int
        Size of the full-size picture.

    Returns
    -------
    Mask, shape (height, width), or None
        255 where motion counts, 0 elsewhere; None when there is no polygon at all.

    Raises
    ------
    ConfigError
        If a polygon to include, or the region as a whole, has no pixel in the picture.
    """
    if not include and not exclude:
        return None
    scale = (width / source_width, height / source_height)
    region = np.full((height, width), BACKGROUND if include else FOREGROUND, dtype=np.uint8)
    problems = []
    for i, polygon in enumerate(include):
        one = np.zeros_like(region)
        _fill(one, polygon, scale, FOREGROUND)
        if not one.any():
            problems.append(
                f"regions.include.{i}: the polygon lies outside the "
                f"{source_width}x{source_height} picture; move it inside or remove it"
            )
        region |= one
    for polygon in exclude:
        _fill(region, polygon, scale, BACKGROUND)
    if not problems and not region.any():
        problems.append(
            f"regions.exclude: nothing of the {source_width}x{source_height} picture is left "
            "to watch; make the excluded polygons smaller"
        )
    if problems:
        raise ConfigError(origin="region", problems=problems)
    return region


def restrict(mask: Mask, region: Mask | None) -> Mask:
    """Turn everything outside a region into background.

    Parameters
    ----------
    mask : Mask, shape (H, W)
        Not modified.
    region : Mask, shape (H, W), or None
        255 where labels stay, 0 elsewhere; None keeps all.

    Returns
    -------
    Mask, shape (H, W)
        A new array.
    """
    if region is None:
        return mask.copy()
    return cv2.bitwise_and(mask, region)  # type: ignore[return-value]


def _fill(mask: Mask, polygon: Polygon, scale: tuple[float, float], value: int) -> None:
    size = np.array(mask.shape[::-1], dtype=np.float64)
    # Pixel centres are whole numbers in both pictures, so scaling is about the corner at -1/2.
    corners: NDArray[np.float64] = (np.array(polygon, dtype=np.float64) + 0.5) * scale - 0.5
    corners = np.clip(corners, -_MARGIN_FRAMES * size, (_MARGIN_FRAMES + 1.0) * size)
    fixed = np.rint(corners * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], value, lineType=cv2.LINE_8, shift=_SHIFT)
