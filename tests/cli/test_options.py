"""Times and polygons as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.cli.options import parse_polygon, parse_time
from bgsub.errors import ConfigError
from bgsub.timecode import timecode


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90.0), ("90.5s", 90.5), ("1:30", 90.0), ("01:01:01.25", 3661.25), ("0", 0.0)],
)
def test_times_are_read(text: str, seconds: float):
    assert parse_time("--start", text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "1:60", "1:2:3:4", "nan", "inf", "1:-2"])
def test_what_is_no_time_is_an_error(text: str):
    with pytest.raises(ConfigError, match="--start"):
        parse_time("--start", text)


@given(st.integers(0, 10**9))
def test_a_written_time_reads_back(milliseconds: int):
    assert parse_time("--start", timecode(milliseconds / 1000)) == pytest.approx(
        milliseconds / 1000, abs=1e-6
    )


def test_seconds_never_round_up_to_sixty():
    assert timecode(59.9996) == "00:01:00.000"


def test_polygons_are_read():
    expected = [[0.0, 0.0], [10.0, 0.5], [3.0, 4.0]]
    assert parse_polygon("--region", "0,0 10,.5; 3,4") == expected


@pytest.mark.parametrize("text", ["", "0,0 1,1", "0,0 1,1 2", "a,b c,d e,f", "0,0,0 1,1 2,2"])
def test_what_is_no_polygon_is_an_error(text: str):
    with pytest.raises(ConfigError, match="--region"):
        parse_polygon("--region", text)
