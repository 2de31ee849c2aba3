"""Compiled running means of what is learnt about the background of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_factors", "follow_blinks", "follow_strays"]


@kernel
def follow_blinks(
    found: NDArray[np.float32],
    share: NDArray[np.float32],
    near: NDArray[np.uint8],
    rate: np.float32,
    quiet: np.float32,
    blinks: NDArray[np.float32],
    toggles: NDArray[np.float32],
    was_far: NDArray[np.uint8],
) -> bool:
    """Follow how often cells leave their background or come back.

    Parameters
    ----------
    found, share : ndarray of float32, shape (h, w)
        A cell is far from its background if their product exceeds 1.
    near : ndarray of uint8, shape (h, w)
        Not 0 near foreground.
    rate : float32
        Share of the frame in the running means.
    quiet : float32
        What is said to blink exceeds it.
    blinks, toggles : ndarray of float32, shape (h, w)
        Written: shares of frames in which cells change sides, away from foreground and
        anywhere.
    was_far : ndarray of uint8, shape (h, w)
        Whether cells were far, 0 or 1: written.

    Returns
    -------
    bool
        Whether something blinks.
    """
    height, width = found.shape
    kept = np.float32(1) - rate
    blinking = np.uint8(0)
    for y in range(height):
        for x in range(width):
            is_far = np.uint8(1) if found[y, x] * share[y, x] > np.float32(1) else np.uint8(0)
            toggle = is_far ^ was_far[y, x]
            was_far[y, x] = is_far
            gain = rate if toggle else np.float32(0)
            toggles[y, x] = toggles[y, x] * kept + gain
            blink = blinks[y, x] * kept + (np.float32(0) if near[y, x] else gain)
            blinks[y, x] = blink
            blinking |= np.uint8(1) if blink > quiet else np.uint8(0)
    return bool(blinking != 0)


@kernel
def find_factors(
    blinks: NDArray[np.float32],
    gain: np.float32,
    widest: np.float32,
    always: np.float32,
    threshold: np.float32,
    most: np.float32,
    widening: NDArray[np.float32],
    levels: NDArray[np.uint8],
) -> None:
    """Work out what blinking changes.

    Parameters
    ----------
    blinks : ndarray of float32, shape (h, w)
        Shares of blinking frames.
    gain, widest : float32
        Growth of the squared match threshold with them, and its limit.
    always : float32
        Share of blinking frames from which `most` of the weights is background.
    threshold, most : float32
        Share of the weights that is background where nothing blinks, and where much does.
    widening, levels : ndarray of float32 and of uint8, shape (h, w)
        Written: factors on the match threshold, and shares of the weights in 1/255.
    """
    height, width = blinks.shape
    white, one = np.float32(255), np.float32(1)
    rise = max(np.float32(0), most - threshold)
    for y in range(height):
        for x in range(width):
            squared = min(one + gain * blinks[y, x], widest * widest)
            widening[y, x] = np.sqrt(squared)
            share = min(blinks[y, x] * (one / always), one)
            levels[y, x] = np.uint8(np.int32(np.rint((threshold + rise * share) * white)))


@kernel
def follow_strays(
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    luma: NDArray[np.uint8],
    widening: NDArray[np.float32],
    share: NDArray[np.float32],
    near: NDArray[np.uint8],
    rate: np.float32,
    sigmas: np.float32,
    mean: NDArray[np.float32],
    square: NDArray[np.float32],
    level: NDArray[np.float32],
) -> None:
    """Follow how far evidence strays where there is no foreground.

    Parameters
    ----------
    slope, offset : ndarray of float32, shape (h, w)
        Evidence is ``slope * luma + offset``, in thresholds of the cells.
    luma : ndarray of uint8, shape (h, w)
        The picture.
    widening : ndarray of float32, shape (h, w) or (0, 0)
        Factors in those thresholds that are taken out, if there are any.
    share : ndarray of float32, shape (h, w)
        More of them.
    near : ndarray of uint8, shape (h, w)
        Not 0 near foreground.
    rate : float32
        Share of the frame in the running means.
    sigmas : float32
        Standard deviations in `level`.
    mean, square : ndarray of float32, shape (h, w)
        Written: running means of the evidence and of its square.
    level : ndarray of float32, shape (h, w)
        Written: the mean, and as many standard deviations.
    """
    height, width = luma.shape
    kept, zero = np.float32(1) - rate, np.float32(0)
    for y in range(height):
        # Until the end of the row, the evidence.
        row = level[y]
        for x in range(width):
            row[x] = slope[y, x] * np.float32(luma[y, x]) + offset[y, x]
        if widening.size:
            for x in range(width):
                row[x] *= widening[y, x]
        for x in range(width):
            stray = max(row[x] * share[y, x], zero)
            is_near = near[y, x] != 0
            first = mean[y, x] if is_near else mean[y, x] * kept + rate * stray
            second = square[y, x] if is_near else square[y, x] * kept + rate * stray * stray
            mean[y, x], square[y, x] = first, second
            row[x] = first + sigmas * np.sqrt(max(second - first * first, zero))
