"""Trees and bushes: leaves, and how the wind moves them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bgsub.synth._canvas import Cutout
from bgsub.synth._random import generator
from bgsub.synth._view import Array, View

__all__ = ["Foliage", "Plant"]

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A tree or bush.

    Attributes
    ----------
    foot : tuple of float
        Design position of its foot; its y is its depth.
    crowns : sequence of (x, y, rx, ry)
        Ellipses that the leaves fill, relative to the foot, y up the picture negative.
    leaves : int
        Number of leaves.
    leaf : float
        Length of a leaf in design units.
    colour : tuple of float
        BGR of a leaf in half light.
    trunk : float
        Width of the trunk at its foot; 0 for a bush.
    sway : float
        How far the top moves, design units; 0 for a plant that does not.
    """

    foot: tuple[float, float]
    crowns: Sequence[tuple[float, float, float, float]]
    leaves: int
    leaf: float
    colour: Colour = (38, 92, 70)
    trunk: float = 0.0
    sway: float = 0.0


def _leaves(plant: Plant, rng: np.random.Generator) -> Iterable[tuple[Array, Colour]]:
    """Return the leaves, from the shaded inside to the sunlit outside: outline and colour."""
    n = plant.leaves
    crowns = np.array(plant.crowns)
    area = crowns[:, 2] * crowns[:, 3]
    chosen = crowns[rng.choice(len(crowns), n, p=area / area.sum())]
    angle, radius = rng.uniform(0, 2 * math.pi, n), np.sqrt(rng.uniform(size=n))
    offset = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    layer = np.arange(n) / n
    # Light comes from above on the left.
    light = 0.55 + 0.5 * layer - 0.28 * (offset[:, 0] * 0.5 + offset[:, 1]) * (0.4 + layer)
    light *= rng.uniform(0.75, 1.25, n)
    colours = np.outer(light, plant.colour)
    colours[:, 2] *= rng.uniform(0.9, 1.15, n)
    long = plant.leaf * rng.uniform(0.6, 1.3, n) * (1.5 - 0.7 * layer)
    centres = chosen[:, :2] + offset * chosen[:, 2:]
    turn = rng.uniform(0, math.pi, n)
    round_ = np.linspace(0.0, 2.0 * math.pi, 8, endpoint=False)
    x, y = np.outer(long, np.cos(round_)), np.outer(long * 0.55, np.sin(round_))
    c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
    outlines = np.stack([c * x - s * y, s * x + c * y], axis=2) + centres[:, None]
    tones = [(blue, green, red) for blue, green, red in colours.tolist()]
    return zip(outlines, tones, strict=True)


