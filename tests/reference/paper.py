"""One pixel of Stauffer and Grimson's model, float64, plain lists, written from the paper.

Slow and simple on purpose: it imports nothing from bgsub and shares no arithmetic with it.
The paper (CVPR 1999, section 2.1) leaves choices open; those made here are the ones that
:class:`bgsub.MixtureParams` documents.

Every step also tells how near it came to deciding otherwise: float32 may fall on the other
side of a decision that is nearer than its rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass
class Gaussian:
    """One component: weight, mean per channel, variance shared by the channels."""

    weight: float
    mean: list[float]
    variance: float

    def fitness(self) -> float:
        """Weight over standard deviation, the order of section 2.2."""
        return self.weight / math.sqrt(self.variance)

    def distance(self, x: list[float]) -> float:
        """Mean over the channels of the squared distance to x."""
        return sum((a - m) ** 2 for a, m in zip(x, self.mean, strict=True)) / len(x)


@dataclass
class Step:
    """What happened to one value."""

    foreground: bool
    margin: float


@dataclass
class Pixel:
    """The mixture of one pixel."""

    n_components: int
    background_threshold: float
    match_sigmas: float
    initial_variance: float
    min_variance: float
    initial_weight: float
    gaussians: list[Gaussian] = field(default_factory=list)

    def step(self, x: list[float], alpha: float) -> Step:
        """Classify a value, then learn from it."""
        if not self.gaussians:
            self.gaussians = [Gaussian(1.0, list(x), self.initial_variance)]
            return Step(foreground=False, margin=1.0)
        ordered = sorted(self.gaussians, key=Gaussian.fitness, reverse=True)
        margins = [abs(1.0 - b.fitness() / a.fitness()) for a, b in pairwise(ordered)]
        match = None
        for g in ordered:
            ratio = g.distance(x) / (self.match_sigmas**2 * g.variance)
            margins.append(abs(ratio - 1.0))
            if ratio <= 1.0:
                match = g
                break
        foreground = True
        if match is not None:
            ahead = sum(g.weight for g in ordered[: ordered.index(match)])
            margins.append(abs(ahead - self.background_threshold))
            foreground = ahead > self.background_threshold
        self._learn(ordered, match, x, alpha)
        return Step(foreground=foreground, margin=min(margins))

    def score(self, x: list[float]) -> float:
        """Distance from the background in match thresholds; each difference is cut at 128.

        Of the first background component within the threshold, or else of the nearest.
        """
        ahead, ratios = 0.0, []
        for g in sorted(self.gaussians, key=Gaussian.fitness, reverse=True):
            if ahead <= self.background_threshold:
                pairs = zip(x, g.mean, strict=True)
                cut = [m + max(-128.0, min(a - m, 128.0)) for a, m in pairs]
                squared = min(g.distance(cut), 128.0**2 / len(x))
                ratios.append(math.sqrt(squared / g.variance) / self.match_sigmas)
            ahead += g.weight
        return next((r for r in ratios if r <= 1.0), min(ratios, default=0.0))

    def _learn(
        self, ordered: list[Gaussian], match: Gaussian | None, x: list[float], alpha: float
    ) -> None:
        for g in ordered:
            g.weight = (1.0 - alpha) * g.weight + (alpha if g is match else 0.0)
        if match is not None:
            distance = match.distance(x)
            match.mean = [
                (1.0 - alpha) * m + alpha * a for a, m in zip(x, match.mean, strict=True)
            ]
            variance = (1.0 - alpha) * match.variance + alpha * distance
            match.variance = max(variance, self.min_variance)
        else:
            if len(ordered) == self.n_components:
                self.gaussians.remove(ordered[-1])
            self.gaussians.append(Gaussian(self.initial_weight, list(x), self.initial_variance))
        total = sum(g.weight for g in self.gaussians)
        for g in self.gaussians:
            g.weight /= total
