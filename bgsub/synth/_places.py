"""The places: courtyard, street, park, lake and lobby, each painted once for a scene."""

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

__all__ = ["Place", "courtyard", "lake", "lobby", "park", "street"]

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


def _cutout(view: View, depth: float, pieces: Sequence[Points], holes: Sequence[Points] = ()
            ) -> Cutout:  # fmt: skip
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


def _rect(x0: float, y0: float, x1: float, y1: float) -> Points:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _window(p: Painter, x0: float, y0: float, x1: float, y1: float, index: int) -> None:
    rng = generator(p.seed, "window", index)
    shine = float(rng.uniform(0.7, 1.25))
    p.box(x0 - 2.2, y0 - 2.2, x1 + 2.2, y1 + 2.2, (176, 184, 186))
    p.box(x0, y0, x1, y1, (84 * shine, 74 * shine, 62 * shine))
    p.fill([(x0, y0), (x0 + (x1 - x0) * 0.6, y0), (x0, y1)], (150, 138, 122), alpha=0.35 * shine)
    p.box((x0 + x1) / 2 - 0.8, y0, (x0 + x1) / 2 + 0.8, y1, (176, 184, 186))
    p.box(x0, y0 + (y1 - y0) * 0.35, x1, y0 + (y1 - y0) * 0.35 + 1.2, (176, 184, 186))
    p.box(x0 - 4, y1 + 2, x1 + 4, y1 + 4.5, (160, 166, 168))
    p.box(x0 - 3, y1 + 4.5, x1 + 3, y1 + 7, (60, 62, 66), alpha=0.5)


def courtyard(view: View, seed: int) -> Place:
    """Paint a paved courtyard before a brick house with a passage, a lamp and a bench."""
    camera = Camera(horizon=62.0, height_m=4.5, focal=520.0)
    p = Painter(view, seed)
    tone = generator(seed, "courtyard").uniform(0.92, 1.08, 2)
    stone = (146 * tone[0], 152 * tone[0], 156 * tone[0])
    p.image[...] = p.paved(camera, stone, stone_m=(0.9, 0.6), joint_m=0.035)
    wall = p.bricks((104 * tone[1], 122 * tone[1], 158 * tone[1]), size=(10.0, 3.6))
    p.fill(_rect(-30, -30, 670, 166), wall)
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
    _, y = p.coordinates()
    p.darken(1.0 - 0.28 * np.exp(-np.maximum(y - 166.0, 0.0) / 9.0) * (y > 166.0))
    shade = np.clip(p.field("canopy", 9, 4) * 1.4 + 0.2, 0.0, 1.0)
    x, _ = p.coordinates()
    corner = np.clip(((x - 470) / 130 + (y - 250) / 80), 0.0, 1.0)
    p.darken(1.0 - 0.36 * shade * corner)
    p.line([(470, 238), (547, 259)], 3.2, (70, 74, 78), alpha=0.42)
    p.box(467.5, 74, 472.5, 240, (58, 62, 60))
    p.box(462, 66, 478, 77, (190, 205, 208))
    for x0, y0, x1, y1, c in ((60, 184, 132, 188, (60, 84, 112)), (60, 176, 132, 180, (64, 90, 120)),
                              (66, 188, 70, 200, (46, 48, 50)), (122, 188, 126, 200, (46, 48, 50))):
        p.box(x0, y0, x1, y1, c)  # fmt: skip
    p.box(62, 199, 140, 203, (70, 74, 78), alpha=0.4)
    p.fill([(560, 262), (690, 262), (690, 300), (560, 300)], (112, 120, 128),
           tone=1.0 + 0.07 * p.field("planter", 120, 3))  # fmt: skip
    p.box(560, 262, 690, 267, (140, 148, 154))
    cutouts = [
        _cutout(view, 166.0, [_rect(-30, -30, 670, 166)], [_rect(284, 109, 332, 167)]),
        _cutout(view, 239.0, [_rect(467.5, 74, 472.5, 240), _rect(462, 66, 478, 77)]),
        _cutout(view, 300.0, [_rect(560, 262, 690, 300)]),
    ]
    bush = Plant(foot=(625, 266), crowns=((0, -16, 62, 22), (-30, -10, 34, 16)), leaves=1100,
                 leaf=4.2, colour=(40, 84, 66))  # fmt: skip
    return Place(
        camera=camera, image=p.finish(), cutouts=cutouts, plants=[bush], sun=(0.62, 0.17)
    )


