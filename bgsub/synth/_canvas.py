"""The picture being composed, with how far each pixel is covered by moving things."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from bgsub.synth._view import Array, View

__all__ = ["MOVING", "SHADOWED", "STATIC", "UNKNOWN", "Canvas", "Cutout", "Shape", "Sketch"]

STATIC, SHADOWED, UNKNOWN, MOVING = 0, 50, 170, 255

_FAINTEST = 26  # of 255: light weaker than this share of its source is left out
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates

_COVER_LABELS = np.full(256, UNKNOWN, np.uint8)
_COVER_LABELS[0] = STATIC
_COVER_LABELS[230:] = MOVING
_CAST_LABELS = np.full(256, UNKNOWN, np.uint8)
_CAST_LABELS[0] = STATIC
_CAST_LABELS[96:] = SHADOWED


@dataclass(frozen=True, slots=True)
class Shape:
    """One piece of a sketch, in design units around the sketch's anchor.

    Attributes
    ----------
    points : ndarray, shape (N, 2)
        The corners of a polygon (radius 0), the two ends of a rounded limb, or the centre of
        a disc (N = 1).
    radius : float
        Radius of the limb or disc; 0 for a polygon.
    colour : tuple of float
        BGR, grey levels; of a light, what it adds.
    soft : float
        Of a shadow or light, how far its edge is blurred, design units.
    """

    points: Array
    radius: float
    colour: tuple[float, float, float]
    soft: float = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A thing to be drawn once: its shapes from back to front.

    Attributes
    ----------
    anchor : tuple of float
        Design position that the shapes are relative to, usually where it meets the ground.
    depth : float
        Design y of the ground contact; larger is nearer to the camera.
    shapes : tuple of Shape
        What is seen.
    shadow : tuple of Shape
        What darkens the ground, relative to the same anchor.
    lights : tuple of Shape
        What brightens the ground and air, relative to the same anchor.
    grain : ndarray or None
        Shading, float32, multiplied onto the colours; spans `extent` around the anchor.
    extent : float
        Half the side in design units of the square that `grain` spans.
    still : bool
        True while it counts as part of the scene: drawn, labelled static.
    """

    anchor: tuple[float, float]
    depth: float
    shapes: tuple[Shape, ...]
    shadow: tuple[Shape, ...] = ()
    lights: tuple[Shape, ...] = ()
    grain: Array | None = None
    extent: float = 1.0
    still: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """Part of the background that stands in front of moving things.

    Attributes
    ----------
    depth : float
        Design y of its foot: things with a smaller depth are behind it.
    x, y : int
        Canvas position of `alpha`.
    alpha : ndarray of uint8
        255 where it hides what is behind.
    """

    depth: float
    x: int
    y: int
    alpha: Array


