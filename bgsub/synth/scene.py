"""Scenes as streams of frames with their truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from bgsub.errors import UsageError
from bgsub.synth._effects import Noise
from bgsub.synth._view import Array
from bgsub.synth.catalogue import SCENES, SceneSpec

__all__ = ["RenderedFrame", "Scene"]

_MIN_SIDE, _MAX_SIDE = 16, 7680


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFrame:
    """One rendered picture and what moves in it.

    Attributes
    ----------
    index : int
        Number of the frame, from 0.
    timestamp_s : float
        ``index / fps``.
    image : ndarray of uint8, shape (H, W, 3) BGR, or (H, W) grey
        The picture, read-only.
    truth : ndarray of uint8, shape (H, W)
        CDnet labels, read-only: 0 static; 50 shadow or light cast by a moving thing;
        170 unknown, pixels that are only partly covered; 255 moving.
    """

    index: int
    timestamp_s: float
    image: Array
    truth: Array


class Scene:
    """A rendered scene: iterable any number of times, and open to random access.

    What a frame shows depends on `name`, the size, `fps`, `seed`, `grey` and its number alone:
    not on `n_frames`, and not on which frames were asked for before. Memory does not grow
    with the length.

    Parameters
    ----------
    name : str
        A key of :data:`SCENES`.
    width, height : int
        Frame size in pixels, 16 to 7680. Things keep their share of the frame at any size;
        they keep their proportions at any aspect ratio, 16:9 looks best.
    n_frames : int
        Number of frames, at least 1.
    fps : float
        Frames per second of scene time.
    seed : int
        At least 0. Chooses textures, people, vehicles, times and noise.
    grey : bool
        Deliver grey pictures (H, W).
    noise_sigma : float or None
        Standard deviation of the sensor noise in grey levels; None for the scene's own, 0 for
        none.

    Raises
    ------
    UsageError
        If there is no such scene, or a number is out of range.

    Examples
    --------
    >>> scene = Scene("walkers", width=64, height=36, n_frames=3, fps=25.0, seed=1)
    >>> [frame.image.shape for frame in scene]
    [(36, 64, 3), (36, 64, 3), (36, 64, 3)]
    """

    def __init__(
        self,
        name: str,
        *,
        width: int,
        height: int,
        n_frames: int,
        fps: float,
        seed: int,
        grey: bool = False,
        noise_sigma: float | None = None,
    ) -> None:
        _check(name, width, height, n_frames, fps, seed)
        self.name = name
        self.width = width
        self.height = height
        self.n_frames = n_frames
        self.fps = fps
        self.seed = seed
        self.grey = grey
        self._stage = SCENES[name].build(width, height, seed)
        self.noise_sigma = self._stage.noise_sigma if noise_sigma is None else noise_sigma
        self._flat = grey or self._stage.colourless
        shape = (height, width) if self._flat else (height, width, 3)
        self._noise = Noise(shape, self.noise_sigma, seed) if self.noise_sigma > 0 else None

    @property
    def spec(self) -> SceneSpec:
        """What the catalogue says about the scene."""
        return SCENES[self.name]

    @property
    def n_training(self) -> int:
        """Frames before the first scored one: the scene's own, at most half of all."""
        return min(round(self.spec.training_s * self.fps), self.n_frames // 2)

    def __len__(self) -> int:
        return self.n_frames

    def __iter__(self) -> Iterator[RenderedFrame]:
        for index in range(self.n_frames):
            yield self.render(index)

    def render(self, index: int) -> RenderedFrame:
        """Return one frame.

        Parameters
        ----------
        index : int
            From 0; may be `n_frames` or more.
        """
        if index < 0:
            msg = f"frame {index} does not exist: frames are numbered from 0"
            raise UsageError(msg)
        picture = self._stage.picture(index / self.fps)
        image = self._develop(picture.image, index)
        image.setflags(write=False)
        picture.truth.setflags(write=False)
        return RenderedFrame(
            index=index, timestamp_s=index / self.fps, image=image, truth=picture.truth
        )

    def background(self, index: int) -> Array:
        """Return the picture of a frame without moving things and without sensor noise.

        It holds the frame's own light, waves, leaves, flakes and camera position, so that a
        frame rendered with ``noise_sigma=0`` equals it wherever the truth is 0.
        """
        return self._develop(self._stage.background(index / self.fps), None)

    def _develop(self, picture: Array, index: int | None) -> Array:
        """Apply the sensor: colour or grey, and noise unless `index` is None."""
        if self._flat:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        if self._noise is not None and index is not None:
            picture = self._noise.apply(picture, index)
        if self._flat and not self.grey:
            return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
        return picture.copy() if self._noise is None or index is None else picture


def _check(name: str, width: int, height: int, n_frames: int, fps: float, seed: int) -> None:
    if name not in SCENES:
        msg = f"there is no scene {name!r}: choose one of {', '.join(SCENES)}"
        raise UsageError(msg)
    if not (_MIN_SIDE <= width <= _MAX_SIDE and _MIN_SIDE <= height <= _MAX_SIDE):
        msg = (
            f"a scene cannot be rendered at {width}×{height}: each side should have "
            f"{_MIN_SIDE} to {_MAX_SIDE} pixels"
        )
        raise UsageError(msg)
    if n_frames < 1:
        msg = f"a scene of {n_frames} frames cannot be rendered: ask for at least 1"
        raise UsageError(msg)
    if not 0 < fps < float("inf"):
        msg = f"a scene cannot run at {fps:g} frames per second: choose a positive rate"
        raise UsageError(msg)
    if seed < 0:
        msg = f"the seed {seed} is negative: choose 0 or more"
        raise UsageError(msg)
