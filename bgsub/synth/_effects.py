"""What changes the picture without being a moving thing: water, snow, light, camera, noise."""

from __future__ import annotations

import math
from typing import Protocol

import cv2
import numpy as np

from bgsub.synth._random import generator
from bgsub.synth._view import DESIGN_HEIGHT, DESIGN_WIDTH, Array, Camera, View

__all__ = ["Clouds", "Dusk", "Lamps", "Light", "Night", "Noise", "Shake", "Snow", "Water"]


class Light(Protocol):
    """Anything that lights the whole picture."""

    def apply(self, image: Array, t: float) -> Array:
        """Return the picture (H, W, 3) uint8 as lit at a time in seconds."""
        ...


def _weigh(image: Array, gain: Array) -> Array:
    """Multiply (H, W, 3) uint8 by (H, W) or (H, W, 3) uint8 gains, 128 being 1."""
    gains = cv2.merge([gain] * 3) if gain.ndim == 2 else gain
    return np.asarray(cv2.multiply(image, gains, scale=1 / 128))


def _scaled(image: Array, gains: tuple[float, float, float]) -> Array:
    """Multiply each channel of (H, W, 3) uint8 by a number."""
    table = np.clip(np.rint(np.outer(np.arange(256), gains)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]))


class Water:
    """Waves on part of the picture, with the sun glittering on their crests."""

    def __init__(
        self, view: View, camera: Camera, seed: int, top: float, bottom: float
    ) -> None:
        width, height = view.canvas
        self._rows = slice(
            max(0, round(view.place(0, top)[1])), min(height, round(view.place(0, bottom)[1]))
        )
        sx, sy = view.stretch
        bx, by = view.border
        x = (np.arange(width, dtype=np.float32)[None, :] + 0.5 - bx) / sx
        y = (
            np.arange(self._rows.start, self._rows.stop, dtype=np.float32)[:, None] + 0.5 - by
        ) / sy
        units = np.maximum(y - camera.horizon, 1.0) / camera.height_m
        across, depth = (x - camera.centre) / units, camera.focal / units
        rng = generator(seed, "waves")
        shape = (x.shape[1], max(1, y.shape[0]))
        self._waves: list[tuple[float, Array, Array]] = []
        for n in range(5):
            length = 3.6 * 0.62**n
            turn = float(rng.uniform(-0.9, 0.9))
            grid = rng.normal(0, 1.5, (24, 40)).astype(np.float32)
            disorder = cv2.resize(grid, shape, interpolation=cv2.INTER_CUBIC)
            phase = 2 * math.pi / length * (across * math.sin(turn) + depth * math.cos(turn))
            phase = phase + disorder
            # Waves finer than the picture resolves average out with distance.
            seen = np.clip(length * units**2 * camera.height_m / camera.focal / 2.2, 0.12, 1.0)
            reach = np.float32(30.0 * 0.8**n) * seen
            rate = math.sqrt(9.81 * 2 * math.pi / length) * 0.55
            self._waves.append(
                (
                    rate,
                    (reach * np.cos(phase)).astype(np.float32),
                    (reach * np.sin(phase)).astype(np.float32),
                )
            )
        sparkle = np.exp(-(((x - 430.0) / 90.0) ** 2)) * np.clip((290.0 - y) / 150.0, 0.0, 1.0)
        self._still = (110.0 + 46.0 * sparkle).astype(np.float32)
        h = np.arange(256, dtype=np.float32)
        crest = np.clip((h - 168) * 1.25, 0, 110)
        self._up = np.rint(np.clip(h - 110, 0, 60) * 0.28 + crest).astype(np.uint8)
        self._down = np.rint(np.clip(110 - h, 0, 80) * 0.28).astype(np.uint8)

    def apply(self, image: Array, t: float) -> None:
        """Draw the waves of a time onto the picture, in place."""
        region = image[self._rows]
        if not region.size:
            return
        surface = self._still.copy()
        for rate, a, b in self._waves:
            cv2.scaleAdd(a, math.cos(rate * t), surface, surface)
            cv2.scaleAdd(b, math.sin(rate * t), surface, surface)
        level = cv2.convertScaleAbs(np.maximum(surface, 0.0, out=surface))
        up = cv2.cvtColor(cv2.LUT(level, self._up), cv2.COLOR_GRAY2BGR)
        down = cv2.cvtColor(cv2.LUT(level, self._down), cv2.COLOR_GRAY2BGR)
        cv2.add(region, up, region)
        cv2.subtract(region, down, region)


