"""Places in the open, a street, a park and a lake, each painted once for a scene."""

from __future__ import annotations

import numpy as np

from bgsub.synth._foliage import Plant
from bgsub.synth._paint import Painter, bgr
from bgsub.synth._places import Colour, Place, Points, cutout_of, rectangle
from bgsub.synth._random import generator
from bgsub.synth._view import Array, Camera, View

__all__ = ["lake", "park", "street"]


def _ridge(rng: np.random.Generator, n: int, tall: float, rough: float) -> Array:
    """Return the outline of tree tops, (n,): broad rises with rounded crowns on them."""
    at = np.arange(n)
    broad = tall * np.interp(at, np.linspace(0, n, 9), rng.uniform(-0.5, 0.5, 9))
    outline = np.full(n, np.inf)
    for centre in rng.uniform(0, n, n // 4):
        half = float(rng.uniform(2.0, 6.0))
        crown = np.sqrt(np.maximum(1.0 - ((at - centre) / half) ** 2, 0.0))
        outline = np.minimum(outline, -rough * float(rng.uniform(0.4, 1.0)) * crown)
    return np.asarray(broad + np.minimum(outline, 0.0))


def _facade(p: Painter, camera: Camera, x_m: float, tone: Array, roof: Colour) -> None:
    """Paint a row of houses along the street at one side."""

    def at(up: float, depth: float) -> tuple[float, float]:
        return camera.project(x_m, up, depth)

    rng = generator(p.seed, "facade")
    for i, near in enumerate(range(8, 78, 14)):
        far = near + 14.0
        height = float(rng.uniform(7.5, 10.5))
        base = np.array([(118, 138, 160), (150, 160, 168), (120, 126, 150), (138, 150, 152)])[
            i % 4
        ]
        colour = (float(base[0]), float(base[1]), float(base[2]))
        p.fill([at(0, near), at(height, near), at(height, far), at(0, far)], colour, tone=tone)
        p.fill(
            [
                at(height, near),
                at(height + 1.6, near + 1),
                at(height + 1.6, far),
                at(height, far),
            ],
            roof,
            tone=tone,
        )
        for floor in (1.0, 4.2):
            for k in range(4):
                a, b = near + 1.2 + 3.3 * k, near + 2.9 + 3.3 * k
                quad = [at(floor, a), at(floor + 1.6, a), at(floor + 1.6, b), at(floor, b)]
                p.fill(quad, (72, 64, 56), alpha=0.9)
        p.line([at(0, far), at(height, far)], 0.8, (80, 84, 88), alpha=0.5)


def _snowed_in(p: Painter, camera: Camera, winter: float) -> None:
    """Lay snow on the street: deep beside it, slush on it, wet tracks where wheels run."""
    x, _, _ = p.ground(camera)
    _, y = p.coordinates()
    tracks = [lane + side for lane in (-5.2, -1.9, 1.9, 5.2) for side in (-0.75, 0.75)]
    away = np.min([np.abs(x - track) for track in tracks], axis=0)
    slush = 0.62 * (1.0 - np.exp(-((away / 0.45) ** 2)))
    beside = np.clip((np.abs(x) - 6.9) / 0.7, 0.0, 1.0)
    lies = slush + (0.94 - slush) * beside
    lies = np.clip(lies * (1.0 + 0.10 * p.field("drifts", 40, 4, tall=2.0)), 0.0, 1.0)
    # Walls stay bare: the houses stand where their foot line is above the ground seen there.
    lies = lies * (x > -11.6) * (y > camera.horizon + 1)
    white = bgr((206, 202, 198)) * (1.0 + 0.02 * p.field("crust", 300, 2))[..., None]
    p.image += (white - p.image) * (winter * lies)[..., None].astype(np.float32)
    grey = p.image.mean(axis=2, keepdims=True)
    p.image += 0.35 * (grey - p.image)


def _road(p: Painter, camera: Camera) -> None:
    """Paint four lanes, their markings and the pavement at the left."""

    def strip(x0: float, x1: float, near: float = 5.0, far: float = 300.0) -> Points:
        return [
            camera.project(x, 0.0, z) for x, z in ((x0, near), (x1, near), (x1, far), (x0, far))
        ]

    pavement = p.paved(camera, (150, 156, 158), stone_m=(0.8, 0.8), joint_m=0.04)
    p.fill(strip(-11.5, -7.3), pavement)
    asphalt_tone = (
        1.0 + 0.05 * p.field("asphalt", 10, 4, tall=0.6) + 0.05 * p.field("chips", 640)
    )
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
    low, high = (
        ((206, 204, 202), (190, 186, 182)) if winter else ((226, 218, 206), (206, 178, 142))
    )
    p.sky(low, high, 78.0)
    hills: list[tuple[float, float]] = [(-30, 86), (-30, 64)]
    rng = generator(seed, "hills")
    hills += [
        (x, float(70 + 7 * np.sin(x / 40) + rng.uniform(-2.5, 2.5))) for x in range(-20, 680, 6)
    ]
    p.fill([*hills, (680, 86)], (96, 106, 84), tone=1.0 + 0.09 * p.field("hills", 120, 3))
    grass = p.grass(camera, (66, 118, 104))
    p.fill(rectangle(-30, 79, 680, 400), grass)

    _road(p, camera)
    roof = (206.0, 202.0, 200.0) if winter else (62.0, 66.0, 86.0)
    _facade(p, camera, -11.6, 1.0 + 0.06 * p.field("plaster", 60, 4), roof)
    for depth in (16.0, 30.0, 52.0, 90.0):
        foot, top = camera.project(8.4, 0.0, depth), camera.project(8.4, 7.5, depth)
        arm = camera.project(6.0, 7.7, depth)
        width = 0.16 * camera.units_per_m(depth)
        p.line([foot, top, arm], max(width, 0.5), (84, 88, 88))
    if winter > 0:
        _snowed_in(p, camera, winter)
    plants = [
        Plant(
            foot=camera.project(12.5 + 1.5 * (i % 2), 0.0, depth),
            crowns=((0, -95 * 16 / depth, 46 * 16 / depth, 50 * 16 / depth),),
            leaves=700,
            leaf=max(1.6, 5.0 * 16 / depth),
            trunk=8 * 16 / depth,
            colour=(44, 84, 66) if winter < 0.5 else (120, 126, 124),
        )
        for i, depth in enumerate((70.0, 46.0, 32.0, 22.0))
    ]
    return Place(
        camera=camera,
        image=p.finish(),
        plants=plants,
        sun=(0.7, 0.15),
        ambient=(0.44, 0.40, 0.38),
    )


_PARK_PLANTS = (
    Plant(
        foot=(300, 160),
        crowns=((0, -52, 30, 34), (-14, -38, 22, 22)),
        leaves=500,
        leaf=3.2,
        trunk=6,
        sway=3.0,
        colour=(52, 100, 80),
    ),
    Plant(
        foot=(150, 208),
        crowns=((0, -122, 74, 62), (-46, -92, 44, 40), (44, -96, 48, 42)),
        leaves=2300,
        leaf=4.0,
        trunk=15,
        sway=6.0,
    ),
    Plant(
        foot=(530, 318),
        crowns=((4, -204, 92, 78), (-60, -164, 52, 46), (64, -170, 58, 52)),
        leaves=2600,
        leaf=5.0,
        trunk=20,
        sway=8.0,
        colour=(34, 86, 64),
    ),
    Plant(
        foot=(60, 338),
        crowns=((0, -20, 64, 28), (-30, -30, 40, 26)),
        leaves=800,
        leaf=6.0,
        sway=4.0,
        colour=(40, 100, 84),
    ),
)


def park(view: View, seed: int) -> Place:
    """Paint a lawn with a path, far trees, and trees and bushes that can sway."""
    camera = Camera(horizon=84.0, height_m=3.4, focal=480.0)
    p = Painter(view, seed)
    p.sky((232, 226, 216), (214, 186, 150), 110.0)
    for depth, low, colour in ((0, 118, (118, 128, 112)), (1, 128, (74, 98, 78))):
        rng = generator(seed, "treeline", depth)
        top = 78 + 12 * depth + _ridge(rng, 240, 9.0, 11.0)
        line = [(-30 + 3.0 * i, float(y)) for i, y in enumerate(top)]
        p.fill(
            [(-30, low), *line, (690, low)], colour, tone=1.0 + 0.16 * p.field("far", 100, 4)
        )
    p.fill(rectangle(-30, 112, 680, 400), p.grass(camera, (58, 122, 104)))
    gravel = 1.0 + 0.05 * p.field("gravel", 40, 4, tall=2.0) + 0.06 * p.field("stones", 640)
    path = [
        (-30, 236),
        (180, 226),
        (420, 232),
        (680, 252),
        (680, 296),
        (420, 270),
        (180, 264),
        (-30, 282),
    ]
    p.fill(path, (140, 158, 170), tone=gravel)
    shade = np.clip(p.field("dapple", 26, 4, tall=2.0) + 0.3, 0.0, 1.0)
    x, y = p.coordinates()
    for cx, cy, rx, ry in ((190, 214, 120, 26), (560, 250, 130, 34)):
        near = np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)
        p.darken(1.0 - 0.42 * shade * near)
    return Place(
        camera=camera,
        image=p.finish(),
        plants=list(_PARK_PLANTS),
        sun=(0.5, 0.14),
        ambient=(0.6, 0.58, 0.55),
    )


