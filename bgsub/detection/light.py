"""A change of light that is the same factor everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["find_gains"]

_SAMPLES = 2000
_MIN_SAMPLES = 50
_DARKEST, _BRIGHTEST = 5, 250
# Keeps ratios of dark values from being all noise.
_OFFSET = 3.0
# Grey levels: most of a match threshold of 25.
_OFF = 18.0
_MIN_OFF = 0.25
_MOST_LEFT = 0.4


def find_gains(
    picture: NDArray[np.uint8], background: NDArray[np.uint8], mask: Mask
) -> tuple[float, ...] | None:
    """Return by which factors the light has changed, or None if it has not.

    Parameters
    ----------
    picture, background : ndarray of uint8, shape (h, w) or (h, w, 3)
        The frame and the background.
    mask : Mask, shape (h, w)
        The last mask: foreground says nothing about the light.

    Returns
    -------
    tuple of float or None
        For each channel the median ratio, if so much of the background is off that the model
        would take it for foreground, and the ratio mends most of that.
    """
    stride = max(1, mask.size // _SAMPLES)
    n_channels = 1 if picture.ndim == 2 else picture.shape[2]
    seen = picture.reshape(-1, n_channels)[::stride].astype(np.float32)
    known = background.reshape(-1, n_channels)[::stride].astype(np.float32)
    usable = (np.minimum(seen, known) > _DARKEST) & (np.maximum(seen, known) < _BRIGHTEST)
    usable = usable.all(axis=1) & (mask.reshape(-1)[::stride] == 0)
    if np.count_nonzero(usable) < _MIN_SAMPLES:
        return None
    seen, known = seen[usable], known[usable]
    gains = np.median((seen + _OFFSET) / (known + _OFFSET), axis=0)
    before = _share_off(seen, known)
    if before < _MIN_OFF:
        return None
    after = _share_off(seen, known * gains)
    if after > _MOST_LEFT * before:
        return None
    return tuple(float(gain) for gain in gains)


def _share_off(seen: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return the share of samples that are so far off that they may not match any more."""
    squares = np.square(seen - expected).mean(axis=1)
    return float(np.mean(squares > _OFF**2))
