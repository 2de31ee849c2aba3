"""A change of light of the whole picture, as a curve from old to new levels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import as_read_only, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["find_curves", "may_be_another"]

_SAMPLES = 4000
_MIN_SAMPLES = 200
_DARKEST, _BRIGHTEST = 5, 250
# Levels that are looked at together, and how many samples make a median of them.
_BIN = 16
_MIN_IN_BIN = 20
# The model is changed when it is off by this much at this share of the samples, and the curve
# leaves off at most that part of them.
_OFF = 12.0
_MIN_OFF = 0.2
_MOST_LEFT = 0.4


# A quick look takes this share of the samples, and half of what is off is enough for it.
_QUICKLY = 4


def may_be_another(
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    mask: Mask,
    gains: NDArray[np.float32],
) -> bool:
    """Return whether it is worth looking for curves: a quick look, which seldom errs.

    Parameters
    ----------
    picture, background, mask
        As for :func:`find_curves`.
    gains : ndarray of float32, shape (rows, columns, C)
        How much brighter than the background each block of the picture is known to be.
    """
    shape = (*mask.shape, -1)
    every = max(1, math.isqrt(_QUICKLY * mask.size // _SAMPLES))
    n_usable, n_off = _count_blocks(
        as_read_only(picture.reshape(shape)),
        as_read_only(background.reshape(shape)),
        as_read_only(mask),
        gains,
        every,
    )
    return n_usable < _MIN_SAMPLES // _QUICKLY or 2 * n_off >= _MIN_OFF * n_usable


def find_curves(
    picture: NDArray[np.uint8], background: NDArray[np.uint8], mask: Mask
) -> NDArray[np.float32] | None:
    """Return how the light has changed the background's levels, or None if it has not.

    Cameras answer a change of light by exposure and tone mapping of the whole picture: what
    was equally bright is so afterwards.  Objects are the minority that medians ignore.

    Parameters
    ----------
    picture, background : ndarray of uint8, shape (h, w) or (h, w, 3)
        The frame and the background.
    mask : Mask, shape (h, w)
        The last mask: foreground says nothing about the light.

    Returns
    -------
    ndarray of float32, shape (C, 256), or None
        What each level of each channel has become, if so much of the background is off that
        it begins to look like foreground, and the curves mend most of that.
    """
    stride = max(1, mask.size // _SAMPLES)
    n_channels = 1 if picture.ndim == 2 else picture.shape[2]
    pixels, means = picture.reshape(-1, n_channels), background.reshape(-1, n_channels)
    flat = mask.reshape(-1)
    n_usable, n_off = _count(
        as_read_only(pixels), as_read_only(means), as_read_only(flat), stride
    )
    if n_usable < _MIN_SAMPLES or n_off < _MIN_OFF * n_usable:
        return None
    seen, known = pixels[::stride].astype(np.float32), means[::stride].astype(np.float32)
    usable = (np.minimum(seen, known) > _DARKEST) & (np.maximum(seen, known) < _BRIGHTEST)
    usable = usable.all(axis=1) & (flat[::stride] == 0)
    seen, known = seen[usable], known[usable]
    levels = np.arange(256, dtype=np.float32)
    curves = np.stack([_curve(seen[:, c], known[:, c], levels) for c in range(n_channels)])
    mapped = [np.interp(known[:, c], levels, curves[c]) for c in range(n_channels)]
    if _share_off(seen, np.stack(mapped, axis=1)) > _MOST_LEFT * n_off / n_usable:
        return None
    return curves


@kernel
def _count_blocks(
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    gains: NDArray[np.float32],
    every: int,
) -> tuple[int, int]:
    """Return how many samples can be used, and how many are far off what the gains tell."""
    height, width, n_channels = picture.shape
    n_rows, n_columns, _ = gains.shape
    n_usable = n_off = 0
    for y in range(every // 2, height, every):
        row = y * n_rows // height
        for x in range(every // 2, width, every):
            if mask[y, x]:
                continue
            column = x * n_columns // width
            is_usable = True
            squares = np.float32(0)
            for c in range(n_channels):
                seen, known = picture[y, x, c], background[y, x, c]
                is_usable &= min(seen, known) > _DARKEST and max(seen, known) < _BRIGHTEST
                off = np.float32(seen) / gains[row, column, c] - np.float32(known)
                squares += off * off
            n_usable += is_usable
            n_off += is_usable and squares > n_channels * _OFF**2
    return n_usable, n_off


@kernel
def _count(
    pixels: NDArray[np.uint8], means: NDArray[np.uint8], mask: NDArray[np.uint8], stride: int
) -> tuple[int, int]:
    """Return how many samples can be used, and how many of them are far off."""
    n_channels = pixels.shape[1]
    n_usable = n_off = 0
    for i in range(0, len(pixels), stride):
        is_usable = mask[i] == 0
        squares = 0
        for c in range(n_channels):
            seen, known = int(pixels[i, c]), int(means[i, c])
            is_usable &= min(seen, known) > _DARKEST and max(seen, known) < _BRIGHTEST
            squares += (seen - known) ** 2
        n_usable += is_usable
        n_off += is_usable and squares > n_channels * _OFF**2
    return n_usable, n_off


def _share_off(seen: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    """Return the share of samples that are far off."""
    squares = np.square(seen - expected).mean(axis=1)
    return float(np.mean(squares > _OFF**2))


def _curve(
    seen: NDArray[np.float32], known: NDArray[np.float32], levels: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what each level has become: the median ratio of its neighbours."""
    bins = (known / _BIN).astype(np.int64)
    ratios = seen / known
    enough = np.flatnonzero(np.bincount(bins) >= _MIN_IN_BIN)
    if not len(enough):
        return levels * np.float32(np.median(ratios))
    medians = [np.median(ratios[bins == number]) for number in enough]
    factors: NDArray[np.float64] = np.interp(levels, (enough + 0.5) * _BIN, medians)
    return levels * factors.astype(np.float32)