def _facade(p: Painter, camera: Camera, x_m: float, tone: Array) -> None:
    """Paint a row of houses along the street at one side."""
    def at(up: float, depth: float) -> tuple[float, float]:
        return camera.project(x_m, up, depth)

    rng = generator(p.seed, "facade")
    for i, near in enumerate(range(8, 78, 14)):
        far = near + 14.0
        height = float(rng.uniform(7.5, 10.5))
        base = np.array([(118, 138, 160), (150, 160, 168), (120, 126, 150), (138, 150, 152)])[i % 4]
        colour = (float(base[0]), float(base[1]), float(base[2]))
        p.fill([at(0, near), at(height, near), at(height, far), at(0, far)], colour, tone=tone)
        p.fill([at(height, near), at(height + 1.6, near + 1), at(height + 1.6, far),
                at(height, far)], (62, 66, 86), tone=tone)  # fmt: skip
        for floor in (1.0, 4.2):
            for k in range(4):
                a, b = near + 1.2 + 3.3 * k, near + 2.9 + 3.3 * k
                quad = [at(floor, a), at(floor + 1.6, a), at(floor + 1.6, b), at(floor, b)]
                p.fill(quad, (72, 64, 56), alpha=0.9)
        p.line([at(0, far), at(height, far)], 0.8, (80, 84, 88), alpha=0.5)


def street(view: View, seed: int, *, winter: float = 0.0) -> Place:
    """Paint a four-lane street in perspective, houses at the left, a verge at the right.

    Parameters
    ----------
    view : View
        The canvas.
    seed : int
        The scene's seed.
    winter : float
        How much snow lies, 0 to 1.
    """
    camera = Camera(horizon=78.0, height_m=7.0, focal=430.0, centre=350.0)
    p = Painter(view, seed)
    p.sky((226, 218, 206), (206, 178, 142), 78.0)
    hills = [(-30, 86), (-30, 64)]
    rng = generator(seed, "hills")
    hills += [(x, float(70 + 7 * np.sin(x / 40) + rng.uniform(-2.5, 2.5))) for x in range(-20, 680, 6)]
    p.fill([*hills, (680, 86)], (96, 106, 84), tone=1.0 + 0.09 * p.field("hills", 120, 3))
    grass = p.grass(camera, (66, 118, 104))
    p.fill(_rect(-30, 79, 680, 400), grass)

    def strip(x0: float, x1: float, near: float = 5.0, far: float = 300.0) -> Points:
        return [camera.project(x, 0.0, z) for x, z in ((x0, near), (x1, near), (x1, far), (x0, far))]

    pavement = p.paved(camera, (150, 156, 158), stone_m=(0.8, 0.8), joint_m=0.04)
    p.fill(strip(-11.5, -7.3), pavement)
    asphalt_tone = 1.0 + 0.05 * p.field("asphalt", 10, 4, tall=0.6) + 0.05 * p.field("chips", 640)
    p.fill(strip(-7.3, 7.3), (108, 106, 104), tone=asphalt_tone)
    for x in (-5.2, -1.9, 1.9, 5.2):  # tyres polish two tracks in each lane
        for side in (-0.75, 0.75):
            p.fill(strip(x + side - 0.28, x + side + 0.28), (94, 92, 90), alpha=0.35)
    p.fill(strip(-7.45, -7.2), (172, 176, 178))
    p.fill(strip(7.2, 7.45), (172, 176, 178))
    for x in (-6.95, 6.95, -0.14, 0.14):
        p.fill(strip(x - 0.06, x + 0.06), (196, 204, 206), alpha=0.85)
    for x in (-3.55, 3.55):
        for near in range(6, 150, 6):
            p.fill(strip(x - 0.07, x + 0.07, near, near + 3.0), (200, 208, 210), alpha=0.85)
    _facade(p, camera, -11.6, 1.0 + 0.06 * p.field("plaster", 60, 4))
    for depth in (16.0, 30.0, 52.0, 90.0):
        foot, top = camera.project(8.4, 0.0, depth), camera.project(8.4, 7.5, depth)
        arm = camera.project(6.0, 7.7, depth)
        width = 0.16 * camera.units_per_m(depth)
        p.line([foot, top, arm], max(width, 0.5), (84, 88, 88))
    if winter > 0:
        _, y = p.coordinates()
        lies = np.clip(0.75 + 0.35 * p.field("drifts", 14, 5), 0.0, 1.0) * winter
        lies = lies * np.clip((y - 70) / 20, 0.35, 1.0)
        grey = p.image.mean(axis=2, keepdims=True) * 0.45 + 118
        p.image += (grey - p.image) * lies[..., None].astype(np.float32)
    plants = [
        Plant(foot=camera.project(12.5 + 1.5 * (i % 2), 0.0, depth),
              crowns=((0, -95 * 16 / depth, 46 * 16 / depth, 50 * 16 / depth),),
              leaves=700, leaf=max(1.6, 5.0 * 16 / depth), trunk=8 * 16 / depth,
              colour=(44, 84, 66) if winter < 0.5 else (120, 126, 124))
        for i, depth in enumerate((70.0, 46.0, 32.0, 22.0))
    ]  # fmt: skip
    return Place(
        camera=camera, image=p.finish(), plants=plants, sun=(0.7, 0.15),
        ambient=(0.56, 0.52, 0.50),
    )  # fmt: skip


