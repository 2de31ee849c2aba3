"""What a step of a block is made of: its state in memory, and its rounded products.

Products of a number and a learning rate are rounded down after adding the frame's *dither*, a
number that over the frames takes all values from 0 to 1 evenly.  So small steps are not lost,
but happen now and then, and slow learning is exact in the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llvmlite import ir

from bgsub.mixture._lanes import LANES, Lanes, Mask
from bgsub.mixture._layout import FARTHEST, Layout
from bgsub.mixture._words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BlockParts", "Places", "Scalars"]

_PLANE_BYTES = 2 * LANES


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses, as LLVM integers.

    Of the parts of the block's state and of its marks, of its pixels, their labels or scores,
    update flags and thresholds.
    """

    hot: ir.Value
    warm: ir.Value
    cold: ir.Value
    marks: ir.Value
    pixels: ir.Value
    labels: ir.Value
    updates: ir.Value
    thresholds: ir.Value


@dataclass(frozen=True, slots=True)
class Scalars:
    """LLVM values of the frame's rate and dither, and of the fields of `Rules`."""

    rate: ir.Value
    dither: ir.Value
    reach: ir.Value
    reach_shift: ir.Value
    threshold: ir.Value
    initial_variance: ir.Value
    min_variance: ir.Value
    max_variance: ir.Value
    initial_weight: ir.Value
    rank_shift: ir.Value
    white: ir.Value
    scale: ir.Value
    shadow_min_ratio: ir.Value
    shadow_reach: ir.Value
    score_scale: ir.Value
    calm_reach: ir.Value


