"""Cars, vans and lorries as solid bodies seen by the camera."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from bgsub.synth._canvas import Shape, Sketch
from bgsub.synth._random import generator
from bgsub.synth._view import Array, Camera

__all__ = ["Vehicle", "draw_vehicle", "vehicle_for"]

Colour = tuple[float, float, float]
Point = tuple[float, float, float]

_PAINTS: tuple[Colour, ...] = (
    (196, 198, 198), (44, 42, 42), (128, 130, 132), (40, 36, 140), (122, 70, 36),
    (96, 98, 100), (168, 172, 170), (74, 88, 60), (92, 108, 128),
)  # fmt: skip
_GLASS: Colour = (66, 58, 50)
_RUBBER: Colour = (26, 26, 28)
_TURN = [(math.cos(a), math.sin(a)) for a in (2.0 * math.pi * n / 14 for n in range(14))]

# Outline from the back bumper over the roof to the front, metres: along the car and up, with
# what lies between this point and the next.
_OUTLINES: dict[str, tuple[tuple[float, float, str], ...]] = {
    "saloon": (
        (-2.15, 0.32, "rear"), (-2.2, 0.80, "rear"), (-2.12, 0.98, "paint"),
        (-1.5, 1.02, "glass"), (-0.85, 1.42, "paint"), (0.35, 1.44, "glass"),
        (1.15, 1.0, "paint"), (2.05, 0.84, "front"), (2.2, 0.62, "front"), (2.15, 0.30, ""),
    ),
    "hatchback": (
        (-1.85, 0.32, "rear"), (-1.95, 0.95, "glass"), (-1.6, 1.46, "paint"),
        (0.2, 1.48, "glass"), (1.0, 1.02, "paint"), (1.8, 0.86, "front"),
        (1.95, 0.62, "front"), (1.9, 0.30, ""),
    ),
    "van": (
        (-2.4, 0.35, "rear"), (-2.45, 1.25, "glass"), (-2.43, 1.8, "rear"),
        (-2.4, 2.05, "paint"),
        (1.35, 2.05, "glass"), (2.0, 1.25, "paint"), (2.4, 1.1, "front"), (2.45, 0.35, ""),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One vehicle's body."""

    kind: str
    paint: Colour
    half_width_m: float
    index: int


def vehicle_for(seed: int, purpose: str, index: int) -> Vehicle:
    """Return the body of one vehicle."""
    rng = generator(seed, f"vehicle of {purpose}", index)
    kind = ("saloon", "hatchback", "saloon", "van")[int(rng.integers(4))]
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    tone = float(rng.uniform(0.85, 1.12))
    paint = (min(paint[0] * tone, 235), min(paint[1] * tone, 235), min(paint[2] * tone, 235))
    return Vehicle(
        kind=kind, paint=paint, half_width_m=1.0 if kind == "van" else 0.88, index=index
    )


def _dim(colour: Colour, factor: float) -> Colour:
    return (
        min(255.0, colour[0] * factor),
        min(255.0, colour[1] * factor),
        min(255.0, colour[2] * factor),
    )


class _Solid:
    """A vehicle placed on the ground, with the projection of its own coordinates."""

    def __init__(
        self, camera: Camera, body: Vehicle, x_m: float, depth_m: float, heading: float
    ) -> None:
        self.camera = camera
        self.body = body
        self._at = (x_m, depth_m)
        self.depth_m = depth_m
        self._cos, self._sin = math.cos(heading), math.sin(heading)
        self.anchor = camera.project(x_m, 0.0, depth_m)

    def world(self, point: Point) -> Point:
        """Return the world's x, up, depth of a point given along, up, to the left."""
        along, up, left = point
        x = self._at[0] + along * self._cos - left * self._sin
        return x, up, self._at[1] + along * self._sin + left * self._cos

    def seen(self, points: Iterable[Point]) -> Array:
        """Return the design offsets (N, 2) of points from the anchor."""
        ax, ay = self.anchor
        placed = [self.camera.project(*self.world(point)) for point in points]
        return np.array([(x - ax, y - ay) for x, y in placed])

    def faces(self, point: Point, normal: Point) -> bool:
        """Whether a face at a point with an outward normal is turned to the camera."""
        x, up, depth = self.world(point)
        nx = normal[0] * self._cos - normal[2] * self._sin
        nz = normal[0] * self._sin + normal[2] * self._cos
        return -nx * x + normal[1] * (self.camera.height_m - up) - nz * depth > 0.0

    def half(self, up: float) -> float:
        """Return half the width at a height: the cabin leans inwards."""
        return self.body.half_width_m * (1.0 - 0.22 * max(0.0, min(up, 1.45) - 0.95) / 0.5)


