"""Smoothing and deciding the slow way: matrices in float64, and one pixel after another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _halved(n: int) -> NDArray[np.float64]:
    """Return the matrix of the means of pairs; past the end values go on as in a mirror."""
    matrix = np.zeros(((n + 1) // 2, n))
    for i in range(len(matrix)):
        matrix[i, 2 * i] += 0.5
        matrix[i, 2 * i + 1 if 2 * i + 1 < n else max(n - 2, 0)] += 0.5
    return matrix


def _doubled(n: int) -> NDArray[np.float64]:
    """Return the matrix that interpolates means of pairs at the centres of n values."""
    m = (n + 1) // 2
    matrix = np.zeros((n, m))
    for i in range(n):
        at = min(max((i + 0.5) / 2 - 0.5, 0.0), m - 1.0)
        before = math.floor(at)
        matrix[i, before] += 1 - (at - before)
        matrix[i, min(before + 1, m - 1)] += at - before
    return matrix


def _filter(n: int, taps: dict[int, float], *, edge_twice: bool) -> NDArray[np.float64]:
    """Return the matrix of a filter whose values go on as in a mirror, shape (n, n)."""
    matrix = np.zeros((n, n))
    for i in range(n):
        for offset, weight in taps.items():
            j = i + offset
            while n > 1 and not 0 <= j < n:
                if j < 0:
                    j = -j - 1 if edge_twice else -j
                else:
                    j = 2 * n - 1 - j if edge_twice else 2 * n - 2 - j
            matrix[i, j if n > 1 else 0] += weight
    return matrix


def _gaussian(n: int, sigma: float) -> NDArray[np.float64]:
    reach = round(4 * sigma)
    taps = {d: math.exp(-d * d / (2 * sigma * sigma)) for d in range(-reach, reach + 1)}
    total = sum(taps.values())
    return _filter(n, {d: w / total for d, w in taps.items()}, edge_twice=False)


def small_kept(
    evidence: NDArray[np.float32],
    found: NDArray[np.float32],
    widening: NDArray[np.float32] | None,
    *,
    share: float,
    least: float,
) -> NDArray[np.float64]:
    """Return evidence, or a share of the mean of 3 × 3 distances if that is more than both."""
    kept = evidence.astype(np.float64)
    height, width = found.shape
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            small = share * float(found[y - 1 : y + 2, x - 1 : x + 2].mean(dtype=np.float64))
            if widening is not None:
                small /= float(widening[y, x])
            if small > least and small > kept[y, x]:
                kept[y, x] = small
    return kept


def guided(
    found: NDArray[np.float32],
    luma: NDArray[np.float32],
    *,
    sigma: float,
    radius: int,
    flatness: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return slope and offset of the guided filter fitted at half the resolution."""
    height, width = found.shape
    smaller, larger = (_halved(height), _halved(width)), (_doubled(height), _doubled(width))
    h, w = len(smaller[0]), len(smaller[1])
    taps = dict.fromkeys(range(-radius, radius + 1), 1 / (2 * radius + 1))
    window = _filter(h, taps, edge_twice=True), _filter(w, taps, edge_twice=True)

    def both(
        pair: tuple[NDArray[np.float64], NDArray[np.float64]], x: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return pair[0] @ x @ pair[1].T

    def mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return both(window, x)

    blurred = both((_gaussian(height, sigma), _gaussian(width, sigma)), found.astype(float))
    soft, guide = both(smaller, blurred), both(smaller, luma.astype(float))
    covariance = mean(guide * soft) - mean(guide) * mean(soft)
    variance = mean(guide * guide) - mean(guide) ** 2
    slope = covariance / (variance + flatness)
    offset = mean(soft) - slope * mean(guide)
    return both(larger, mean(slope)), both(larger, mean(offset))


def place(pixel: int, step: int, n_cells: int) -> tuple[int, float]:
    """Return the cell before a pixel's centre, and the share of the next one."""
    at = (pixel + 0.5) / step - 0.5
    before = min(max(math.floor(at), 0), n_cells - 1)
    return before, min(max(at - before, 0.0), 1.0)


def evidence_of_pixels(
    slope: NDArray[np.float32],
    offset: NDArray[np.float32],
    is_near: NDArray[np.bool_],
    luma: NDArray[np.uint8],
    step: int,
) -> NDArray[np.float64]:
    """Return the interpolated line at each pixel's luma, NaN where nothing is near."""
    (height, width), (h, w) = luma.shape, slope.shape
    evidence = np.full(luma.shape, np.nan)
    for y in range(height):
        row, down = place(y, step, h)
        below = min(row + 1, h - 1)
        for x in range(width):
            column, right = place(x, step, w)
            beside = min(column + 1, w - 1)
            if not is_near[row, column]:
                continue
            a, b = (
                (1 - down) * ((1 - right) * z[row, column] + right * z[row, beside])
                + down * ((1 - right) * z[below, column] + right * z[below, beside])
                for z in (slope.astype(float), offset.astype(float))
            )
            evidence[y, x] = a * luma[y, x] + b
    return evidence


def near(values: NDArray[np.float32], limit: float) -> NDArray[np.bool_]:
    """Return the cells that exceed the limit or have a neighbour that does."""
    h, w = values.shape
    found = np.zeros((h, w), bool)
    for y in range(h):
        for x in range(w):
            window = values[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            found[y, x] = (window > limit).any()
    return found


def hysteresis(evidence: float, *, was_foreground: bool, margin: float) -> tuple[bool, float]:
    """Return one pixel's decision and the distance of its evidence from where it flips."""
    threshold = 1 - margin if was_foreground else 1 + margin
    return evidence > threshold, abs(evidence - threshold)


def probability(evidence: float, *, was_foreground: bool, margin: float) -> float:
    """Return one pixel's probability, 0 to 1."""
    threshold = 1 - margin if was_foreground else 1 + margin
    e = max(0.0, evidence)
    return e * e / (e * e + threshold * threshold)