class BlockParts:
    """Writes instructions that read, compare and change the state of one block.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
        Where to write them.
    layout : Layout
        Of the block.
    places : Places
        Where the data is.
    scalars : Scalars
        The numbers that are the same for all pixels.
    """

    def __init__(
        self, builder: ir.IRBuilder, layout: Layout, places: Places, scalars: Scalars
    ) -> None:
        self.builder = builder
        self.layout = layout
        self.places = places
        self.scalars = scalars
        self.words = Words(builder)
        self.components = range(layout.n_components)
        self.channels = range(layout.n_channels)
        one = ir.Constant(scalars.rate.type, 1)
        self.rate = self.words.same(scalars.rate)
        self.double_rate = self.words.same(builder.shl(scalars.rate, one))
        self.dither = self.words.same(scalars.dither)

    def load(self, plane: int) -> Lanes:
        """Return a plane of the state."""
        return self.words.load(*self._place(plane))

    def store(self, lanes: Lanes, plane: int) -> None:
        """Write a plane of the state."""
        self.words.store(lanes, *self._place(plane))

    def put(self, where: Mask, lanes: Lanes, plane: int) -> None:
        """Write some pixels of a plane."""
        self.store(where.choose(lanes, self.load(plane)), plane)

    def load_means(self, k: int) -> list[Lanes]:
        """Return component k's mean in each channel."""
        return [self.load(self.layout.mean(k, c)) for c in self.channels]

    def load_weights(self) -> list[Lanes]:
        """Return the weights of all components."""
        others = [self.load(self.layout.weight(k)) for k in self.components[1:]]
        return [self.first_weight(others), *others]

    def first_weight(self, others: Sequence[Lanes]) -> Lanes:
        """Return what the weights of the other components leave of 1."""
        total = self.words.same(0)
        for weight in others:
            total = total.plus(weight)
        return ~total

    def distance(self, offsets: Sequence[Lanes]) -> Lanes:
        """Return the sum of the squared offsets."""
        farthest, two = self.words.same(FARTHEST), self.words.same(2)
        total = self.words.same(0)
        for offset in offsets:
            length = offset.magnitude().at_most(farthest) << two
            total = total.plus(length.high(length))
        return total

    def short_distance(self, offsets: Sequence[Lanes]) -> Lanes:
        """Return the sum of the squared offsets, or more than FARTHEST - 1 if it is not less.

        Fewer instructions than `distance`.
        """
        total = self.words.same(0)
        for offset in offsets:
            length = offset.doubled().doubled()
            total = total + length.high_signed(length)
        return total

    def near(self, distance: Lanes, variance: Lanes) -> Mask:
        """Return where a distance is within the match threshold."""
        reach = variance.high(self.words.same(self.scalars.reach))
        return distance >> self.words.same(self.scalars.reach_shift) <= reach

    def share(self, value: Lanes) -> Lanes:
        """Return value · learning rate."""
        round_up = value.low(self.double_rate) > ~self.dither
        return self._raised(value.high(self.double_rate), round_up)

    def signed_share(self, offset: Lanes) -> Lanes:
        """Return offset · learning rate for signed offsets of less than 128 grey levels."""
        twice = offset.doubled()
        round_up = twice.low(self.rate) > ~self.dither
        return self._raised(twice.high_signed(self.rate), round_up)

    def moved(self, variance: Lanes, distance: Lanes) -> Lanes:
        """Return the variance after learning from a squared distance."""
        words = self.words
        # A distance is in units four times as large as a variance.  Its share gets the two
        # bits more from the lower half of the product.
        low = distance.low(self.double_rate)
        dithered = low + (self.dither >> words.same(2))
        high = self._raised(distance.high(self.double_rate), dithered < low)
        high = high.at_most(words.same(FARTHEST))
        gain = (high << words.same(2)) + (dithered >> words.same(14))
        moved = (variance - self.share(variance)).plus(gain)
        moved = moved.at_least(words.same(self.scalars.min_variance))
        return moved.at_most(words.same(self.scalars.max_variance))

    def has(self, marks: ir.Value, mark: int) -> ir.Value:
        """Return the condition that a mark is among the marks."""
        found = self.builder.and_(marks, ir.Constant(marks.type, mark))
        return self.builder.icmp_unsigned("!=", found, ir.Constant(marks.type, 0))

    def mark(self, condition: ir.Value, mark: int) -> ir.Value:
        """Return the marks that are due to a condition: this one or none."""
        byte = ir.IntType(8)
        return self.builder.select(condition, ir.Constant(byte, mark), ir.Constant(byte, 0))

    def swap(self, k: int, where: Mask) -> Mask:
        """Swap components k and k + 1 where the second has the larger weight²/variance.

        Returns
        -------
        Mask
            Where that was so.
        """
        layout = self.layout
        weights = self.load_weights()[k : k + 2]
        variances = [self.load(layout.variance(i)) for i in (k, k + 1)]
        # Squared weights need more bits than the kernel's integers have.
        first, second = (weight.floats() for weight in weights)
        fitness = first * first * variances[1].floats()
        fitness_of_second = second * second * variances[0].floats()
        fitter = where & ~(fitness_of_second <= fitness)
        with self.builder.if_then(fitter.any()):
            # The weight of the first component is not stored.
            if k > 0:
                self.store(fitter.choose(weights[1], weights[0]), layout.weight(k))
            self.store(fitter.choose(weights[0], weights[1]), layout.weight(k + 1))
            self._swap_planes(fitter, layout.variance(k), layout.variance(k + 1))
            for c in self.channels:
                self._swap_planes(fitter, layout.mean(k, c), layout.mean(k + 1, c))
        return fitter

    def _place(self, plane: int) -> tuple[ir.Value, int]:
        part, place = self.layout.place(plane)
        parts = (self.places.hot, self.places.warm, self.places.cold)
        return parts[part], place * _PLANE_BYTES

    def _swap_planes(self, where: Mask, plane: int, other: int) -> None:
        first, second = self.load(plane), self.load(other)
        self.store(where.choose(second, first), plane)
        self.store(where.choose(first, second), other)

    def _raised(self, value: Lanes, where: Mask) -> Lanes:
        return where.choose(value + self.words.same(1), value)
