"""The compiled loop over blocks and frames."""

from __future__ import annotations

import inspect
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bgsub.jit import device, kernel
from bgsub.mixture import _block, _block_parts, _lanes, _layout, _score, _words
from bgsub.mixture._block import BlockStep
from bgsub.mixture._block_parts import Places, Scalars
from bgsub.mixture._lanes import LANES
from bgsub.mixture._layout import WHITE, Layout
from bgsub.mixture._score import ScoreStep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numba.core.base import BaseContext
    from numba.core.typing.templates import Signature
    from numpy.typing import NDArray

__all__ = ["TILE", "Rules", "map_plane", "step_tiles"]

# Blocks of a tile, which goes through all frames of a batch while it is in the cache: few
# enough to stay there, enough for long runs of each frame to be read at a time.
TILE = 64

_GENERATOR = (_lanes, _words, _layout, _block_parts, _block, _score)
_ELEMENTS = {
    types.uint8: ir.IntType(8),
    types.uint16: ir.IntType(16),
    types.float32: ir.FloatType(),
}


class Rules(NamedTuple):
    """What the kernel needs of the parameters; units as in `_layout`.

    Attributes
    ----------
    reach, reach_shift : int64
        A distance matches if, shifted right, it is at most the upper half of variance · reach.
    threshold : int64
        Share of the weights that must be background; negative if each pixel has its own.
    initial_variance, min_variance, max_variance, initial_weight : int64
        Of components.
    rank_shift : int64
        A weight that is at most another one shifted right by this is less fit.
    white, scale : float32
        The frame value that means white, and what a unit of the frame is.
    shadow_min_ratio, shadow_reach : float32
        The darkest shade, above 1 for none, and the squared match threshold.
    score_scale : float32
        The score of a distance that equals the variance.
    calm_reach : int64
        At most this far from the first component, its variance stays at its floor.
    """

    reach: np.int64
    reach_shift: np.int64
    threshold: np.int64
    initial_variance: np.int64
    min_variance: np.int64
    max_variance: np.int64
    initial_weight: np.int64
    rank_shift: np.int64
    white: np.float32
    scale: np.float32
    shadow_min_ratio: np.float32
    shadow_reach: np.float32
    score_scale: np.float32
    calm_reach: np.int64


def _define_step_block(
    _context: BaseContext,
    components: types.UniTuple,
    channels: types.UniTuple,
    scores: types.UniTuple,
    frames: types.Array,
    places: types.UniTuple,
    rate: types.Integer,
    dither: types.Integer,
    rules: types.BaseNamedTuple,
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Take one block through one frame; counts and the kind of frame are part of the types."""
    layout = Layout(components.count, channels.count)
    element = _ELEMENTS[frames.dtype]
    step = ScoreStep if scores.count else BlockStep

    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        _signature: Signature,
        arguments: Sequence[ir.Value],
    ) -> ir.Value:
        _, _, _, _, where, *numbers, fields = arguments
        addresses = [builder.extract_value(where, i) for i in range(places.count)]
        numbers += [builder.extract_value(fields, i) for i in range(len(Rules._fields))]
        step(builder, layout, Places(*addresses), Scalars(*numbers), element).write()
        return cast("Any", context).get_dummy_value()

    given = (components, channels, scores, frames, places, rate, dither, rules)
    return types.void(*given), generate


_step_block: Any = intrinsic(_define_step_block)


def _define_add(
    _context: BaseContext, counts: types.Array, place: types.Integer, amount: types.Integer
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Add to a number with which several threads count, and return what it was before."""

    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        signature: Signature,
        arguments: Sequence[ir.Value],
    ) -> ir.Value:
        array, index, number = arguments
        make = cast("Any", context).make_array(signature.args[0])
        address = builder.gep(make(context, builder, array).data, [index])
        return builder.atomic_rmw("add", address, number, "seq_cst")

    return types.int64(counts, place, amount), generate


_add: Any = intrinsic(_define_add)


