"""The compiled arithmetic of the mixture: float32, branch-free, one tile of pixels at a time.

A tile holds ``TILE`` pixels.  Its state is one flat float32 array of planes, ``STRIDE``
apart: K weights, K variances, then the K×C means; plane p of pixel i is at
``p * STRIDE + i``.  One flat array with constant offsets lets the compiler see that planes
do not overlap, and so work on many pixels at once.  For the same reason nothing is sorted
and nothing branches: the order of the components by weight/sigma is only ever asked for as
"is this one ahead of that one", as ``w_a² v_b > w_b² v_a``, which needs no division.

The number of components and channels are the lengths of two tuples, because a tuple's length
is part of its type: the compiler sees constants and unrolls the loops over them.

``scratch`` is a flat array of the same make: C planes of pixel values, then flags (LEARN,
CLASSIFY or INVALID), shades (1 where a shadow of the background would have that value) and
labels (0 or 255).

Functions called from a kernel are in this file, as the disk cache does not notice changes
elsewhere.  `tests/reference/mirror.py` does the same arithmetic pixel by pixel.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np

from bgsub.frames import FOREGROUND, SHADOW
from bgsub.mixture._jit import inlined, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Planes = NDArray[np.float32]
    Count = tuple[int, ...]

__all__ = ["SCRATCH_PLANES", "STRIDE", "TILE", "Rules", "planes_per_tile", "step_tiles"]

# Interpreted (NUMBA_DISABLE_JIT=1, to debug or to count covered lines) every pixel is slow.
TILE = 8 if numba.config.DISABLE_JIT else 1024  # type: ignore[attr-defined] # set at run time
# A plane stride that is a multiple of 4096 bytes would put all planes of a pixel into the
# same few lines of the cache.
STRIDE = TILE + 16
SCRATCH_PLANES = 3

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_LEARN = np.float32(1.0)
_CLASSIFY = np.float32(0.0)
_INVALID = np.float32(-1.0)
_NONE = np.float32(-1.0)
# Weights that never match halve for ever; below this they count as zero and the component
# as unused, long before they become denormal numbers, which are slow.
_FORGOTTEN = np.float32(1e-12)
_SHADOW = np.uint8(SHADOW)
_FOREGROUND = np.uint8(FOREGROUND)


class Rules(NamedTuple):
    """What the kernels need of the parameters, all float32.

    Attributes
    ----------
    white : float32
        The frame value that means white.
    scale : float32
        Grey levels (0 to 255) for each unit of the frame.
    match_distance : float32
        Squared match threshold times channels: a value matches a component when the summed
        squared distance is at most this times the variance.
    threshold : float32
        Share of the weights that must be background (T).
    initial_variance, min_variance, initial_weight : float32
        As in :class:`bgsub.MixtureParams`.
    shadow_min_ratio : float32
        As in :class:`bgsub.MixtureParams`; above 1 no shadows are looked for.
    """

    white: np.float32
    scale: np.float32
    match_distance: np.float32
    threshold: np.float32
    initial_variance: np.float32
    min_variance: np.float32
    initial_weight: np.float32
    shadow_min_ratio: np.float32


def planes_per_tile(n_components: int, n_channels: int) -> int:
    """Return the number of state planes: a weight, a variance and C means for each of K."""
    return n_components * (2 + n_channels)


@kernel
def _load(
    scratch: Planes,
    pixels: NDArray[Any],
    update: NDArray[np.uint8],
    learns: bool,
    rules: Rules,
    channels: Count,
) -> None:
    """Write pixel values in grey levels and flags into scratch.

    `pixels` is (n*C,) interleaved, `update` (n,) or empty, n at most TILE.
    """
    n_channels = len(channels)
    n = len(pixels) // n_channels
    everywhere = _LEARN if learns else _CLASSIFY
    for i in range(n):
        flag = everywhere
        for c in range(n_channels):
            raw = pixels[i * n_channels + c]
            finite = isfinite(raw)
            value = np.float32(raw) if finite else _ZERO
            value = value if value > _ZERO else _ZERO
            value = value if value < rules.white else rules.white
            scratch[c * STRIDE + i] = value * rules.scale
            flag = flag if finite else _INVALID
        scratch[n_channels * STRIDE + i] = flag
    for i in range(len(update)):
        flag = scratch[n_channels * STRIDE + i]
        scratch[n_channels * STRIDE + i] = flag if update[i] != 0 else min(flag, _CLASSIFY)


@inlined
def _weight_ahead(
    state: Planes, i: int, weight: np.float32, variance: np.float32, components: Count
) -> np.float32:
    """Return the summed weight of pixel i's components ahead of the given one."""
    n_components = len(components)
    ahead = _ZERO
    for k in range(n_components):
        w = state[k * STRIDE + i]
        v = state[(n_components + k) * STRIDE + i]
        ahead += w if w * w * variance > weight * weight * v else _ZERO
    return ahead


