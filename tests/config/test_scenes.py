"""The configurations for kinds of scene: what they change, and that they say when to pick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bgsub.config import Config, config_names, find_config, load_config

if TYPE_CHECKING:
    from pydantic import BaseModel

_OTHERS = frozenset({"robust", "classic", "segmentation-noisy", "segmentation-regions"})
_SCENES = [name for name in config_names() if name not in _OTHERS]


def _value(config: Config, path: str) -> object:
    place: BaseModel | object = config
    for name in path.split("."):
        place = getattr(place, name)
    return place


def test_robust_is_the_default():
    assert load_config("robust").config == Config()


def test_there_are_scenes():
    assert {"night", "trees-and-water"} <= set(_SCENES)


@pytest.mark.parametrize("name", [name for name in config_names() if name != "robust"])
def test_a_named_configuration_is_not_the_default(name: str):
    assert load_config(name).config != Config()


@pytest.mark.parametrize("name", _SCENES)
def test_a_scene_holds_only_what_differs_from_the_default(name: str):
    loaded = load_config(name)
    same = [
        path for path in loaded.origins if _value(loaded.config, path) == _value(Config(), path)
    ]
    assert not same


@pytest.mark.parametrize("name", _SCENES)
def test_a_scene_says_when_to_pick_it(name: str):
    text = find_config(name).read_text(encoding="utf-8")
    comment = text[: text.index("\n", text.rindex("# "))]
    assert "Pick it" in comment
    assert "F-measure" in comment
