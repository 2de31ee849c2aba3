"""The window's reactions, on a screen that is not there."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.config import Config, load_config, parse_set
from bgsub.sinks.window_face import first_size
from tests.sinks._window import Stage, seen

if TYPE_CHECKING:
    from pathlib import Path

_BAR = 30


def test_window_opens_once_closes_once_and_fits_the_first_picture(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    window = stage.window
    window.poll()
    assert not stage.screen.shown
    with window, window:
        window.write(seen((720, 1280, 3)))
        assert stage.screen.room == (1147, 675)
        assert stage.tick().shape == (675, 1147, 3)
    window.__exit__(None, None, None)
    assert len(stage.screen.opened) == stage.screen.closes == 1


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ((3840, 2160), (1200, 675)),
        ((320, 240), (900, 675)),
        ((160, 90), (480, 270)),
        ((2000, 20), (1200, 12)),
        ((20, 2000), (7, 675)),
    ],
)
def test_first_size_fits_the_limits(frame: tuple[int, int], expected: tuple[int, int]) -> None:
    assert first_size(*frame, max_width=1200, max_height=675) == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(90, 160, 3), (90, 160)])
def test_each_view_shows_its_picture(
    tmp_path: Path, shape: tuple[int, ...], dtype: type[np.unsignedinteger]
) -> None:
    stage = Stage(tmp_path)
    result = seen(shape)
    if dtype == np.uint16:
        image = result.frame.image.astype(np.uint16) * 257
        result = replace(result, frame=replace(result.frame, image=image))
    empty = np.full_like(result.frame.image, result.frame.image.flat[0])
    stage.learn(replace(result, frame=replace(result.frame, image=empty)))
    with stage.window:
        stage.window.write(result)
        inside, outside = (130, 30), (20, 400)
        picture = stage.type("1")
        assert picture[inside].tolist() == [230] * 3
        assert picture[outside].tolist() == [90] * 3
        mask = stage.type("2")
        assert mask[inside].tolist() == [255] * 3
        assert mask[outside].tolist() == [0] * 3
        overlay = stage.type("3")
        assert overlay[outside].tolist() == [90] * 3
        assert overlay[inside][2] > overlay[inside][0] + 40
        background = stage.type("4")
        assert background[inside].tolist() == [90] * 3
        split = stage.type("5")
        assert split[65, 8].tolist() == [230] * 3
        assert split[65 + 137, 8].tolist() == [255] * 3
        assert split[65, 8 + 242][2] > split[65, 8 + 242][0] + 40
        assert split[65 + 137, 8 + 242].tolist() == [90] * 3


def test_keys_go_through_the_views_in_order(tmp_path: Path) -> None:
    stage = Stage(tmp_path, load_config(None, [parse_set("window.view=picture")]).config)
    with stage.window:
        stage.window.write(seen())
        shown = [
            stage.tick(),
            *(stage.type("v") for _ in range(3)),
            stage.type("\t"),
            stage.type("v"),
        ]
        assert (shown[0] == shown[-1]).all()
        for first, second in pairwise(shown):
            assert (first != second).any()


def test_keys_change_the_controls(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    controls = stage.controls
    with stage.window:
        stage.type(" f")
        assert controls.paused
        assert controls.freeze_learning
        stage.type(" f")
        assert not controls.paused
        assert not controls.freeze_learning
        stage.type("+=")
        assert controls.learning_speed == 4.0
        stage.type("-_-")
        assert controls.learning_speed == 0.5
        stage.type("+" * 40)
        assert controls.learning_speed == 64.0
        stage.type("-" * 40)
        assert controls.learning_speed == 1 / 64
        stage.type("c")
        assert controls.record_now
        stage.type("c")
        assert not controls.record_now
        stage.type("r")
        assert controls.reset_model
        stage.type("xyz\r")
        assert not controls.quit
        stage.screen.typed = [0x100000 + ord("q")]
        stage.tick()
        assert controls.quit


@pytest.mark.parametrize("how", ["q", "\x1b", "closed"])
def test_three_ways_to_quit(tmp_path: Path, how: str) -> None:
    stage = Stage(tmp_path)
    with stage.window:
        stage.tick()
        assert not stage.controls.quit
        if how == "closed":
            stage.screen.closed_by_person = True
            stage.tick()
        else:
            stage.type(how)
        assert stage.controls.quit


def test_list_of_keys_comes_and_goes(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with stage.window:
        stage.window.write(seen())
        before = stage.tick()
        listed = stage.type("h")
        assert (listed[:-_BAR] != before[:-_BAR]).mean() > 0.3
        assert (stage.type("h") == before).all()


def test_draws_at_most_as_often_as_configured(tmp_path: Path) -> None:
    stage = Stage(tmp_path, load_config(None, [parse_set("window.max_fps=10.0")]).config)
    with stage.window:
        for i in range(100):
            stage.window.write(seen(index=i))
            stage.tick(0.01)
        assert 8 <= len(stage.screen.shown) <= 13


def test_nothing_new_is_drawn_twice_a_second(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with stage.window:
        for _ in range(100):
            stage.tick(0.02)
        assert 3 <= len(stage.screen.shown) <= 6


def test_click_shows_the_gaussians_of_that_pixel_until_right_click(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    result = seen()
    stage.learn(result)
    with stage.window:
        stage.window.write(result)
        before = stage.tick()
        stage.screen.hover(10, 10)
        assert (stage.tick() == before).all()
        stage.screen.click(60, 60)
        stage.tick()
        left = stage.tick()
        assert (left[:, 300:] != before[:, 300:]).mean() > 0.2
        stage.screen.drag(400, 60)
        stage.tick()
        right = stage.tick()
        assert (right[-100:-_BAR, :200] != before[-100:-_BAR, :200]).mean() > 0.2
        stage.screen.right_click(400, 60)
        stage.tick()
        assert (stage.tick() == before).all()


def test_pixel_of_a_stream_that_changed_its_size_is_forgotten(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.learn(seen())
    with stage.window:
        stage.window.write(seen())
        stage.tick()
        stage.screen.click(470, 260)
        stage.tick()
        stage.window.write(seen((40, 50)))
        stage.tick()
        stage.learn(seen((40, 50)))
        stage.window.write(seen((40, 50)))
        stage.tick()


def test_pixel_is_not_looked_up_in_a_model_of_other_frames(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.learn(seen((40, 50)))
    with stage.window:
        stage.window.write(seen())
        stage.tick()
        stage.screen.click(470, 260)
        stage.tick()
        stage.tick()


def test_slider_changes_the_configuration_while_it_is_dragged(tmp_path: Path) -> None:
    stage = Stage(tmp_path, room=(800, 500))
    with stage.window:
        stage.type("t")
        sliders = stage.window._face.sliders
        slider = next(s for s in sliders._tuning.sliders if s.path == "model.match_sigmas")
        x, y = sliders.knob_of(slider)
        stage.screen.click(x, y)
        stage.screen.drag(x + 30, y + 60)
        stage.tick()
        value = stage.controls.changes["model.match_sigmas"]
        assert isinstance(value, float)
        assert 2.6 < value < 8.0
        stage.controls.changes.clear()
        stage.screen.release(x + 30, y + 60)
        stage.screen.drag(x + 90, y)
        stage.tick()
        assert stage.controls.changes == {}
        stage.screen.right_click(x, y)
        stage.tick()
        assert stage.controls.changes == {"model.match_sigmas": 2.5}


def test_refused_change_is_taken_back_and_said(tmp_path: Path) -> None:
    stage = Stage(tmp_path, room=(800, 500))
    with stage.window:
        before = stage.type("t")
        sliders = stage.window._face.sliders
        slider = sliders._tuning.sliders[0]
        x, y = sliders.knob_of(slider)
        stage.screen.click(x + 40, y)
        stage.tick()
        assert sliders._tuning.value(slider) != 2.5
        stage.controls.changes.clear()
        stage.controls.refusal = "that is too much"
        stage.tick()
        assert sliders._tuning.value(slider) == 2.5
        after = stage.tick()
        height = sliders.area.height
        assert (after[:height] == before[:height]).all()
        assert (after[height:] != before[height:]).any()
        assert stage.controls.refusal == ""


@pytest.mark.parametrize(("key", "suffix"), [("1", ".jpg"), ("2", ".png"), ("5", ".jpg")])
def test_snapshot_is_the_view_at_full_size(tmp_path: Path, key: str, suffix: str) -> None:
    stage = Stage(tmp_path / "new")
    result = seen((180, 320, 3))
    stage.learn(result)
    with stage.window:
        stage.type("p")
        assert not list(tmp_path.rglob("snapshot*"))
        stage.window.write(result)
        stage.type(key + "pp")
        first, second = sorted((tmp_path / "new").iterdir())
        assert first.suffix == second.suffix == suffix
        picture = cv2.imread(str(first))
        assert picture is not None
        assert picture.shape == (180, 320, 3)
        if key == "2":
            np.testing.assert_array_equal(picture[:, :, 0], result.mask)
        if key == "1":
            np.testing.assert_allclose(picture, result.frame.image, atol=12)


def test_tuned_values_are_saved_to_a_file_that_config_accepts(tmp_path: Path) -> None:
    config = load_config(None, [parse_set("model.n_components=4")]).config
    stage = Stage(tmp_path, config, room=(800, 500))
    with stage.window:
        stage.type("t+")
        sliders = stage.window._face.sliders
        for slider in sliders._tuning.sliders:
            x, y = sliders.knob_of(slider)
            stage.screen.click(x + 25, y)
            stage.screen.release(x + 25, y)
        stage.tick()
        changes = dict(stage.controls.changes)
        assert len(changes) == 5
        stage.type("s")
    (path,) = tmp_path.iterdir()
    loaded = load_config(str(path)).config
    assert loaded.model.n_components == 4
    assert loaded.model.learning_rate == pytest.approx(
        2 * float(str(changes.pop("model.learning_rate")))
    )
    for dotted, value in changes.items():
        section, key = dotted.split(".")
        assert getattr(getattr(loaded, section), key) == value


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    stage = Stage(tmp_path)
    with stage.window:
        before = stage.tick()
        assert (stage.type("s") != before).any()


def test_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stage = Stage(tmp_path / "file")
    with stage.window:
        before = stage.tick()
        assert (stage.type("s") != before).any()


def test_gap_is_shown_until_pictures_come_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with stage.window:
        stage.window.write(seen())
        before = stage.tick()
        stage.status.is_connected = False
        stage.window.gap(1.0, "the camera is gone")
        stage.tick(20.0)
        away = stage.tick(1.0)
        assert (away[100:170] != before[100:170]).mean() > 0.1
        stage.window.idle(2.0, in_event=False)
        stage.status.is_connected = True
        stage.window.write(seen())
        assert (stage.tick() == before).all()


def test_message_goes_after_some_seconds(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with stage.window:
        stage.window.write(seen())
        before = stage.tick()
        said = stage.type("r")
        assert (said != before).any()
        assert (stage.tick(6.0) == before).all()


@pytest.mark.parametrize("room", [(1, 1), (240, 160), (3000, 300), (300, 1400), (5000, 4000)])
def test_every_size_of_the_window_can_be_drawn(tmp_path: Path, room: tuple[int, int]) -> None:
    stage = Stage(tmp_path, Config())
    result = seen((60, 33, 3))
    stage.learn(result)
    stage.status.is_connected = False
    with stage.window:
        stage.tick()
        stage.window.write(result)
        stage.screen.room = room
        stage.tick()
        stage.screen.click(room[0] // 2, room[1] // 3)
        for view in "12345":
            shown = stage.type(view + "ht")
            stage.type("c")
            assert max(shown.shape) <= 2560


def test_room_that_is_not_known_leaves_the_canvas_as_it_is(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with stage.window:
        stage.window.write(seen())
        shape = stage.tick().shape
        stage.screen.room = None
        stage.window.write(seen())
        assert stage.tick().shape == shape
