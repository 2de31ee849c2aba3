"""The state of all pixels, and the only place besides the kernels that knows its layout.

:class:`bgsub.MixtureModel` checks what it is given and keeps the schedule; an engine does the
arithmetic.  Another engine (another number format, another device) offers the same methods.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bgsub.mixture._kernel import TILE, Rules, step_tiles
from bgsub.mixture._lanes import LANES
from bgsub.mixture._layout import EMPTY, FARTHEST, LEVEL, ONE, SQUARE, VARIANCE, WHITE, Layout
from bgsub.mixture.params import SCORE_UNIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bgsub.mixture._workers import Workers
    from bgsub.mixture.params import MixtureParams

__all__ = ["Engine"]

_NO_SHADOWS = 2.0
_CACHE_LINE = 64
_RATE = 32768
# Multiples of these odd numbers, modulo 65536, spread evenly: they approximate the golden and
# the plastic ratio.
_DITHER_STRIDE = 40503
_RATE_STRIDE = 49471


class Engine:
    """K Gaussians for each of N pixels, in 16-bit fixed point.

    Parameters
    ----------
    n_pixels, n_channels : int
        Size of the frames.
    max_value : float
        The frame value that means white.
    params : MixtureParams
        Valid parameters.
    """

    name = "fixed16"

    def __init__(
        self, n_pixels: int, n_channels: int, max_value: float, params: MixtureParams
    ) -> None:
        self._n_pixels = n_pixels
        self._layout = Layout(params.n_components, n_channels)
        self._components = (0,) * params.n_components
        self._channels = (0,) * n_channels
        self._rules = rules(params, n_channels, max_value)
        self._n_learnt = 0
        self._state = _aligned(-(-n_pixels // LANES), self._layout.n_planes * LANES)
        planes = self._planes()
        for k in range(params.n_components):
            planes[:, self._layout.variance(k)] = self._rules.initial_variance
            for c in range(n_channels):
                planes[:, self._layout.mean(k, c)] = EMPTY & 0xFFFF

    def step(
        self,
        frames: NDArray[Any],
        masks: NDArray[np.uint8],
        rates: NDArray[np.float32],
        update: NDArray[np.uint8] | None,
        workers: Workers,
        *,
        scores: bool = False,
        thresholds: NDArray[np.uint8] | None = None,
    ) -> None:
        """Classify or score frames and learn from them.

        Parameters
        ----------
        frames : ndarray of uint8, uint16 or float32, shape (T, N * C)
            C-contiguous.
        masks : ndarray of uint8, shape (T, N)
            Written.
        rates : ndarray of float32, shape (T,)
            Learning rates; 0 classifies only.
        update : ndarray of uint8, shape (1, N) or (T, N), or None
            Where pixels learn; None: everywhere.
        workers : Workers
            Who does it.
        scores : bool
            Write scores into `masks` instead of labels.
        thresholds : ndarray of uint8, shape (1, N), optional
            Background thresholds of the pixels in 1/255, for scores.
        """
        if frames.dtype == np.uint8 and self._rules.white != np.iinfo(np.uint8).max:
            frames = frames.astype(np.uint16)
        nothing = np.zeros((1, 0), dtype=np.uint8)
        rules = self._rules
        if thresholds is not None:
            rules = rules._replace(threshold=np.int64(-1))
        # Numba compiles once for arrays that may be written and once for those that may not:
        # handing over only the latter saves the second compilation.
        frames = _read_only(frames)
        updates = _read_only(nothing if update is None else update)
        limits = _read_only(nothing if thresholds is None else thresholds)
        fixed_rates, dithers = self._schedule(rates)

        def work(first: int, last: int) -> None:
            step_tiles(
                self._state,
                frames,
                masks,
                updates,
                limits,
                fixed_rates,
                dithers,
                rules,
                first,
                last,
                self._components,
                self._channels,
                (0,) if scores else (),
            )

        workers.run(work, -(-len(self._state) // TILE), len(frames))

    def relearn(self, pixels: NDArray[np.intp], values: NDArray[Any]) -> None:
        """Let some pixels forget all and begin with a value.

        Parameters
        ----------
        pixels : ndarray of intp, shape (P,)
            Their numbers.
        values : ndarray of uint8, uint16 or float32, shape (P,) or (P, C)
            Their values; one that is not finite leaves the pixel without any component.
        """
        if len(pixels) == 0:
            return
        layout = self._layout
        flat = self._state.reshape(-1)
        places = pixels // LANES * self._state.shape[1] + pixels % LANES
        fixed, valid = _fixed(values.reshape(-1, len(self._channels)), self._rules)
        unused = np.uint16(EMPTY & 0xFFFF)
        for k in range(len(self._components)):
            flat[places + layout.variance(k) * LANES] = self._rules.initial_variance
            if k > 0:
                flat[places + layout.weight(k) * LANES] = 0
            for c in range(len(self._channels)):
                first = np.where(valid, fixed[:, c], unused)
                flat[places + layout.mean(k, c) * LANES] = first if k == 0 else unused

    def scale_means(self, gains: NDArray[np.float64]) -> None:
        """Multiply the means by a gain for each channel, shape (C,)."""
        planes = self._planes()
        levels = np.arange(ONE + 1, dtype=np.uint16).view(np.int16).astype(np.float64)
        used = levels != EMPTY
        for c, gain in enumerate(gains):
            scaled = np.clip(np.floor(levels * gain + 0.5), 0, WHITE)
            table = np.where(used, scaled, EMPTY).astype(np.int16).view(np.uint16)
            for k in range(len(self._components)):
                plane = self._layout.mean(k, c)
                planes[:, plane] = table[planes[:, plane]]

    def weights(self) -> NDArray[np.float32]:
        """Return a copy of the weights, shape (N, K)."""
        others = [self._plane(self._layout.weight(k)) for k in range(1, len(self._components))]
        total = np.zeros(self._n_pixels, dtype=np.int64)
        for weight in others:
            total += weight
        first = np.where(self._fresh(), 0, ONE - np.minimum(total, ONE))
        return np.stack([first, *others], axis=1).astype(np.float32) / np.float32(ONE)

    def variances(self) -> NDArray[np.float32]:
        """Return a copy of the variances in squared grey levels, shape (N, K)."""
        planes = [self._plane(self._layout.variance(k)) for k in range(len(self._components))]
        unit = np.float32(1 / (VARIANCE * len(self._channels)))
        return np.stack(planes, axis=1).astype(np.float32) * unit

    def means(self) -> NDArray[np.float32]:
        """Return a copy of the means in grey levels, shape (N, K, C)."""
        components = [self._means(k) for k in range(len(self._components))]
        return np.stack(components, axis=1)

    def background(self) -> NDArray[np.float32]:
        """Return the means of the first components in grey levels, shape (N, C)."""
        return self._means(0)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return all that :meth:`restore` needs to go on with the same bits."""
        return {"state": self._state.copy(), "n_learnt": np.array(self._n_learnt)}

    @classmethod
    def restore(
        cls,
        n_pixels: int,
        n_channels: int,
        max_value: float,
        params: MixtureParams,
        arrays: Mapping[str, NDArray[Any]],
    ) -> Self:
        """Return an engine in the state that :meth:`dump` described.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or of the wrong shape or type.
        """
        engine = cls(n_pixels, n_channels, max_value, params)
        state, n_learnt = arrays["state"], arrays["n_learnt"]
        if state.shape != engine._state.shape or state.dtype != np.uint16:
            msg = f"a state of shape {state.shape} where {engine._state.shape} was expected"
            raise ValueError(msg)
        if n_learnt.shape != () or n_learnt.dtype.kind != "i" or n_learnt < 0:
            msg = "n_learnt is not a count"
            raise ValueError(msg)
        engine._state[...] = state
        engine._n_learnt = int(n_learnt)
        return engine

    def _schedule(
        self, rates: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rates and dithers as the kernel takes them, and count the frames."""
        learns = rates > 0
        numbers = self._n_learnt + np.cumsum(learns)
        self._n_learnt = int(numbers[-1])
        # The rate is rounded up as often as its fraction says, so it is exact in the mean.
        spread = (numbers * _RATE_STRIDE & ONE) / (ONE + 1)
        fixed = np.floor(rates.astype(np.float64) * _RATE + spread).astype(np.int64)
        fixed = np.where(learns, np.minimum(fixed, _RATE - 1), -1)
        return fixed, numbers * _DITHER_STRIDE & ONE

    def _planes(self) -> NDArray[np.uint16]:
        """Return a view (n_blocks, planes, LANES) of the state."""
        return self._state.reshape(len(self._state), -1, LANES)

    def _plane(self, plane: int) -> NDArray[np.uint16]:
        return self._planes()[:, plane].reshape(-1)[: self._n_pixels]

    def _means(self, k: int) -> NDArray[np.float32]:
        planes = [self._plane(self._layout.mean(k, c)) for c in range(len(self._channels))]
        means = np.stack(planes, axis=1).view(np.int16)
        return np.maximum(means, 0).astype(np.float32) / np.float32(LEVEL)

    def _fresh(self) -> NDArray[np.bool_]:
        return np.equal(self._plane(self._layout.mean(0, 0)).view(np.int16), EMPTY)


def rules(params: MixtureParams, n_channels: int, max_value: float) -> Rules:
    """Return the parameters in fixed point."""
    squared = params.match_sigmas**2
    # Variances stay below those whose reach is FARTHEST, at which differences are cut.
    largest = (FARTHEST - SQUARE) * VARIANCE / squared
    largest = max(1, min(ONE, int(largest)))
    reach, shift = squared * SQUARE / VARIANCE * (ONE + 1), 0
    while round(reach) > ONE and shift < 15:
        reach, shift = reach / 2, shift + 1
    unit = VARIANCE * n_channels
    minimum = min(largest, max(1, math.ceil(params.min_variance * unit)))
    initial = min(largest, max(minimum, round(params.initial_variance * unit)))
    # Twice the necessary, so that rounding cannot matter.
    rank_shift = math.ceil(math.log2(2 * largest / minimum) / 2)
    shadow_min_ratio = params.shadow_min_ratio if params.detect_shadows else _NO_SHADOWS
    return Rules(
        reach=np.int64(min(ONE, round(reach))),
        reach_shift=np.int64(shift),
        threshold=np.int64(round(params.background_threshold * ONE)),
        initial_variance=np.int64(initial),
        min_variance=np.int64(minimum),
        max_variance=np.int64(largest),
        initial_weight=np.int64(max(1, round(params.initial_weight * ONE))),
        rank_shift=np.int64(rank_shift),
        white=np.float32(max_value),
        scale=np.float32(min(WHITE / max_value, 3e38)),
        shadow_min_ratio=np.float32(shadow_min_ratio),
        shadow_reach=np.float32(squared * LEVEL**2 / VARIANCE),
        score_scale=np.float32(min(SCORE_UNIT * math.sqrt(VARIANCE / SQUARE / squared), 3e38)),
    )


def _fixed(values: NDArray[Any], rules: Rules) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Return frame values in fixed point, shape (P, C), and which pixels' are finite, (P,)."""
    numbers = values.astype(np.float32)
    valid = np.all(np.isfinite(numbers), axis=1)
    numbers = np.clip(np.where(valid[:, None], numbers, 0), np.float32(0), rules.white)
    return (numbers * rules.scale + np.float32(0.5)).astype(np.uint16), valid


def _aligned(n_rows: int, n_columns: int) -> NDArray[np.uint16]:
    """Return zeros whose rows begin where lines of the cache do."""
    n_bytes = n_rows * n_columns * 2
    raw = np.zeros(n_bytes + _CACHE_LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    return raw[start : start + n_bytes].view(np.uint16).reshape(n_rows, n_columns)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
