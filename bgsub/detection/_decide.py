"""The compiled decisions about cells and pixels.

A frame is gone through by whole stretches of rows, so that the loops are vectorised: indices
are unsigned and strides written out for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.jit import kernel

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


@kernel
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
    width = mask.shape[1]
    # With a cell more before the first one, and two after the last one, whose neighbour the
    # last pixels of the frame may need.
    cells = np.zeros((3, n_columns + 3), np.float32)
    # From the middle of the first of these on.
    pixels = np.zeros((2, (n_columns + 3) * step), np.float32)
    luma = np.zeros(width, np.uint8)
    spans = np.zeros((n_columns // _BLOCK + 1, 2), np.int32)
    n_spans, current = 0, -1
    before = step - step // 2
    for y in range(first_row, last_row):
        row = rows[y]
        if row != current:
            n_spans, current = _find_spans(is_near[row], spans), row
            _mark(is_near[row], cells[2])
        for start, end in spans[:n_spans]:
            _mix(slope, row, row_shares[y], start, end, cells[0])
            _mix(offset, row, row_shares[y], start, end, cells[1])
            _stretch(cells[0], cells[2], False, step, start, end, pixels[0])
            _stretch(cells[1], cells[2], True, step, start, end, pixels[1])
            first = start * step - before if start > 0 else 0
            past = min(end * step - before, width)
            _write_luma(picture[y], first, past, luma)
            lines = pixels[0][before:], pixels[1][before:]
            _compare(lines, luma, last[y], margin, first, past, mask[y])
            if probability.size:
                _write_levels(lines, luma, last[y], margin, first, past, probability[y])


@kernel
def _find_spans(is_near: NDArray[np.uint8], spans: NDArray[np.int32]) -> int:
    """Write where blocks of cells with something to decide begin and end; return their number.

    Cells are counted from one before the first; it and the one after the last belong to the
    blocks beside them.
    """
    n_cells = len(is_near)
    n_spans = 0
    is_open = False
    for start in range(0, n_cells, _BLOCK):
        end = min(start + _BLOCK, n_cells)
        some = np.uint8(0)
        for x in range(start, end):
            some |= is_near[x]
        if some and not is_open:
            spans[n_spans, 0] = start + 1 if start > 0 else 0
        if some:
            spans[n_spans, 1] = end + 1 if end < n_cells else end + 2
        elif is_open:
            n_spans += 1
        is_open = some != 0
    return n_spans + is_open


@kernel
def _mark(is_near: NDArray[np.uint8], marks: NDArray[np.float32]) -> None:
    for x in range(len(is_near)):
        marks[np.uintp(x) + _1] = np.float32(0) if is_near[x] else _NONE
    marks[0], marks[len(is_near) + 1] = marks[1], marks[len(is_near)]


@kernel
def _mix(
    values: NDArray[np.float32],
    row: int,
    share: np.float32,
    start: int,
    end: int,
    cells: NDArray[np.float32],
) -> None:
    """Interpolate between two rows; the outermost cells are repeated."""
    upper, lower = values[row], values[min(row + 1, len(values) - 1)]
    n_cells = len(upper)
    for i in range(max(start - 1, 0), min(end, n_cells)):
        x = np.uintp(i)
        cells[x + _1] = upper[x] + share * (lower[x] - upper[x])
    cells[0] = cells[1]
    if end > n_cells:
        cells[n_cells + 1] = cells[n_cells + 2] = cells[n_cells]


@kernel
def _stretch(
    cells: NDArray[np.float32],
    marks: NDArray[np.float32],
    is_marked: bool,
    step: int,
    start: int,
    end: int,
    pixels: NDArray[np.float32],
) -> None:
    """Interpolate pixels from the first centre on; add the marks of the cells before them."""
    factor = np.float32(1) if is_marked else np.float32(0)
    shift = np.float32(0) if step % 2 else np.float32(0.5)
    a = shift / np.float32(step)
    b = (shift + np.float32(1)) / np.float32(step)
    c = (shift + np.float32(2)) / np.float32(step)
    d = (shift + np.float32(3)) / np.float32(step)
    for i in range(start, end):
        x = np.uintp(i)
        value, rise = cells[x] + factor * marks[x], cells[x + _1] - cells[x]
        if step == 1:
            pixels[x] = value
        elif step == 2:
            pixels[_2 * x] = value + a * rise
            pixels[_2 * x + _1] = value + b * rise
        elif step == 3:
            pixels[_3 * x] = value + a * rise
            pixels[_3 * x + _1] = value + b * rise
            pixels[_3 * x + _2] = value + c * rise
        elif step == 4:
            pixels[_4 * x] = value + a * rise
            pixels[_4 * x + _1] = value + b * rise
            pixels[_4 * x + _2] = value + c * rise
            pixels[_4 * x + _3] = value + d * rise
        else:
            for k in range(step):
                part = (shift + np.float32(k)) / np.float32(step)
                pixels[np.uintp(step) * x + np.uintp(k)] = value + part * rise


@kernel
def _write_luma(
    pixels: NDArray[np.uint8], first: int, past: int, luma: NDArray[np.uint8]
) -> None:
    n_channels = np.uintp(pixels.shape[1])
    flat = pixels.reshape(-1)
    if n_channels == 1:
        for i in range(first, past):
            luma[np.uintp(i)] = flat[np.uintp(i)]
        return
    for i in range(first, past):
        x = _3 * np.uintp(i)
        level = _BLUE * np.int32(flat[x]) + _GREEN * np.int32(flat[x + _1])
        level += _RED * np.int32(flat[x + _2]) + _HALF
        luma[np.uintp(i)] = np.uint8(level >> _BITS)


@kernel
def _compare(
    lines: tuple[NDArray[np.float32], NDArray[np.float32]],
    luma: NDArray[np.uint8],
    last: NDArray[np.uint8],
    margin: np.float32,
    first: int,
    past: int,
    mask: NDArray[np.uint8],
) -> None:
    low, high = np.float32(1) - margin, np.float32(1) + margin
    slope, offset = lines
    for i in range(first, past):
        x = np.uintp(i)
        evidence = slope[x] * np.float32(luma[x]) + offset[x]
        threshold = low if last[x] else high
        mask[x] = np.uint8(255) if evidence > threshold else np.uint8(0)


@kernel
def _write_levels(
    lines: tuple[NDArray[np.float32], NDArray[np.float32]],
    luma: NDArray[np.uint8],
    last: NDArray[np.uint8],
    margin: np.float32,
    first: int,
    past: int,
    levels: NDArray[np.uint8],
) -> None:
    """Write probabilities in 1/255, on the side of 127.5 where the decision is."""
    low, high = np.float32(1) - margin, np.float32(1) + margin
    half = np.float32(0.5)
    slope, offset = lines
    for x in range(first, past):
        evidence = slope[x] * np.float32(luma[x]) + offset[x]
        threshold = low if last[x] else high
        squared = max(evidence, np.float32(0)) ** 2
        level = np.float32(255) * squared / (squared + threshold * threshold) + half
        if evidence > threshold:
            levels[x] = np.uint8(max(level, np.float32(128)))
        else:
            levels[x] = np.uint8(min(level, np.float32(127)))
