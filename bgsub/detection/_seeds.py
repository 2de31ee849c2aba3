"""Compiled search for seeds of shadows: places that show the background, darker.

Only the foreground is looked at: where there is none, it costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._runs import END, LABEL, ROW, START
from bgsub.detection.pictures import flattened
from bgsub.jit import device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_dimmed", "find_seeds"]

_1 = np.uintp(1)


def find_seeds(dimmed: NDArray[np.uint8], runs: NDArray[np.int32]) -> NDArray[np.uint8] | None:
    """Return where shadows may be: dimmed places that a square of 3 × 3 fits into.

    Parameters
    ----------
    dimmed : ndarray of uint8, shape (h, w)
        From :func:`find_dimmed`.
    runs : ndarray of int32, shape (n, 4)
        Of the foreground's regions.

    Returns
    -------
    ndarray of uint8, shape (h, w), or None
        1 there, 0 elsewhere; None if there is no such place.
    """
    if len(runs) == 0:
        return None
    seeds, fits = np.zeros_like(dimmed), np.empty_like(dimmed)
    line = np.empty(dimmed.shape[1], np.uint8)
    first, last = int(runs[0, ROW]), int(runs[-1, ROW])
    return seeds if _open(dimmed, first, last, line, fits, seeds) else None


def find_dimmed(
    runs: NDArray[np.int32],
    is_object: NDArray[np.bool_],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    *,
    darkest: float,
    brightest: float,
    most_spread: float,
    most_gradient: float,
) -> NDArray[np.uint8]:
    """Find where the picture is the background, darker by a factor that hardly changes.

    Parameters
    ----------
    runs : ndarray of int32, shape (n, 4)
        Of the foreground's regions.
    is_object : ndarray of bool, shape (regions + 1,)
        Which regions are looked at.
    picture, background : ndarray of uint8, shape (h, w) or (h, w, channels)
        They are smoothed by a 3 × 3 mean.
    logarithms : ndarray of float32, shape (256,)
        Of each level.
    darkest, brightest : float
        Limits of the log of picture over background, of the mean of the channels.
    most_spread : float
        Limit of the difference between the channels' ratios.
    most_gradient : float
        Limit of the ratio's gradient, per pixel.

    Returns
    -------
    ndarray of uint8, shape (h, w)
        1 there, 0 elsewhere.
    """
    height, width = picture.shape[:2]
    n_channels = picture.size // (height * width)
    dimmed = np.zeros((height, width), np.uint8)
    _find_dimmed(
        runs,
        is_object,
        flattened(picture),
        flattened(background),
        logarithms,
        np.float32(darkest),
        np.float32(brightest),
        np.float32(most_spread),
        np.float32(most_gradient),
        np.zeros(height + 1, np.int64),
        np.empty((width + 2, 2), np.int64),
        np.empty(width, np.bool_),
        np.empty((width + 2) * n_channels, np.uint16),
        np.empty((2, width * n_channels), np.uint8),
        np.empty((height, width), np.float32),
        dimmed,
    )
    return dimmed


@kernel
def _find_dimmed(
    runs: NDArray[np.int32],
    is_object: NDArray[np.bool_],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    logarithms: NDArray[np.float32],
    darkest: np.float32,
    brightest: np.float32,
    most_spread: np.float32,
    most_gradient: np.float32,
    row_first: NDArray[np.int64],
    pieces: NDArray[np.int64],
    is_dimmed: NDArray[np.bool_],
    sums: NDArray[np.uint16],
    levels: NDArray[np.uint8],
    ratios: NDArray[np.float32],
    dimmed: NDArray[np.uint8],
) -> None:
    """Find as :func:`find_dimmed`, with room to work in, of which the first one is zeros."""
    height, width = dimmed.shape
    n_channels = picture.shape[1] // width
    share = np.float32(1) / np.float32(n_channels)
    _find_rows(runs, row_first)
    for y in range(height):
        n_pieces = _find_pieces(runs, is_object, row_first, y, width, pieces)
        if n_pieces == 0:
            continue
        first, past = pieces[0, 0], pieces[n_pieces - 1, 1]
        # Faster than one piece after the other.
        for k in range(2):
            rows = picture if k == 0 else background
            _smooth(rows, n_channels, y, first, past, sums, levels, k)
        for piece in range(n_pieces):
            for x in range(pieces[piece, 0], pieces[piece, 1]):
                i = x * n_channels
                lowest = highest = total = logarithms[levels[0, i]] - logarithms[levels[1, i]]
                for j in range(i + 1, i + n_channels):
                    ratio = logarithms[levels[0, j]] - logarithms[levels[1, j]]
                    lowest, highest = min(lowest, ratio), max(highest, ratio)
                    total += ratio
                mean = total * share
                ratios[y, x] = mean
                is_between = (darkest < mean) & (mean < brightest)
                is_dimmed[x] = is_between & (highest - lowest < most_spread)
        for i in range(row_first[y], row_first[y + 1]):
            if is_object[runs[i, LABEL]]:
                for x in range(runs[i, START], runs[i, END]):
                    dimmed[y, x] = is_dimmed[x]
    _drop_steep(runs, ratios, np.float32(64) * most_gradient * most_gradient, dimmed)


@device
def _find_rows(runs: NDArray[np.int32], first: NDArray[np.int64]) -> None:
    """Write which run is the first of each row, and how many there are."""
    for i in range(len(runs)):
        first[runs[i, ROW] + 1] = i + 1
    for y in range(1, len(first)):
        first[y] = max(first[y], first[y - 1])


@device
def _find_pieces(
    runs: NDArray[np.int32],
    is_object: NDArray[np.bool_],
    row_first: NDArray[np.int64],
    y: int,
    width: int,
    pieces: NDArray[np.int64],
) -> int:
    """Write where a row has objects, or has them beside it, and return how many pieces."""
    above, here = row_first[max(y - 1, 0)], row_first[y]
    below, end = row_first[y + 1], row_first[min(y + 2, len(row_first) - 1)]
    above_end, here_end = here, below
    n = 0
    while True:
        above = _next_object(runs, is_object, above, above_end)
        here = _next_object(runs, is_object, here, here_end)
        below = _next_object(runs, is_object, below, end)
        leftmost = np.int64(-1)
        if above < above_end:
            leftmost = above
        if here < here_end and (leftmost < 0 or runs[here, START] < runs[leftmost, START]):
            leftmost = here
        if below < end and (leftmost < 0 or runs[below, START] < runs[leftmost, START]):
            leftmost = below
        if leftmost < 0:
            return n
        above += leftmost == above
        here += leftmost == here
        below += leftmost == below
        start, past = max(runs[leftmost, START] - 1, 0), min(runs[leftmost, END] + 1, width)
        if n > 0 and start <= pieces[n - 1, 1]:
            pieces[n - 1, 1] = max(pieces[n - 1, 1], past)
        else:
            pieces[n, 0], pieces[n, 1] = start, past
            n += 1


@device
def _next_object(
    runs: NDArray[np.int32], is_object: NDArray[np.bool_], i: np.int64, end: np.int64
) -> np.int64:
    """Return the first run of an object from one on, or the end."""
    while i < end and not is_object[runs[i, LABEL]]:
        i += 1
    return i


@device
def _smooth(
    picture: NDArray[np.uint8],
    n: int,
    y: int,
    start: int,
    end: int,
    sums: NDArray[np.uint16],
    levels: NDArray[np.uint8],
    k: int,
) -> None:
    """Write the 3 × 3 means of a part of a row; the picture goes on as in a mirror."""
    height, width = len(picture), picture.shape[1] // n
    up = y - 1 if y > 0 else min(1, height - 1)
    down = y + 1 if y + 1 < height else max(height - 2, 0)
    # The sums of a pixel's column stand one pixel further on.
    one = np.uintp(n)
    for i in range(max(start - 1, 0) * n, min(end + 1, width) * n):
        j = np.uintp(i)
        total = np.uint16(picture[up, j]) + np.uint16(picture[y, j])
        sums[one + j] = total + np.uint16(picture[down, j])
    for c in range(n):
        sums[c] = sums[n + min(1, width - 1) * n + c]
        sums[n + width * n + c] = sums[n + max(width - 2, 0) * n + c]
    for i in range(start * n, end * n):
        j = np.uintp(i)
        mean = np.uint32(sums[j]) + sums[j + one] + sums[j + one + one]
        levels[k, j] = np.uint8((mean + np.uint32(4)) // np.uint32(9))


@device
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


@kernel
def _open(
    dimmed: NDArray[np.uint8],
    first: int,
    last: int,
    line: NDArray[np.uint8],
    fits: NDArray[np.uint8],
    seeds: NDArray[np.uint8],
) -> bool:
    """Open by a square of 3 × 3 as OpenCV does, and return whether anything is left.

    Parameters
    ----------
    dimmed : ndarray of uint8, shape (h, w)
        0 or 1, 0 outside some rows.
    first, last : int
        Those rows, both inclusive.
    line : ndarray of uint8, shape (w,)
        Room to work in.
    fits : ndarray of uint8, shape (h, w)
        Written in those rows: 1 in the middle of a square that fits in.
    seeds : ndarray of uint8, shape (h, w)
        Zeros; written in those rows.
    """
    height = len(dimmed)
    for y in range(first, last + 1):
        above, here, below = dimmed[max(y - 1, 0)], dimmed[y], dimmed[min(y + 1, height - 1)]
        for x in range(len(line)):
            line[x] = above[x] & here[x] & below[x]
        _join(line, True, fits[y])
    is_any = np.uint8(0)
    for y in range(first, last + 1):
        above, here, below = fits[max(y - 1, first)], fits[y], fits[min(y + 1, last)]
        for x in range(len(line)):
            line[x] = above[x] | here[x] | below[x]
        _join(line, False, seeds[y])
        for x in range(len(line)):
            is_any |= seeds[y, x]
    return bool(is_any != 0)


@device
def _join(line: NDArray[np.uint8], is_and: bool, joined: NDArray[np.uint8]) -> None:
    """Write what each pixel and those beside it have in common, or have together."""
    last = len(line) - 1
    for edge in (0, last):
        a, b, c = line[max(edge - 1, 0)], line[edge], line[min(edge + 1, last)]
        joined[edge] = a & b & c if is_and else a | b | c
    if is_and:
        for i in range(1, last):
            x = np.uintp(i)
            joined[x] = line[x - _1] & line[x] & line[x + _1]
    else:
        for i in range(1, last):
            x = np.uintp(i)
            joined[x] = line[x - _1] | line[x] | line[x + _1]
