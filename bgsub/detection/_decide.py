"""The compiled decisions about cells and pixels.

A frame is gone through by whole stretches of rows, so that the loops are vectorised: indices
are unsigned and strides written out for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection.pictures import flattened
from bgsub.jit import device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["decide", "decide_cells", "find_distances"]

_1, _2, _3, _4 = np.uintp(1), np.uintp(2), np.uintp(3), np.uintp(4)
# Cells that are looked at together for something to decide.
_BLOCK = 32
# Evidence of cells without anything to decide.
_NONE = np.float32(-1e9)
# Luma as OpenCV has it, in 1/32768.
_BLUE, _GREEN, _RED = np.int32(3735), np.int32(19235), np.int32(9798)
_HALF, _BITS = np.int32(16384), np.int32(15)


@kernel
def find_distances(
    scores: NDArray[np.uint8],
    unit: np.float32,
    threshold: NDArray[np.float32],
    widening: NDArray[np.float32],
    farthest: np.float32,
    found: NDArray[np.float32],
) -> None:
    """Write scores · unit / threshold, at most `farthest`, / widening if that has a size."""
    height, width = scores.shape
    for y in range(height):
        for x in range(width):
            distance = np.float32(scores[y, x]) * unit / threshold[y, x]
            found[y, x] = min(distance, farthest)
        if widening.size:
            for x in range(width):
                found[y, x] /= widening[y, x]


@kernel
def decide_cells(
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    luma: NDArray[np.uint8],
    last: NDArray[np.uint8],
    margin: np.float32,
    negligible: np.float32,
    mask: NDArray[np.uint8],
    is_near: NDArray[np.uint8],
) -> None:
    """Decide the cells by ``slope * luma + offset``.

    Parameters
    ----------
    slope, offset : ndarray of float32, shape (h, w)
        The evidence is in units of the match threshold.
    luma : ndarray of uint8, shape (h, w)
        The picture.
    last : ndarray of uint8, shape (h, w)
        The last mask.
    margin : float32
        What was background needs evidence above ``1 + margin``, foreground above
        ``1 - margin``.
    negligible : float32
        What exceeds it is near a decision.
    mask, is_near : ndarray of uint8, shape (h, w)
        Written: 255 for foreground, and 1 near a decision.
    """
    height, width = luma.shape
    low, high = np.float32(1) - margin, np.float32(1) + margin
    for y in range(height):
        for x in range(width):
            evidence = slope[y, x] * np.float32(luma[y, x]) + offset[y, x]
            threshold = low if last[y, x] else high
            mask[y, x] = np.uint8(255) if evidence > threshold else np.uint8(0)
            is_near[y, x] = np.uint8(1) if evidence > negligible else np.uint8(0)


def decide(
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    is_near: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    step: int,
    rows: NDArray[np.int32],
    row_shares: NDArray[np.float32],
    margin: np.float32,
    last: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    probability: NDArray[np.uint8],
    first_row: int,
    last_row: int,
) -> None:
    """Decide each pixel by ``slope * luma + offset``, interpolated between the cells.

    Parameters
    ----------
    slope, offset : ndarray of float32, shape (h, w)
        For each cell; the evidence is in units of the match threshold.
    is_near : ndarray of uint8, shape (h, w)
        0 in cells that have nothing to decide: there the mask stays 0.
    picture : ndarray of uint8, shape (H, W, C)
        The picture, grey or BGR.
    step : int
        Side of a cell in pixels.
    rows : ndarray of int32, shape (H,)
        The cell before each pixel's centre.
    row_shares : ndarray of float32, shape (H,)
        The share of the next cell.
    margin : float32
        What was background needs evidence above ``1 + margin``, foreground above
        ``1 - margin``.
    last : ndarray of uint8, shape (H, W)
        The last mask.
    mask : ndarray of uint8, shape (H, W)
        All 0; foreground is written as 255.
    probability : ndarray of uint8, shape (H, W) or (0, 0)
        All 0; written if it has a size: at least 128 where the mask is 255, below elsewhere.
    first_row, last_row : int
        The pixels' rows that are decided; the last one is not.
    """
    n_columns = slope.shape[1]
    # Cells with one more before the first one, and two after the last one, whose neighbour the
    # last pixels of the frame may need; pixels from the middle of the first of these on.
    _decide(
        slope,
        offset,
        is_near,
        flattened(picture),
        step,
        rows,
        row_shares,
        margin,
        last,
        np.zeros((3, n_columns + 3), np.float32),
        np.zeros((2, (n_columns + 3) * step), np.float32),
        np.zeros(mask.shape[1], np.uint8),
        np.zeros((n_columns // _BLOCK + 1, 2), np.int64),
        mask,
        probability,
        first_row,
        last_row,
    )


@kernel
def _decide(
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    is_near: NDArray[np.uint8],
    picture: NDArray[np.uint8],
    step: int,
    rows: NDArray[np.int32],
    row_shares: NDArray[np.float32],
    margin: np.float32,
    last: NDArray[np.uint8],
    cells: NDArray[np.float32],
    pixels: NDArray[np.float32],
    luma: NDArray[np.uint8],
    spans: NDArray[np.int64],
    mask: NDArray[np.uint8],
    probability: NDArray[np.uint8],
    first_row: int,
    last_row: int,
) -> None:
    """Decide as :func:`decide`, with room for rows of cells and pixels, all zeros."""
    width = mask.shape[1]
    n_spans, current = 0, -1
    before = step - step // 2
    for y in range(first_row, last_row):
        row = rows[y]
        if row != current:
            n_spans, current = _find_spans(is_near, row, spans), row
            _mark(is_near, row, cells)
        for i in range(n_spans):
            start, end = spans[i, 0], spans[i, 1]
            for k in range(2):
                values = slope if k == 0 else offset
                _mix(values, row, row_shares[y], start, end, k, cells)
                _stretch(cells, k, step, start, end, pixels)
            first = start * step - before if start > 0 else 0
            past = min(end * step - before, width)
            _write_luma(picture, y, picture.shape[1] // width, first, past, luma)
            _compare(pixels, np.uintp(before), luma, last, margin, y, first, past, mask)
            if probability.size:
                _write_levels(
                    pixels, np.uintp(before), luma, last, margin, y, first, past, probability
                )


@device
def _find_spans(is_near: NDArray[np.uint8], row: int, spans: NDArray[np.int64]) -> int:
    """Write where blocks of cells with something to decide begin and end; return their number.

    Cells are counted from one before the first; it and the one after the last belong to the
    blocks beside them.
    """
    n_cells = is_near.shape[1]
    n_spans = 0
    is_open = False
    for start in range(0, n_cells, _BLOCK):
        end = min(start + _BLOCK, n_cells)
        some = np.uint8(0)
        for x in range(start, end):
            some |= is_near[row, np.uintp(x)]
        if some and not is_open:
            spans[n_spans, 0] = start + 1 if start > 0 else 0
        if some:
            spans[n_spans, 1] = end + 1 if end < n_cells else end + 2
        elif is_open:
            n_spans += 1
        is_open = some != 0
    return n_spans + is_open


@device
def _mark(is_near: NDArray[np.uint8], row: int, cells: NDArray[np.float32]) -> None:
    """Write what is added to the evidence of the cells of a row."""
    n_cells = is_near.shape[1]
    for i in range(n_cells):
        x = np.uintp(i)
        cells[2, x + _1] = np.float32(0) if is_near[row, x] else _NONE
    cells[2, 0], cells[2, n_cells + 1] = cells[2, 1], cells[2, n_cells]


@device
def _mix(
    values: NDArray[np.float32],
    row: int,
    share: np.float32,
    start: int,
    end: int,
    k: int,
    cells: NDArray[np.float32],
) -> None:
    """Interpolate between two rows; the outermost cells are repeated."""
    n_rows, n_cells = values.shape
    beside = min(row + 1, n_rows - 1)
    for i in range(max(start - 1, 0), min(end, n_cells)):
        x = np.uintp(i)
        upper = values[row, x]
        cells[k, x + _1] = upper + share * (values[beside, x] - upper)
    cells[k, 0] = cells[k, 1]
    if end > n_cells:
        cells[k, n_cells + 1] = cells[k, n_cells + 2] = cells[k, n_cells]


@device
def _stretch(
    cells: NDArray[np.float32],
    k: int,
    step: int,
    start: int,
    end: int,
    pixels: NDArray[np.float32],
) -> None:
    """Interpolate pixels from the first centre on; offsets get the marks of their cells."""
    factor = np.float32(k)
    shift = np.float32(0) if step % 2 else np.float32(0.5)
    a = shift / np.float32(step)
    b = (shift + np.float32(1)) / np.float32(step)
    c = (shift + np.float32(2)) / np.float32(step)
    d = (shift + np.float32(3)) / np.float32(step)
    for i in range(start, end):
        x = np.uintp(i)
        value, rise = cells[k, x] + factor * cells[2, x], cells[k, x + _1] - cells[k, x]
        if step == 1:
            pixels[k, x] = value
        elif step == 2:
            pixels[k, _2 * x] = value + a * rise
            pixels[k, _2 * x + _1] = value + b * rise
        elif step == 3:
            pixels[k, _3 * x] = value + a * rise
            pixels[k, _3 * x + _1] = value + b * rise
            pixels[k, _3 * x + _2] = value + c * rise
        elif step == 4:
            pixels[k, _4 * x] = value + a * rise
            pixels[k, _4 * x + _1] = value + b * rise
            pixels[k, _4 * x + _2] = value + c * rise
            pixels[k, _4 * x + _3] = value + d * rise
        else:
            for n in range(step):
                part = (shift + np.float32(n)) / np.float32(step)
                pixels[k, np.uintp(step) * x + np.uintp(n)] = value + part * rise


@device
def _write_luma(
    picture: NDArray[np.uint8],
    y: int,
    n_channels: int,
    first: int,
    past: int,
    luma: NDArray[np.uint8],
) -> None:
    if n_channels == 1:
        for i in range(first, past):
            luma[np.uintp(i)] = picture[y, np.uintp(i)]
        return
    for i in range(first, past):
        x = _3 * np.uintp(i)
        level = _BLUE * np.int32(picture[y, x]) + _GREEN * np.int32(picture[y, x + _1])
        level += _RED * np.int32(picture[y, x + _2]) + _HALF
        luma[np.uintp(i)] = np.uint8(level >> _BITS)


@device
def _compare(
    pixels: NDArray[np.float32],
    before: np.uintp,
    luma: NDArray[np.uint8],
    last: NDArray[np.uint8],
    margin: np.float32,
    y: int,
    first: int,
    past: int,
    mask: NDArray[np.uint8],
) -> None:
    """Decide pixels of a row; slopes and offsets begin as many places before them."""
    low, high = np.float32(1) - margin, np.float32(1) + margin
    for i in range(first, past):
        x = np.uintp(i)
        evidence = pixels[0, before + x] * np.float32(luma[x]) + pixels[1, before + x]
        threshold = low if last[y, x] else high
        mask[y, x] = np.uint8(255) if evidence > threshold else np.uint8(0)


@device
def _write_levels(
    pixels: NDArray[np.float32],
    before: np.uintp,
    luma: NDArray[np.uint8],
    last: NDArray[np.uint8],
    margin: np.float32,
    y: int,
    first: int,
    past: int,
    levels: NDArray[np.uint8],
) -> None:
    """Write probabilities in 1/255, on the side of 127.5 where the decision is."""
    low, high = np.float32(1) - margin, np.float32(1) + margin
    half = np.float32(0.5)
    for i in range(first, past):
        x = np.uintp(i)
        evidence = pixels[0, before + x] * np.float32(luma[x]) + pixels[1, before + x]
        threshold = low if last[y, x] else high
        squared = max(evidence, np.float32(0)) ** 2
        level = np.float32(255) * squared / (squared + threshold * threshold) + half
        if evidence > threshold:
            levels[y, x] = np.uint8(max(level, np.float32(128)))
        else:
            levels[y, x] = np.uint8(min(level, np.float32(127)))
