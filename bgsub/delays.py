"""Delays of a run without end, counted in fixed memory."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["DelayMeter"]

_SHORTEST_S = 1e-5
_STEP = math.log(1.02)
_N_BINS = 1024


class DelayMeter:
    """Counts delays by their logarithm: percentiles are exact to 2 %.

    Examples
    --------
    >>> meter = DelayMeter()
    >>> for delay_s in (0.01, 0.01, 0.01, 0.2):
    ...     meter.add(delay_s)
    >>> round(meter.percentile_s(50), 3), round(meter.percentile_s(99), 2)
    (0.01, 0.2)
    """

    def __init__(self) -> None:
        self._counts = np.zeros(_N_BINS, np.int64)

    def add(self, delay_s: float) -> None:
        """Count one delay."""
        steps = math.log(max(delay_s, _SHORTEST_S) / _SHORTEST_S) / _STEP
        self._counts[min(round(steps), _N_BINS - 1)] += 1

    def percentile_s(self, percent: float) -> float:
        """Return the delay that `percent` percent do not exceed, in seconds; 0 without any."""
        total = int(self._counts.sum())
        if total == 0:
            return 0.0
        rank = max(1, math.ceil(total * percent / 100))
        found = int(np.searchsorted(np.cumsum(self._counts), rank))
        return _SHORTEST_S * math.exp(found * _STEP)