def _blend(under: Array, over: Array, alpha: Array) -> None:
    """Blend `over` onto `under` in place; both (h, w, C) uint8, alpha (h, w) uint8."""
    a = alpha.astype(np.uint16)[..., None] if under.ndim == 3 else alpha.astype(np.uint16)
    mixed = under.astype(np.uint16) * (255 - a) + over.astype(np.uint16) * a
    under[...] = ((mixed + 127) // 255).astype(np.uint8)


class Canvas:
    """A picture under composition.

    Attributes
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        The picture so far.
    cover : ndarray of uint8, shape (H, W)
        How much of a pixel moving things fill, 0 to 255.
    cast : ndarray of uint8, shape (H, W)
        How much of a pixel lies in their shadow or light, 0 to 255.
    """

    def __init__(self, view: View, base: Array) -> None:
        self.view = view
        self.base = base
        self.image = base.copy()
        self.cover: Array = np.zeros(base.shape[:2], np.uint8)
        self.cast: Array = np.zeros(base.shape[:2], np.uint8)

    def draw_casts(self, sketches: list[Sketch], ambient: tuple[float, float, float]) -> None:
        """Darken by all shadows, then brighten by all lights.

        Overlapping shadows do not darken twice: where two of them meet, the same sun is
        hidden.

        Parameters
        ----------
        sketches : list of Sketch
            The things that cast.
        ambient : tuple of float
            Share of the light left in full shadow, per BGR channel.
        """
        boxes = []
        for sketch in sketches:
            cast = self._cast(sketch, sketch.shadow) if sketch.shadow else None
            if cast is not None:
                (x0, y0, x1, y1), part = cast
                field = self.cast[y0:y1, x0:x1]
                np.maximum(field, part, out=field)
                boxes.append(cast[0])
        tables = [np.rint(255 - (1.0 - left) * np.arange(256)) for left in ambient]
        table = np.stack(tables, axis=1).astype(np.uint8)[None]
        for x0, y0, x1, y1 in boxes:
            kept = cv2.LUT(cv2.cvtColor(self.cast[y0:y1, x0:x1], cv2.COLOR_GRAY2BGR), table)
            lit = self.base[y0:y1, x0:x1]
            cv2.multiply(lit, kept, self.image[y0:y1, x0:x1], scale=1 / 255)
        for sketch in sketches:
            for light in sketch.lights:
                self._brighten(sketch, light)

    def _brighten(self, sketch: Sketch, light: Shape) -> None:
        cast = self._cast(sketch, (light,))
        if cast is None:
            return
        (x0, y0, x1, y1), part = cast
        # The last tenth of the fall-off would be lost in noise: it lights nothing.
        part[part < _FAINTEST] = 0
        region = self.image[y0:y1, x0:x1]
        added = cv2.merge([cv2.convertScaleAbs(part, alpha=c / 255) for c in light.colour])
        cv2.add(region, added, region)
        np.maximum(self.cast[y0:y1, x0:x1], part, out=self.cast[y0:y1, x0:x1])

    def draw(self, sketch: Sketch) -> None:
        """Draw a thing; it covers what is there, and counts as moving unless it is still."""
        drawn = self._rasterise(sketch, sketch.shapes)
        if drawn is None:
            return
        (x0, y0, x1, y1), patch = drawn
        alpha = patch[..., 3]
        colour = patch[..., :3]
        if sketch.grain is not None:
            colour = self._shade(sketch, sketch.grain, colour, x0, y0)
        region = self.image[y0:y1, x0:x1]
        kept = region.astype(np.uint16) * (255 - alpha.astype(np.uint16))[..., None]
        # The patch is premultiplied: its colours were averaged with nothing around them.
        mixed = (kept + 127) // 255 + colour
        region[...] = np.minimum(mixed, 255).astype(np.uint8)
        if not sketch.still:
            cover = self.cover[y0:y1, x0:x1]
            left = (255 - cover.astype(np.uint16)) * (255 - alpha.astype(np.uint16))
            cover[...] = 255 - ((left + 127) // 255).astype(np.uint8)
            cover[alpha > 0] = np.maximum(cover[alpha > 0], 1)

    def restore(self, cutout: Cutout) -> None:
        """Put a part of the background back in front of what was drawn."""
        h, w = cutout.alpha.shape
        where = (slice(cutout.y, cutout.y + h), slice(cutout.x, cutout.x + w))
        cover = self.cover[where]
        if not cover.any():
            return
        _blend(self.image[where], self.base[where], cutout.alpha)
        left = cover.astype(np.uint16) * (255 - cutout.alpha.astype(np.uint16))
        # Rounded up, so that a pixel not fully restored never passes for background.
        cover[...] = ((left + 254) // 255).astype(np.uint8)

    def shelter(self, cutout: Cutout) -> None:
        """Keep shadows on the ground off a part of the background that stands upright."""
        h, w = cutout.alpha.shape
        where = (slice(cutout.y, cutout.y + h), slice(cutout.x, cutout.x + w))
        cast = self.cast[where]
        if not cast.any():
            return
        _blend(self.image[where], self.base[where], cutout.alpha)
        left = cast.astype(np.uint16) * (255 - cutout.alpha.astype(np.uint16))
        cast[...] = ((left + 254) // 255).astype(np.uint8)

    def _bounds(
        self, sketch: Sketch, shapes: tuple[Shape, ...], pad: float
    ) -> tuple[int, int, int, int] | None:
        ax, ay = self.view.place(*sketch.anchor)
        s = self.view.scale
        points = np.concatenate([shape.points for shape in shapes])
        pad += max(shape.radius for shape in shapes) * s
        low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        h, w = self.cover.shape
        x0 = max(0, math.floor(ax + low[0] * s - pad) - 1)
        y0 = max(0, math.floor(ay + low[1] * s - pad) - 1)
        x1 = min(w, math.ceil(ax + high[0] * s + pad) + 1)
        y1 = min(h, math.ceil(ay + high[1] * s + pad) + 1)
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def _rasterise(
        self, sketch: Sketch, shapes: tuple[Shape, ...]
    ) -> tuple[tuple[int, int, int, int], Array] | None:
        """Return the box and its (h, w, 4) uint8 patch, colours premultiplied by alpha."""
        box = self._bounds(sketch, shapes, 0.0)
        if box is None:
            return None
        x0, y0, x1, y1 = box
        fine = 4 if (x1 - x0) * (y1 - y0) < 60_000 else 2
        patch = np.zeros(((y1 - y0) * fine, (x1 - x0) * fine, 4), np.uint8)
        ax, ay = self.view.place(*sketch.anchor)
        for shape in shapes:
            points = shape.points * self.view.scale + (ax - x0, ay - y0)
            _fill(patch, points, shape.radius * self.view.scale, fine, (*shape.colour, 255.0))
        return box, cv2.resize(patch, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)

    def _cast(
        self, sketch: Sketch, shapes: tuple[Shape, ...]
    ) -> tuple[tuple[int, int, int, int], Array] | None:
        """Return the box and the strength (h, w) uint8 of soft-edged shapes."""
        blur = shapes[0].soft * self.view.scale
        box = self._bounds(sketch, shapes, 3.0 * blur)
        if box is None:
            return None
        x0, y0, x1, y1 = box
        # Wide blurs are made on a coarser grid: nothing finer would be left to see.
        fine = 2.0 if blur < 3.0 else 3.0 / blur
        shape_px = (max(1, math.ceil((y1 - y0) * fine)), max(1, math.ceil((x1 - x0) * fine)))
        patch = np.zeros(shape_px, np.uint8)
        ax, ay = self.view.place(*sketch.anchor)
        for shape in shapes:
            points = shape.points * self.view.scale + (ax - x0, ay - y0)
            _fill(patch, points, shape.radius * self.view.scale, fine, (255.0,))
        size = 2 * math.ceil(2.0 * blur * fine) + 1
        soft = cv2.GaussianBlur(patch, (size, size), blur * fine)
        how = cv2.INTER_AREA if fine > 1 else cv2.INTER_LINEAR
        return box, np.asarray(cv2.resize(soft, (x1 - x0, y1 - y0), interpolation=how))

    def _shade(self, sketch: Sketch, grain: Array, colour: Array, x0: int, y0: int) -> Array:
        """Multiply a patch by the sketch's grain, which is fixed to the thing."""
        ax, ay = self.view.place(*sketch.anchor)
        side = grain.shape[0]
        step = side / (2.0 * sketch.extent * self.view.scale)
        onto_grain = np.array(
            [
                [step, 0.0, (x0 + 0.5 - ax) * step + side / 2 - 0.5],
                [0.0, step, (y0 + 0.5 - ay) * step + side / 2 - 0.5],
            ]
        )
        fitted = cv2.warpAffine(
            grain,
            onto_grain,
            (colour.shape[1], colour.shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        shaded = np.rint(colour * np.asarray(fitted)[..., None])
        return np.minimum(shaded, 255.0).astype(np.uint16)

    def labels(self, cover: Array, cast: Array) -> Array:
        """Return the CDnet labels (H, W) uint8 of a cover and a cast field."""
        labels = cv2.LUT(cast, _CAST_LABELS)
        cv2.copyTo(cv2.LUT(cover, _COVER_LABELS), cover, labels)
        return np.asarray(labels)


def _fill(
    patch: Array, points: Array, radius: float, fine: float, colour: tuple[float, ...]
) -> None:
    """Draw one shape into a patch that has `fine` samples per pixel along each axis."""
    fixed = np.rint((points * fine - 0.5) * (1 << _SHIFT)).astype(np.int32)
    if radius <= 0.0:
        cv2.fillPoly(patch, [fixed], colour, cv2.LINE_8, _SHIFT)
    elif len(points) == 1:
        r = round(radius * fine * (1 << _SHIFT))
        centre = (int(fixed[0, 0]), int(fixed[0, 1]))
        cv2.circle(patch, centre, r, colour, cv2.FILLED, cv2.LINE_8, _SHIFT)
    else:
        a, b = ((int(x), int(y)) for x, y in fixed)
        width = max(1, round(2.0 * radius * fine))
        cv2.line(patch, a, b, colour, width, cv2.LINE_8, _SHIFT)
