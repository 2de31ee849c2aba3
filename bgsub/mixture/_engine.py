"""The state of all pixels, and the only place besides the kernels that knows its layout.

:class:`bgsub.MixtureModel` checks what it is given and keeps the schedule; an engine does the
arithmetic.  Another engine (another number format, another device) offers the same methods.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bgsub.jit import as_read_only
from bgsub.mixture._kernel import TILE, Rules, map_plane, step_tiles
from bgsub.mixture._lanes import LANES
from bgsub.mixture._layout import EMPTY, FARTHEST, LEVEL, ONE, SQUARE, VARIANCE, WHITE, Layout
from bgsub.mixture.params import SCORE_UNIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bgsub.mixture.params import MixtureParams
    from bgsub.mixture.workers import Workers

__all__ = ["Engine"]

_NO_SHADOWS = 2.0
_CACHE_LINE = 64
_RATE = 32768
_BYTE_WHITE = 255
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
        n_blocks = -(-n_pixels // LANES)
        self._parts = tuple(_aligned(n_blocks, n * LANES) for n in self._layout.widths)
        self._marks = np.zeros(n_blocks, dtype=np.uint8)
        for k in range(params.n_components):
            self._blocks(self._layout.variance(k))[...] = self._rules.initial_variance
            for c in range(n_channels):
                self._blocks(self._layout.mean(k, c))[...] = EMPTY & 0xFFFF

    def step(
        self,
        frames: Sequence[NDArray[Any]] | NDArray[Any],
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
        frames : T arrays of uint8, uint16 or float32, shape (N * C,)
            Of one type; each C-contiguous and aligned, wherever it is.
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
        frames = list(frames)
        if frames[0].dtype == np.uint8 and self._rules.white != _BYTE_WHITE:
            frames = [frame.astype(np.uint16) for frame in frames]
        n_channels = len(self._channels)
        tail = self._n_pixels // LANES * LANES * n_channels
        # For a single small frame, stacking takes longer than what is done with it.
        rests = [frame[tail:] for frame in frames]
        tails = as_read_only(np.stack(rests) if len(rests) > 1 else rests[0][None])
        addresses = np.array([frame.ctypes.data for frame in frames], np.int64)
        rules = self._rules
        if thresholds is not None:
            rules = rules._replace(threshold=np.int64(-1))
        updates = _NOTHING if update is None else as_read_only(update)
        limits = _NOTHING if thresholds is None else as_read_only(thresholds)
        fixed_rates, dithers = self._schedule(rates)

        def work(counts: NDArray[np.int64], tiles_per_turn: int, place: int) -> None:
            step_tiles(
                *self._parts,
                self._marks,
                addresses,
                tails,
                masks,
                updates,
                limits,
                fixed_rates,
                dithers,
                rules,
                counts,
                tiles_per_turn,
                place,
                np.zeros(LANES * n_channels, tails.dtype),
                np.empty((4, LANES), np.uint8),
                self._components,
                self._channels,
                (0,) if scores else (),
            )

        workers.run_turns(work, -(-len(self._marks) // TILE), len(frames))

    def change_rules(self, params: MixtureParams) -> None:
        """Take over other parameters; variances that they exclude are moved to their limits."""
        self._rules = rules(params, len(self._channels), float(self._rules.white))
        least, most = int(self._rules.min_variance), int(self._rules.max_variance)
        for k in range(params.n_components):
            blocks = self._blocks(self._layout.variance(k))
            np.clip(blocks, least, most, out=blocks)
        self._marks[...] = 0

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
        blocks, lanes = np.divmod(pixels, LANES)
        fixed, valid = _fixed(values.reshape(-1, len(self._channels)), self._rules)
        unused = np.uint16(EMPTY & 0xFFFF)
        self._marks[blocks] = 0
        for k in range(len(self._components)):
            self._blocks(layout.variance(k))[blocks, lanes] = self._rules.initial_variance
            if k > 0:
                self._blocks(layout.weight(k))[blocks, lanes] = 0
            for c in range(len(self._channels)):
                first = np.where(valid, fixed[:, c], unused)
                mean = first if k == 0 else unused
                self._blocks(layout.mean(k, c))[blocks, lanes] = mean

    def map_means(self, curves: NDArray[np.float64]) -> None:
        """Replace the means by what a curve says for each channel, shape (C, 256)."""
        levels = np.arange(WHITE + 1) / LEVEL
        for c, curve in enumerate(curves):
            mapped = np.interp(levels, np.arange(256), curve) * LEVEL
            table = np.clip(np.rint(mapped), 0, WHITE).astype(np.uint16)
            for k in range(len(self._components)):
                map_plane(*self._column(self._layout.mean(k, c)), table)

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

    def background(self, width: int, every: int) -> NDArray[np.uint8]:
        """Return the means of the first components in whole grey levels.

        Parameters
        ----------
        width : int
            Pixels in a row of the frame.
        every : int
            Only each so-many-th row and column.

        Returns
        -------
        ndarray of uint8, shape (rows, columns, C)
            Halves are rounded to even.
        """
        channels = []
        for c in range(len(self._channels)):
            plane = self._plane(self._layout.mean(0, c)).view(np.int16)
            means = plane.reshape(-1, width)[::every, ::every]
            odd = means // LEVEL & 1
            channels.append(np.maximum(means + odd + (LEVEL // 2 - 1), 0) // LEVEL)
        return np.stack(channels, axis=-1).astype(np.uint8)

    def pixel(
        self, number: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return one pixel's weights (K,), means in grey levels (K, C), and variances (K,)."""
        block, lane = divmod(number, LANES)

        def at(plane: int) -> int:
            return int(self._blocks(plane)[block, lane])

        layout, n_components = self._layout, len(self._components)
        means = np.array(
            [
                [at(layout.mean(k, c)) for c in range(len(self._channels))]
                for k in range(n_components)
            ],
            dtype=np.uint16,
        ).view(np.int16)
        others = [at(layout.weight(k)) for k in range(1, n_components)]
        first = 0 if means[0, 0] == EMPTY else ONE - min(sum(others), ONE)
        weights = np.array([first, *others], dtype=np.float32) / np.float32(ONE)
        unit = np.float32(1 / (VARIANCE * len(self._channels)))
        variances = np.array(
            [at(layout.variance(k)) for k in range(n_components)], dtype=np.float32
        )
        levels = np.maximum(means, 0).astype(np.float32) / np.float32(LEVEL)
        return weights, levels, variances * unit

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return all that :meth:`restore` needs to go on with the same bits."""
        planes = [self._blocks(plane) for plane in range(self._layout.n_planes)]
        state = np.concatenate(planes, axis=1)
        return {"state": state, "n_learnt": np.array(self._n_learnt)}

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
        shape = (len(engine._marks), engine._layout.n_planes * LANES)
        if state.shape != shape or state.dtype != np.uint16:
            msg = f"a state of shape {state.shape} where {shape} was expected"
            raise ValueError(msg)
        if n_learnt.shape != () or n_learnt.dtype.kind != "i" or n_learnt < 0:
            msg = "n_learnt is not a count"
            raise ValueError(msg)
        for plane in range(engine._layout.n_planes):
            engine._blocks(plane)[...] = state[:, plane * LANES : (plane + 1) * LANES]
        engine._n_learnt = int(n_learnt)
        return engine

    def _schedule(
        self, rates: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rates and dithers as the kernel takes them, and count the frames."""
        fixed, dithers = [], []
        for rate in rates.tolist():
            self._n_learnt += rate > 0
            # The rate is rounded up as often as its fraction says, so it is exact in the mean.
            spread = (self._n_learnt * _RATE_STRIDE & ONE) / (ONE + 1)
            fixed.append(min(int(rate * _RATE + spread), _RATE - 1) if rate > 0 else -1)
            dithers.append(self._n_learnt * _DITHER_STRIDE & ONE)
        return np.array(fixed, dtype=np.int64), np.array(dithers, dtype=np.int64)

    def _column(self, plane: int) -> tuple[NDArray[np.uint16], int]:
        """Return the array that holds a plane, and the plane's first column."""
        part, place = self._layout.place(plane)
        return self._parts[part], place * LANES

    def _blocks(self, plane: int) -> NDArray[np.uint16]:
        """Return a view (n_blocks, LANES) of a plane."""
        state, column = self._column(plane)
        return state[:, column : column + LANES]

    def _plane(self, plane: int) -> NDArray[np.uint16]:
        return self._blocks(plane).reshape(-1)[: self._n_pixels]

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
    whole_reach = min(ONE, round(reach))
    shadow_min_ratio = params.shadow_min_ratio if params.detect_shadows else _NO_SHADOWS
    return Rules(
        reach=np.int64(whole_reach),
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
        calm_reach=np.int64(_calm_reach(minimum, whole_reach, shift)),
    )


def _calm_reach(minimum: int, reach: int, shift: int) -> int:
    """Return the largest distance that matches the least variance and does not raise it."""
    matching = ((minimum * reach // (ONE + 1) + 1) << shift) - 1
    # No more is learnt from a distance than is forgotten if it is not above the variance.
    lowering = minimum * SQUARE // VARIANCE
    return min(matching, lowering, FARTHEST - 1)


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


_NOTHING = as_read_only(np.zeros((1, 0), dtype=np.uint8))
