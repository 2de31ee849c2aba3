"""A step that writes how far pixels are from their background, instead of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llvmlite import ir

from bgsub.mixture._block import BlockStep, Match
from bgsub.mixture._layout import EMPTY
from bgsub.mixture.params import SCORE_UNIT

if TYPE_CHECKING:
    from bgsub.mixture._lanes import Floats, Lanes, Mask

__all__ = ["ScoreStep"]

_MAX = 255


class ScoreStep(BlockStep):
    """Writes the instructions of a step that scores.

    It learns as `BlockStep` does.  A score depends on the state before the frame: the distance
    from the first background component within the match threshold, or else from the nearest
    one, in standard deviations.
    """

    def _report_quiet(self, match: Match) -> None:
        first = match.nearness[0]
        score = self._score(first.distance.floats(), first.variance.floats())
        self._store(score.at_most(self.words.same(SCORE_UNIT)))

    def _report(self, _pixels: list[Lanes], match: Match, fresh: Mask, valid: Mask) -> None:
        weights = self.load_weights()
        threshold = self._threshold()
        first = match.nearness[0]
        near, ahead = first.near, weights[0]
        distance, variance = first.distance.floats(), first.variance.floats()
        for k, other in enumerate(match.nearness[1:], start=1):
            used = ~self.load(self.layout.mean(k, 0)).equals(self.words.same(EMPTY))
            background = used & ~(ahead > threshold)
            other_distance, other_variance = other.distance.floats(), other.variance.floats()
            nearer = ~(distance * other_variance <= other_distance * variance)
            better = background & ~near & (other.near | nearer)
            distance = other_distance.where(better, distance)
            variance = other_variance.where(better, variance)
            near = near | (background & other.near)
            ahead = ahead.plus(weights[k])
        unit, farther = self.words.same(SCORE_UNIT), self.words.same(SCORE_UNIT + 1)
        score = self._score(distance, variance)
        # Rounding must not move a score across the match threshold.
        score = near.choose(score.at_most(unit), score.at_least(farther))
        score = fresh.choose(self.words.same(0), score)
        self._store(valid.choose(score, self.words.same(_MAX)))

    def _threshold(self) -> Lanes:
        """Return the share of the weights that must be background, for each pixel."""
        words, threshold = self.words, self.scalars.threshold
        own = words.load_bytes(self.places.thresholds).low(words.same(257))
        has_own = self.builder.icmp_signed("<", threshold, ir.Constant(threshold.type, 0))
        return words.same_mask(has_own).choose(own, words.same(threshold))

    def _score(self, distance: Floats, variance: Floats) -> Lanes:
        """Return the root of distance/variance in the unit of scores, at most 255."""
        words = self.words
        score = (distance / variance).root() * words.same_float(self.scalars.score_scale)
        most = words.same_float(float(_MAX))
        return (most.where(most <= score, score) + words.same_float(0.5)).lanes()

    def _store(self, score: Lanes) -> None:
        self.words.store_bytes(score, self.places.labels)
