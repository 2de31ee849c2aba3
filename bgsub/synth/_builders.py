"""How each scene of the catalogue is put together for a size and a seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from bgsub.synth._actors import Actor, Lane, Timetable, Walker, Walkers
from bgsub.synth._canvas import Sketch
from bgsub.synth._effects import Clouds, Dusk, Lamps, Night, Shake, Snow, Water
from bgsub.synth._people import Stop, Walk, WalkState, clothes_for, grain_for, person
from bgsub.synth._places import Place, courtyard, lake, lobby, park, street
from bgsub.synth._random import generator, uniform
from bgsub.synth._stage import Stage
from bgsub.synth._things import bag, boat
from bgsub.synth._vehicles import Vehicle, draw_vehicle
from bgsub.synth._view import Array, View

_N_GRAINS = 8
_SUN_M = (0.75, 0.35)  # where the shadow of a point one metre up falls: right and away, metres
_SUITCASE = (58.0, 60.0, 132.0)


def _grains(seed: int) -> list[Array]:
    return [grain_for(seed, i) for i in range(_N_GRAINS)]


def _metal(seed: int) -> list[Array]:
    """Return gentler shadings, for vehicles."""
    return [(1.0 + 0.45 * (g - 1.0)).astype(np.float32) for g in _grains(seed)]


class _Ways:
    """Makes people on ways through one place."""

    def __init__(self, place: Place, seed: int, purpose: str, *, warm: bool = False) -> None:
        self._place = place
        self._seed = seed
        self._purpose = purpose
        self._warm = warm
        self._grains = _grains(seed)

    def walker(
        self, number: int, stops: list[tuple[float, float]] | list[Stop], start_s: float,
        speed_mps: float, *, indoors_y: float = -math.inf,
    ) -> Walker:  # fmt: skip
        """Return a person; `number` chooses the looks."""
        way = [s if isinstance(s, Stop) else Stop(x=s[0], y=s[1]) for s in stops]
        brisk = uniform(self._seed, f"speed of {self._purpose}", number, 0.94, 1.06)
        return Walker(
            walk=Walk(self._place.camera, way, speed_mps=speed_mps * brisk, start_s=start_s),
            looks=clothes_for(self._seed, self._purpose, number, warm=self._warm),
            grain=self._grains[number % _N_GRAINS],
            indoors_y=indoors_y,
        )


def _walkers(
    place: Place, seed: int, *, first_s: float, period_s: float, jitter_s: float, lasts_s: float,
    party: Callable[[_Ways, int, float], list[Walker]], warm: bool = False,
    purpose: str = "walkers",
) -> Walkers:  # fmt: skip
    ways = _Ways(place, seed, purpose, warm=warm)
    table = Timetable(
        seed=seed, purpose=purpose, first_s=first_s, period_s=period_s, jitter_s=jitter_s,
        lasts_s=lasts_s,
    )  # fmt: skip
    return Walkers(place, table, lambda k, start: party(ways, k, start))


_DOOR_Y = 165.0
_DOOR = [(308.0, 163.0), (304.0, 155.0), (236.0, 151.0)]


def _courtyard_party(ways: _Ways, k: int, start: float) -> list[Walker]:
    """Return the people of one visit to the courtyard; none stays for more than 7 s."""
    kind = k % 3
    if kind == 0:
        first = ways.walker(2 * k, [(-34, 276), (230, 204), *_DOOR], start, 2.35,
                            indoors_y=_DOOR_Y)  # fmt: skip
        second = ways.walker(2 * k + 1, [(-30, 306), (250, 212), *_DOOR], start + 0.5, 2.35,
                             indoors_y=_DOOR_Y)  # fmt: skip
        return [first, second]
    if kind == 1:
        return [ways.walker(2 * k, [*_DOOR[::-1], (390, 196), (700, 250)], start, 2.2,
                            indoors_y=_DOOR_Y)]  # fmt: skip
    return [ways.walker(2 * k, [(-30, 232), (150, 238), (420, 500)], start, 2.0)]


def build_walkers(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard with visits ten seconds apart."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    people = _walkers(place, seed, first_s=2.0, period_s=10.0, jitter_s=0.4, lasts_s=9.0,
                      party=_courtyard_party)  # fmt: skip
    return Stage(view=view, seed=seed, place=place, actors=[people])


def _traffic(
    place: Place, seed: int, *, headway_s: float, first_s: float, sun: tuple[float, float] | None,
    lit: bool = False,
) -> list[Actor]:  # fmt: skip
    grains = _metal(seed)
    lanes: list[Actor] = []
    for n, (x, towards, speed) in enumerate(
        ((-5.2, True, 13.0), (-1.9, True, 16.0), (1.9, False, 15.5), (5.2, False, 12.5))
    ):
        table = Timetable(
            seed=seed, purpose=f"lane {n}", first_s=first_s + 0.8 * n, period_s=headway_s,
            jitter_s=0.45 * headway_s, lasts_s=Lane.FAR_M / speed + 1.0,
        )  # fmt: skip
        lanes.append(
            Lane(place, table, x_m=x, towards=towards, speed_mps=speed, sun=sun, lit=lit,
                 grains=grains)
        )  # fmt: skip
    return lanes


def build_traffic(width: int, height: int, seed: int) -> Stage:
    """Set up the street in sunshine."""
    view = View(width=width, height=height)
    place = street(view, seed)
    lanes = _traffic(place, seed, headway_s=4.0, first_s=-11.0, sun=_SUN_M)
    return Stage(view=view, seed=seed, place=place, actors=lanes)


def build_night(width: int, height: int, seed: int) -> Stage:
    """Set up the street at night."""
    view = View(width=width, height=height)
    place = street(view, seed)
    night = Night(view, place.camera)
    dark = [replace(p, colour=(12.0, 24.0, 20.0)) for p in place.plants]
    place = replace(place, image=night.paint(place.image), plants=dark)
    lanes = _traffic(place, seed, headway_s=5.5, first_s=-9.0, sun=None, lit=True)
    return Stage(view=view, seed=seed, place=place, actors=lanes, noise_sigma=7.0)


def build_shake(width: int, height: int, seed: int) -> Stage:
    """Set up the street seen from a shaking mast."""
    view = View(width=width, height=height, margin=12.0)
    place = street(view, seed)
    lanes = _traffic(place, seed, headway_s=5.0, first_s=-10.0, sun=_SUN_M)
    return Stage(view=view, seed=seed, place=place, actors=lanes, shake=Shake(view, seed, 2.6))


def build_snow(width: int, height: int, seed: int) -> Stage:
    """Set up the wintry street."""
    view = View(width=width, height=height)
    place = street(view, seed, winter=0.75)
    lanes = _traffic(place, seed, headway_s=5.5, first_s=-10.0, sun=None)
    return Stage(view=view, seed=seed, place=place, actors=lanes, snow=Snow(view, seed))


def _path_party(ways: _Ways, k: int, start: float) -> list[Walker]:
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
    people = _walkers(place, seed, first_s=4.0, period_s=6.0, jitter_s=1.5, lasts_s=13.0,
                      party=_path_party)  # fmt: skip
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
    place = replace(place, image=np.asarray(cv2.cvtColor(tone, cv2.COLOR_GRAY2BGR)), plants=calm,
                    sun=None)  # fmt: skip
    people = _walkers(place, seed, first_s=3.0, period_s=7.0, jitter_s=1.5, lasts_s=13.0,
                      party=_path_party, warm=True)  # fmt: skip
    return Stage(view=view, seed=seed, place=place, actors=[people], noise_sigma=2.8,
                 colourless=True)  # fmt: skip


class _Boats:
    """Boats that cross the lake by a timetable, in turns from the left and the right."""

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._seed = seed
        self._grains = _metal(seed)
        self._table = Timetable(
            seed=seed, purpose="boats", first_s=5.0, period_s=17.0, jitter_s=2.0, lasts_s=16.0
        )

    def __call__(self, t: float) -> list[Sketch]:
        """Return the boats of a time in seconds."""
        sketches: list[Sketch] = []
        for k in self._table.at(t):
            paint = generator(self._seed, "boat", k).uniform((90, 90, 90), (225, 215, 205))
            depth = uniform(self._seed, "distance of boats", k, 21.0, 28.0)
            half = 330.0 * depth / self._place.camera.focal + 4.0
            way = (t - self._table.start_s(k)) * 3.2
            if not 0.0 <= way < 2 * half:
                continue
            left = k % 2 == 1
            sketches.append(
                boat(
                    self._place.camera, x_m=half - way if left else way - half, depth_m=depth,
                    t=t, leftwards=left, colour=(paint[0], paint[1], paint[2]),
                    grain=self._grains[k % _N_GRAINS],
                )
            )  # fmt: skip
        return sketches


def _promenade_party(ways: _Ways, k: int, start: float) -> list[Walker]:
    y = 318.0 + 7.0 * (k % 3)
    way = [(-50.0, y), (700.0, y)] if k % 2 else [(700.0, y), (-50.0, y)]
    return [ways.walker(k, way, start, 1.9)]


def build_water(width: int, height: int, seed: int) -> Stage:
    """Set up the lake."""
    view = View(width=width, height=height)
    place = lake(view, seed)
    people = _walkers(place, seed, first_s=3.0, period_s=8.0, jitter_s=2.0, lasts_s=12.0,
                      party=_promenade_party)  # fmt: skip
    water = Water(view, place.camera, seed, 96.0, 282.0)
    return Stage(view=view, seed=seed, place=place, actors=[_Boats(place, seed), people],
                 water=water)  # fmt: skip


def build_gradual(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard under clouds, towards dusk."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    people = _walkers(place, seed, first_s=3.0, period_s=5.0, jitter_s=2.0, lasts_s=9.0,
                      party=_courtyard_party)  # fmt: skip
    return Stage(view=view, seed=seed, place=place, actors=[people],
                 lights=[Clouds(seed), Dusk()])  # fmt: skip


def _lobby_party(ways: _Ways, k: int, start: float) -> list[Walker]:
    door = [(393.0, 203.0), (390.0, 198.0), (310.0, 194.0)]
    if k % 2 == 0:
        return [ways.walker(k, [(-60, 318), (300, 262), *door], start, 1.5, indoors_y=206.0)]
    return [ways.walker(k, [*door[::-1], (420, 250), (560, 330), (720, 350)], start, 1.4,
                        indoors_y=206.0)]  # fmt: skip


def build_switch(width: int, height: int, seed: int) -> Stage:
    """Set up the lobby."""
    view = View(width=width, height=height)
    place = lobby(view, seed)
    people = _walkers(place, seed, first_s=3.0, period_s=6.0, jitter_s=1.0, lasts_s=11.0,
                      party=_lobby_party)  # fmt: skip
    first = 8.0 + uniform(seed, "switch", 0, 0.0, 2.0)
    lamps = Lamps(view, first_s=first, period_s=12.0, on_share=0.5)
    return Stage(view=view, seed=seed, place=place, actors=[people], lights=[lamps])


class _Suitcase:
    """Someone brings a suitcase and leaves it; later someone else takes it; and so on."""

    PERIOD_S = 20.0

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._seed = seed
        self._ways = _Ways(place, seed, "travellers")
        self._grain = _metal(seed)[0]

    def _turn(self, k: int) -> tuple[Walker, Walker, tuple[float, float]]:
        """Return who brings it, who takes it, and where it stands meanwhile."""
        x, y = generator(self._seed, "suitcase", k).uniform((240, 240), (330, 270))
        start = 3.5 + k * self.PERIOD_S
        bring = [Stop(x=-40, y=258), Stop(x=x - 16, y=y, pause_s=1.0), Stop(x=-40, y=300)]
        take = [Stop(x=685, y=225), Stop(x=x + 18, y=y, pause_s=1.0), Stop(x=700, y=320)]
        first = self._ways.walker(2 * k, bring, start, 1.9)
        second = self._ways.walker(2 * k + 1, take, start + 10.0, 2.0)
        down = first.walk.arrival_s(1) + 0.5
        up = second.walk.arrival_s(1) + 0.5
        return (
            replace(first, carries=_SUITCASE, until_s=down),
            replace(second, carries=_SUITCASE, from_s=up),
            self._place.camera.ground(float(x), float(y) + 2),
        )

    def __call__(self, t: float) -> list[Sketch]:
        """Return the people and the suitcase of a time in seconds."""
        sketches: list[Sketch] = []
        for k in range(max(0, int((t - 26.0) // self.PERIOD_S)), int(t // self.PERIOD_S) + 1):
            first, second, (x, depth) = self._turn(k)
            people = (first.sketch(self._place, t), second.sketch(self._place, t))
            sketches += [s for s in people if s is not None]
            if first.until_s <= t < second.from_s:
                sketches.append(
                    bag(self._place.camera, x_m=x, depth_m=depth, colour=_SUITCASE,
                        sun=self._place.sun, grain=self._grain)
                )  # fmt: skip
        return sketches


def build_bag(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard with the suitcase."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    return Stage(view=view, seed=seed, place=place, actors=[_Suitcase(place, seed)])


class _Waiting:
    """People who stand about from the first frame, and leave one after another."""

    def __init__(self, place: Place, seed: int) -> None:
        ways = _Ways(place, seed, "waiting")
        self._place = place
        spots = (((170, 262), (-60, 330)), ((206, 268), (100, 520)), ((396, 214), (308, 163)))
        self._people: list[Walker] = []
        for n, (spot, goal) in enumerate(spots):
            leave = uniform(seed, "leaving", n, 3.0, 4.5) + 3.5 * n
            stops = [Stop(x=spot[0], y=spot[1], pause_s=leave), Stop(x=goal[0], y=goal[1])]
            if n == 2:
                stops += [Stop(x=x, y=y) for x, y in _DOOR[1:]]
            self._people.append(ways.walker(n, stops, 0.0, 1.5, indoors_y=_DOOR_Y))

    def __call__(self, t: float) -> list[Sketch]:
        """Return the people of a time in seconds."""
        return [s for w in self._people if (s := w.sketch(self._place, t)) is not None]


class _ParkedCar:
    """A car that is part of the scene until it drives off to the right."""

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        paint = generator(seed, "parked car").uniform((60, 60, 60), (150, 140, 140))
        self._body = Vehicle(kind="hatchback", paint=(paint[0], paint[1], paint[2]),
                             half_width_m=0.88, index=0)  # fmt: skip
        self._leaves = uniform(seed, "parked car", 0, 6.0, 7.5)
        self._at = place.camera.ground(430, 206)
        self._grain = _metal(seed)[1]

    def __call__(self, t: float) -> list[Sketch]:
        """Return the car at a time in seconds, or nothing once it is gone."""
        since = max(0.0, t - self._leaves)
        x = self._at[0] + 0.9 * since * since
        if x > 24.0:
            return []
        return [
            draw_vehicle(
                self._place.camera, self._body, x_m=x, depth_m=self._at[1], heading=0.0,
                sun=(0.62, -0.4), grain=self._grain, still=since <= 0.0,
            )
        ]  # fmt: skip


def build_bootstrap(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard in the middle of the day's business."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    people = _walkers(place, seed, first_s=-2.0, period_s=7.0, jitter_s=1.0, lasts_s=9.0,
                      party=_courtyard_party)  # fmt: skip
    actors: list[Actor] = [_ParkedCar(place, seed), _Waiting(place, seed), people]
    return Stage(view=view, seed=seed, place=place, actors=actors)


__all__ = [name for name in dir() if name.startswith("build_")]