class Snow:
    """Falling flakes, nearer ones larger and faster."""

    def __init__(self, view: View, seed: int, count: int = 420) -> None:
        rng = generator(seed, "flakes")
        self._view = view
        near = rng.uniform(0.0, 1.0, count) ** 2.5
        self._radius = 0.55 + 1.7 * near
        self._fall = 60.0 + 190.0 * near + rng.uniform(0, 20, count)
        self._drift = -14.0 - 40.0 * near + rng.normal(0, 5, count)
        self._x = rng.uniform(0, DESIGN_WIDTH + 60, count)
        self._y = rng.uniform(0, DESIGN_HEIGHT + 40, count)
        self._rate = rng.uniform(0.8, 2.2, count)
        self._light = rng.uniform(60, 125, count) * (1.0 - 0.35 * near)

    def apply(self, image: Array, t: float) -> Array:
        """Return the picture with the flakes of a time in front of it."""
        sway = 6.0 * np.sin(self._rate * t + self._x)
        x = (self._x + self._drift * t + sway) % (DESIGN_WIDTH + 60) - 30
        y = (self._y + self._fall * t) % (DESIGN_HEIGHT + 40) - 20
        sx, sy = self._view.stretch
        bx, by = self._view.border
        flakes = np.zeros(image.shape[:2], np.uint8)
        px = np.rint((x * sx + bx) * 16).astype(int).tolist()
        py = np.rint((y * sy + by) * 16).astype(int).tolist()
        size = (
            np.rint(np.maximum(self._radius * self._view.scale, 0.5) * 16).astype(int).tolist()
        )
        for cx, cy, r, light in zip(px, py, size, self._light.tolist(), strict=True):
            cv2.circle(flakes, (cx, cy), r, (light,), cv2.FILLED, cv2.LINE_AA, 4)
        return np.asarray(cv2.add(image, cv2.cvtColor(flakes, cv2.COLOR_GRAY2BGR)))


class Dusk:
    """A light that slowly fades and reddens, and comes back, again and again."""

    def __init__(self, period_s: float = 40.0, depth: float = 0.5) -> None:
        self._period = period_s
        self._depth = depth

    def apply(self, image: Array, t: float) -> Array:
        """Return the picture (H, W, 3) uint8 as lit at a time in seconds."""
        fall = self._depth * (0.5 - 0.5 * math.cos(2 * math.pi * t / self._period))
        return _scaled(image, (1.0 - 1.05 * fall, 1.0 - fall, 1.0 - 0.86 * fall))


class Clouds:
    """Shadows of clouds that drift over the picture."""

    def __init__(self, seed: int, depth: float = 0.34) -> None:
        rng = generator(seed, "clouds")
        waves = [(n, m) for n in range(-3, 4) for m in range(3) if n or m]
        self._waves = [
            (
                2 * math.pi * n / 900.0,
                2 * math.pi * m / 700.0,
                float(rng.uniform(0, 6.28)),
                float(rng.normal(0, 1.0 / math.hypot(n, m))),
            )
            for n, m in waves
        ]
        self._depth = depth
        x, y = np.meshgrid(np.linspace(0, DESIGN_WIDTH, 48), np.linspace(0, DESIGN_HEIGHT, 27))
        self._x, self._y = x.astype(np.float32), y.astype(np.float32)

    def apply(self, image: Array, t: float) -> Array:
        """Return the picture (H, W, 3) uint8 as lit at a time in seconds."""
        x = self._x - np.float32(34.0 * t)
        cover = np.zeros_like(x)
        for kx, ky, phase, reach in self._waves:
            cover += np.float32(reach) * np.sin(
                np.float32(kx) * x + np.float32(ky) * self._y + np.float32(phase)
            )
        shade = 1.0 / (1.0 + np.exp(-2.2 * cover))
        gain = (128.0 * (1.08 - self._depth * shade)).astype(np.uint8)
        h, w = image.shape[:2]
        return _weigh(
            image, np.asarray(cv2.resize(gain, (w, h), interpolation=cv2.INTER_CUBIC))
        )


class Lamps:
    """Indoor lamps that are switched off and on; daylight from a window remains."""

    def __init__(self, view: View, first_s: float, period_s: float, on_share: float) -> None:
        width, height = view.canvas
        x = np.linspace(0, DESIGN_WIDTH, width, dtype=np.float32)[None, :]
        y = np.linspace(0, DESIGN_HEIGHT, height, dtype=np.float32)[:, None]
        window = np.exp(-(((x - 110) / 260) ** 2) - ((y - 110) / 240) ** 2)
        pools = np.zeros((height, width), np.float32)
        for cx in (170.0, 480.0):
            pools += np.exp(-(((x - cx) / 190) ** 2) - ((y - 250) / 190) ** 2)
        day = (0.30 + 0.30 * window)[..., None] * np.array((1.12, 1.0, 0.9), np.float32)
        lamp = (0.52 + 0.20 * pools)[..., None] * np.array((0.9, 1.0, 1.06), np.float32)
        self._off = np.clip(np.rint(128 * day), 0, 255).astype(np.uint8)
        self._on = np.clip(np.rint(128 * (day * 0.75 + lamp)), 0, 255).astype(np.uint8)
        self._first, self._period, self._on_share = first_s, period_s, on_share

    def level(self, t: float) -> float:
        """Return how far the lamps are on, 0 to 1."""
        if t < self._first:
            return 1.0
        part = (t - self._first) % self._period
        dark = self._period * (1.0 - self._on_share)
        if part < dark:
            return max(0.0, 1.0 - part / 0.12)
        return min(1.0, (part - dark) / 0.2)

    def apply(self, image: Array, t: float) -> Array:
        """Return the picture (H, W, 3) uint8 as lit at a time in seconds."""
        level = self.level(t)
        if level >= 1.0:
            return _weigh(image, self._on)
        if level <= 0.0:
            return _weigh(image, self._off)
        between = cv2.addWeighted(self._on, level, self._off, 1.0 - level, 0.0)
        return _weigh(image, np.asarray(between))