def lake(view: View, seed: int) -> Place:
    """Paint a lake with a wooded far shore, seen over a promenade with a railing."""
    camera = Camera(horizon=72.0, height_m=5.0, focal=500.0)
    p = Painter(view, seed)
    p.sky((230, 222, 210), (212, 184, 150), 84.0)
    rng = generator(seed, "shore")
    top = 68 + _ridge(rng, 240, 9.0, 7.0)
    line = [(-30 + 3.0 * i, float(y)) for i, y in enumerate(top)]
    p.fill(
        [(-30, 98), *line, (690, 98)], (82, 98, 82), tone=1.0 + 0.15 * p.field("wood", 120, 4)
    )
    for i, x in enumerate((96, 402, 540)):
        p.box(x, 78, x + 34, 92, (176, 190, 200), tone=1.0 + 0.04 * p.field("plaster", 80))
        p.fill([(x - 3, 78), (x + 37, 78), (x + 17, 67)], (74, 78, 120 - 10 * i))
        for k in (6, 20):
            p.box(x + k, 82, x + k + 7, 88, (80, 74, 70))
    _, y = p.coordinates()
    depth = np.clip((y - 94) / 190, 0.0, 1.0)[..., None]
    water = bgr((166, 158, 138)) * (1 - depth) + bgr((112, 100, 72)) * depth
    water = (
        np.broadcast_to(water, (*p.shape, 3))
        * (1 + 0.05 * p.field("depths", 5, 3, tall=4.0))[..., None]
    )
    p.fill(rectangle(-30, 94, 680, 400), np.asarray(water, np.float32))
    bright = p.field("mirror", 60, 2, tall=0.3)
    p.fill(rectangle(-30, 94, 680, 112), (96, 108, 92), tone=1 + 0.08 * bright, alpha=0.5)
    paving = p.paved(camera, (150, 158, 164), stone_m=(1.1, 0.7), joint_m=0.04)
    p.fill(rectangle(-30, 286, 680, 400), paving)
    p.box(-30, 282, 680, 288, (120, 126, 130))
    for y0, thick in ((250, 2.6), (264, 1.6)):
        p.box(-30, y0, 680, y0 + thick, (70, 74, 72))
    posts = [rectangle(x, 250, x + 2.4, 284) for x in range(8, 660, 54)]
    for post in posts:
        p.fill(post, (62, 66, 64))
    bars = [rectangle(-30, 250, 680, 252.6), rectangle(-30, 264, 680, 265.6), *posts]
    railing = cutout_of(view, 284.0, [*bars, rectangle(-30, 282, 680, 400)])
    return Place(camera=camera, image=p.finish(), cutouts=[railing], sun=(0.55, 0.13))
