"""The parameters: what is refused, and the schedule of the learning rate."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest

from bgsub.errors import ConfigError
from bgsub.mixture import MixtureParams


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", 0),
        ("n_components", 9),
        ("n_components", 2.5),
        ("n_components", True),
        ("learning_rate", -0.1),
        ("learning_rate", 1.1),
        ("learning_rate", "fast"),
        ("time_constant_s", 0.0),
        ("initial_learning_rate", math.nan),
        ("warmup_frames", -1),
        ("background_threshold", 1.0),
        ("background_threshold", None),
        ("match_sigmas", 0.0),
        ("match_sigmas", math.inf),
        ("initial_variance", 0.0),
        ("initial_variance", 16385.0),
        ("min_variance", 0.0),
        ("initial_weight", 0.0),
        ("max_value", -1.0),
        ("max_value", math.inf),
        ("detect_shadows", "yes"),
        ("shadow_min_ratio", 1.0),
    ],
)
def test_params_refuse_what_is_out_of_range(name: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        MixtureParams(**{name: value})
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(f"{name}: {value!r} is not ")


def test_params_name_all_mistakes_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        MixtureParams(n_components=12, learning_rate=2.0, match_sigmas=-1.0)
    named = [problem.split(":")[0] for problem in caught.value.problems]
    assert named == ["n_components", "learning_rate", "match_sigmas"]


def test_every_parameter_has_limits_and_a_description() -> None:
    nonsense: dict[str, Any]
    document = MixtureParams.__doc__ or ""
    for field in fields(MixtureParams):
        assert f"    {field.name} : " in document
        nonsense = {field.name: "nonsense"}
        with pytest.raises(ConfigError):
            MixtureParams(**nonsense)


def test_limits_themselves_are_allowed_where_they_mean_something() -> None:
    MixtureParams(n_components=8, learning_rate=0.0, initial_learning_rate=1.0)
    MixtureParams(initial_variance=16384.0, warmup_frames=0, n_components=1)


def test_rate_falls_linearly_to_the_steady_rate() -> None:
    params = MixtureParams(learning_rate=0.01, initial_learning_rate=0.05, warmup_frames=4)
    rates = [params.rate_at(n, None) for n in range(7)]
    assert rates == pytest.approx([1.0, 0.04, 0.03, 0.02, 0.01, 0.01, 0.01])


def test_rate_without_warm_up_is_steady_from_the_second_frame() -> None:
    params = MixtureParams(learning_rate=0.01, warmup_frames=0)
    assert [params.rate_at(n, None) for n in (0, 1, 2)] == [1.0, 0.01, 0.01]


def test_rate_follows_stream_time() -> None:
    params = MixtureParams(time_constant_s=10.0, warmup_frames=0)
    one, two = params.rate_at(5, 1.0), params.rate_at(5, 2.0)
    assert one == pytest.approx(1.0 - math.exp(-0.1))
    assert 1.0 - two == pytest.approx((1.0 - one) ** 2)
    assert params.rate_at(5, 0.0) == 0.0


def test_rate_in_stream_time_needs_the_time() -> None:
    params = MixtureParams(time_constant_s=10.0)
    assert params.rate_at(0, None) == 1.0
    with pytest.raises(ConfigError, match="elapsed_s"):
        params.rate_at(1, None)