class Night:
    """Street lamps in the dark; painted once onto the backdrop."""

    def __init__(self, view: View, camera: Camera) -> None:
        width, height = view.canvas
        x = np.linspace(0, DESIGN_WIDTH, width, dtype=np.float32)[None, :]
        y = np.linspace(0, DESIGN_HEIGHT, height, dtype=np.float32)[:, None]
        light = np.full((height, width), 0.21, np.float32)
        for depth in (16.0, 30.0, 52.0, 90.0):
            units = camera.units_per_m(depth)
            for side in (6.0, -8.0):
                cx, cy = camera.project(side, 0.0, depth)
                light += 0.30 * np.exp(
                    -(((x - cx) / (5.0 * units)) ** 2) - ((y - cy) / (3.2 * units)) ** 2
                )
                cx, cy = camera.project(side, 7.6, depth)
                light += 1.6 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (0.5 * units) ** 2)
        light += 0.04 * (y < camera.horizon)
        self._gain: Array = light[..., None] * np.array((0.80, 0.96, 1.10), np.float32)

    def paint(self, backdrop: Array) -> Array:
        """Return the backdrop at night."""
        lit = np.rint(backdrop.astype(np.float32) * self._gain)
        return np.asarray(np.minimum(lit, 255.0), np.uint8)


class Shake:
    """A camera on a mast in the wind: it shifts by several pixels and turns a little.

    Parameters
    ----------
    view : View
        Its margin is the farthest the picture may move.
    seed : int
        Keys the movement.
    reach : float
        Root of the mean squared shift along each axis, design units.
    """

    def __init__(self, view: View, seed: int, reach: float) -> None:
        rng = generator(seed, "shake")
        self._view = view
        self._waves = [
            (float(rate * rng.uniform(0.85, 1.15)), rng.uniform(0, 6.28, 3), reach * part)
            for rate, part in ((3.1, 0.9), (7.7, 0.8), (17.0, 0.5), (29.0, 0.3))
        ]

    def matrix(self, t: float) -> Array:
        """Return the (2, 3) map from frame pixels to canvas pixels at a time."""
        gust = 0.7 + 0.3 * math.sin(0.5 * t + float(self._waves[0][1][0]))
        shift = np.zeros(3)
        for rate, phase, part in self._waves:
            shift += part * np.sin(rate * t + phase)
        limit = 0.8 * self._view.margin
        dx, dy, turn = np.clip(gust * shift, -limit, limit)
        angle = math.radians(0.06 * turn)
        c, s = math.cos(angle), math.sin(angle)
        w, h = self._view.width / 2, self._view.height / 2
        bx, by = self._view.border
        scale = self._view.scale
        return np.array(
            [
                [c, -s, w - c * w + s * h + bx + dx * scale],
                [s, c, h - s * w - c * h + by + dy * scale],
            ]
        )

    def apply(self, picture: Array, t: float) -> Array:
        """Return what the camera sees of a canvas, (H, W[, 3]) uint8 at frame size."""
        size = (self._view.width, self._view.height)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(
            picture, self.matrix(t), size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(seen)


class Noise:
    """Sensor noise: Gaussian, partly common to the channels, independent in time.

    A frame's noise is a stretch of one long row of numbers, begun at a place drawn for that
    frame: much quicker than drawing millions of Gaussian numbers for every frame.

    Parameters
    ----------
    shape : tuple of int
        Of the frames: (H, W) or (H, W, 3).
    sigma : float
        Standard deviation in grey levels.
    seed : int
        Keys the numbers.
    """

    _SPARE = 1 << 18

    def __init__(self, shape: tuple[int, ...], sigma: float, seed: int) -> None:
        self._shape = shape
        self._seed = seed
        n = shape[0] * shape[1] + self._SPARE
        rng = generator(seed, "noise values")
        common = rng.standard_normal((n, 1), np.float32)
        if len(shape) == 3:
            own = rng.standard_normal((n, 3), np.float32)
            common = np.float32(0.6) * common + np.float32(0.8) * own
        self._values = np.clip(np.rint(common * sigma), -127, 127).astype(np.int8)

    def apply(self, image: Array, index: int) -> Array:
        """Return the picture with the noise of one frame."""
        first = int(generator(self._seed, "noise", index).integers(self._SPARE))
        n = self._shape[0] * self._shape[1]
        noise = self._values[first : first + n].reshape(self._shape)
        return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U))
