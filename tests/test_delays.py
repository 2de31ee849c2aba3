"""Percentiles of delays in fixed memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.delays import DelayMeter


def test_nothing_measured_is_no_delay() -> None:
    assert DelayMeter().percentile_s(50) == 0.0


@given(st.lists(st.floats(1e-4, 100.0), min_size=1, max_size=300), st.integers(1, 100))
def test_percentiles_are_those_of_all_delays(delays_s: list[float], percent: int) -> None:
    meter = DelayMeter()
    for delay_s in delays_s:
        meter.add(delay_s)
    exact = float(np.percentile(delays_s, percent, method="inverted_cdf"))
    assert meter.percentile_s(percent) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("delay_s", [-1.0, 0.0, 1e9])
def test_delays_out_of_range_are_counted_at_its_ends(delay_s: float) -> None:
    meter = DelayMeter()
    meter.add(delay_s)
    assert meter.percentile_s(50) > 0.0
