"""People: an articulated figure that walks, stands and carries, and the ways they take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bgsub.synth._canvas import Shape, Sketch
from bgsub.synth._random import generator
from bgsub.synth._view import Array, Camera

__all__ = ["Clothes", "Stop", "Walk", "WalkState", "clothes_for", "grain_for", "person"]

Colour = tuple[float, float, float]

# BGR. Some are near the paving's own brightness: such people are hard to find.
_TOPS: tuple[Colour, ...] = (
    (52, 46, 150), (128, 78, 38), (48, 48, 46), (136, 140, 142), (196, 200, 202),
    (60, 96, 58), (44, 128, 178), (120, 112, 96), (92, 60, 88), (110, 124, 132),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = (
    (88, 62, 44), (40, 38, 38), (92, 98, 104), (70, 84, 104), (58, 48, 42), (120, 126, 128),
)  # fmt: skip
_SKIN: tuple[Colour, ...] = ((142, 168, 212), (112, 140, 190), (78, 104, 150), (52, 72, 106))
_HAIR: tuple[Colour, ...] = ((28, 30, 36), (40, 62, 92), (70, 110, 150), (120, 124, 128))
_STRIDE_M = 1.5  # one full cycle of both legs


@dataclass(frozen=True, slots=True, kw_only=True)
class Clothes:
    """What one person looks like; colours are BGR."""

    top: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    shoes: Colour = (34, 34, 38)
    height_m: float = 1.75
    backpack: Colour | None = None


def clothes_for(seed: int, purpose: str, index: int, *, warm: bool = False) -> Clothes:
    """Return the looks of one person; `warm` is how a thermal camera sees them."""
    rng = generator(seed, f"clothes of {purpose}", index)
    height = float(rng.uniform(1.6, 1.88))
    if warm:
        heat = [float(v) for v in rng.uniform((165, 150, 205, 170), (205, 190, 235, 200))]
        top, trousers, skin, hair = ((v, v, v) for v in heat)
        return Clothes(
            top=top,
            trousers=trousers,
            skin=skin,
            hair=hair,
            shoes=(150, 150, 150),
            height_m=height,
        )
    pick = [int(rng.integers(len(p))) for p in (_TOPS, _TROUSERS, _SKIN, _HAIR, _TOPS)]
    return Clothes(
        top=_TOPS[pick[0]],
        trousers=_TROUSERS[pick[1]],
        skin=_SKIN[pick[2]],
        hair=_HAIR[pick[3]],
        height_m=height,
        backpack=_TOPS[pick[4]] if rng.random() < 0.35 else None,
    )


def grain_for(seed: int, index: int, *, side: int = 48) -> Array:
    """Return shading (side, side) float32: light from the left, folds of cloth."""
    rng = generator(seed, "grain", index)
    coarse = rng.standard_normal((side // 4, side // 4)).repeat(4, axis=0).repeat(4, axis=1)
    fine = rng.standard_normal((side, side))
    across = np.linspace(0.5, -0.5, side)[None, :]
    shading = 1.0 + 0.9 * across + 0.05 * coarse + 0.035 * fine
    return np.clip(shading, 0.45, 1.5).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A point of a way, in design units, and how long the walker stays there."""

    x: float
    y: float
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkState:
    """Where a walker is at one moment.

    Attributes
    ----------
    x_m, depth_m : float
        Ground position.
    heading : float
        Radians; 0 is to the right, π/2 away from the camera.
    phase : float
        Of the stride, radians.
    gait : float
        0 standing to 1 walking.
    """

    x_m: float
    depth_m: float
    heading: float
    phase: float
    gait: float