@device
def _take_turn(
    counts: NDArray[np.int64], place: int, n_tiles: int, size: int
) -> tuple[int, int]:
    """Return the next tiles of the thread's own share, or else of another; none at the end."""
    n_shares = len(counts) - 1
    for i in range(n_shares):
        share = (place + i) % n_shares
        end = n_tiles * (share + 1) // n_shares
        first = n_tiles * share // n_shares + _add(counts, share, size)
        if first < end:
            return first, min(first + size, end)
    return n_tiles, n_tiles


def _define_address(
    _context: BaseContext, array: types.Array
) -> tuple[Signature, Callable[..., ir.Value]]:
    """Return where an array's values are in memory."""

    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        signature: Signature,
        arguments: Sequence[ir.Value],
    ) -> ir.Value:
        make = cast("Any", context).make_array(signature.args[0])
        return builder.ptrtoint(make(context, builder, arguments[0]).data, ir.IntType(64))

    return types.int64(array), generate


_address: Any = intrinsic(_define_address)


@device
def _address_in(array: NDArray[Any], row: int, block: int, otherwise: np.int64) -> np.int64:
    """Return where a block's bytes are in a row, or what to take if rows are empty."""
    if not array.shape[1]:
        return otherwise
    start: np.int64 = _address(array) + row * array.shape[1] + block * LANES
    return start


@device
def _prepare(spare: NDArray[np.uint8]) -> None:
    for i in range(LANES):
        spare[0, i] = spare[2, i] = 0
        spare[1, i] = spare[3, i] = 255


@device
def _take_rest(
    tails: NDArray[Any],
    update: NDArray[np.uint8],
    thresholds: NDArray[np.uint8],
    n_done: int,
    t: int,
    row: int,
    rest: NDArray[Any],
    spare: NDArray[np.uint8],
) -> None:
    for i in range(tails.shape[1]):
        rest[i] = tails[t, i]
    for i in range(n_done, update.shape[1]):
        spare[1, i - n_done] = update[row, i]
    for i in range(n_done, thresholds.shape[1]):
        spare[2, i - n_done] = thresholds[0, i]


@device
def _return_rest(
    masks: NDArray[np.uint8], n_done: int, t: int, spare: NDArray[np.uint8]
) -> None:
    for i in range(n_done, masks.shape[1]):
        masks[t, i] = spare[0, i - n_done]


@kernel
def map_plane(state: NDArray[np.uint16], column: int, table: NDArray[np.uint16]) -> None:
    """Replace one plane of means, which begins at a column of the state, through a table."""
    for block in range(len(state)):
        for i in range(column, column + LANES):
            mean = np.int64(state[block, i])
            if mean <= WHITE:
                state[block, i] = table[mean]


