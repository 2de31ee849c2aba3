"""Compiled search for seeds of shadows: places that show the background, darker.

Only the foreground is looked at: where there is none, it costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._runs import END, LABEL, ROW, START
from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_dimmed", "find_seeds"]


@kernel
def find_seeds(
    runs: NDArray[np.int32],
    is_object: NDArray[np.bool_],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    darkest: np.float32,
    brightest: np.float32,
    most_spread: np.float32,
    most_gradient: np.float32,
    seeds: NDArray[np.uint8],
) -> bool:
    """Find where shadows may be: dimmed places that a square of 3 × 3 fits into.

    Parameters
    ----------
    runs, is_object, picture, background, logarithms
        As for :func:`find_dimmed`, and so are the limits.
    seeds : ndarray of uint8, shape (h, w)
        Zeros; written: 1.

    Returns
    -------
    bool
        Whether there are any.
    """
    height, width = seeds.shape
    dimmed = np.zeros_like(seeds)
    find_dimmed(
        runs,
        is_object,
        picture,
        background,
        logarithms,
        darkest,
        brightest,
        most_spread,
        most_gradient,
        dimmed,
    )
    is_any = False
    for i in range(len(runs)):
        y = runs[i, ROW]
        top, bottom = max(y - 1, 0), min(y + 2, height)
        for x in range(runs[i, START], runs[i, END]):
            if not dimmed[y, x]:
                continue
            left, right = max(x - 1, 0), min(x + 2, width)
            if _is_all(dimmed, top, bottom, left, right):
                seeds[top:bottom, left:right] = 1
                is_any = True
    return is_any


@kernel
def _is_all(values: NDArray[np.uint8], top: int, bottom: int, left: int, right: int) -> bool:
    for y in range(top, bottom):
        for x in range(left, right):
            if not values[y, x]:
                return False
    return True


@kernel
def find_dimmed(
    runs: NDArray[np.int32],
    is_object: NDArray[np.bool_],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    darkest: np.float32,
    brightest: np.float32,
    most_spread: np.float32,
    most_gradient: np.float32,
    dimmed: NDArray[np.uint8],
) -> None:
    """Find where the picture is the background, darker by a factor that hardly changes.

    Parameters
    ----------
    runs : ndarray of int32, shape (n, 4)
        Of the foreground's regions.
    is_object : ndarray of bool, shape (regions + 1,)
        Which regions are looked at.
    picture, background : ndarray of uint8, shape (h, w, channels)
        They are smoothed by a 3 × 3 mean.
    logarithms : ndarray of float32, shape (256,)
        Of each level.
    darkest, brightest : float32
        Limits of the log of picture over background, of the mean of the channels.
    most_spread : float32
        Limit of the difference between the channels' ratios.
    most_gradient : float32
        Limit of the ratio's gradient, per pixel.
    dimmed : ndarray of uint8, shape (h, w)
        Zeros; written: 1.
    """
    height, width, n_channels = picture.shape
    share = np.float32(1) / np.float32(n_channels)
    ratios = np.empty((height, width), np.float32)
    row_first = _rows(runs, height)
    near = np.zeros(width, np.uint8)
    sums = np.empty((width + 2) * n_channels, np.uint16)
    levels = np.empty((2, width * n_channels), np.uint8)
    for y in range(height):
        first, past = _mark_near(runs, is_object, row_first, y, near)
        if first >= past:
            continue
        # Faster than one piece after the other.
        _smooth(picture, y, first, past, sums, levels[0])
        _smooth(background, y, first, past, sums, levels[1])
        for x in range(first, past):
            if not near[x]:
                continue
            i = x * n_channels
            lowest = highest = total = logarithms[levels[0, i]] - logarithms[levels[1, i]]
            for j in range(i + 1, i + n_channels):
                ratio = logarithms[levels[0, j]] - logarithms[levels[1, j]]
                lowest, highest = min(lowest, ratio), max(highest, ratio)
                total += ratio
            mean = total * share
            ratios[y, x] = mean
            is_dimmed = (darkest < mean < brightest) & (highest - lowest < most_spread)
            dimmed[y, x] = is_dimmed & (near[x] > 1)
        near[first:past] = 0
    _drop_steep(runs, ratios, np.float32(64) * most_gradient * most_gradient, dimmed)


@kernel
def _rows(runs: NDArray[np.int32], height: int) -> NDArray[np.int64]:
    """Return which run is the first of each row, and how many there are."""
    first = np.zeros(height + 1, np.int64)
    for i in range(len(runs)):
        first[runs[i, ROW] + 1] = i + 1
    for y in range(height):
        first[y + 1] = max(first[y + 1], first[y])
    return first


@kernel
def _mark_near(
    runs: NDArray[np.int32],
    is_object: NDArray[np.bool_],
    row_first: NDArray[np.int64],
    y: int,
    near: NDArray[np.uint8],
) -> tuple[int, int]:
    """Write 2 in a row's pixels that are of objects, and 1 beside them.

    Return the first such pixel, and the one after the last.
    """
    width = len(near)
    first, past = width, 0
    for i in range(row_first[max(y - 1, 0)], row_first[min(y + 2, len(row_first) - 1)]):
        if is_object[runs[i, LABEL]]:
            start, end = max(runs[i, START] - 1, 0), min(runs[i, END] + 1, width)
            near[start:end] = 1
            first, past = min(first, start), max(past, end)
    for i in range(row_first[y], row_first[y + 1]):
        if is_object[runs[i, LABEL]]:
            near[runs[i, START] : runs[i, END]] = 2
    return first, past


@kernel
def _smooth(
    picture: NDArray[np.uint8],
    y: int,
    start: int,
    end: int,
    sums: NDArray[np.uint16],
    levels: NDArray[np.uint8],
) -> None:
    """Write the 3 × 3 means of a part of a row; the picture goes on as in a mirror."""
    height, width, n = picture.shape
    up, here, down = (
        picture[y - 1 if y > 0 else min(1, height - 1)].reshape(-1),
        picture[y].reshape(-1),
        picture[y + 1 if y + 1 < height else max(height - 2, 0)].reshape(-1),
    )
    # The sums of a pixel's column stand one pixel further on.
    inner = sums[n:]
    for i in range(max(start - 1, 0) * n, min(end + 1, width) * n):
        j = np.uintp(i)
        inner[j] = np.uint16(up[j]) + np.uint16(here[j]) + np.uint16(down[j])
    for c in range(n):
        sums[c] = inner[min(1, width - 1) * n + c]
        inner[width * n + c] = inner[max(width - 2, 0) * n + c]
    for i in range(start * n, end * n):
        j = np.uintp(i)
        total = np.uint32(sums[j]) + sums[j + np.uintp(n)] + sums[j + np.uintp(2 * n)]
        levels[j] = np.uint8((total + np.uint32(4)) // np.uint32(9))


@kernel
def _drop_steep(
    runs: NDArray[np.int32],
    ratios: NDArray[np.float32],
    limit: np.float32,
    dimmed: NDArray[np.uint8],
) -> None:
    """Drop where the ratio's gradient (Sobel, eightfold, squared) is not below a limit."""
    height, width = ratios.shape
    for i in range(len(runs)):
        y = runs[i, ROW]
        up, down = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(runs[i, START], runs[i, END]):
            if not dimmed[y, x]:
                continue
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            falling = ratios[down, left] - ratios[up, right]
            rising = ratios[down, right] - ratios[up, left]
            across = rising - falling + 2 * (ratios[y, right] - ratios[y, left])
            along = rising + falling + 2 * (ratios[down, x] - ratios[up, x])
            dimmed[y, x] = 4 * (across * across + along * along) < limit
