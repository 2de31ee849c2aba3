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
the others leave of 1.  The planes that a quiet block reads come first, and those of all blocks
lie together: memory then serves them as one stream.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EMPTY", "FARTHEST", "LEVEL", "ONE", "SQUARE", "VARIANCE", "WHITE", "Layout"]

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
    def n_hot(self) -> int:
        """Number of planes that a quiet block needs, the first ones."""
        return self.n_channels + self.n_components

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
