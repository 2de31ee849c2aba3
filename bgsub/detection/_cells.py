"""Compiled steps between pixels and the cells of the coarse grid.

Indices are unsigned, and strides are written out: otherwise the loops are not vectorised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_STEP", "average", "enlarge", "limit"]

# The sums of larger cells' columns do not fit into 16 bits.
MOST_STEP = 257


_1, _2, _3, _4 = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)


@kernel
def average(
    values: NDArray[np.uint8], step: int, cells: NDArray[np.uint8], first: int, last: int
) -> None:
    """Write the mean of each cell, rounded as OpenCV does it.

    Parameters
    ----------
    values : ndarray of uint8, shape (h * step, w * step)
        Of the pixels.
    step : int
        Side of a cell in pixels, at most `MOST_STEP`.
    cells : ndarray of uint8, shape (h, w)
        Written.
    first, last : int
        The rows of cells that are written; the last one is not.
    """
    sums = np.empty(cells.shape[1] * step, np.uint16)
    share = np.float32(1) / np.float32(step * step)
    for y in range(first, last):
        for x in range(len(sums)):
            sums[x] = values[y * step, x]
        for k in range(1, step):
            for x in range(len(sums)):
                sums[x] += values[y * step + k, x]
        _gather(sums, step, share, cells[y])


@device
def _gather(
    sums: NDArray[np.uint16], step: int, share: np.float32, cells: NDArray[np.uint8]
) -> None:
    if step == 3:
        for x in range(len(cells)):
            i = _3 * np.uintp(x)
            total = np.uint32(sums[i]) + sums[i + _1] + sums[i + _2]
            cells[x] = np.uint8(np.int32(np.rint(np.float32(total) * share)))
    elif step == 4:
        for x in range(len(cells)):
            i = _4 * np.uintp(x)
            total = np.uint32(sums[i]) + sums[i + _1] + sums[i + _2] + sums[i + _3]
            cells[x] = np.uint8(np.int32(np.rint(np.float32(total) * share)))
    else:
        for x in range(len(cells)):
            total = np.uint32(0)
            for k in range(step):
                total += sums[np.uintp(x * step + k)]
            cells[x] = np.uint8(np.int32(np.rint(np.float32(total) * share)))


@kernel
def enlarge(
    cells: NDArray[np.uint8], step: int, pixels: NDArray[np.uint8], top: int, bottom: int
) -> None:
    """Write each cell's value into its pixels.

    Parameters
    ----------
    cells : ndarray of uint8, shape (h, w)
        The values.
    step : int
        Side of a cell in pixels.
    pixels : ndarray of uint8, shape (H, W)
        Written; at its right and lower edges the last cells go on.
    top, bottom : int
        The rows of cells whose pixels are written; the last one is not.
    """
    height, width = cells.shape
    for y in range(top, bottom):
        first = pixels[y * step]
        value = cells[y, 0]
        differs = np.uint8(0)
        for x in range(width):
            differs |= cells[y, x] ^ value
        if differs == 0:
            for x in range(len(first)):
                first[x] = value
        else:
            _stretch(cells[y], step, first)
        end = (y + 1) * step if y + 1 < height else len(pixels)
        for i in range(y * step + 1, end):
            row = pixels[i]
            for x in range(len(row)):
                row[x] = first[x]


@kernel
def limit(
    cells: NDArray[np.uint8],
    step: int,
    value: np.uint8,
    pixels: NDArray[np.uint8],
    line: NDArray[np.uint8],
    limited: NDArray[np.uint8],
) -> None:
    """Write pixels, and at most a value in those of some cells.

    Parameters
    ----------
    cells : ndarray of uint8, shape (h, w)
        Which ones, 0 or 1.
    step : int
        Side of a cell in pixels.
    value : uint8
        The most.
    pixels : ndarray of uint8, shape (H, W)
        Those at its right and lower edges belong to the last cells.
    line : ndarray of uint8, shape (W,)
        Room to work in.
    limited : ndarray of uint8, shape (H, W)
        Written.
    """
    height, width = cells.shape
    white = np.uint8(255)
    for y in range(height):
        is_any = np.uint8(0)
        for x in range(width):
            is_any |= cells[y, x]
        if is_any:
            _stretch(cells[y], step, line)
            for x in range(len(line)):
                line[x] = value if line[x] else white
        for i in range(y * step, (y + 1) * step if y + 1 < height else len(pixels)):
            source, target = pixels[i], limited[i]
            if is_any:
                for x in range(len(line)):
                    target[x] = min(source[x], line[x])
            else:
                for x in range(len(line)):
                    target[x] = source[x]


@device
def _stretch(cells: NDArray[np.uint8], step: int, pixels: NDArray[np.uint8]) -> None:
    if step == 2:
        for x in range(len(cells)):
            i = _2 * np.uintp(x)
            pixels[i] = pixels[i + _1] = cells[x]
    elif step == 3:
        for x in range(len(cells)):
            i = _3 * np.uintp(x)
            pixels[i] = pixels[i + _1] = pixels[i + _2] = cells[x]
    elif step == 4:
        for x in range(len(cells)):
            i = _4 * np.uintp(x)
            pixels[i] = pixels[i + _1] = pixels[i + _2] = pixels[i + _3] = cells[x]
    else:
        for x in range(len(cells)):
            for k in range(step):
                pixels[np.uintp(x * step + k)] = cells[x]
    for x in range(len(cells) * step, len(pixels)):
        pixels[x] = cells[len(cells) - 1]
