"""One scene set up for one size and seed, and its picture at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from bgsub.synth._actors import Actor
from bgsub.synth._canvas import Canvas, Cutout, Sketch
from bgsub.synth._effects import Light, Shake, Snow, Water
from bgsub.synth._foliage import Foliage
from bgsub.synth._places import Place
from bgsub.synth._view import Array, View

__all__ = ["Picture", "Stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A moment of a stage, without sensor noise.

    Attributes
    ----------
    image : ndarray of uint8, shape (H, W, 3)
        BGR.
    truth : ndarray of uint8, shape (H, W)
        CDnet labels.
    """

    image: Array
    truth: Array


@dataclass(kw_only=True)
class Stage:
    """Everything that a scene is made of, at one size.

    Attributes
    ----------
    view : View
        The map to pixels.
    seed : int
        Keys the plants.
    place : Place
        The backdrop and what is fixed to it.
    actors : sequence of Actor
        Who moves.
    water : Water or None
        Waves, drawn onto the backdrop.
    lights : sequence of Light
        Applied to the whole picture, in order.
    snow : Snow or None
        Falls in front of everything.
    shake : Shake or None
        Moves the camera.
    noise_sigma : float
        Of the sensor, grey levels.
    colourless : bool
        The camera sees no colour: a thermal camera.
    """

    view: View
    seed: int
    place: Place
    actors: Sequence[Actor]
    water: Water | None = None
    lights: Sequence[Light] = ()
    snow: Snow | None = None
    shake: Shake | None = None
    noise_sigma: float = 2.5
    colourless: bool = False
    _backdrop: Array = field(init=False)
    _fixed: list[Cutout] = field(init=False)
    _swaying: list[Foliage] = field(init=False)

    def __post_init__(self) -> None:
        """Plant what grows here; what does not sway becomes part of the backdrop."""
        self._backdrop = self.place.image.copy()
        self._fixed = list(self.place.cutouts)
        self._swaying = []
        order = sorted(
            range(len(self.place.plants)), key=lambda i: self.place.plants[i].foot[1]
        )
        for i in order:
            plant = self.place.plants[i]
            foliage = Foliage(self.view, plant, self.seed, i)
            if not foliage.visible:
                continue
            if plant.sway > 0:
                self._swaying.append(foliage)
            else:
                self._fixed.append(foliage.stand(self._backdrop, 0.0))

    def background(self, t: float) -> Array:
        """Return the picture (H, W, 3) uint8 without moving things, as lit at a time."""
        base, _ = self._base([s for s in self._sketches(t) if s.still], t)
        return self._seen(base, t)

    def picture(self, t: float) -> Picture:
        """Return the picture and its truth at a time in seconds."""
        sketches = self._sketches(t)
        base, cutouts = self._base([s for s in sketches if s.still], t)
        moving = [s for s in sketches if not s.still]
        canvas = Canvas(self.view, base)
        canvas.draw_casts(moving, self.place.ambient)
        for cutout in self._swaying_cutouts(cutouts):
            canvas.shelter(cutout)
        waiting = sorted(cutouts, key=lambda c: c.depth, reverse=True)
        for sketch in moving:
            while waiting and waiting[-1].depth < sketch.depth:
                canvas.restore(waiting.pop())
            canvas.draw(sketch)
        while waiting:
            canvas.restore(waiting.pop())
        cover, cast = canvas.cover, canvas.cast
        if self.shake is not None:
            cover, cast = _shaken(self.shake, cover, t), _shaken(self.shake, cast, t)
        return Picture(image=self._seen(canvas.image, t), truth=canvas.labels(cover, cast))

    def _sketches(self, t: float) -> list[Sketch]:
        found = [sketch for actor in self.actors for sketch in actor(t)]
        return sorted(found, key=lambda sketch: sketch.depth)

    def _swaying_cutouts(self, cutouts: list[Cutout]) -> list[Cutout]:
        return cutouts[len(self._fixed) :]

    def _base(self, still: list[Sketch], t: float) -> tuple[Array, list[Cutout]]:
        """Return the backdrop of a time and what stands in front of moving things."""
        if self.water is None and not still and not self._swaying:
            return self._backdrop, list(self._fixed)
        base = self._backdrop.copy()
        if self.water is not None:
            self.water.apply(base, t)
            for cutout in self._fixed:
                where = (
                    slice(cutout.y, cutout.y + cutout.alpha.shape[0]),
                    slice(cutout.x, cutout.x + cutout.alpha.shape[1]),
                )
                cv2.copyTo(self._backdrop[where], cutout.alpha, base[where])
        if still:
            canvas = Canvas(self.view, base)
            canvas.draw_casts(still, self.place.ambient)
            for sketch in still:
                canvas.draw(sketch)
            base = canvas.image
        return base, [*self._fixed, *(plant.stand(base, t) for plant in self._swaying)]

    def _seen(self, picture: Array, t: float) -> Array:
        """Return a composed canvas as the camera sees it, before the sensor."""
        if self.colourless:
            picture = cv2.cvtColor(
                cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR
            )
        for light in self.lights:
            picture = light.apply(picture, t)
        if self.snow is not None:
            picture = self.snow.apply(picture, t)
        return picture if self.shake is None else self.shake.apply(picture, t)


def _shaken(shake: Shake, share: Array, t: float) -> Array:
    """Move a coverage with the camera; a trace of it is never rounded to nothing."""
    moved = shake.apply(share, t)
    # In float: the smallest weights of the interpolation would round to 0 in uint8.
    touched = shake.apply((share > 0).astype(np.float32), t)
    return np.maximum(moved, (touched > 0).astype(np.uint8))
