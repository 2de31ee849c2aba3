"""Light that differs over the picture: told from what it falls on, and taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.app.build import build_detector
from bgsub.config import Config
from bgsub.detection.light_field import LightField
from bgsub.detection.pictures import near_foreground
from bgsub.frames import StreamInfo
from tests.detection._clips import clip, coverages, found, frames_of, make, world

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.mixture import MixtureModel

_SHAPE = (144, 192)
_SCENE = world(4, _SHAPE)
_NONE = np.zeros(_SHAPE, np.uint8)


def _light(low: float, high: float, centre: float = 0.5) -> NDArray[np.float32]:
    """Return gains (H, W, 1) that are low left of the centre and high right of it."""
    x = np.linspace(0, 1, _SHAPE[1], dtype=np.float32)
    share = 1 / (1 + np.exp(-(x - centre) * 8))
    row = low + (high - low) * share
    return np.broadcast_to(row[None, :, None], (*_SHAPE, 1)).astype(np.float32)


def _lit(scene: NDArray[np.uint8], light: NDArray[np.float32]) -> NDArray[np.uint8]:
    gains = light if scene.ndim == 3 else light[..., 0]
    return np.asarray(np.clip(np.rint(scene * gains), 0, 255), np.uint8)


@pytest.mark.parametrize("grey", [False, True])
def test_frames_are_lit_like_the_background(grey: bool) -> None:
    scene = _SCENE[..., 1].copy() if grey else _SCENE
    field = LightField(_SHAPE, 1 if grey else 3)
    picture = _lit(scene, _light(0.7, 1.25))
    field.follow(picture, scene, _NONE, None)
    assert field.is_off
    before = np.abs(picture.astype(int) - scene)
    after = np.abs(field.even_out(picture).astype(int) - scene)
    assert before.mean() > 15
    assert np.quantile(after, 0.95) <= 4
    assert np.abs(field.relight(scene).astype(int) - picture).mean() < 3


def test_frames_of_any_size_and_type_are_evened_out() -> None:
    field = LightField(_SHAPE, 3)
    field.follow(_lit(_SCENE, _light(0.7, 1.25)), _SCENE, _NONE, None)
    large = cv2.resize(_SCENE, None, fx=2, fy=2)
    expected = field.even_out(large).astype(np.float64)
    assert np.abs(expected - large).mean() > 5
    deep = field.even_out(large.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    np.testing.assert_allclose(deep / 257, expected, atol=1)
    exact = field.even_out(large.astype(np.float32) / 255)
    assert exact.dtype == np.float32
    unclipped = expected < 255
    np.testing.assert_allclose((exact * 255)[unclipped], expected[unclipped], atol=1)


def test_the_same_light_leaves_frames_untouched() -> None:
    field = LightField(_SHAPE, 3)
    field.follow(_SCENE, _SCENE, _NONE, None)
    assert not field.is_off
    assert field.even_out(_SCENE) is _SCENE


def test_light_is_followed_no_faster_than_clouds_go() -> None:
    field = LightField(_SHAPE, 3)
    dim = _lit(_SCENE, _light(0.6, 0.6))
    field.follow(dim, _SCENE, _NONE, 0.1)
    gains = field.relight(np.full((*_SHAPE, 3), 100, np.uint8))
    assert np.all((gains >= 96) & (gains <= 98))
    for _ in range(100):
        field.follow(dim, _SCENE, _NONE, 0.1)
    assert np.abs(field.relight(_SCENE).astype(int) - dim).max() <= 3


def test_foreground_says_nothing_about_the_light() -> None:
    picture = _SCENE.copy()
    picture[40:110, 60:140] = 220
    mask = np.zeros(_SHAPE, np.uint8)
    mask[40:110, 60:140] = 255
    field = LightField(_SHAPE, 3)
    field.follow(picture, _SCENE, near_foreground(mask), None)
    assert not field.is_off
    field.follow(picture, _SCENE, _NONE, None)
    assert field.is_off


def test_what_is_clipped_says_nothing_about_the_light() -> None:
    picture = _SCENE.copy()
    picture[:, :96] = 255
    picture[:, 96:] = 0
    field = LightField(_SHAPE, 3)
    field.follow(picture, _SCENE, _NONE, None)
    assert not field.is_off


def test_a_large_change_of_the_whole_picture_is_handed_over() -> None:
    field = LightField(_SHAPE, 3)
    field.follow(_lit(_SCENE, _light(0.8, 0.8)), _SCENE, _NONE, None)
    assert field.take_common(0.3) is None
    field.follow(_lit(_SCENE, _light(0.5, 0.5)), _SCENE, _NONE, None)
    curves = field.take_common(0.3)
    assert curves is not None
    assert curves.shape == (3, 256)
    np.testing.assert_allclose(curves[:, 200], 100, atol=2)
    assert not field.is_off


def test_people_are_found_under_drifting_clouds_and_clouds_are_not() -> None:
    def picture(t: int) -> NDArray[np.uint8]:
        scene = _SCENE
        if t >= 190:
            scene = scene.copy()
            x = (t - 190) * 3
            scene[50:90, x : x + 20] = (20, 20, 200)
        return _lit(scene, _light(1.1, 0.6, 1.5 - max(0, t - 60) / 100))

    def is_foreground(**parts: object) -> NDArray[np.bool_]:
        detections = found(clip(240, picture), **parts)
        return np.stack([detection.mask for detection in detections]) > 0

    masks = is_foreground()
    assert masks[20:190].mean() < 0.001
    assert np.mean(masks[195:, 50:90].any(axis=(1, 2))) == 1
    assert masks[195:].mean() < 1.5 * 40 * 20 / (_SHAPE[0] * _SHAPE[1])
    assert is_foreground(compensate_light=False)[60:190].mean() > 0.01


def _saved_model() -> MixtureModel:
    """Return the model of a detector that has seen the scene for four seconds."""
    detector = make((*_SHAPE, 3))
    for _ in detector.detect(frames_of(clip(100, lambda _: _SCENE))):
        pass
    return detector.model


def test_a_model_of_an_earlier_run_is_compared_in_its_own_light() -> None:
    evening = _lit(_SCENE, _light(0.6, 0.6))
    height, width = _SHAPE
    info = StreamInfo(
        name="", width=width, height=height, source_width=width, source_height=height
    )
    detector = build_detector(Config(), info, with_probability=False, model=_saved_model())
    frames = frames_of(clip(20, lambda _: evening), start_s=1000.0)
    assert coverages(list(detector.detect(frames))).max() < 0.001


def test_what_is_frozen_stays_in_the_light_that_was_known() -> None:
    shade = _lit(_SCENE, _light(1.05, 0.7))
    detector = make((*_SHAPE, 3))

    def picture(t: int) -> NDArray[np.uint8]:
        light = 1 - min(1.0, max(0, t - 40) / 60)
        return np.asarray(_SCENE * light + shade * (1 - light), np.uint8)

    frames = frames_of(clip(150, picture))
    assert coverages(list(detector.detect(frames[:120])))[20:].max() < 0.001
    model = detector.model
    frozen = replace(
        model.params, learning_rate=0.0, initial_learning_rate=0.0, warmup_frames=0
    )
    model.change_params(frozen)
    assert coverages(list(detector.detect(frames[120:]))).max() < 0.001