def park(view: View, seed: int) -> Place:
    """Paint a lawn with a path, far trees, and trees and bushes that can sway."""
    camera = Camera(horizon=84.0, height_m=3.4, focal=480.0)
    p = Painter(view, seed)
    p.sky((232, 226, 216), (214, 186, 150), 110.0)
    for depth, low, colour in ((0, 118, (118, 128, 112)), (1, 128, (74, 98, 78))):
        rng = generator(seed, "treeline", depth)
        line = [(float(x), float(86 + 12 * depth - rng.uniform(0, 22))) for x in range(-30, 690, 9)]
        p.fill([(-30, low), *line, (690, low)], colour, tone=1.0 + 0.16 * p.field("far", 100, 4))
    p.fill(_rect(-30, 112, 680, 400), p.grass(camera, (58, 122, 104)))
    gravel = 1.0 + 0.05 * p.field("gravel", 40, 4, tall=2.0) + 0.06 * p.field("stones", 640)
    path = [(-30, 236), (180, 226), (420, 232), (680, 252), (680, 296), (420, 270), (180, 264),
            (-30, 282)]  # fmt: skip
    p.fill(path, (140, 158, 170), tone=gravel)
    shade = np.clip(p.field("dapple", 26, 4, tall=2.0) + 0.3, 0.0, 1.0)
    x, y = p.coordinates()
    for cx, cy, rx, ry in ((190, 214, 120, 26), (560, 250, 130, 34)):
        near = np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)
        p.darken(1.0 - 0.42 * shade * near)
    plants = [
        Plant(foot=(300, 160), crowns=((0, -52, 30, 34), (-14, -38, 22, 22)), leaves=500, leaf=3.2,
              trunk=6, sway=3.0, colour=(52, 100, 80)),
        Plant(foot=(150, 208), crowns=((0, -122, 74, 62), (-46, -92, 44, 40), (44, -96, 48, 42)),
              leaves=1700, leaf=5.0, trunk=15, sway=6.0),
        Plant(foot=(530, 318), crowns=((4, -204, 92, 78), (-60, -164, 52, 46), (64, -170, 58, 52)),
              leaves=1900, leaf=6.5, trunk=20, sway=8.0, colour=(34, 86, 64)),
        Plant(foot=(60, 338), crowns=((0, -20, 64, 28), (-30, -30, 40, 26)), leaves=800,
              leaf=6.0, sway=4.0, colour=(40, 100, 84)),
    ]  # fmt: skip
    return Place(
        camera=camera, image=p.finish(), plants=plants, sun=(0.5, 0.14), ambient=(0.6, 0.58, 0.55)
    )


