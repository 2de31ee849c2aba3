"""Places around a house, a courtyard and a lobby, each painted once for a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from bgsub.synth._canvas import Cutout
from bgsub.synth._foliage import Plant
from bgsub.synth._paint import Painter
from bgsub.synth._random import generator
from bgsub.synth._view import Array, Camera, View

__all__ = ["Place", "courtyard", "cutout_of", "lobby", "rectangle"]

Colour = tuple[float, float, float]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A painted backdrop.

    Attributes
    ----------
    camera : Camera
        Where it is seen from.
    image : ndarray of uint8, shape (H, W, 3)
        The backdrop on the canvas.
    cutouts : list of Cutout
        Its parts that moving things can pass behind.
    plants : list of Plant
        What grows in it.
    sun : tuple of float or None
        Where the shadow of a point falls, per unit of height: to the right, down the picture.
    ambient : tuple of float
        BGR share of light left in shadow.
    """

    camera: Camera
    image: Array
    cutouts: list[Cutout] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)
    sun: tuple[float, float] | None = None
    ambient: tuple[float, float, float] = (0.62, 0.58, 0.55)


def cutout_of(
    view: View, depth: float, pieces: Sequence[Points], holes: Sequence[Points] = ()
) -> Cutout:
    """Return the cutout of polygons, with holes, in design units."""
    width, height = view.canvas
    fine = 4 if width < 1000 else 2
    mask = np.zeros((height * fine, width * fine), np.uint8)
    for value, polygons in ((255, pieces), (0, holes)):
        for polygon in polygons:
            placed = np.array([view.place(x, y) for x, y in polygon])
            fixed = np.rint((placed * fine - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(mask, [fixed], (value,), cv2.LINE_8, 4)
    alpha = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA))
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return Cutout(depth=depth, x=0, y=0, alpha=alpha[:0, :0])
    y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return Cutout(depth=depth, x=int(x0), y=int(y0), alpha=alpha[y0:y1, x0:x1].copy())


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Points:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _window(p: Painter, x0: float, y0: float, x1: float, y1: float, index: int) -> None:
    rng = generator(p.seed, "window", index)
    shine = float(rng.uniform(0.7, 1.25))
    p.box(x0 - 2.2, y0 - 2.2, x1 + 2.2, y1 + 2.2, (176, 184, 186))
    p.box(x0, y0, x1, y1, (84 * shine, 74 * shine, 62 * shine))
    p.fill(
        [(x0, y0), (x0 + (x1 - x0) * 0.6, y0), (x0, y1)], (150, 138, 122), alpha=0.35 * shine
    )
    p.box((x0 + x1) / 2 - 0.8, y0, (x0 + x1) / 2 + 0.8, y1, (176, 184, 186))
    p.box(x0, y0 + (y1 - y0) * 0.35, x1, y0 + (y1 - y0) * 0.35 + 1.2, (176, 184, 186))
    p.box(x0 - 4, y1 + 2, x1 + 4, y1 + 4.5, (160, 166, 168))
    p.box(x0 - 3, y1 + 4.5, x1 + 3, y1 + 7, (60, 62, 66), alpha=0.5)


def _furnish(p: Painter) -> None:
    """Paint the courtyard's lamp with its shadow, the bench and the planter."""
    p.line([(470, 238), (547, 259)], 3.2, (70, 74, 78), alpha=0.42)
    p.box(467.5, 74, 472.5, 240, (58, 62, 60))
    p.box(462, 66, 478, 77, (190, 205, 208))
    for x0, y0, x1, y1, c in (
        (60, 184, 132, 188, (60, 84, 112)),
        (60, 176, 132, 180, (64, 90, 120)),
        (66, 188, 70, 200, (46, 48, 50)),
        (122, 188, 126, 200, (46, 48, 50)),
    ):
        p.box(x0, y0, x1, y1, c)
    p.box(62, 199, 140, 203, (70, 74, 78), alpha=0.4)
    p.fill(
        [(560, 262), (690, 262), (690, 300), (560, 300)],
        (112, 120, 128),
        tone=1.0 + 0.07 * p.field("planter", 120, 3),
    )
    p.box(560, 262, 690, 267, (140, 148, 154))


