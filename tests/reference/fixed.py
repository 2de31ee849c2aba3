"""The fixed-point mixture, one pixel after the other in plain integers.

Values and means are in 1/128 grey level, squared distances in 1/4, variances (summed over the
channels) in 1/16, weights in 1/65535, rates in 1/32768, dithers in 1/65536.  An unused
component has the mean UNUSED, the initial variance and no weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

ONE = 65535
UNUSED = -1
BACKGROUND, SHADOW, FOREGROUND = 0, 127, 255

Integers = NDArray[np.int64]
_F = TypeVar("_F", bound=Callable[..., Any])


def _compiled(function: _F) -> _F:
    return cast("_F", numba.njit(cache=True)(function))


class Numbers(NamedTuple):
    """The parameters in these units."""

    reach: int
    reach_shift: int
    threshold: int
    initial_variance: int
    min_variance: int
    max_variance: int
    initial_weight: int
    shadow_min_ratio: np.float32
    shadow_reach: np.float32
    score_scale: np.float32


@_compiled
def fixed_value(value: Any, white: np.float32, scale: np.float32) -> int:
    """A frame's value, cut to black and white and rounded; -1 if it is not finite."""
    v = np.float32(value)
    if not np.isfinite(v):
        return -1
    v = min(max(v, np.float32(0)), white)
    return int(np.float32(v * scale) + np.float32(0.5))


@_compiled
def share(value: int, rate: int, dither: int) -> int:
    """value * rate, rounded down after adding the dither."""
    return (value * 2 * rate + dither) >> 16


@_compiled
def squared_distance(x: Integers, mean: Integers) -> int:
    total = 0
    for c in range(len(x)):
        length = 4 * min(abs(x[c] - mean[c]), 16383)
        total += (length * length) >> 16
    return min(total, ONE)


@_compiled
def is_fitter(k: int, variance: Integers, weight: Integers) -> bool:
    """Whether component k + 1 has the larger weight**2 / variance, in float32."""
    first, second = np.float32(weight[k]), np.float32(weight[k + 1])
    fitness = first * first * np.float32(variance[k + 1])
    return bool(second * second * np.float32(variance[k]) > fitness)


@_compiled
def swap(k: int, mean: Integers, variance: Integers, weight: Integers) -> None:
    for c in range(mean.shape[1]):
        mean[k, c], mean[k + 1, c] = mean[k + 1, c], mean[k, c]
    variance[k], variance[k + 1] = variance[k + 1], variance[k]
    weight[k], weight[k + 1] = weight[k + 1], weight[k]


@_compiled
def is_shade(
    x: Integers, mean: Integers, variance: Integers, weight: Integers, p: Numbers
) -> bool:
    """Whether the value is a darker shade of a background component, in float32."""
    ahead = 0
    for k in range(len(variance)):
        dot = norm = distance = np.float32(0)
        for c in range(len(x)):
            dot += np.float32(x[c]) * np.float32(mean[k, c])
            norm += np.float32(mean[k, c]) * np.float32(mean[k, c])
        ratio = dot / max(norm, np.float32(1))
        for c in range(len(x)):
            d = ratio * np.float32(mean[k, c]) - np.float32(x[c])
            distance += d * d
        near = distance <= p.shadow_reach * np.float32(variance[k])
        darker = p.shadow_min_ratio <= ratio <= np.float32(1)
        if weight[k] > 0 and ahead <= p.threshold and near and darker:
            return True
        ahead += weight[k]
    return False


@_compiled
def classify(
    x: Integers, mean: Integers, variance: Integers, weight: Integers, p: Numbers
) -> tuple[int, int, int]:
    """Label, number of the matching component (-1: none) and the distance from it."""
    ahead = 0
    for k in range(len(variance)):
        distance = squared_distance(x, mean[k])
        if is_near(k, distance, mean, variance, p):
            return (FOREGROUND if k > 0 and ahead > p.threshold else BACKGROUND), k, distance
        ahead += weight[k]
    return (FOREGROUND if ahead > 0 else BACKGROUND), -1, 0


@_compiled
def is_near(k: int, distance: int, mean: Integers, variance: Integers, p: Numbers) -> bool:
    reach = (variance[k] * p.reach) >> 16
    return bool(mean[k, 0] != UNUSED and distance >> p.reach_shift <= reach)


