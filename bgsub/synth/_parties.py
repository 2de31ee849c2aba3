"""Who comes to a scene: people made to order for a place and a timetable."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from bgsub.synth._actors import Timetable, Walker, Walkers
from bgsub.synth._people import Stop, Walk, clothes_for, grain_for
from bgsub.synth._places import Place
from bgsub.synth._random import uniform
from bgsub.synth._view import Array

__all__ = ["N_GRAINS", "Ways", "cloth_grains", "metal_grains", "walkers"]

N_GRAINS = 8


def cloth_grains(seed: int) -> list[Array]:
    return [grain_for(seed, i) for i in range(N_GRAINS)]


def metal_grains(seed: int) -> list[Array]:
    """Return gentler shadings, for vehicles."""
    return [(1.0 + 0.45 * (g - 1.0)).astype(np.float32) for g in cloth_grains(seed)]


class Ways:
    """Makes people on ways through one place."""

    def __init__(self, place: Place, seed: int, purpose: str, *, warm: bool = False) -> None:
        self._place = place
        self._seed = seed
        self._purpose = purpose
        self._warm = warm
        self._grains = cloth_grains(seed)

    def walker(
        self,
        number: int,
        stops: Sequence[tuple[float, float] | Stop],
        start_s: float,
        speed_mps: float,
        *,
        indoors_y: float = -math.inf,
    ) -> Walker:
        """Return a person; `number` chooses the looks."""
        way = [s if isinstance(s, Stop) else Stop(x=s[0], y=s[1]) for s in stops]
        brisk = uniform(self._seed, f"speed of {self._purpose}", number, 0.94, 1.06)
        return Walker(
            walk=Walk(self._place.camera, way, speed_mps=speed_mps * brisk, start_s=start_s),
            looks=clothes_for(self._seed, self._purpose, number, warm=self._warm),
            grain=self._grains[number % N_GRAINS],
            indoors_y=indoors_y,
        )


def walkers(
    place: Place,
    seed: int,
    *,
    first_s: float,
    period_s: float,
    jitter_s: float,
    lasts_s: float,
    party: Callable[[Ways, int, float], list[Walker]],
    warm: bool = False,
    purpose: str = "walkers",
) -> Walkers:
    ways = Ways(place, seed, purpose, warm=warm)
    table = Timetable(
        seed=seed,
        purpose=purpose,
        first_s=first_s,
        period_s=period_s,
        jitter_s=jitter_s,
        lasts_s=lasts_s,
    )
    return Walkers(place, table, lambda k, start: party(ways, k, start))
