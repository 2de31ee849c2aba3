"""The scene of a live run, and what can be changed of it from the window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bgsub.app.live_scene import LiveScene, warm_up
from bgsub.config import Config
from bgsub.frames import Frame, StreamInfo
from bgsub.live_controls import LiveControls
from bgsub.mixture import MixtureModel

_SHAPE = (48, 64, 3)
_INFO = StreamInfo(name="cam", width=64, height=48, source_width=64, source_height=48)


@pytest.fixture
def scene() -> LiveScene:
    return LiveScene(Config(), _INFO, None)


def _frame(number: int, *, with_thing: bool = False) -> Frame:
    noise = np.random.default_rng(number).normal(0, 4, _SHAPE)
    image = np.clip(90 + noise, 0, 255).astype(np.uint8)
    if with_thing:
        image[10:34, 15:45] = 220
    return Frame(index=number, timestamp_s=number / 10, image=image)


def _watch(scene: LiveScene, first: int, count: int, *, with_thing: bool = False) -> list[str]:
    kinds: list[str] = []
    for number in range(first, first + count):
        _, changes = scene.look(_frame(number, with_thing=with_thing))
        kinds += [change.kind for change in changes]
    return kinds


def test_what_moves_is_found_and_told_as_an_event(scene: LiveScene) -> None:
    assert _watch(scene, 0, 40) == []
    assert _watch(scene, 40, 10, with_thing=True)[0] == "start"
    assert scene.in_event
    result, _ = scene.look(_frame(50, with_thing=True))
    assert 0.1 < result.coverage < 0.5
    assert result.in_event
    assert [change.kind for change in scene.finish()] == ["end"]
    assert scene.n_events == 1


def test_events_on_both_sides_of_a_gap_are_told(scene: LiveScene) -> None:
    _watch(scene, 0, 40)
    told = _watch(scene, 40, 10, with_thing=True)
    told += [change.kind for change in scene.pass_time(5.0)]
    assert told[0] == "start"
    assert "end" not in told
    told += [change.kind for change in scene.pass_time(30.0)]
    assert told[-1] == "end"
    assert not scene.in_event
    # The camera is back a minute later, and something moves at once.
    told = _watch(scene, 600, 10, with_thing=True) + _watch(scene, 610, 50)
    assert [kind for kind in told if kind != "update"] == ["start", "end"]
    assert scene.n_events == 2


def test_nothing_is_left_to_load_after_warming_up() -> None:
    child = [sys.executable, "-m", "tests.app._warm_child"]
    done = subprocess.run(
        child, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


@pytest.mark.parametrize("shape", [(2, 3), (9, 16, 3), (1081, 1921, 3)])
def test_scenes_of_any_size_are_warmed_up(shape: tuple[int, ...]) -> None:
    height, width = shape[:2]
    info = StreamInfo(
        name="", width=width, height=height, source_width=width, source_height=height
    )
    warm_up(Config(), info, shape)


def test_a_known_scene_needs_no_time_to_settle() -> None:
    before = LiveScene(Config(), _INFO, None)
    _watch(before, 0, 40)
    after = LiveScene(Config(), _INFO, before.model)
    result, _ = after.look(_frame(0, with_thing=True))
    assert result.coverage > 0.1
    assert "start" in _watch(after, 1, 9, with_thing=True)


def test_frozen_learning_keeps_the_model_as_it_is(scene: LiveScene) -> None:
    _watch(scene, 0, 30)
    controls = LiveControls(freeze_learning=True)
    scene.obey(controls)
    before = scene.model.snapshot().arrays["state"]
    _watch(scene, 30, 20)
    np.testing.assert_array_equal(scene.model.snapshot().arrays["state"], before)
    controls.freeze_learning = False
    scene.obey(controls)
    _watch(scene, 50, 5)
    assert not np.array_equal(scene.model.snapshot().arrays["state"], before)


def test_learning_can_be_made_faster(scene: LiveScene) -> None:
    scene.obey(LiveControls(learning_speed=4.0))
    configured = Config().model.to_params().learning_rate
    assert scene.model.params.learning_rate == pytest.approx(4 * configured)
    scene.obey(LiveControls(learning_speed=1.0))
    assert scene.model.params.learning_rate == pytest.approx(configured)


def test_a_time_constant_is_divided_by_the_speed() -> None:
    config = Config.model_validate({"model": {"time_constant_s": 60.0}})
    scene = LiveScene(config, _INFO, None)
    scene.obey(LiveControls(learning_speed=4.0))
    assert scene.model.params.time_constant_s == pytest.approx(15.0)


def test_a_reset_begins_with_a_new_model(scene: LiveScene) -> None:
    _watch(scene, 0, 30)
    controls = LiveControls(reset_model=True)
    scene.obey(controls)
    assert not controls.reset_model
    assert scene.model.n_frames == 0
    result, _ = scene.look(_frame(30, with_thing=True))
    assert result.coverage == 0.0


def test_changed_values_are_taken_over_without_losing_the_model(scene: LiveScene) -> None:
    _watch(scene, 0, 30)
    controls = LiveControls(
        changes={
            "model.match_sigmas": 6.0,
            "mask.min_area_fraction": 0.5,
            "events.settle_s": 0.0,
        }
    )
    scene.obey(controls)
    assert (controls.changes, controls.refusal) == ({}, "")
    assert scene.model.n_frames == 30
    assert scene.model.params.match_sigmas == 6.0
    assert scene.config.mask.min_area_fraction == 0.5
    result, _ = scene.look(_frame(30, with_thing=True))
    assert result.coverage == 0.0


def test_another_number_of_gaussians_begins_with_a_new_model(scene: LiveScene) -> None:
    _watch(scene, 0, 5)
    controls = LiveControls(changes={"model.n_components": 5})
    scene.obey(controls)
    assert controls.refusal == ""
    assert scene.model.params.n_components == 5
    assert scene.model.n_frames == 0


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("mask.median_px", 4, "odd"),
        ("model.match_sigmas", -1.0, "greater than 0"),
        ("model.nonsense", 1, "nonsense"),
        ("live.stall_s", 3.0, "while it runs"),
        ("mask", 1, "mask"),
    ],
)
def test_values_that_cannot_be_are_refused_and_change_nothing(
    path: str, value: object, said: str, scene: LiveScene
) -> None:
    before = scene.config
    controls = LiveControls(changes={path: value})
    scene.obey(controls)
    assert said in controls.refusal
    assert controls.changes == {}
    assert scene.config == before
    scene.look(_frame(0))


def test_a_model_goes_on_in_a_detector_of_either_kind() -> None:
    for method in ("classic", "robust"):
        config = Config.model_validate({"detector": {"method": method}})
        model = MixtureModel(config.model.to_params(), n_threads=1)
        for number in range(5):
            model.apply(_frame(number).image)
        assert LiveScene(config, _INFO, model).model is model