class Walk:
    """A way over the ground at constant speed, with pauses.

    Parameters
    ----------
    camera : Camera
        Turns design points to ground points.
    stops : sequence of Stop
        At least two.
    speed_mps : float
        Metres per second.
    start_s : float
        When the walker sets out.
    """

    def __init__(
        self, camera: Camera, stops: Sequence[Stop], *, speed_mps: float, start_s: float
    ) -> None:
        self._points = [camera.ground(stop.x, stop.y) for stop in stops]
        self._speed = speed_mps
        self.start_s = start_s
        self._legs: list[tuple[float, float, float, int]] = []
        at, way = start_s, 0.0
        for i, stop in enumerate(stops[:-1]):
            at += stop.pause_s
            length = math.dist(self._points[i], self._points[i + 1])
            self._legs.append((at, at + length / speed_mps, way, i))
            at += length / speed_mps
            way += length
        self.end_s = at + stops[-1].pause_s

    def arrival_s(self, stop: int) -> float:
        """Return when a stop, counted from 0, is reached."""
        return self.start_s if stop == 0 else self._legs[stop - 1][1]

    def at(self, t: float) -> WalkState | None:
        """Return the state at a time in seconds, or None before the start or at the end."""
        if not self.start_s <= t < self.end_s:
            return None
        leg = self._legs[0]
        for candidate in self._legs:
            if candidate[0] <= t or candidate[3] == 0:
                leg = candidate
        begin, end, way, i = leg
        share = min(1.0, max(0.0, (t - begin) / (end - begin)))
        (x0, z0), (x1, z1) = self._points[i], self._points[i + 1]
        done = way + share * (end - begin) * self._speed
        # Slow the limbs, not the body, on the first and last quarter second of a leg.
        gait = min(1.0, max(0.0, (t - begin) / 0.25), max(0.0, (end - t) / 0.25))
        last = i == len(self._points) - 2
        moving_on = not last and self._legs[i + 1][0] - end < 1e-6
        came_on = i > 0 and begin - self._legs[i - 1][1] < 1e-6
        if (moving_on and t > (begin + end) / 2) or (came_on and t < (begin + end) / 2):
            gait = 1.0
        return WalkState(
            x_m=x0 + share * (x1 - x0),
            depth_m=z0 + share * (z1 - z0),
            heading=math.atan2(z1 - z0, x1 - x0),
            phase=2.0 * math.pi * done / _STRIDE_M,
            gait=gait,
        )


class _Body:
    """Joints of one pose, in body heights: forward, up, to the side."""

    def __init__(self, state: WalkState) -> None:
        self._cos, self._sin = math.cos(state.heading), math.sin(state.heading)
        self.legs = [self._leg(state.phase + math.pi * i, state.gait) for i in (0, 1)]
        lowest = min(leg[2][1] for leg in self.legs)
        self.lift = 0.03 - lowest  # the standing foot is on the ground

    @staticmethod
    def _leg(phase: float, gait: float) -> list[tuple[float, float]]:
        thigh = gait * 0.46 * math.sin(phase)
        bend = gait * (0.08 + 0.85 * max(0.0, math.cos(phase)))
        knee = (0.25 * math.sin(thigh), 0.5 - 0.25 * math.cos(thigh))
        shin = thigh - bend
        ankle = (knee[0] + 0.24 * math.sin(shin), knee[1] - 0.24 * math.cos(shin))
        toe = (ankle[0] + 0.075 * math.cos(shin), ankle[1] + 0.075 * math.sin(shin) - 0.012)
        return [(0.0, 0.5), knee, ankle, toe]

    @staticmethod
    def arm(phase: float, gait: float) -> list[tuple[float, float]]:
        upper = -gait * 0.42 * math.sin(phase)
        fore = upper + 0.15 + 0.25 * gait
        elbow = (0.155 * math.sin(upper), 0.80 - 0.155 * math.cos(upper))
        hand = (elbow[0] + 0.15 * math.sin(fore), elbow[1] - 0.15 * math.cos(fore))
        return [(0.0, 0.80), elbow, hand]

    def seen(self, forward: float, up: float, side: float) -> tuple[float, float]:
        """Return where a joint appears, x to the right and y down, in body heights."""
        x = forward * self._cos - side * self._sin
        away = forward * self._sin + side * self._cos
        return x, -(up + self.lift) - 0.18 * away

    def half_width(self, across: float, deep: float) -> float:
        """Return half the apparent width of a torso of the given half sizes."""
        return math.hypot(across * self._sin, deep * self._cos)


