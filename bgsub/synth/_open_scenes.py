"""Scenes in the park, at the lake and in the lobby."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from bgsub.synth._actors import Timetable, Walker
from bgsub.synth._canvas import Sketch
from bgsub.synth._effects import Lamps, Water
from bgsub.synth._landscapes import lake, park
from bgsub.synth._parties import N_GRAINS, Ways, metal_grains, walkers
from bgsub.synth._places import Place, lobby
from bgsub.synth._random import uniform
from bgsub.synth._stage import Stage
from bgsub.synth._things import boat
from bgsub.synth._view import View

__all__ = ["build_switch", "build_thermal", "build_trees", "build_water"]


def _path_party(ways: Ways, k: int, start: float) -> list[Walker]:
    """Return people on the park's path: some alone, some in pairs."""
    y = 252.0 + 4.0 * (k % 3)
    way = [(-40.0, y + 6), (180.0, y - 6), (420.0, y), (690.0, y + 22)]
    if k % 2:
        way.reverse()
    party = [ways.walker(2 * k, way, start, 1.9)]
    if k % 3 == 1:
        other = [(x + 14, y + 9) for x, y in way]
        party.append(ways.walker(2 * k + 1, other, start + 0.6, 1.85))
    return party


def build_trees(width: int, height: int, seed: int) -> Stage:
    """Set up the park in the wind."""
    view = View(width=width, height=height)
    place = park(view, seed)
    people = walkers(
        place, seed, first_s=4.0, period_s=6.0, jitter_s=1.5, lasts_s=13.0, party=_path_party
    )
    return Stage(view=view, seed=seed, place=place, actors=[people])


def build_thermal(width: int, height: int, seed: int) -> Stage:
    """Set up the park as a thermal camera sees it."""
    view = View(width=width, height=height)
    place = park(view, seed)
    grey = cv2.cvtColor(place.image, cv2.COLOR_BGR2GRAY)
    blur = 1.4 * view.scale
    soft = cv2.GaussianBlur(grey, (0, 0), blur) if blur > 0.3 else grey
    tone = np.rint(28.0 + 0.42 * soft).astype(np.uint8)
    calm = [replace(p, sway=p.sway * 0.3, colour=(58.0, 58.0, 58.0)) for p in place.plants]
    place = replace(
        place, image=np.asarray(cv2.cvtColor(tone, cv2.COLOR_GRAY2BGR)), plants=calm, sun=None
    )
    people = walkers(
        place,
        seed,
        first_s=3.0,
        period_s=7.0,
        jitter_s=1.5,
        lasts_s=13.0,
        party=_path_party,
        warm=True,
    )
    return Stage(
        view=view, seed=seed, place=place, actors=[people], noise_sigma=2.8, colourless=True
    )


class _Boats:
    """Boats that cross the lake by a timetable, in turns from the left and the right."""

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._seed = seed
        self._grains = metal_grains(seed)
        self._table = Timetable(
            seed=seed, purpose="boats", first_s=5.0, period_s=17.0, jitter_s=2.0, lasts_s=16.0
        )

    def __call__(self, t: float) -> list[Sketch]:
        """Return the boats of a time in seconds."""
        sketches: list[Sketch] = []
        for k in self._table.at(t):
            tone = uniform(self._seed, "boat", k, 0.45, 1.0)
            paint = (214.0 * tone, 206.0 * tone, 196.0 * tone)
            depth = uniform(self._seed, "distance of boats", k, 21.0, 28.0)
            half = 330.0 * depth / self._place.camera.focal + 4.0
            way = (t - self._table.start_s(k)) * 3.2
            if not 0.0 <= way < 2 * half:
                continue
            left = k % 2 == 1
            sketches.append(
                boat(
                    self._place.camera,
                    x_m=half - way if left else way - half,
                    depth_m=depth,
                    t=t,
                    leftwards=left,
                    colour=paint,
                    grain=self._grains[k % N_GRAINS],
                )
            )
        return sketches


def _promenade_party(ways: Ways, k: int, start: float) -> list[Walker]:
    y = 318.0 + 7.0 * (k % 3)
    way = [(-50.0, y), (700.0, y)] if k % 2 else [(700.0, y), (-50.0, y)]
    return [ways.walker(k, way, start, 1.9)]


def build_water(width: int, height: int, seed: int) -> Stage:
    """Set up the lake."""
    view = View(width=width, height=height)
    place = lake(view, seed)
    people = walkers(
        place,
        seed,
        first_s=3.0,
        period_s=8.0,
        jitter_s=2.0,
        lasts_s=12.0,
        party=_promenade_party,
    )
    water = Water(view, place.camera, seed, 96.0, 282.0)
    return Stage(
        view=view, seed=seed, place=place, actors=[_Boats(place, seed), people], water=water
    )


def _lobby_party(ways: Ways, k: int, start: float) -> list[Walker]:
    door = [(393.0, 203.0), (390.0, 198.0), (310.0, 194.0)]
    if k % 2 == 0:
        return [ways.walker(k, [(-60, 318), (300, 262), *door], start, 1.5, indoors_y=206.0)]
    return [
        ways.walker(
            k, [*door[::-1], (420, 250), (560, 330), (720, 350)], start, 1.4, indoors_y=206.0
        )
    ]


def build_switch(width: int, height: int, seed: int) -> Stage:
    """Set up the lobby."""
    view = View(width=width, height=height)
    place = lobby(view, seed)
    people = walkers(
        place, seed, first_s=3.0, period_s=6.0, jitter_s=1.0, lasts_s=11.0, party=_lobby_party
    )
    first = 8.0 + uniform(seed, "switch", 0, 0.0, 2.0)
    lamps = Lamps(view, first_s=first, period_s=12.0, on_share=0.5)
    return Stage(view=view, seed=seed, place=place, actors=[people], lights=[lamps])