@_compiled
def score(
    x: Integers,
    mean: Integers,
    variance: Integers,
    weight: Integers,
    threshold: int,
    p: Numbers,
) -> int:
    """Distance from the background, 85 at the match threshold; ratios in float32."""
    if mean[0, 0] == UNUSED:
        return 0
    found, near, ahead = -1, False, 0
    distance = 0
    for k in range(len(variance)):
        background = k == 0 or min(ahead, ONE) <= threshold
        ahead += weight[k]
        if not background or mean[k, 0] == UNUSED:
            continue
        d = squared_distance(x, mean[k])
        if is_near(k, d, mean, variance, p):
            found, distance, near = k, d, True
            break
        ahead_of = np.float32(d) * np.float32(variance[found])
        if found < 0 or ahead_of < np.float32(distance) * np.float32(variance[k]):
            found, distance = k, d
    ratio = np.sqrt(np.float32(distance) / np.float32(variance[found])) * p.score_scale
    value = int(min(ratio, np.float32(255)) + np.float32(0.5))
    return min(value, 85) if near else max(value, 86)


@_compiled
def learn(
    x: Integers,
    match: int,
    distance: int,
    mean: Integers,
    variance: Integers,
    weight: Integers,
    rate: int,
    dither: int,
    p: Numbers,
) -> None:
    n = len(variance)
    if mean[0, 0] == UNUSED:
        mean[0], weight[0] = x, ONE
        return
    last = weight[n - 1]
    for k in range(1, n):
        weight[k] -= share(weight[k], rate, dither)
    if match >= 0:
        if match > 0:
            weight[match] += share(ONE, rate, dither)
        for c in range(len(x)):
            twice = min(max(2 * (x[c] - mean[match, c]), -32768), 32767)
            mean[match, c] += (twice * rate + dither) >> 16
        # Distances are in units 4 times as large.
        gain = distance * 2 * rate + (dither >> 2)
        gain = 4 * min(gain >> 16, 16383) + ((gain & ONE) >> 14)
        moved = min(variance[match] - share(variance[match], rate, dither) + gain, ONE)
        variance[match] = min(max(moved, p.min_variance), p.max_variance)
    else:
        match = n - 1
        mean[match], variance[match] = x, p.initial_variance
        rest = ONE - last
        total = rest - share(rest, rate, dither) + p.initial_weight
        scale = np.float32(ONE) / np.float32(total)
        if n > 1:
            weight[match] = p.initial_weight
        for k in range(1, n):
            weight[k] = int(np.float32(weight[k]) * scale)
    weight[0] = ONE - min(weight[1:].sum(), ONE)
    if match < n - 1 and is_fitter(match, variance, weight):
        swap(match, mean, variance, weight)
        return
    while match > 0 and is_fitter(match - 1, variance, weight):
        match -= 1
        swap(match, mean, variance, weight)


@_compiled
def run(
    frames: NDArray[Any],
    update: NDArray[np.uint8],
    rates: Integers,
    dithers: Integers,
    mean: Integers,
    variance: Integers,
    weight: Integers,
    white: np.float32,
    scale: np.float32,
    p: Numbers,
    thresholds: Integers,
    scores: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Masks (T, N) of frames (T, N, C); mean (N, K, C), variance and weight (N, K) are changed.

    `update` is (T, N); a rate below 0 classifies only.  `scores` (T, N) is written, with
    `thresholds` (N,) for the background.
    """
    n_frames, n_pixels, n_channels = frames.shape
    masks = np.zeros((n_frames, n_pixels), np.uint8)
    x = np.zeros(n_channels, np.int64)
    for t in range(n_frames):
        for i in range(n_pixels):
            for c in range(n_channels):
                x[c] = fixed_value(frames[t, i, c], white, scale)
            if x.min() < 0:
                masks[t, i] = FOREGROUND
                scores[t, i] = 255
                continue
            scores[t, i] = score(x, mean[i], variance[i], weight[i], thresholds[i], p)
            label, match, distance = classify(x, mean[i], variance[i], weight[i], p)
            shadows = p.shadow_min_ratio <= np.float32(1)
            if label == FOREGROUND and shadows:
                shade = is_shade(x, mean[i], variance[i], weight[i], p)
                label = SHADOW if shade else FOREGROUND
            masks[t, i] = label
            if rates[t] >= 0 and update[t, i] != 0:
                learn(
                    x, match, distance, mean[i], variance[i], weight[i], rates[t], dithers[t], p
                )
    return masks