def _compiled(digest: str) -> Callable[..., None]:
    # `digest` is there to be part of the name under which Numba keeps the compiled code: it
    # looks at changes of this file only, not of those that write the instructions.
    @kernel
    def step_tiles(
        hot: NDArray[np.uint16],
        warm: NDArray[np.uint16],
        cold: NDArray[np.uint16],
        marks: NDArray[np.uint8],
        frames: NDArray[np.int64],
        tails: NDArray[Any],
        masks: NDArray[np.uint8],
        update: NDArray[np.uint8],
        thresholds: NDArray[np.uint8],
        rates: NDArray[np.int64],
        dithers: NDArray[np.int64],
        rules: Rules,
        counts: NDArray[np.int64],
        tiles_per_turn: int,
        place: int,
        rest: NDArray[Any],
        spare: NDArray[np.uint8],
        components: tuple[int, ...],
        channels: tuple[int, ...],
        scores: tuple[int, ...],
    ) -> None:
        """Take tiles through all frames, each a turn's at a time, until none is left.

        Parameters
        ----------
        hot, warm, cold : ndarray of uint16, shape (n_blocks, planes * LANES)
            The parts of the state, read and written.
        marks : ndarray of uint8, shape (n_blocks,)
            What is known of each block, read and written.
        frames : ndarray of int64, shape (T,)
            Where each frame's values are in memory: pixels one after the other, channels
            interleaved.
        tails : ndarray of uint8, uint16 or float32, shape (T, (N % LANES) * C)
            The frames' last values, of the frames' type.
        masks : ndarray of uint8, shape (T, N)
            Written: labels (0, 127 or 255), or scores.
        update : ndarray of uint8, shape (1, 0), (1, N) or (T, N)
            Pixels that are 0 do not learn; empty: all do.
        thresholds : ndarray of uint8, shape (1, 0) or (1, N)
            In 1/255, used for scores if the rule has none.
        rates, dithers : ndarray of int64, shape (T,)
            Learning rate of each frame in 1/32768, negative to classify only, and what is
            added before rounding down, in 1/65536.
        rules : Rules
            The parameters.
        counts : ndarray of int64, shape (threads + 1,)
            How many tiles of each thread's share have been taken, and how many are done in
            all; zeros at first, and shared by the threads that work together.
        tiles_per_turn : int
            How many tiles a thread takes at a time.
        place : int
            Which share this thread begins with; when that is done it helps with the others.
        rest : ndarray, shape (LANES * C,)
            Of the frames' type: what is left of a frame, and what was there before.
        spare : ndarray of uint8, shape (4, LANES)
            Room for the labels, the updates and the thresholds of that, and for a block in
            which all pixels learn.
        components, channels : tuple of int
            Of length K and C; what is in them does not matter.
        scores : tuple of int
            Empty for labels.
        """
        digest  # noqa: B018
        n_pixels = masks.shape[1]
        n_whole = n_pixels // LANES
        hot_bytes, warm_bytes, cold_bytes = (
            2 * hot.shape[1],
            2 * warm.shape[1],
            2 * cold.shape[1],
        )
        pixel_bytes = len(channels) * tails.itemsize
        # The last pixels, where they do not fill a block, go through copies of that size.
        _prepare(spare)
        spare_labels = _address(spare)
        everywhere = spare_labels + 3 * LANES
        rest_places = (
            _address(rest),
            spare_labels,
            spare_labels + LANES,
            spare_labels + 2 * LANES,
        )
        n_tiles = (len(hot) + TILE - 1) // TILE
        first, last = _take_turn(counts, place, n_tiles, tiles_per_turn)
        while first < last:
            for tile in range(first, last):
                start = tile * TILE
                stop = min(start + TILE, len(hot))
                for t in range(len(frames)):
                    row, own = min(t, len(update) - 1), min(t, len(thresholds) - 1)
                    if stop > n_whole:
                        _take_rest(
                            tails, update, thresholds, n_whole * LANES, t, row, rest, spare
                        )
                    for block in range(start, stop):
                        pixels = frames[t] + block * LANES * pixel_bytes
                        labels = _address(masks) + t * n_pixels + block * LANES
                        updates = _address_in(update, row, block, everywhere)
                        limits = _address_in(thresholds, own, block, everywhere)
                        if block == n_whole:
                            pixels, labels, updates, limits = rest_places
                        places = (
                            _address(hot) + block * hot_bytes,
                            _address(warm) + block * warm_bytes,
                            _address(cold) + block * cold_bytes,
                            _address(marks) + block,
                            pixels,
                            labels,
                            updates,
                            limits,
                        )
                        _step_block(
                            components,
                            channels,
                            scores,
                            tails,
                            places,
                            rates[t],
                            dithers[t],
                            rules,
                        )
                    if stop > n_whole:
                        _return_rest(masks, n_whole * LANES, t, spare)
            _add(counts, len(counts) - 1, last - first)
            first, last = _take_turn(counts, place, n_tiles, tiles_per_turn)

    return step_tiles


def _digest() -> str:
    try:
        sources = [inspect.getsource(module) for module in _GENERATOR]
    except OSError:
        # Without sources there is nobody who changes them.
        return ""
    return sha256("".join(sources).encode()).hexdigest()


step_tiles = _compiled(_digest())