class Foliage:
    """A plant placed in a view, drawn once and moved by the wind.

    Parameters
    ----------
    view : View
        The canvas.
    plant : Plant
        What grows.
    seed, index : int
        Key the leaves and the wind.
    """

    def __init__(self, view: View, plant: Plant, seed: int, index: int) -> None:
        self._plant = plant
        self.depth = plant.foot[1]
        crowns = np.array(plant.crowns)
        reach = plant.sway + plant.leaf + 2.0
        left = min(float((crowns[:, 0] - crowns[:, 2]).min()), -plant.trunk) - reach
        right = max(float((crowns[:, 0] + crowns[:, 2]).max()), plant.trunk) + reach
        top = float((crowns[:, 1] - crowns[:, 3]).min()) - reach
        bottom = max(float((crowns[:, 1] + crowns[:, 3]).max()) + reach, 2.0)
        px, py = view.place(*plant.foot)
        s = view.scale
        width, height = view.canvas
        self._whole = (math.floor(px + left * s), math.floor(py + top * s))
        far = (math.ceil(px + right * s) + 1, math.ceil(py + bottom * s) + 1)
        self._foot = (px - self._whole[0], py - self._whole[1])
        size = (far[0] - self._whole[0], far[1] - self._whole[1])
        self._patch = self._draw(size, s, seed, index)
        self.x, self.y = max(0, self._whole[0]), max(0, self._whole[1])
        self._end = (min(width, far[0]), min(height, far[1]))
        self._wind(s, -top, seed, index)

    @property
    def visible(self) -> bool:
        """Whether any of it lies on the canvas."""
        return self._end[0] > self.x and self._end[1] > self.y

    def _draw(self, size: tuple[int, int], s: float, seed: int, index: int) -> Array:
        """Return the plant (h, w, 4) uint8, colours premultiplied by alpha."""
        plant = self._plant
        rng = generator(seed, "leaves", index)
        fine = 2 if size[0] * size[1] < 4_000_000 else 1
        fine = max(fine, min(8, math.ceil(160 / max(size))))
        patch = np.zeros((size[1] * fine, size[0] * fine, 4), np.uint8)
        foot = np.array(self._foot)

        def stroke(points: Array, colour: Colour) -> None:
            fixed = np.rint(((points * s + foot) * fine - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(patch, [fixed], (*colour, 255.0), cv2.LINE_8, 4)

        crowns = np.array(plant.crowns)
        if plant.trunk > 0:
            half, top = plant.trunk / 2, float(crowns[:, 1].mean())
            for share, tone in ((1.0, 0.8), (0.45, 1.15)):
                trunk = [
                    (-half, 1),
                    (half * (2 * share - 1), 1),
                    (half * 0.6 * share, top),
                    (-half * 0.6, top),
                ]
                stroke(np.array(trunk), (44 * tone, 56 * tone, 68 * tone))
            for crown in crowns:
                limb = np.array(
                    [(-half * 0.4, top * 0.55), (half * 0.4, top * 0.55), crown[:2]]
                )
                stroke(limb, (36, 46, 56))
        for points, colour in _leaves(plant, rng):
            stroke(points, colour)
        return np.asarray(cv2.resize(patch, size, interpolation=cv2.INTER_AREA))

    def _wind(self, s: float, tall: float, seed: int, index: int) -> None:
        """Prepare the displacement: a slow sway that grows upwards, and fluttering leaves."""
        h, w = self._end[1] - self.y, self._end[0] - self.x
        if not self.visible or self._plant.sway <= 0:
            return
        rng = generator(seed, "wind", index)
        x = np.arange(self.x, self._end[0], dtype=np.float32)[None, :] - self._whole[0]
        y = np.arange(self.y, self._end[1], dtype=np.float32)[:, None] - self._whole[1]
        up = np.clip((self._foot[1] - y) / (tall * s), 0.0, 1.0)
        reach = np.float32(self._plant.sway * s) * up**1.5
        self._grid = np.broadcast_to(x, (h, w)).copy(), np.broadcast_to(y, (h, w)).copy()
        self._rates = (float(rng.uniform(2.2, 3.2)), float(rng.uniform(5.5, 8.0)))
        self._phase = float(rng.uniform(0, 6.28))
        tall_px, wide_px = self._patch.shape[:2]
        cells = (max(2, round(tall_px / s / 26)), max(2, round(wide_px / s / 26)))
        grids = [rng.uniform(0, 6.28, cells).astype(np.float32) for _ in range(2)]
        whole = [
            cv2.resize(g, (wide_px, tall_px), interpolation=cv2.INTER_LINEAR) for g in grids
        ]
        dx, dy = self.x - self._whole[0], self.y - self._whole[1]
        flutter = [g[dy : dy + h, dx : dx + w] for g in whole]
        self._sway = reach * 0.65
        self._flutter = [
            (reach * 0.35 * np.cos(phase), reach * 0.35 * np.sin(phase)) for phase in flutter
        ]

    def at(self, t: float) -> Array:
        """Return the part on the canvas at a time: (h, w, 4) uint8, premultiplied."""
        if self._plant.sway <= 0:
            dx, dy = self.x - self._whole[0], self.y - self._whole[1]
            return self._patch[dy : dy + self._end[1] - self.y, dx : dx + self._end[0] - self.x]
        slow, fast = self._rates
        gust = 0.75 + 0.25 * math.sin(0.37 * t + self._phase)
        swing = gust * math.sin(slow * t + self._phase + 0.6 * math.sin(0.9 * t))
        a, b = gust * math.cos(fast * t), gust * math.sin(fast * t)
        (xc, xs), (yc, ys) = self._flutter
        map_x = self._grid[0] + np.float32(swing) * self._sway
        map_x += np.float32(a) * xc
        map_x += np.float32(b) * xs
        map_y = self._grid[1] + np.float32(a) * ys
        map_y += np.float32(b) * yc
        moved = cv2.remap(self._patch, map_x, map_y, cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
        return np.asarray(moved)

    def stand(self, image: Array, t: float) -> Cutout:
        """Draw the plant onto a picture in place, and return where it hides what is behind."""
        patch = self.at(t)
        alpha = patch[..., 3]
        region = image[self.y : self._end[1], self.x : self._end[0]]
        clear = cv2.merge([cv2.bitwise_not(alpha)] * 3)
        kept = cv2.multiply(region, clear, scale=1 / 255)
        cv2.add(kept, cv2.cvtColor(patch, cv2.COLOR_BGRA2BGR), region)
        return Cutout(depth=self.depth, x=self.x, y=self.y, alpha=alpha)