def courtyard(view: View, seed: int) -> Place:
    """Paint a paved courtyard before a brick house with a passage, a lamp and a bench."""
    camera = Camera(horizon=62.0, height_m=3.6, focal=500.0)
    p = Painter(view, seed)
    tone = generator(seed, "courtyard").uniform(0.92, 1.08, 2)
    stone = (146 * tone[0], 152 * tone[0], 156 * tone[0])
    p.image[...] = p.paved(camera, stone, stone_m=(0.9, 0.6), joint_m=0.035)
    wall = p.bricks((104 * tone[1], 122 * tone[1], 158 * tone[1]), size=(10.0, 3.6))
    p.fill(rectangle(-30, -30, 670, 166), wall)
    p.box(-30, 155, 670, 166, (128, 132, 136), tone=1.0 + 0.05 * p.field("plinth", 200))
    p.box(-30, 76, 670, 82, (150, 158, 164), tone=1.0 + 0.03 * p.field("plinth", 200))
    for i, x in enumerate((34, 112, 190, 368, 446, 524, 602)):
        _window(p, x, 12, x + 34, 58, i)
        if x != 524:
            _window(p, x, 96, x + 34, 142, 20 + i)
    p.box(278, 104, 338, 166, (150, 156, 160))
    p.box(284, 109, 332, 166, (44, 44, 46))
    p.fill([(284, 166), (332, 166), (322, 150), (294, 150)], (80, 84, 86))
    p.box(520, 100, 562, 166, (62, 72, 92))
    p.box(524, 104, 558, 164, (52, 62, 84), tone=1.0 + 0.06 * p.field("door", 300, tall=0.1))
    at_x, at_y = p.coordinates()
    p.darken(1.0 - 0.28 * np.exp(-np.maximum(at_y - 166.0, 0.0) / 9.0) * (at_y > 166.0))
    shade = np.clip(p.field("canopy", 9, 4) * 1.4 + 0.2, 0.0, 1.0)
    corner = np.clip(((at_x - 470) / 130 + (at_y - 250) / 80), 0.0, 1.0)
    p.darken(1.0 - 0.36 * shade * corner)
    _furnish(p)
    cutouts = [
        cutout_of(
            view, 166.0, [rectangle(-30, -30, 670, 166)], [rectangle(284, 109, 332, 167)]
        ),
        cutout_of(view, 239.0, [rectangle(467.5, 74, 472.5, 240), rectangle(462, 66, 478, 77)]),
        cutout_of(view, 300.0, [rectangle(560, 262, 690, 300)]),
    ]
    bush = Plant(
        foot=(625, 266),
        crowns=((0, -16, 62, 22), (-30, -10, 34, 16)),
        leaves=1100,
        leaf=4.2,
        colour=(40, 84, 66),
    )
    return Place(
        camera=camera, image=p.finish(), cutouts=cutouts, plants=[bush], sun=(0.62, 0.17)
    )


def lobby(view: View, seed: int) -> Place:
    """Paint an indoor lobby: tiles, a window, a door, a poster, a desk, a potted plant."""
    camera = Camera(horizon=96.0, height_m=2.7, focal=470.0)
    p = Painter(view, seed)
    p.image[...] = p.paved(camera, (150, 160, 166), stone_m=(0.6, 0.6), joint_m=0.012)
    x, y = p.coordinates()
    plaster = 1.0 + 0.015 * p.field("plaster", 30, 4) + 0.012 * p.field("roller", 500)
    fall = 1.06 - 0.0006 * np.abs(x - 330) - 0.0007 * np.abs(y - 60)
    p.fill(rectangle(-30, -30, 680, 206), (168, 186, 192), tone=plaster * fall)
    p.box(-30, 198, 680, 207, (92, 104, 118))
    p.box(46, 34, 150, 128, (196, 204, 206))
    p.box(51, 39, 145, 123, (216, 206, 190), tone=1.0 + 0.08 * p.field("outside", 20, 3))
    p.box(96, 39, 100, 123, (196, 204, 206))
    p.box(222, 58, 268, 124, (70, 78, 84))
    p.box(225, 61, 265, 121, (120, 150, 96), tone=1.0 + 0.25 * p.field("poster", 50, 3))
    p.box(352, 66, 434, 204, (120, 132, 146))
    p.box(358, 72, 428, 204, (52, 54, 58))
    p.fill([(358, 204), (428, 204), (418, 192), (368, 192)], (84, 90, 94))
    p.box(
        500, 160, 646, 232, (72, 104, 142), tone=1.0 + 0.07 * p.field("wood", 30, 4, tall=6.0)
    )
    p.box(494, 154, 652, 162, (96, 132, 170))
    p.box(548, 118, 604, 154, (40, 42, 44))
    p.box(551, 121, 601, 149, (110, 96, 80))
    p.box(571, 150, 581, 156, (40, 42, 44))
    p.box(500, 232, 650, 238, (80, 86, 92), alpha=0.5)
    p.darken(1.0 - 0.22 * np.exp(-np.maximum(y - 207.0, 0.0) / 10.0) * (y > 207.0))
    shine = (
        np.exp(-(((x - 100) / 70) ** 2))
        * np.clip((y - 205) / 40, 0, 1)
        * np.exp(-(y - 205) / 90)
    )
    p.darken(1.0 + 0.22 * np.clip(shine, 0, 1))
    p.fill([(176, 206), (206, 206), (202, 232), (180, 232)], (72, 92, 140))
    cutouts = [
        cutout_of(view, 206.0, [rectangle(-30, -30, 680, 206)], [rectangle(358, 72, 428, 207)]),
        cutout_of(
            view,
            234.0,
            [
                rectangle(500, 160, 646, 234),
                rectangle(494, 154, 652, 162),
                rectangle(548, 118, 604, 154),
            ],
        ),
    ]
    pot = Plant(
        foot=(191, 210), crowns=((0, -26, 22, 26),), leaves=220, leaf=5.0, colour=(44, 96, 66)
    )
    return Place(
        camera=camera,
        image=p.finish(),
        cutouts=cutouts,
        plants=[pot],
        sun=(-0.22, 0.05),
        ambient=(0.72, 0.71, 0.70),
    )