def _side_faces(solid: _Solid, left: int) -> list[Shape]:
    outline = _OUTLINES[solid.body.kind]
    half = solid.body.half_width_m
    if not solid.faces((0.0, 0.6, left * half), (0.0, 0.0, float(left))):
        return []
    tone = 0.82 if left > 0 else 0.68
    panel = [(a, u, left * solid.half(u)) for a, u, _ in outline]
    shapes = [Shape(solid.seen(panel), 0.0, _dim(solid.body.paint, tone))]
    glass = [
        (a, u)
        for i, (a, u, kind) in enumerate(outline)
        if kind == "glass" or outline[i - 1][2] == "glass"
    ]
    if solid.body.kind == "van":
        glass = [(0.75, 1.2), (0.75, 1.85), (1.3, 1.85), (1.8, 1.28)]
    middle_a = sum(a for a, _ in glass) / len(glass)
    low, high = min(u for _, u in glass), max(u for _, u in glass)
    window = [
        (middle_a + 0.88 * (a - middle_a), low + 0.05 + 0.82 * (u - low)) for a, u in glass
    ]
    pane = [(a, u, left * (solid.half(u) + 0.01)) for a, u in window]
    shapes.append(Shape(solid.seen(pane), 0.0, _dim(_GLASS, 0.9)))
    post = [(middle_a, u, left * (solid.half(u) + 0.01)) for u in (low, high)]
    thick = 0.04 * solid.camera.units_per_m(solid.depth_m)
    shapes.append(Shape(solid.seen(post), thick, _dim(solid.body.paint, tone * 0.9)))
    for axle in (outline[0][0] + 0.78, outline[-1][0] - 0.82):
        for radius, colour in ((0.33, _RUBBER), (0.19, (112.0, 112.0, 112.0))):
            side = left * (half + 0.015)
            ring = [(axle + radius * c, 0.33 + radius * s, side) for c, s in _TURN]
            shapes.append(Shape(solid.seen(ring), 0.0, colour))
    return shapes


def _cross_faces(solid: _Solid) -> list[Shape]:
    """Return the faces that run across: bumpers, bonnet, screens, roof, back to front."""
    outline = _OUTLINES[solid.body.kind]
    found: list[tuple[float, Shape]] = []
    for (a0, u0, kind), (a1, u1, _) in pairwise(outline):
        normal = (u0 - u1, a1 - a0, 0.0)
        middle = ((a0 + a1) / 2, (u0 + u1) / 2, 0.0)
        if not solid.faces(middle, normal):
            continue
        h0, h1 = solid.half(u0), solid.half(u1)
        quad = [(a0, u0, -h0), (a0, u0, h0), (a1, u1, h1), (a1, u1, -h1)]
        upward = normal[1] / math.hypot(normal[0], normal[1])
        tone = 0.78 + 0.30 * max(0.0, upward)
        colour = _dim(_GLASS, 0.8 + 0.5 * upward) if kind == "glass" else solid.body.paint
        shape = Shape(solid.seen(quad), 0.0, _dim(colour, tone if kind != "glass" else 1.0))
        found.append((-solid.world(middle)[2], shape))
    found.sort(key=lambda item: item[0])
    return [shape for _, shape in found]


def _lamps(solid: _Solid, *, lit: bool) -> list[Shape]:
    outline = _OUTLINES[solid.body.kind]
    units = solid.camera.units_per_m(solid.depth_m)
    shapes: list[Shape] = []
    ends: tuple[tuple[float, int, Colour], ...] = (
        (outline[-1][0] + 0.04, 1, (235, 250, 255) if lit else (205, 212, 214)),
        (outline[0][0] - 0.06, -1, (60, 60, 245) if lit else (38, 34, 150)),
    )
    for along, forward, colour in ends:
        if not solid.faces((along, 0.7, 0.0), (float(forward), 0.0, 0.0)):
            continue
        plate = [
            (along, up, side)
            for up, side in ((0.42, -0.27), (0.54, -0.27), (0.54, 0.27), (0.42, 0.27))
        ]
        shapes.append(Shape(solid.seen(plate), 0.0, (190.0, 198.0, 198.0)))
        spots = [(along, 0.72, s * solid.body.half_width_m * 0.8) for s in (-1, 1)]
        shapes += [
            Shape(p[None], (0.17 if lit else 0.12) * units, colour) for p in solid.seen(spots)
        ]
    return shapes