def lake(view: View, seed: int) -> Place:
    """Paint a lake with a wooded far shore, seen over a promenade with a railing."""
    camera = Camera(horizon=72.0, height_m=5.0, focal=500.0)
    p = Painter(view, seed)
    p.sky((230, 222, 210), (212, 184, 150), 84.0)
    rng = generator(seed, "shore")
    line = [(float(x), float(74 - 10 * np.sin(x / 150) ** 2 - rng.uniform(0, 9)))
            for x in range(-30, 690, 7)]  # fmt: skip
    p.fill([(-30, 98), *line, (690, 98)], (82, 98, 82), tone=1.0 + 0.15 * p.field("wood", 120, 4))
    for i, x in enumerate((96, 402, 540)):
        p.box(x, 78, x + 34, 92, (176, 190, 200), tone=1.0 + 0.04 * p.field("plaster", 80))
        p.fill([(x - 3, 78), (x + 37, 78), (x + 17, 67)], (74, 78, 120 - 10 * i))
        for k in (6, 20):
            p.box(x + k, 82, x + k + 7, 88, (80, 74, 70))
    _, y = p.coordinates()
    depth = np.clip((y - 94) / 190, 0.0, 1.0)[..., None]
    water = np.float32((166, 158, 138)) * (1 - depth) + np.float32((112, 100, 72)) * depth
    water = np.broadcast_to(water, (*p.shape, 3)) * (1 + 0.05 * p.field("depths", 5, 3, tall=4.0))[..., None]
    p.fill(_rect(-30, 94, 680, 400), np.asarray(water, np.float32))
    bright = p.field("mirror", 60, 2, tall=0.3)
    p.fill(_rect(-30, 94, 680, 112), (96, 108, 92), tone=1 + 0.08 * bright, alpha=0.5)
    paving = p.paved(camera, (150, 158, 164), stone_m=(1.1, 0.7), joint_m=0.04)
    p.fill(_rect(-30, 286, 680, 400), paving)
    p.box(-30, 282, 680, 288, (120, 126, 130))
    for y0, thick in ((250, 2.6), (264, 1.6)):
        p.box(-30, y0, 680, y0 + thick, (70, 74, 72))
    posts = [_rect(x, 250, x + 2.4, 284) for x in range(8, 660, 54)]
    for post in posts:
        p.fill(post, (62, 66, 64))
    bars = [_rect(-30, 250, 680, 252.6), _rect(-30, 264, 680, 265.6), *posts]
    railing = _cutout(view, 284.0, [*bars, _rect(-30, 282, 680, 400)])
    return Place(camera=camera, image=p.finish(), cutouts=[railing], sun=(0.55, 0.13))


def lobby(view: View, seed: int) -> Place:
    """Paint an indoor lobby: tiles, a window, a door, a poster, a desk, a potted plant."""
    camera = Camera(horizon=96.0, height_m=2.7, focal=470.0)
    p = Painter(view, seed)
    p.image[...] = p.paved(camera, (150, 160, 166), stone_m=(0.6, 0.6), joint_m=0.012)
    x, y = p.coordinates()
    plaster = 1.0 + 0.015 * p.field("plaster", 30, 4) + 0.012 * p.field("roller", 500)
    fall = 1.06 - 0.0006 * np.abs(x - 330) - 0.0007 * np.abs(y - 60)
    p.fill(_rect(-30, -30, 680, 206), (168, 186, 192), tone=plaster * fall)
    p.box(-30, 198, 680, 207, (92, 104, 118))
    p.box(46, 34, 150, 128, (196, 204, 206))
    p.box(51, 39, 145, 123, (216, 206, 190), tone=1.0 + 0.08 * p.field("outside", 20, 3))
    p.box(96, 39, 100, 123, (196, 204, 206))
    p.box(222, 58, 268, 124, (70, 78, 84))
    p.box(225, 61, 265, 121, (120, 150, 96), tone=1.0 + 0.25 * p.field("poster", 50, 3))
    p.box(352, 66, 434, 204, (120, 132, 146))
    p.box(358, 72, 428, 204, (52, 54, 58))
    p.fill([(358, 204), (428, 204), (418, 192), (368, 192)], (84, 90, 94))
    p.box(500, 160, 646, 232, (72, 104, 142), tone=1.0 + 0.07 * p.field("wood", 30, 4, tall=6.0))
    p.box(494, 154, 652, 162, (96, 132, 170))
    p.box(548, 118, 604, 154, (40, 42, 44))
    p.box(551, 121, 601, 149, (110, 96, 80))
    p.box(571, 150, 581, 156, (40, 42, 44))
    p.box(500, 232, 650, 238, (80, 86, 92), alpha=0.5)
    p.darken(1.0 - 0.22 * np.exp(-np.maximum(y - 207.0, 0.0) / 10.0) * (y > 207.0))
    shine = np.exp(-(((x - 100) / 70) ** 2)) * np.clip((y - 205) / 40, 0, 1) * np.exp(-(y - 205) / 90)
    p.darken(1.0 + 0.22 * np.clip(shine, 0, 1))
    p.fill([(176, 206), (206, 206), (202, 232), (180, 232)], (72, 92, 140))
    cutouts = [
        _cutout(view, 206.0, [_rect(-30, -30, 680, 206)], [_rect(358, 72, 428, 207)]),
        _cutout(view, 234.0, [_rect(500, 160, 646, 234), _rect(494, 154, 652, 162),
                              _rect(548, 118, 604, 154)]),
    ]  # fmt: skip
    pot = Plant(foot=(191, 210), crowns=((0, -26, 22, 26),), leaves=220, leaf=5.0,
                colour=(44, 96, 66))  # fmt: skip
    return Place(
        camera=camera, image=p.finish(), cutouts=cutouts, plants=[pot], sun=(-0.22, 0.05),
        ambient=(0.72, 0.71, 0.70),
    )  # fmt: skip
