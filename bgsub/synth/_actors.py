"""Who moves when: visits that repeat for ever, and the moving things of one moment."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bgsub.synth._canvas import Sketch
from bgsub.synth._people import Clothes, Walk, person
from bgsub.synth._places import Place
from bgsub.synth._random import uniform
from bgsub.synth._vehicles import Vehicle, draw_vehicle, vehicle_for
from bgsub.synth._view import Array

__all__ = ["Actor", "Lane", "Timetable", "Walker", "Walkers"]

Actor = Callable[[float], list[Sketch]]
"""Returns the moving things of a time in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Visits numbered from 0 that begin at nearly regular times, without end.

    Attributes
    ----------
    seed : int
        The scene's seed.
    purpose : str
        Keys the irregularity.
    first_s, period_s : float
        When visit 0 begins, and the time from one to the next.
    jitter_s : float
        Each begins up to this much later.
    lasts_s : float
        No visit is longer.
    """

    seed: int
    purpose: str
    first_s: float
    period_s: float
    jitter_s: float
    lasts_s: float

    def start_s(self, k: int) -> float:
        """Return when visit `k` begins."""
        late = uniform(self.seed, f"time of {self.purpose}", k, 0.0, 1.0) * self.jitter_s
        return self.first_s + k * self.period_s + late

    def at(self, t: float) -> Iterator[int]:
        """Yield the numbers of the visits that may be under way at a time."""
        since = t - self.first_s
        low = max(0, math.ceil((since - self.lasts_s - self.jitter_s) / self.period_s))
        yield from range(low, math.floor(since / self.period_s) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """One person on one way.

    Attributes
    ----------
    walk : Walk
        The way.
    looks : Clothes
        The person.
    grain : ndarray or None
        Shading of the clothes.
    carries : tuple of float or None
        Colour of the suitcase in hand,
    from_s, until_s : float
        and when it is carried.
    indoors_y : float
        Design y beyond which the person is inside the house, where it is dark.
    """

    walk: Walk
    looks: Clothes
    grain: Array | None = None
    carries: tuple[float, float, float] | None = None
    from_s: float = -math.inf
    until_s: float = math.inf
    indoors_y: float = -math.inf

    def sketch(self, place: Place, t: float) -> Sketch | None:
        """Return the person at a time, or None when not there."""
        state = self.walk.at(t)
        if state is None:
            return None
        _, y = place.camera.project(state.x_m, 0.0, state.depth_m)
        inside = self.indoors_y - y
        return person(
            place.camera,
            state,
            self.looks,
            sun=place.sun if inside <= 0 else None,
            grain=self.grain,
            brightness=1.0 if inside <= 0 else max(0.35, 1.0 - inside / 10.0),
            carries=self.carries if self.from_s <= t < self.until_s else None,
        )


class Walkers:
    """People who come by a timetable.

    Parameters
    ----------
    place : Place
        Where they walk.
    timetable : Timetable
        When they come.
    party : callable
        Given a visit's number and start, returns its people.
    """

    def __init__(
        self, place: Place, timetable: Timetable, party: Callable[[int, float], list[Walker]]
    ) -> None:
        self._place = place
        self._timetable = timetable

        @functools.lru_cache(maxsize=64)
        def prepared(k: int) -> list[Walker]:
            return party(k, timetable.start_s(k))

        self._party = prepared

    def __call__(self, t: float) -> list[Sketch]:
        """Return the people of a time in seconds."""
        people = (w for k in self._timetable.at(t) for w in self._party(k))
        return [s for w in people if (s := w.sketch(self._place, t)) is not None]


class Lane:
    """Vehicles that follow one another along a lane at one speed.

    Parameters
    ----------
    place : Place
        Where they drive.
    timetable : Timetable
        When they come; its seed and purpose also choose the vehicles.
    x_m : float
        Where the lane lies.
    towards : bool
        Whether they come towards the camera.
    speed_mps : float
        Metres per second.
    sun : tuple of float or None
        See :func:`bgsub.synth._vehicles.draw_vehicle`.
    lit : bool
        Lights are on, and bodies are dark.
    grains : list of ndarray
        Shadings to choose from.
    """

    FAR_M, NEAR_M = 170.0, 3.6

    def __init__(
        self,
        place: Place,
        timetable: Timetable,
        *,
        x_m: float,
        towards: bool,
        speed_mps: float,
        sun: tuple[float, float] | None,
        lit: bool,
        grains: list[Array],
    ) -> None:
        self._place = place
        self._timetable = timetable
        self._x = x_m
        self._towards = towards
        self._speed = speed_mps
        self._sun = sun
        self._lit = lit
        self._grains = grains

        @functools.lru_cache(maxsize=64)
        def prepared(k: int) -> tuple[float, Vehicle]:
            return timetable.start_s(k), vehicle_for(timetable.seed, timetable.purpose, k)

        self._prepared = prepared

    def __call__(self, t: float) -> list[Sketch]:
        """Return the vehicles of a time in seconds."""
        sketches: list[Sketch] = []
        for k in self._timetable.at(t):
            start, body = self._prepared(k)
            way = (t - start) * self._speed
            if not 0.0 <= way < self.FAR_M - self.NEAR_M:
                continue
            sketches.append(
                draw_vehicle(
                    self._place.camera,
                    body,
                    x_m=self._x,
                    depth_m=self.FAR_M - way if self._towards else self.NEAR_M + way,
                    heading=(-1 if self._towards else 1) * np.pi / 2,
                    sun=self._sun,
                    grain=self._grains[k % len(self._grains)],
                    lit=self._lit,
                    brightness=0.48 if self._lit else 1.0,
                )
            )
        return sketches
