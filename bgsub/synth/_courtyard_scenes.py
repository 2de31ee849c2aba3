"""Scenes in the courtyard: visits, changing light, a suitcase, a busy start."""

from __future__ import annotations

from dataclasses import replace

from bgsub.synth._actors import Actor, Walker
from bgsub.synth._canvas import Sketch
from bgsub.synth._effects import Clouds, Dusk
from bgsub.synth._parties import Ways, metal_grains, walkers
from bgsub.synth._people import Stop
from bgsub.synth._places import Place, courtyard
from bgsub.synth._random import generator, uniform
from bgsub.synth._stage import Stage
from bgsub.synth._things import bag
from bgsub.synth._vehicles import Vehicle, draw_vehicle
from bgsub.synth._view import View

__all__ = ["build_bag", "build_bootstrap", "build_gradual", "build_walkers"]

_SUITCASE = (58.0, 60.0, 132.0)


_DOOR_Y = 165.0


_DOOR = [(308.0, 163.0), (304.0, 155.0), (236.0, 151.0)]


def _courtyard_party(ways: Ways, k: int, start: float) -> list[Walker]:
    """Return the people of one visit to the courtyard; none stays for more than 10 s."""
    kind = k % 3
    if kind == 1:
        first = ways.walker(
            2 * k, [(-34, 276), (230, 204), *_DOOR], start, 2.1, indoors_y=_DOOR_Y
        )
        second = ways.walker(
            2 * k + 1, [(-30, 306), (250, 212), *_DOOR], start + 1.1, 2.1, indoors_y=_DOOR_Y
        )
        return [first, second]
    if kind == 2:
        return [
            ways.walker(
                2 * k, [*_DOOR[::-1], (390, 196), (700, 250)], start, 1.8, indoors_y=_DOOR_Y
            )
        ]
    return [ways.walker(2 * k, [(-30, 232), (150, 238), (420, 500)], start, 1.9)]


def build_walkers(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard with visits eleven seconds apart."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    people = walkers(
        place,
        seed,
        first_s=2.0,
        period_s=11.0,
        jitter_s=0.4,
        lasts_s=12.0,
        party=_courtyard_party,
    )
    return Stage(view=view, seed=seed, place=place, actors=[people])


def build_gradual(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard under clouds, towards dusk."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    people = walkers(
        place,
        seed,
        first_s=3.0,
        period_s=5.0,
        jitter_s=2.0,
        lasts_s=12.0,
        party=_courtyard_party,
    )
    return Stage(
        view=view, seed=seed, place=place, actors=[people], lights=[Clouds(seed), Dusk()]
    )


class _Suitcase:
    """Someone brings a suitcase and leaves it; later someone else takes it; and so on."""

    PERIOD_S = 20.0

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._seed = seed
        self._ways = Ways(place, seed, "travellers")
        self._grain = metal_grains(seed)[0]

    def _turn(self, k: int) -> tuple[Walker, Walker, tuple[float, float]]:
        """Return who brings it, who takes it, and where it stands meanwhile."""
        x, y = generator(self._seed, "suitcase", k).uniform((240, 240), (330, 270))
        start = 3.5 + k * self.PERIOD_S
        bring = [Stop(x=-40, y=258), Stop(x=x - 16, y=y, pause_s=1.0), Stop(x=-40, y=300)]
        take = [Stop(x=685, y=225), Stop(x=x + 18, y=y, pause_s=1.0), Stop(x=700, y=320)]
        first = self._ways.walker(2 * k, bring, start, 1.6)
        second = self._ways.walker(2 * k + 1, take, start + 10.0, 1.7)
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
                    bag(
                        self._place.camera,
                        x_m=x,
                        depth_m=depth,
                        colour=_SUITCASE,
                        sun=self._place.sun,
                        grain=self._grain,
                    )
                )
        return sketches


def build_bag(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard with the suitcase."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    return Stage(view=view, seed=seed, place=place, actors=[_Suitcase(place, seed)])


class _Waiting:
    """People who stand about from the first frame, and leave one after another."""

    def __init__(self, place: Place, seed: int) -> None:
        ways = Ways(place, seed, "waiting")
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
        self._body = Vehicle(
            kind="hatchback", paint=(paint[0], paint[1], paint[2]), half_width_m=0.88, index=0
        )
        self._leaves = uniform(seed, "parked car", 0, 6.0, 7.5)
        self._at = place.camera.ground(430, 206)
        self._grain = metal_grains(seed)[1]

    def __call__(self, t: float) -> list[Sketch]:
        """Return the car at a time in seconds, or nothing once it is gone."""
        since = max(0.0, t - self._leaves)
        x = self._at[0] + 0.9 * since * since
        if x > 24.0:
            return []
        return [
            draw_vehicle(
                self._place.camera,
                self._body,
                x_m=x,
                depth_m=self._at[1],
                heading=0.0,
                sun=(0.62, -0.4),
                grain=self._grain,
                still=since <= 0.0,
            )
        ]


def build_bootstrap(width: int, height: int, seed: int) -> Stage:
    """Set up the courtyard in the middle of the day's business."""
    view = View(width=width, height=height)
    place = courtyard(view, seed)
    people = walkers(
        place,
        seed,
        first_s=-2.0,
        period_s=7.0,
        jitter_s=1.0,
        lasts_s=12.0,
        party=_courtyard_party,
    )
    actors: list[Actor] = [_ParkedCar(place, seed), _Waiting(place, seed), people]
    return Stage(view=view, seed=seed, place=place, actors=actors)