def _dim(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def _chain(
    body: _Body,
    joints: list[tuple[float, float]],
    side: float,
    radii: Sequence[float],
    colours: Sequence[Colour],
) -> list[Shape]:
    seen = [body.seen(forward, up, side) for forward, up in joints]
    return [
        Shape(np.array([a, b]), radius, colour)
        for a, b, radius, colour in zip(seen, seen[1:], radii, colours, strict=False)
    ]


def _torso(body: _Body, top: Colour) -> list[Shape]:
    shoulder, waist = body.half_width(0.118, 0.066), body.half_width(0.088, 0.062)
    x0, y0 = body.seen(0.0, 0.815, 0.0)
    _, y1 = body.seen(0.0, 0.47, 0.0)
    corners = [
        (x0 - shoulder * 0.55, y0 - 0.028),
        (x0 + shoulder * 0.55, y0 - 0.028),
        (x0 + shoulder, y0 + 0.012),
        (x0 + waist, y1 - 0.12),
        (x0 + waist * 1.05, y1),
        (x0 - waist * 1.05, y1),
        (x0 - waist, y1 - 0.12),
        (x0 - shoulder, y0 + 0.012),
    ]
    return [Shape(np.array(corners), 0.0, top)]


def _head(body: _Body, looks: Clothes) -> list[Shape]:
    x, y = body.seen(0.015, 0.925, 0.0)
    face = 0.018 * body._cos
    away = max(0.0, body._sin)
    return [
        Shape(np.array([(x, y + 0.05), (x, y + 0.10)]), 0.026, _dim(looks.skin, 0.8)),
        Shape(np.array([(x, y - 0.012), (x, y + 0.018)]), 0.054, looks.hair),
        Shape(
            np.array([(x + face, y + 0.006), (x + face * 0.8, y + 0.028)]),
            0.046 * (1.0 - 0.9 * away) if away > 0.3 else 0.046,
            looks.skin if away < 0.8 else looks.hair,
        ),
    ]


def _figure(state: WalkState, looks: Clothes) -> tuple[list[Shape], tuple[float, float]]:
    """Return the shapes of a body of height 1, and where its near hand is."""
    body = _Body(state)
    # The side away from the camera is drawn first and lies in the body's own shade.
    far = 1 if math.cos(state.heading) >= 0 else -1
    shapes: list[Shape] = []
    hand = (0.0, 0.0)
    for side, shade in ((far, 0.72), (-far, 1.0)):
        lag = 0.0 if side == far else math.pi
        leg = body.legs[0 if side == far else 1]
        trousers, shoes = _dim(looks.trousers, shade), _dim(looks.shoes, shade)
        sleeve, skin = _dim(looks.top, shade * 0.92), _dim(looks.skin, shade)
        arm = body.arm(state.phase + lag, state.gait)
        limbs = _chain(
            body, leg, side * 0.048, (0.052, 0.038, 0.026), (trousers, trousers, shoes)
        )
        arms = _chain(body, arm, side * 0.125, (0.034, 0.027), (sleeve, sleeve))
        fist = body.seen(*arm[2], side * 0.125)
        arms.append(Shape(np.array([fist]), 0.024, skin))
        if side == far:
            pack: list[Shape] = []
            if looks.backpack is not None:
                a, b = body.seen(-0.085, 0.76, 0.0), body.seen(-0.085, 0.60, 0.0)
                pack = [Shape(np.array([a, b]), 0.058, looks.backpack)]
            torso = _torso(body, looks.top)
            shapes += [*arms, *limbs]
            # Seen from behind the pack hides the back; otherwise the trunk hides the pack.
            shapes += [*torso, *pack] if math.sin(state.heading) > 0.2 else [*pack, *torso]
            shapes += _head(body, looks)
        else:
            shapes += [*limbs, *arms]
            hand = fist
    return shapes, hand


def person(
    camera: Camera,
    state: WalkState,
    looks: Clothes,
    *,
    sun: tuple[float, float] | None,
    grain: Array | None,
    brightness: float = 1.0,
    carries: Colour | None = None,
) -> Sketch:
    """Draw one person.

    Parameters
    ----------
    camera : Camera
        Gives the position and size.
    state : WalkState
        Where the person is, and the pose.
    looks : Clothes
        Colours and height.
    sun : tuple of float or None
        Where the shadow of a point falls: to the right and down the picture, per unit of its
        height. None casts none.
    grain : ndarray or None
        See :func:`grain_for`.
    brightness : float
        Factor on all colours, for a person in the dark.
    carries : tuple of float or None
        Colour of the bag in the near hand.
    """
    anchor = camera.project(state.x_m, 0.0, state.depth_m)
    size = looks.height_m * camera.units_per_m(state.depth_m)
    shapes, hand = _figure(state, looks)
    if carries is not None:
        x, y = hand
        corners = [
            (x - 0.14, y + 0.04),
            (x + 0.14, y + 0.04),
            (x + 0.14, y + 0.26),
            (x - 0.14, y + 0.26),
        ]
        shapes.append(Shape(np.array([(x, y), (x, y + 0.05)]), 0.012, (30, 30, 30)))
        shapes.append(Shape(np.array(corners), 0.0, carries))
    drawn = tuple(
        Shape(s.points * size, s.radius * size, _dim(s.colour, brightness)) for s in shapes
    )
    shadow: tuple[Shape, ...] = ()
    if sun is not None:
        lay = np.array([[1.0, 0.0], [-sun[0], -sun[1]]])
        shadow = tuple(Shape(s.points @ lay, s.radius * 0.8, s.colour) for s in drawn)
    return Sketch(
        anchor=anchor,
        depth=anchor[1],
        shapes=drawn,
        shadow=shadow,
        grain=grain,
        extent=size * 1.1,
    )
