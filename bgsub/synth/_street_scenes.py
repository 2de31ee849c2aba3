"""Scenes on the street: by day, by night, from a shaking mast, in snow."""

from __future__ import annotations

from dataclasses import replace

from bgsub.synth._actors import Actor, Lane, Timetable
from bgsub.synth._effects import Night, Shake, Snow
from bgsub.synth._landscapes import street
from bgsub.synth._parties import metal_grains
from bgsub.synth._places import Place
from bgsub.synth._stage import Stage
from bgsub.synth._view import View

__all__ = ["build_night", "build_shake", "build_snow", "build_traffic"]

_SUN_M = (0.75, 0.35)  # where the shadow of a point one metre up falls: right and away, metres


def _traffic(
    place: Place,
    seed: int,
    *,
    headway_s: float,
    first_s: float,
    sun: tuple[float, float] | None,
    lit: bool = False,
) -> list[Actor]:
    grains = metal_grains(seed)
    lanes: list[Actor] = []
    for n, (x, towards, speed) in enumerate(
        ((-5.2, True, 13.0), (-1.9, True, 16.0), (1.9, False, 15.5), (5.2, False, 12.5))
    ):
        table = Timetable(
            seed=seed,
            purpose=f"lane {n}",
            first_s=first_s + 0.8 * n,
            period_s=headway_s,
            jitter_s=0.45 * headway_s,
            lasts_s=Lane.FAR_M / speed + 1.0,
        )
        lanes.append(
            Lane(
                place,
                table,
                x_m=x,
                towards=towards,
                speed_mps=speed,
                sun=sun,
                lit=lit,
                grains=grains,
            )
        )
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