@kernel
def _mark_shades(
    state: Planes, scratch: Planes, rules: Rules, components: Count, channels: Count
) -> None:
    """Write into scratch where the value is a darker shade of a background component."""
    n_components = len(components)
    n_channels = len(channels)
    for i in range(TILE):
        shade = _ZERO
        for k in range(n_components):
            w = state[k * STRIDE + i]
            v = state[(n_components + k) * STRIDE + i]
            dot = _ZERO
            norm = _ZERO
            for c in range(n_channels):
                m = state[(2 * n_components + k * n_channels + c) * STRIDE + i]
                dot += scratch[c * STRIDE + i] * m
                norm += m * m
            ratio = dot / (norm if norm > _ZERO else _ONE)
            distance = _ZERO
            for c in range(n_channels):
                m = state[(2 * n_components + k * n_channels + c) * STRIDE + i]
                d = ratio * m - scratch[c * STRIDE + i]
                distance += d * d
            ahead = _weight_ahead(state, i, w, v, components)
            background = (w > _ZERO) & (ahead <= rules.threshold)
            darker = (ratio >= rules.shadow_min_ratio) & (ratio <= _ONE)
            near = distance <= rules.match_distance * v
            shade = _ONE if background & darker & near else shade
        scratch[(n_channels + 1) * STRIDE + i] = shade


@inlined
def _find(
    state: Planes,
    scratch: Planes,
    i: int,
    reach: np.float32,
    components: Count,
    channels: Count,
) -> tuple[np.float32, ...]:
    """Find the first component that pixel i matches, and the last one of all.

    Returns the number of the match (_NONE without one), its weight, variance, squared
    distance and three differences, the number of the last one and the sum of the weights.
    """
    n_components = len(components)
    n_channels = len(channels)
    match = _NONE
    weight = _ZERO
    variance = _ONE
    distance = _ZERO
    e0 = _ZERO
    e1 = _ZERO
    e2 = _ZERO
    last = _ZERO
    last_weight = state[i]
    last_variance = state[n_components * STRIDE + i]
    total = _ZERO
    for k in range(n_components):
        w = state[k * STRIDE + i]
        v = state[(n_components + k) * STRIDE + i]
        means = (2 * n_components + k * n_channels) * STRIDE
        d0 = scratch[i] - state[means + i]
        d1 = _ZERO
        d2 = _ZERO
        square = d0 * d0
        if n_channels == 3:
            d1 = scratch[STRIDE + i] - state[means + STRIDE + i]
            d2 = scratch[2 * STRIDE + i] - state[means + 2 * STRIDE + i]
            square += d1 * d1
            square += d2 * d2
        ahead = w * w * variance > weight * weight * v
        hit = (square <= reach * v) & ahead
        match = np.float32(k) if hit else match
        weight = w if hit else weight
        variance = v if hit else variance
        distance = square if hit else distance
        e0 = d0 if hit else e0
        e1 = d1 if hit else e1
        e2 = d2 if hit else e2
        behind = w * w * last_variance < last_weight * last_weight * v
        last = np.float32(k) if behind else last
        last_weight = w if behind else last_weight
        last_variance = v if behind else last_variance
        total += w
    return match, weight, variance, distance, e0, e1, e2, last, total


@inlined
def _learn_weights(
    state: Planes,
    i: int,
    target: np.float32,
    weight: np.float32,
    alpha: np.float32,
    learns: bool,
    components: Count,
) -> None:
    """Let pixel i's weights fade, set that of the target, and make their sum 1."""
    n_components = len(components)
    keep = _ONE - alpha
    total = _ZERO
    for k in range(n_components):
        w = keep * state[k * STRIDE + i]
        w = w if w > _FORGOTTEN else _ZERO
        total += weight if np.float32(k) == target else w
    norm = _ONE / total
    for k in range(n_components):
        old = state[k * STRIDE + i]
        w = keep * old
        w = w if w > _FORGOTTEN else _ZERO
        w = (weight if np.float32(k) == target else w) * norm
        state[k * STRIDE + i] = w if learns else old


@inlined
def _learn_gaussian(
    state: Planes,
    i: int,
    target: np.float32,
    variance: np.float32,
    means: tuple[np.float32, np.float32, np.float32],
    components: Count,
    channels: Count,
) -> None:
    """Set the variance and means of pixel i's target component, of none if it is _NONE."""
    n_components = len(components)
    n_channels = len(channels)
    m0, m1, m2 = means
    for k in range(n_components):
        chosen = np.float32(k) == target
        v = (n_components + k) * STRIDE + i
        m = (2 * n_components + k * n_channels) * STRIDE + i
        state[v] = variance if chosen else state[v]
        state[m] = m0 if chosen else state[m]
        if n_channels == 3:
            state[m + STRIDE] = m1 if chosen else state[m + STRIDE]
            state[m + 2 * STRIDE] = m2 if chosen else state[m + 2 * STRIDE]


