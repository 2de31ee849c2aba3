"""Where a block's numbers are, and what they mean.

The state of 32 neighbouring pixels, a *block*, is planes of 32 16-bit integers:

=========  ====================================================  ==========================
plane      unit                                                  range
=========  ====================================================  ==========================
mean       1/128 grey level, signed                              0..32640, or EMPTY
variance   1/16 squared grey level, summed over the channels     1..65535
weight     1/65535                                               0..65535
=========  ====================================================  ==========================

Components are in the order of weight/sigma.  The weight of the first is not stored: it is what
the others leave of 1.

Memory is what a large picture waits for, so the planes lie in three parts, each of them one
stream: *hot* is what every frame changes, the first component's means; *warm* its variance and
the weights; *cold* the other components.  A block's *marks* say what is known of the warm ones
without reading them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AT_FLOOR",
    "COLD",
    "EMPTY",
    "FARTHEST",
    "HOT",
    "LEVEL",
    "ONE",
    "SOLE",
    "SQUARE",
    "VARIANCE",
    "WARM",
    "WHITE",
    "Layout",
]

LEVEL = 128
WHITE = 255 * LEVEL
ONE = 65535
VARIANCE = 16
# Squared distances are in quarters of a squared grey level, and differences are cut to just
# below 128 grey levels, so that a squared difference fits into 16 bits.
SQUARE = 4
FARTHEST = 16383
# The mean of an unused component: 16-bit differences from it, which wrap around, are beyond
# FARTHEST for all values from 0 to WHITE, so it matches nothing.
EMPTY = -16448
# The parts of the state.
HOT, WARM, COLD = range(3)
# Marks: all variances of the first component are the least there are; no pixel has a weight in
# another component.  A mark that is missing says nothing.
AT_FLOOR, SOLE = 1, 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Plane numbers for K components and C channels."""

    n_components: int
    n_channels: int

    @property
    def n_planes(self) -> int:
        """Number of planes of a block."""
        return self.n_components * (self.n_channels + 2) - 1

    @property
    def widths(self) -> tuple[int, int, int]:
        """Number of planes of a block in each part."""
        n_warm = self.n_components
        return self.n_channels, n_warm, self.n_planes - self.n_channels - n_warm

    def place(self, plane: int) -> tuple[int, int]:
        """Return in which part a plane is, and its place there."""
        if plane == 0:
            return WARM, 0
        if plane <= self.n_channels:
            return HOT, plane - 1
        place = plane - self.n_channels
        if place < self.n_components:
            return WARM, place
        return COLD, place - self.n_components

    def variance(self, k: int) -> int:
        """Return the plane of component k's variance."""
        return 0 if k == 0 else self.n_channels + self.n_components - 1 + k

    def weight(self, k: int) -> int:
        """Return the plane of component k's weight, k at least 1."""
        return self.n_channels + k

    def mean(self, k: int, channel: int) -> int:
        """Return the plane of component k's mean in a channel."""
        if k == 0:
            return 1 + channel
        first = self.n_channels + 2 * self.n_components - 1
        return first + (k - 1) * self.n_channels + channel
