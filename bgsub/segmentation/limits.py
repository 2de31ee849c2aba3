"""What is refused before anything is done."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bgsub.errors import PictureError
from bgsub.segmentation.features import is_grey

if TYPE_CHECKING:
    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.frames import Image

__all__ = ["check_settings", "check_size"]

_GIB = 1 << 30
_USABLE_MEMORY = 0.75
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def check_settings(settings: SegmentationConfig) -> None:
    """Make sure that settings can be had together.

    Raises
    ------
    PictureError
        If they cannot.
    """
    if settings.estimator == "sklearn" and settings.stopping == "parameters":
        msg = (
            "scikit-learn stops by the likelihood only: choose segmentation.stopping "
            "likelihood, or the histogram estimator."
        )
        raise PictureError(msg)


def check_size(picture: Image, settings: SegmentationConfig) -> None:
    """Make sure that a picture can be worked on in the machine's memory.

    Parameters
    ----------
    picture : ndarray, shape (H, W) or (H, W, 3)
        uint8 or uint16.
    settings : SegmentationConfig
        How.

    Raises
    ------
    PictureError
        If not, with what would help.
    """
    need = _bytes_needed(picture, settings)
    have = _memory()
    if need > _USABLE_MEMORY * have:
        msg = (
            f"A picture of {picture.shape[1]}x{picture.shape[0]} pixels would need about "
            f"{need / _GIB:.0f} GiB of memory with these settings, and there are "
            f"{have / _GIB:.0f}: scale it down, choose fewer classes, or leave out position, "
            "texture, smoothing or scikit-learn's estimator."
        )
        raise PictureError(msg)


def _bytes_needed(picture: Image, settings: SegmentationConfig) -> float:
    pixels = picture.shape[0] * picture.shape[1] if picture.ndim >= 2 else 0
    k = settings.n_components or settings.max_components
    every_pixel = settings.position_weight > 0 or settings.texture_weight > 0
    d = 3 + 2 * (settings.position_weight > 0) + (settings.texture_weight > 0)
    # What is kept for each pixel: its index, labels and colours; then what each choice adds.
    each = 24.0
    if picture.dtype != np.uint8 and picture.ndim == 3 and not is_grey(picture):
        each += 80 + 4 * k
    if every_pixel:
        each += 4 * d + 60 + 4 * k
    if settings.smoothing > 0:
        each += 12 * k + (60 if every_pixel else 12)
    if settings.estimator == "sklearn":
        each += 8 * (3 * d + 4 * k)
    return pixels * each


def _memory() -> float:
    """Return the memory that may be used, in bytes; without end where nothing says so."""
    try:
        machine = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        machine = math.inf
    try:
        # A container may have less than the machine; without a limit this says "max".
        return min(machine, float(_CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):
        return machine