@kernel
def _update(
    state: Planes,
    scratch: Planes,
    alpha: np.float32,
    rules: Rules,
    components: Count,
    channels: Count,
) -> None:
    """Classify a tile's pixels and let those learn whose flag says so."""
    n_channels = len(channels)
    reach = rules.match_distance
    threshold = rules.threshold
    initial_weight = rules.initial_weight
    initial_variance = rules.initial_variance
    min_variance = rules.min_variance
    keep = _ONE - alpha
    spread = alpha / np.float32(n_channels)
    for i in range(TILE):
        match, w, v, distance, e0, e1, e2, last, total = _find(
            state, scratch, i, reach, components, channels
        )
        ahead = _weight_ahead(state, i, w, v, components)
        matched = match >= _ZERO
        foreground = ((not matched) | (ahead > threshold)) & (total > _ZERO)
        scratch[(n_channels + 2) * STRIDE + i] = _ONE if foreground else _ZERO

        learns = scratch[n_channels * STRIDE + i] > _ZERO
        target = match if matched else last
        weight = keep * w + alpha if matched else initial_weight
        variance = keep * v + spread * distance
        variance = variance if variance > min_variance else min_variance
        variance = variance if matched else initial_variance
        # x - keep * (x - mean) is mean + alpha * (x - mean), and x itself without a match.
        m0 = scratch[i] - keep * e0
        m1 = _ZERO
        m2 = _ZERO
        if n_channels == 3:
            m1 = scratch[STRIDE + i] - keep * e1
            m2 = scratch[2 * STRIDE + i] - keep * e2
        _learn_weights(state, i, target, weight, alpha, learns, components)
        target = target if learns else _NONE
        _learn_gaussian(state, i, target, variance, (m0, m1, m2), components, channels)


@kernel
def _store(scratch: Planes, mask: NDArray[np.uint8], channels: Count) -> None:
    """Write the labels of a tile's pixels into `mask` (n,), n at most TILE."""
    flags = len(channels) * STRIDE
    shades = flags + STRIDE
    labels = shades + STRIDE
    for i in range(len(mask)):
        label = _SHADOW if scratch[shades + i] > _ZERO else _FOREGROUND
        label = label if scratch[labels + i] > _ZERO else np.uint8(0)
        mask[i] = label if scratch[flags + i] >= _ZERO else _FOREGROUND


@kernel
def step_tiles(
    state: Planes,
    frames: NDArray[Any],
    masks: NDArray[np.uint8],
    update: NDArray[np.uint8],
    rates: Planes,
    rules: Rules,
    scratch: Planes,
    first: int,
    last: int,
    components: Count,
    channels: Count,
) -> None:
    """Take tiles `first` to `last` (exclusive) through all frames, one tile after the other.

    Parameters
    ----------
    state : ndarray of float32, shape (n_tiles, planes * STRIDE)
        Read and written.
    frames : ndarray of uint8, uint16 or float32, shape (T, N * C)
        Pixels one after the other, channels interleaved.
    masks : ndarray of uint8, shape (T, N)
        Written: 0, 127 or 255.
    update : ndarray of uint8, shape (1, 0), (1, N) or (T, N)
        Pixels that are 0 do not learn; empty: all do.
    rates : ndarray of float32, shape (T,)
        Learning rate of each frame; a frame with rate 0 is classified only.
    rules : Rules
        The parameters.
    scratch : ndarray of float32, shape ((C + SCRATCH_PLANES) * STRIDE,)
        Zero at first; not shared between threads.
    first, last : int
        The tiles.
    components, channels : tuple of int
        Of length K and C; what is in them does not matter.
    """
    n_pixels = masks.shape[1]
    n_channels = len(channels)
    for tile in range(first, last):
        start = tile * TILE
        stop = min(start + TILE, n_pixels)
        for t in range(len(frames)):
            row = min(t, len(update) - 1)
            pixels = frames[t, start * n_channels : stop * n_channels]
            selected = update[row, start:stop]
            _load(scratch, pixels, selected, rates[t] > _ZERO, rules, channels)
            if rules.shadow_min_ratio <= _ONE:
                _mark_shades(state[tile], scratch, rules, components, channels)
            _update(state[tile], scratch, rates[t], rules, components, channels)
            _store(scratch, masks[t, start:stop], channels)