def _beams(solid: _Solid) -> tuple[Shape, ...]:
    """Return the headlights' pool on the road and their halo."""
    front = _OUTLINES[solid.body.kind][-1][0]
    units = solid.camera.units_per_m(solid.depth_m)
    half = solid.body.half_width_m
    pool = [
        (front + 1.6, 0.0, -half * 0.7),
        (front + 1.6, 0.0, half * 0.7),
        (front + 6.0, 0.0, half * 1.3),
        (front + 9.0, 0.0, half * 0.8),
        (front + 9.0, 0.0, -half * 0.8),
        (front + 6.0, 0.0, -half * 1.3),
    ]
    shapes = [Shape(solid.seen(pool), 0.0, (42.0, 53.0, 60.0), soft=0.4 * min(units, 40.0))]
    if solid.faces((front, 0.7, 0.0), (1.0, 0.0, 0.0)):
        spots = [(front, 0.72, s * half * 0.8) for s in (-1, 1)]
        shapes += [
            Shape(p[None], 0.30 * units, (110.0, 130.0, 140.0), soft=0.2 * min(units, 40.0))
            for p in solid.seen(spots)
        ]
    return tuple(shapes)


def _hull(points: Array) -> Array:
    """Return the convex hull of (N, 2) points."""
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)


def _shadow(solid: _Solid, sun: tuple[float, float]) -> Shape:
    """Return the shadow on the ground: where the sun throws the outline of both sides."""
    outline = _OUTLINES[solid.body.kind]
    fallen = []
    for along, up, _ in outline:
        for side in (-1, 1):
            x, _, depth = solid.world((along, 0.0, side * solid.half(up)))
            fallen.append((x + sun[0] * up, depth + sun[1] * up))
    for along in (outline[0][0], outline[-1][0]):
        for side in (-1, 1):
            x, _, depth = solid.world((along, 0.0, side * solid.body.half_width_m))
            fallen.append((x, depth))
    flat = np.array([solid.camera.project(x, 0.0, depth) for x, depth in fallen])
    return Shape(_hull(flat - np.array(solid.anchor)), 0.0, (0.0, 0.0, 0.0))


def draw_vehicle(
    camera: Camera,
    body: Vehicle,
    *,
    x_m: float,
    depth_m: float,
    heading: float,
    sun: tuple[float, float] | None,
    grain: Array | None,
    lit: bool = False,
    brightness: float = 1.0,
    still: bool = False,
) -> Sketch:
    """Draw one vehicle.

    Parameters
    ----------
    camera : Camera
        Gives the perspective.
    body : Vehicle
        What is drawn.
    x_m, depth_m : float
        Ground position of its middle.
    heading : float
        Radians; 0 is to the right, π/2 away from the camera.
    sun : tuple of float or None
        Ground offset in metres, to the right and away, of the shadow of a point one metre up.
        None casts none.
    grain : ndarray or None
        Shading fixed to the vehicle.
    lit : bool
        Headlights and tail lights are on.
    brightness : float
        Factor on the body's colours, not on lights.
    still : bool
        True while it is parked since before the first frame.
    """
    solid = _Solid(camera, body, x_m, depth_m, heading)
    outline = _OUTLINES[body.kind]
    low = [
        (a, up, s * solid.half(0.5) * 0.93)
        for a in (outline[0][0] + 0.3, outline[-1][0] - 0.3)
        for s in (-1, 1)
        for up in (0.06, 0.36)
    ]
    under = Shape(_hull(solid.seen(low)), 0.0, _RUBBER)
    shapes = [under, *_cross_faces(solid), *_side_faces(solid, 1), *_side_faces(solid, -1)]
    shapes = [Shape(s.points, s.radius, _dim(s.colour, brightness)) for s in shapes]
    lamps = _lamps(solid, lit=lit)
    if not lit:
        lamps = [Shape(s.points, s.radius, _dim(s.colour, brightness)) for s in lamps]
    return Sketch(
        anchor=solid.anchor,
        depth=solid.anchor[1],
        shapes=(*shapes, *lamps),
        shadow=() if sun is None else (_shadow(solid, sun),),
        lights=_beams(solid) if lit else (),
        grain=grain,
        extent=3.0 * camera.units_per_m(depth_m),
        still=still,
    )
