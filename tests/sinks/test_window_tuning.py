"""Sliders, and the file that keeps what was tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.config import Config, load_config, parse_set
from bgsub.errors import SinkWriteError
from bgsub.frames import Box
from bgsub.sinks.window_panels import SliderPanel
from bgsub.sinks.window_text import Lettering
from bgsub.sinks.window_tuning import Slider, Tuning, sliders_for, write_tuned

if TYPE_CHECKING:
    from pathlib import Path


def _configured(*arguments: str) -> Config:
    return load_config(None, [parse_set(argument) for argument in arguments]).config


_KINDS = [
    Config(),
    _configured("detector.method=classic"),
    _configured("model.time_constant_s=40.0"),
]
_SLIDERS = sorted(
    {slider for config in _KINDS for slider in sliders_for(config)}, key=lambda s: s.path
)


@settings(deadline=None)
@given(config=st.sampled_from(_KINDS), number=st.integers(0, 4), position=st.floats(-0.5, 1.5))
def test_every_position_is_a_value_the_configuration_accepts(
    config: Config, number: int, position: float
) -> None:
    tuning = Tuning(config)
    slider = tuning.sliders[number]
    value = slider.value_at(position)
    tuning.set(slider, value)
    assert tuning.value(slider) == value
    at = slider.position_of(value)
    assert abs(at - min(1.0, max(0.0, position))) < 0.04


@pytest.mark.parametrize("slider", _SLIDERS, ids=lambda slider: slider.path)
def test_defaults_are_within_the_sliders(slider: Slider) -> None:
    section, key = slider.path.split(".")
    value = getattr(getattr(Config(), section), key) or 40.0
    assert slider.low <= value < slider.high
    assert slider.value_at(slider.position_of(value)) == pytest.approx(value, rel=0.01)


def test_sliders_are_those_that_have_an_effect() -> None:
    paths = [[slider.path for slider in sliders_for(config)] for config in _KINDS]
    assert "detector.hysteresis" in paths[0]
    assert "mask.median_px" in paths[1]
    assert "detector.hysteresis" not in paths[1]
    assert "model.time_constant_s" in paths[2]
    assert "model.learning_rate" not in paths[2]


def test_values_beyond_the_ends_are_shown_at_the_ends() -> None:
    slider = Slider(path="a.b", label="", low=0.001, high=1.0, scale="log")
    assert slider.position_of(0.0) == 0.0
    assert slider.position_of(7.0) == 1.0


def test_refused_change_goes_back_to_what_was_accepted() -> None:
    tuning = Tuning(Config())
    first, second = tuning.sliders[:2]
    assert tuning.set(first, 3.0)
    assert not tuning.set(first, 3.0)
    tuning.accept()
    assert tuning.set(second, 0.5)
    tuning.refuse()
    assert tuning.value(first) == 3.0
    assert tuning.value(second) == tuning.first_value(second)
    assert tuning.first_value(first) == 2.5


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("model.match_sigmas=3.5",),
        (
            "detector.method=classic",
            "mask.median_px=15",
            "regions.include=[[[0,0],[9,0],[9,9]]]",
        ),
        ("model.time_constant_s=40.0", "events.pad_after_s=3.0", "window.view=split"),
        ('recording.name="%H-{event}"', "live.retry_for_s=1.5"),
    ],
)
def test_saved_file_holds_what_is_no_default(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    config = _configured(*arguments, "live.source=rtsp://u:secret@host/a")
    path = tmp_path / "tuned.yaml"
    write_tuned(path, config)
    loaded = load_config(str(path))
    assert loaded.config == _configured(*arguments)
    assert set(loaded.origins) <= {argument.split("=")[0] for argument in arguments}
    assert "secret" not in path.read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["tuned.yaml"]


def test_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SinkWriteError, match="cannot be created"):
        write_tuned(tmp_path / "none" / "tuned.yaml", Config())


def test_speed_is_saved_as_rate_or_time() -> None:
    faster = Tuning(Config()).at_speed(4.0)
    assert faster.model.learning_rate == pytest.approx(4 * Config().model.learning_rate)
    assert Tuning(_configured("model.learning_rate=0.5")).at_speed(4.0).model.learning_rate == 1
    slower = Tuning(_configured("model.time_constant_s=40.0")).at_speed(0.5)
    assert slower.model.time_constant_s == 80.0
    assert slower.model.learning_rate == Config().model.learning_rate
    assert Tuning(Config()).at_speed(1.0) == Config()


def test_knobs_are_where_the_mouse_finds_them() -> None:
    tuning = Tuning(Config())
    panel = SliderPanel(tuning)
    panel.place(Box(x=0, y=0, width=900, height=600), Lettering(15))
    assert panel.area.x + panel.area.width == 900
    for slider in tuning.sliders:
        x, y = panel.knob_of(slider)
        assert panel.slider_at(x, y) == slider
        assert panel.covers(x, y)
        step = panel.value_at(slider, x + 1) - panel.value_at(slider, x)
        assert panel.value_at(slider, x) == pytest.approx(
            tuning.value(slider), abs=max(1.5 * abs(step), 1e-9)
        )
    below = panel.area.y + panel.area.height - 2
    assert panel.slider_at(panel.area.x + 5, below) is None
    assert panel.slider_at(panel.area.x - 1, 5) is None
    assert not panel.covers(panel.area.x - 1, 5)
