"""Smaller things: a bag that is left behind, and a boat."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bgsub.synth._canvas import Shape, Sketch
from bgsub.synth._view import Array, Camera

__all__ = ["bag", "boat"]

Colour = tuple[float, float, float]

_PANE = ((0.0, 1.15), (0.6, 1.15), (0.55, 1.6), (0.05, 1.6))

# From back to front: points in metres, forwards and up; radius in metres; colour, or None for
# the hull's paint.
_BOAT: tuple[tuple[tuple[tuple[float, float], ...], float, Colour | None], ...] = (
    (((-0.6, 1.9), (-0.6, 3.3)), 0.04, (110, 112, 114)),
    (((-2.2, 0.95), (-2.2, 1.55)), 0.2, (52, 60, 128)),
    (((-2.2, 1.82),), 0.14, (110, 140, 185)),
    (((-1.7, 0.9), (1.1, 0.9), (0.7, 1.8), (-1.6, 1.8)), 0.0, (200, 204, 202)),
    *((tuple((a + x, y) for x, y in _PANE), 0.0, (74, 64, 56)) for a in (-1.45, -0.65, 0.15)),
    (((-1.85, 1.78), (1.0, 1.78), (0.9, 1.95), (-1.8, 1.95)), 0.0, (170, 176, 178)),
    (((-2.9, 0.0), (2.2, 0.0), (3.4, 1.0), (-3.0, 0.9)), 0.0, None),
    (((-3.0, 0.78), (3.2, 0.86), (3.4, 1.0), (-3.0, 0.92)), 0.0, (196, 200, 200)),
    (((-2.93, 0.25), (2.45, 0.25), (2.65, 0.4), (-2.95, 0.4)), 0.0, (60, 56, 150)),
)


def bag(
    camera: Camera,
    *,
    x_m: float,
    depth_m: float,
    colour: Colour,
    sun: tuple[float, float] | None,
    grain: Array | None,
) -> Sketch:
    """Draw a suitcase standing on the ground."""
    units = camera.units_per_m(depth_m)
    wide, tall, deep = 0.28 * units, 0.44 * units, 0.09 * units
    dark = (colour[0] * 0.7, colour[1] * 0.7, colour[2] * 0.7)
    bright = (colour[0] * 1.2, colour[1] * 1.2, colour[2] * 1.2)
    front = np.array([(-wide, 0), (wide, 0), (wide, -tall), (-wide, -tall)])
    top = np.array(
        [(-wide, -tall), (wide, -tall), (wide * 0.9, -tall - deep), (-wide * 0.9, -tall - deep)]
    )
    band = np.array(
        [
            (-wide, -tall * 0.55),
            (wide, -tall * 0.55),
            (wide, -tall * 0.45),
            (-wide, -tall * 0.45),
        ]
    )
    grip = np.array([(-wide * 0.35, -tall - deep), (-wide * 0.35, -tall - deep * 2.2)])
    other = grip * np.array([-1.0, 1.0])
    bar = np.array([grip[1], other[1]])
    thick = 0.025 * units
    shapes = [
        *(Shape(ends, thick, (34, 34, 36)) for ends in (grip, other, bar)),
        Shape(top, 0.0, bright),
        Shape(front, 0.0, colour),
        Shape(band, 0.0, dark),
        *(
            Shape(np.array([(s * wide * 0.75, -0.01 * units)]), 0.05 * units, (24, 24, 26))
            for s in (-1, 1)
        ),
    ]
    shadow: tuple[Shape, ...] = ()
    if sun is not None:
        lay = np.array([[1.0, 0.0], [-sun[0], -sun[1]]])
        outline = np.concatenate([front, top[2:]])
        order = [0, 1, 2, 4, 5, 3]
        shadow = (Shape(outline[order] @ lay, 0.0, (0, 0, 0)),)
    anchor = camera.project(x_m, 0.0, depth_m)
    return Sketch(
        anchor=anchor,
        depth=anchor[1],
        shapes=tuple(shapes),
        shadow=shadow,
        grain=grain,
        extent=0.9 * units,
    )


def boat(
    camera: Camera,
    *,
    x_m: float,
    depth_m: float,
    t: float,
    leftwards: bool,
    colour: Colour,
    grain: Array | None,
) -> Sketch:
    """Draw a motor boat with its cabin, bobbing; its reflection counts as its shadow."""
    units = camera.units_per_m(depth_m)
    tilt = 0.03 * math.sin(1.7 * t)
    rise = 0.05 * units * math.sin(1.3 * t)
    flip = -1.0 if leftwards else 1.0
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])

    def fit(points: Sequence[tuple[float, float]]) -> Array:
        moved = np.array(points) * (flip, -1.0) @ turn * units
        return np.asarray(moved + np.array([0.0, rise]))

    shapes = [
        Shape(fit(points), radius * units, ink or colour) for points, radius, ink in _BOAT
    ]
    wave = 0.12 * math.sin(2.3 * t)
    far = [(2.2 + wave, -0.5), (0.9, -0.75 + wave), (-1.6 - wave, -0.75), (-2.8, -0.4)]
    mirror = fit([(-2.9, 0.0), (2.4, 0.0), *far])
    anchor = camera.project(x_m, 0.0, depth_m)
    return Sketch(
        anchor=anchor,
        depth=anchor[1],
        shapes=tuple(shapes),
        shadow=(Shape(mirror, 0.0, (0, 0, 0)),),
        grain=grain,
        extent=3.6 * units,
    )
