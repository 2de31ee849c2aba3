"""The catalogue of scenes, and how each is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bgsub.synth._courtyard_scenes import (
    build_bag,
    build_bootstrap,
    build_gradual,
    build_walkers,
)
from bgsub.synth._open_scenes import build_switch, build_thermal, build_trees, build_water
from bgsub.synth._stage import Stage
from bgsub.synth._street_scenes import build_night, build_shake, build_snow, build_traffic

__all__ = ["SCENES", "SceneSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSpec:
    """What a scene is.

    Attributes
    ----------
    name : str
        Its key.
    description : str
        One sentence.
    elements : tuple of str
        What it is made of and what makes it hard, in a word or two each.
    training_s : float
        Length of the part that is not scored, seconds.
    duration_s : float
        Length after which everything has happened at least once, seconds.
    build : callable
        Sets it up; for :class:`~bgsub.synth.scene.Scene` only.
    """

    name: str
    description: str
    elements: tuple[str, ...]
    training_s: float
    duration_s: float
    build: Callable[[int, int, int], Stage]


_ALL = (
    SceneSpec(
        name="walkers",
        description="People cross a paved courtyard in separate visits; it is empty between.",
        elements=("people", "shadows", "a doorway to vanish in", "camouflage"),
        training_s=4.0,
        duration_s=24.0,
        build=build_walkers,
    ),
    SceneSpec(
        name="traffic",
        description="Cars and vans drive on a four-lane street in perspective, in sunshine.",
        elements=("vehicles", "hard shadows", "strong perspective", "dense lanes"),
        training_s=4.0,
        duration_s=20.0,
        build=build_traffic,
    ),
    SceneSpec(
        name="trees",
        description="Trees and bushes sway in the wind beside a path that people walk along.",
        elements=("swaying leaves", "people", "partial occlusion"),
        training_s=6.0,
        duration_s=24.0,
        build=build_trees,
    ),
    SceneSpec(
        name="water",
        description="A boat crosses a glittering lake while people pass on the promenade.",
        elements=("waves", "glitter", "a boat", "people", "reflections"),
        training_s=6.0,
        duration_s=24.0,
        build=build_water,
    ),
    SceneSpec(
        name="night",
        description="Cars with headlights drive on a dark street seen by a noisy sensor.",
        elements=("low light", "strong noise", "headlight beams", "vehicles"),
        training_s=5.0,
        duration_s=20.0,
        build=build_night,
    ),
    SceneSpec(
        name="gradual",
        description="Clouds and dusk change the light on a courtyard while people cross it.",
        elements=("slow change of light", "cloud shadows", "people"),
        training_s=4.0,
        duration_s=40.0,
        build=build_gradual,
    ),
    SceneSpec(
        name="switch",
        description="The lamps of a lobby are switched off and on while people come and go.",
        elements=("sudden change of light", "people", "a doorway to vanish in"),
        training_s=4.0,
        duration_s=24.0,
        build=build_switch,
    ),
    SceneSpec(
        name="shake",
        description="A camera on a mast shakes by several pixels above a street with traffic.",
        elements=("camera jitter", "vehicles", "hard shadows"),
        training_s=4.0,
        duration_s=20.0,
        build=build_shake,
    ),
    SceneSpec(
        name="bag",
        description="Someone leaves a suitcase in a courtyard; later someone takes it away.",
        elements=("left-behind object", "removed object", "people"),
        training_s=4.0,
        duration_s=24.0,
        build=build_bag,
    ),
    SceneSpec(
        name="bootstrap",
        description="People are there from the first frame, and a parked car drives off.",
        elements=("no empty training part", "departing object", "people", "a car"),
        training_s=4.0,
        duration_s=20.0,
        build=build_bootstrap,
    ),
    SceneSpec(
        name="snow",
        description="Cars drive on a wintry street through falling snow.",
        elements=("snowfall", "vehicles", "low contrast"),
        training_s=5.0,
        duration_s=20.0,
        build=build_snow,
    ),
    SceneSpec(
        name="thermal",
        description="A thermal camera sees warm people on a cool path; the picture is grey.",
        elements=("no colour", "people", "soft contrast", "slightly swaying trees"),
        training_s=4.0,
        duration_s=20.0,
        build=build_thermal,
    ),
)

SCENES: Mapping[str, SceneSpec] = MappingProxyType({spec.name: spec for spec in _ALL})
"""The scenes by name, in the order in which to show them."""
