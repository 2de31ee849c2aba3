"""From the model's mask to the mask that is written: mask in, mask out, nothing kept.

All functions take and return masks of shape (H, W), uint8, with the values ``BACKGROUND`` (0),
``SHADOW`` (127) and ``FOREGROUND`` (255), and leave their arguments alone.
"""

from __future__ import annotations

from bgsub.masks.clean import CleanedMask, MaskCleaner
from bgsub.masks.components import coverage, drop_small, fill_holes, find_boxes
from bgsub.masks.majority import majority
from bgsub.masks.region import rasterize, restrict

__all__ = [
    "CleanedMask",
    "MaskCleaner",
    "coverage",
    "drop_small",
    "fill_holes",
    "find_boxes",
    "majority",
    "rasterize",
    "restrict",
]
