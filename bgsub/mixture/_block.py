"""One block of 32 pixels meets one frame: what the kernel does, as a program that writes it.

The loops over components and channels run while the kernel is generated.  What is compiled is
straight-line code for 32 pixels at once, with a short way through for *quiet* blocks, in which
every pixel matches its first component, and a shorter one for *calm* blocks, in which every
pixel is so near to it that the variance, which is at its floor, stays there.  All ways do the
same arithmetic: a pixel's result does not depend on its neighbours.  `tests/reference/fixed.py`
says in plain integers what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llvmlite import ir

from bgsub.frames import FOREGROUND, SHADOW
from bgsub.mixture._block_parts import BlockParts, Places, Scalars
from bgsub.mixture._lanes import LANES
from bgsub.mixture._layout import AT_FLOOR, EMPTY, ONE, SOLE, Layout
from bgsub.mixture._words import bytes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bgsub.mixture._lanes import Floats, Lanes, Mask

__all__ = ["BlockStep", "Match"]

_BYTE = ir.IntType(8)
_BLOCKS_AHEAD = 24


@dataclass(frozen=True, slots=True)
class Nearness:
    """How far pixels are from one component.

    Attributes
    ----------
    near : Mask
        The pixels within its match threshold.
    distance, variance : Lanes
        Squared distance from it, and its variance.
    """

    near: Mask
    distance: Lanes
    variance: Lanes


@dataclass(slots=True)
class Match:
    """The pixels' matching components.

    Attributes
    ----------
    hits : list of Mask
        For each component, the pixels that match it.
    none : Mask
        The pixels that match none.
    nearness : list of Nearness
        How far the pixels are from each component.
    offsets, distance, variance : list of Lanes, Lanes, Lanes
        Value less mean, its square and the variance of the matching component; of any where
        there is none.
    """

    hits: list[Mask]
    none: Mask
    nearness: list[Nearness]
    offsets: list[Lanes]
    distance: Lanes
    variance: Lanes


class BlockStep(BlockParts):
    """Writes the instructions that take one block through one frame.

    Parameters
    ----------
    builder, layout, places, scalars
        As for `BlockParts`.
    element : llvmlite.ir.Type
        Of the frame: integers of 8 or 16 bits, or float.
    """

    def __init__(
        self,
        builder: ir.IRBuilder,
        layout: Layout,
        places: Places,
        scalars: Scalars,
        element: ir.Type,
    ) -> None:
        super().__init__(builder, layout, places, scalars)
        self.element = element
        zero = ir.Constant(scalars.rate.type, 0)
        self.learns = builder.icmp_signed(">=", scalars.rate, zero)

    def write(self) -> None:
        """Write the whole step."""
        self._fetch_pixels_ahead()
        pixels, valid = self._load_pixels()
        selected = self.words.load_truth(self.places.updates) & valid
        offsets = [x - m for x, m in zip(pixels, self.load_means(0), strict=True)]
        distance = self.short_distance(offsets)
        inside = distance <= self.words.same(self.scalars.calm_reach)
        marks = self.words.load_byte(self.places.marks)
        calm = self.builder.and_((inside & selected).all(), self.has(marks, AT_FLOOR))
        with self.builder.if_else(calm, likely=True) as (then, otherwise):
            with then:
                variance = self.words.same(self.scalars.min_variance)
                self._report_quiet(self._first_match(inside, offsets, distance, variance))
                with self.builder.if_then(self.learns):
                    self._learn_means(offsets)
                    self._fade_weights(marks)
            with otherwise:
                self._write_uncalm(pixels, offsets, valid, selected, marks)

    def _fetch_pixels_ahead(self) -> None:
        """Ask for the pixels of a later block.

        In a batch every frame is read a tile at a time, so that the machine does not foresee
        where it goes on.
        """
        n_bytes = LANES * self.layout.n_channels * bytes_of(self.element)
        self.words.fetch(self.places.pixels, _BLOCKS_AHEAD * n_bytes, n_bytes)

    def _write_uncalm(
        self,
        pixels: list[Lanes],
        offsets: list[Lanes],
        valid: Mask,
        selected: Mask,
        marks: ir.Value,
    ) -> None:
        distance = self.distance(offsets)
        variance = self.load(self.layout.variance(0))
        hit = self.near(distance, variance)
        match = self._first_match(hit, offsets, distance, variance)
        quiet = (hit & selected).all()
        with self.builder.if_else(quiet, likely=True) as (then, otherwise):
            with then:
                self._report_quiet(match)
                with self.builder.if_then(self.learns):
                    self._learn_quiet(match, marks)
            with otherwise:
                self._match_rest(pixels, match)
                fresh = self.load(self.layout.mean(0, 0)).equals(self.words.same(EMPTY))
                self._report(pixels, match, fresh, valid)
                with self.builder.if_then(self.learns):
                    self._learn(pixels, match, fresh, selected)

    def _load_pixels(self) -> tuple[list[Lanes], Mask]:
        """Return the pixels' values in each channel, and where they are finite."""
        words = self.words
        loaded = words.load_channels(self.places.pixels, self.element, self.layout.n_channels)
        valid = words.everywhere(truth=True)
        if self.element == _BYTE:
            return [words.widened(vector) << words.same(7) for vector in loaded], valid
        zero, white = words.same_float(0.0), words.same_float(self.scalars.white)
        scale, half = words.same_float(self.scalars.scale), words.same_float(0.5)
        values = []
        for vector in loaded:
            value = words.as_floats(vector)
            finite = value.finite()
            valid = valid & finite
            value = zero.where(~finite | (value <= zero), value)
            value = white.where(white <= value, value)
            values.append((value * scale + half).lanes())
        return values, valid

    def _first_match(
        self, hit: Mask, offsets: list[Lanes], distance: Lanes, variance: Lanes
    ) -> Match:
        nearness = [Nearness(hit, distance, variance)]
        return Match([hit], ~hit, nearness, offsets, distance, variance)

    def _match_rest(self, pixels: Sequence[Lanes], match: Match) -> None:
        for k in self.components[1:]:
            offsets = [x - m for x, m in zip(pixels, self.load_means(k), strict=True)]
            distance = self.distance(offsets)
            variance = self.load(self.layout.variance(k))
            near = self.near(distance, variance)
            match.nearness.append(Nearness(near, distance, variance))
            hit = near & match.none
            match.hits.append(hit)
            match.none = match.none & ~hit
            pairs = zip(offsets, match.offsets, strict=True)
            match.offsets = [hit.choose(new, old) for new, old in pairs]
            match.distance = hit.choose(distance, match.distance)
            match.variance = hit.choose(variance, match.variance)

    def _report_quiet(self, _match: Match) -> None:
        """Write that every pixel is background."""
        self.words.store_labels([], self.places.labels)

    def _report(self, pixels: list[Lanes], match: Match, fresh: Mask, valid: Mask) -> None:
        """Write which pixels are foreground."""
        weights = self.load_weights()
        threshold = self.words.same(self.scalars.threshold)
        foreground, ahead = match.none, weights[0]
        for k in self.components[1:]:
            foreground = foreground | (match.hits[k] & (ahead > threshold))
            ahead = ahead.plus(weights[k])
        foreground = foreground & ~fresh
        labels = [(foreground | ~valid, FOREGROUND)]
        self.words.store_labels(labels, self.places.labels)
        one = ir.Constant(ir.FloatType(), 1.0)
        wanted = self.builder.fcmp_ordered("<=", self.scalars.shadow_min_ratio, one)
        with self.builder.if_then(self.builder.and_(wanted, foreground.any())):
            shadow = foreground & valid & self._shades(pixels, weights)
            self.words.store_labels([*labels, (shadow, SHADOW)], self.places.labels)

    def _shades(self, pixels: list[Lanes], weights: list[Lanes]) -> Mask:
        """Return which pixels are a darker shade of a background component."""
        words = self.words
        values = [x.floats() for x in pixels]
        one, lowest = words.same_float(1.0), words.same_float(self.scalars.shadow_min_ratio)
        reach = words.same_float(self.scalars.shadow_reach)
        threshold = words.same(self.scalars.threshold)
        shades, ahead = words.everywhere(truth=False), words.same(0)
        for k in self.components:
            means = [m.floats() for m in self.load_means(k)]
            dot = _sum([x * m for x, m in zip(values, means, strict=True)])
            norm = _sum([m * m for m in means])
            ratio = dot / one.where(norm <= one, norm)
            offsets = [ratio * m - x for x, m in zip(values, means, strict=True)]
            distance = _sum([d * d for d in offsets])
            near = distance <= reach * self.load(self.layout.variance(k)).floats()
            background = (weights[k] > words.same(0)) & (ahead <= threshold)
            shades = shades | (background & near & (lowest <= ratio) & (ratio <= one))
            ahead = ahead.plus(weights[k])
        return shades

    def _learn_quiet(self, match: Match, marks: ir.Value) -> None:
        """Let every pixel's first component learn, and the weights of the others fade."""
        self._learn_means(match.offsets)
        variance = self.moved(match.variance, match.distance)
        self.store(variance, self.layout.variance(0))
        at_floor = variance.equals(self.words.same(self.scalars.min_variance)).all()
        kept = self.builder.and_(marks, ir.Constant(_BYTE, SOLE))
        marks = self.builder.or_(kept, self.mark(at_floor, AT_FLOOR))
        self.words.store_byte(marks, self.places.marks)
        self._fade_weights(marks)

    def _learn_means(self, offsets: list[Lanes]) -> None:
        """Let every pixel's first component follow its value."""
        for c in self.channels:
            plane = self.layout.mean(0, c)
            self.store(self.load(plane) + self.signed_share(offsets[c]), plane)

    def _fade_weights(self, marks: ir.Value) -> None:
        """Let the weights of all components but the first fade, if there are any."""
        if self.layout.n_components == 1:
            return
        with self.builder.if_then(self.builder.not_(self.has(marks, SOLE))):
            planes = [self.layout.weight(k) for k in self.components[1:]]
            others = [self.load(plane) for plane in planes]
            shares = [self.share(weight) for weight in others]
            others = [weight - share for weight, share in zip(others, shares, strict=True)]
            zero = self.words.same(0)
            left = _any([weight > zero for weight in others]).any()
            marks = self.builder.or_(marks, self.mark(self.builder.not_(left), SOLE))
            self.words.store_byte(marks, self.places.marks)
            # Small weights seldom change; not writing them saves the memory much work.
            with self.builder.if_then(_any([share > zero for share in shares]).any()):
                for weight, plane in zip(others, planes, strict=True):
                    self.store(weight, plane)
            # Far below the first weight the second component cannot be the fitter one,
            # whatever the variances are.
            shift = self.words.same(self.scalars.rank_shift)
            near = others[0] > self.first_weight(others) >> shift
            with self.builder.if_then(near.any()):
                self.swap(0, self.words.everywhere(truth=True))
                self._unmark()

    def _unmark(self) -> None:
        self.words.store_byte(ir.Constant(_BYTE, 0), self.places.marks)

    def _learn(self, pixels: list[Lanes], match: Match, fresh: Mask, selected: Mask) -> None:
        """Let pixels learn whatever they match."""
        self._unmark()
        match.hits = [hit & selected for hit in match.hits]
        match.none = match.none & selected & ~fresh
        weights = self.load_weights()
        self._learn_gaussians(pixels, match)
        self._learn_weights(weights, match, selected)
        if self.layout.n_components > 1:
            with self.builder.if_then(match.none.any()):
                self._renormalise(weights[-1], match.none)
        born = fresh & selected
        with self.builder.if_then(born.any()):
            self._begin(pixels, 0, born)
        self._reorder(match)

    def _learn_gaussians(self, pixels: list[Lanes], match: Match) -> None:
        steps = [self.signed_share(offset) for offset in match.offsets]
        moved = self.moved(match.variance, match.distance)
        for k, hit in enumerate(match.hits):
            for c in self.channels:
                plane = self.layout.mean(k, c)
                self.put(hit, self.load(plane) + steps[c], plane)
            self.put(hit, moved, self.layout.variance(k))
        self._begin(pixels, self.components[-1], match.none)

    def _learn_weights(self, weights: list[Lanes], match: Match, selected: Mask) -> None:
        gain = self.share(self.words.same(ONE))
        for k in self.components[1:]:
            faded = weights[k] - self.share(weights[k])
            learnt = match.hits[k].choose(faded + gain, faded)
            self.put(selected, learnt, self.layout.weight(k))

    def _renormalise(self, last: Lanes, replaced: Mask) -> None:
        """Give the last component its initial weight, and make the sum of all 1 again."""
        initial = self.words.same(self.scalars.initial_weight)
        rest = ~last
        total = (rest - self.share(rest)).floats() + initial.floats()
        scale = self.words.same_float(float(ONE)) / total
        for k in self.components[1:]:
            plane = self.layout.weight(k)
            weight = initial if k == self.components[-1] else self.load(plane)
            self.put(replaced, (weight.floats() * scale).lanes(), plane)

    def _begin(self, pixels: list[Lanes], k: int, where: Mask) -> None:
        """Let component k begin with the pixels' values."""
        for c in self.channels:
            self.put(where, pixels[c], self.layout.mean(k, c))
        initial = self.words.same(self.scalars.initial_variance)
        self.put(where, initial, self.layout.variance(k))

    def _reorder(self, match: Match) -> None:
        """Move the component that learnt up to its rank, or down by one."""
        learnt = [*match.hits[:-1], match.hits[-1] | match.none]
        for k in reversed(self.components[:-1]):
            swapped = self.swap(k, learnt[k] | learnt[k + 1])
            learnt[k] = (learnt[k] & ~swapped) | (learnt[k + 1] & swapped)


def _sum(terms: list[Floats]) -> Floats:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _any(masks: list[Mask]) -> Mask:
    total = masks[0]
    for mask in masks[1:]:
        total = total | mask
    return total
