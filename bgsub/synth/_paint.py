"""Painting the still part of a scene: textures, polygons, ground in perspective."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from bgsub.synth._random import generator
from bgsub.synth._view import Array, Camera, View

__all__ = ["Painter", "bgr"]

Colour = tuple[float, float, float]
Points = Sequence[tuple[float, float]]

_FINE_WIDTH = 640  # small frames are painted at least this wide and then averaged down


def bgr(colour: Colour) -> Array:
    """Return a colour as float32, to be spread over a picture."""
    return np.array(colour, np.float32)


class Painter:
    """A backdrop being painted, in design units, on float32 BGR.

    Parameters
    ----------
    view : View
        The canvas.
    seed : int
        The scene's seed; textures depend on it.
    """

    def __init__(self, view: View, seed: int) -> None:
        self.view = view
        self.seed = seed
        width, height = view.canvas
        self._fine = max(2 if width <= 2 * _FINE_WIDTH else 1, math.ceil(_FINE_WIDTH / width))
        self.shape = (height * self._fine, width * self._fine)
        self.image = np.zeros((*self.shape, 3), np.float32)

    def finish(self) -> Array:
        """Return the painting at canvas size, uint8 BGR."""
        width, height = self.view.canvas
        small = cv2.resize(self.image, (width, height), interpolation=cv2.INTER_AREA)
        return np.clip(np.rint(small), 0, 255).astype(np.uint8)

    def place(self, points: Points) -> Array:
        """Return fine pixel positions (N, 2) of design positions."""
        return np.array([self.view.place(x, y) for x, y in points]) * self._fine

    def field(self, purpose: str, cells: float, octaves: int = 1, tall: float = 1.0) -> Array:
        """Return smooth noise over the canvas, shape (H, W) float32, deviation about 1.

        Parameters
        ----------
        purpose : str
            Keys the randomness.
        cells : float
            Cells across the width in the first octave; each octave doubles them.
        octaves : int
            Number of octaves, each of .6 of the amplitude of the one before.
        tall : float
            Cells along y for each cell along x, relative to square cells.
        """
        h, w = self.shape
        total = np.zeros(self.shape, np.float32)
        power = 0.0
        for octave in range(octaves):
            n = cells * 2.0**octave
            shape = (max(2, round(n * 9 / 16 * tall)), max(2, round(n)))
            grid = generator(self.seed, purpose, octave).standard_normal(shape, np.float32)
            coarse = shape[0] > h or shape[1] > w
            how = cv2.INTER_AREA if coarse else cv2.INTER_CUBIC
            total += 0.6**octave * cv2.resize(grid, (w, h), interpolation=how)
            power += 0.36**octave
        return total / np.float32(math.sqrt(power))

    def coordinates(self) -> tuple[Array, Array]:
        """Return the design x of every column (1, W) and y of every row (H, 1)."""
        sx, sy = self.view.stretch
        bx, by = self.view.border
        h, w = self.shape
        x = ((np.arange(w, dtype=np.float32) + 0.5) / self._fine - bx) / sx
        y = ((np.arange(h, dtype=np.float32) + 0.5) / self._fine - by) / sy
        return x[None, :], y[:, None]

    def ground(self, camera: Camera) -> tuple[Array, Array, Array]:
        """Return the ground seen at each pixel: x_m (H, W), depth_m (H, 1), units per m."""
        x, y = self.coordinates()
        units = np.maximum(y - camera.horizon, 1.0) / camera.height_m
        return (x - camera.centre) / units, camera.focal / units, units

    def fill(
        self,
        points: Points,
        colour: Colour | Array,
        *,
        tone: Array | None = None,
        alpha: float = 1.0,
    ) -> None:
        """Fill a polygon.

        Parameters
        ----------
        points : sequence of (x, y)
            Corners in design units.
        colour : tuple of float, or ndarray (H, W, 3)
            BGR, or a picture of the whole canvas to show through the polygon.
        tone : ndarray (H, W), optional
            Multiplied onto the colour.
        alpha : float
            Opacity.
        """
        h, w = self.shape
        corners = self.place(points)
        x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
        x1, y1 = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 3, (w, h))
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed = np.rint((corners - (x0, y0) - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [fixed], (255,), cv2.LINE_AA, 4)
        amount = mask.astype(np.float32)[..., None] * np.float32(alpha / 255)
        where = (slice(y0, y1), slice(x0, x1))
        ink = colour[where] if isinstance(colour, np.ndarray) else bgr(colour)
        if tone is not None:
            ink = ink * tone[where][..., None]
        self.image[where] += (ink - self.image[where]) * amount

    def box(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        colour: Colour,
        *,
        tone: Array | None = None,
        alpha: float = 1.0,
    ) -> None:
        """Fill an upright rectangle given by two corners."""
        self.fill([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, tone=tone, alpha=alpha)

    def line(self, points: Points, width: float, colour: Colour, alpha: float = 1.0) -> None:
        """Draw a polyline of a width in design units."""
        for (ax, ay), (bx, by) in pairwise(points):
            length = math.hypot(bx - ax, by - ay)
            nx, ny = (ay - by) / length * width / 2, (bx - ax) / length * width / 2
            quad = [
                (ax + nx, ay + ny),
                (bx + nx, by + ny),
                (bx - nx, by - ny),
                (ax - nx, ay - ny),
            ]
            self.fill(quad, colour, alpha=alpha)

    def darken(self, amount: Array) -> None:
        """Multiply the whole picture by (H, W) or (H, 1) factors."""
        self.image *= np.asarray(amount, np.float32)[..., None]

    def sky(self, low: Colour, high: Colour, horizon: float) -> None:
        """Fill everything with a sky that fades from `low` at the horizon to `high`."""
        _, y = self.coordinates()
        share = np.clip(1.0 - y / horizon, 0.0, 1.0)[..., None]
        clouds = np.clip(self.field("sky", 5, 5, tall=3.0), -1.5, 1.5)[..., None]
        colours = bgr(low) + (bgr(high) - bgr(low)) * share
        self.image[...] = np.minimum(colours + 7.0 * clouds, 250.0)

    def paved(
        self, camera: Camera, colour: Colour, *, stone_m: tuple[float, float], joint_m: float
    ) -> Array:
        """Return ground of rectangular stones in perspective, (H, W, 3) float32."""
        x, depth, units = self.ground(camera)
        across = x / stone_m[0] + 0.5 * (np.floor(depth / stone_m[1]) % 2)
        along = depth / stone_m[1] + 0.0 * x
        table = generator(self.seed, "stones").normal(0.0, 0.05, 4096).astype(np.float32)
        number = np.floor(across).astype(np.int64) * 73 + np.floor(along).astype(np.int64) * 151
        tone = 1.0 + table[number % 4096]
        # A joint narrower than a pixel shows as a fainter one, not as a broken line.
        seen = np.maximum(joint_m, 0.8 / units)
        strength = np.clip(joint_m / seen, 0.0, 1.0) * 0.30
        flat = np.maximum(joint_m, 0.8 * camera.focal / (units**2 * camera.height_m))
        near_x = np.abs(across - np.rint(across)) * stone_m[0] < seen / 2
        near_z = np.abs(along - np.rint(along)) * stone_m[1] < flat / 2
        tone = tone - strength * near_x - np.clip(joint_m / flat, 0.0, 1.0) * 0.30 * near_z
        tone = tone * (1.0 + 0.07 * self.field("stains", 7, 5) + 0.04 * self.field("grit", 640))
        return np.asarray(tone[..., None] * bgr(colour), np.float32)

    def bricks(self, colour: Colour, *, size: tuple[float, float]) -> Array:
        """Return an upright wall of bricks, (H, W, 3) float32; size in design units."""
        x, y = self.coordinates()
        row = np.floor(y / size[1]) + 0.0 * x
        across = x / size[0] + 0.5 * (row % 2)
        table = generator(self.seed, "bricks").normal(0.0, 0.085, 4096).astype(np.float32)
        number = np.floor(across).astype(np.int64) * 73 + row.astype(np.int64) * 151
        tone = 1.0 + table[number % 4096]
        tone = tone + 0.16 * (np.abs(across - np.rint(across)) * size[0] < 0.35)
        tone = tone + 0.16 * (np.abs(y / size[1] - np.rint(y / size[1])) * size[1] < 0.35)
        tone = tone * (
            1.0 + 0.05 * self.field("weather", 6, 5) + 0.03 * self.field("pores", 640)
        )
        return np.asarray(tone[..., None] * bgr(colour), np.float32)

    def grass(self, camera: Camera, colour: Colour) -> Array:
        """Return a lawn, (H, W, 3) float32: finer and paler with distance."""
        _, y = self.coordinates()
        near = np.clip((y - camera.horizon) / 280.0, 0.05, 1.0)
        tufts = self.field("tufts", 90, 4, tall=2.0) * (0.05 + 0.12 * near)
        patches = 0.10 * self.field("patches", 5, 4, tall=2.5)
        tone = (1.12 - 0.2 * near) * (1.0 + tufts + patches)
        dry = (0.12 * self.field("dry", 8, 3, tall=2.5))[..., None] * bgr((0.2, 0.5, 1.0))
        return np.asarray(tone[..., None] * bgr(colour) * (1.0 + dry), np.float32)
