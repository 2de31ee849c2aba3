"""What the robust detector knows of a stream beside the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._grid import Grid
from bgsub.detection._runs import Regions
from bgsub.detection.blinking import Blinking
from bgsub.detection.calm import Calm
from bgsub.detection.ghosts import GhostFinder
from bgsub.detection.glares import GlareFinder
from bgsub.detection.lighting import Lighting
from bgsub.detection.pictures import near_foreground, to_luma
from bgsub.detection.reference import Reference
from bgsub.detection.residents import Residents
from bgsub.detection.shading import ShadingFinder
from bgsub.detection.shadows import ShadowFinder
from bgsub.detection.stabilise import Stabiliser

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection.evidence import Evidence
    from bgsub.detection.settings import RobustParams
    from bgsub.frames import Image, Mask
    from bgsub.mixture import MixtureModel

__all__ = ["State"]

_RELEARN_AFTER_S = 0.5
# Frames for which the thresholds of the cells stay as they are.
_REFRESH = 4


class State:
    """What is known of one stream beside the model; all but `mask` is on the coarse grid."""

    def __init__(
        self, picture: NDArray[np.uint8], params: RobustParams, model: MixtureModel
    ) -> None:
        height, width = picture.shape[:2]
        self.grid = Grid(height, width, model.workers)
        shape = self.grid.shape
        # A model from an earlier run knows more than the first picture.
        known = model.background() if model.n_frames else picture
        self.reference = Reference(self.grid.reduce(known))
        self.stabiliser = Stabiliser(shape, step=self.grid.step)
        self.blinking = Blinking(
            shape,
            gain=params.blinking_gain,
            background_threshold=model.params.background_threshold,
        )
        self.calm = None
        if params.calm_threshold < 1:
            self.calm = Calm(shape, least=params.calm_threshold)
        self.shading = ShadingFinder(shape)
        self.ghosts = None
        if params.ghost_after_s is not None:
            self.ghosts = GhostFinder(shape, after_s=params.ghost_after_s)
        self.residents = None
        if model.n_frames and params.parked_after_s is not None:
            self.residents = Residents(after_s=params.parked_after_s)
        self.glares = GlareFinder()
        self.shadows = ShadowFinder() if params.find_cast_shadows else None
        self.lighting = None
        if params.compensate_light:
            self.lighting = Lighting(
                model=model,
                reference=self.reference,
                grid=self.grid,
                n_channels=picture.shape[2] if picture.ndim == 3 else 1,
            )
        self.coarse: Mask = np.zeros(shape, np.uint8)
        self.near: Mask = self.coarse
        self.mask: Mask = np.zeros(picture.shape[:2], np.uint8)
        self.last_s: float | None = None
        self.elapsed_s = 0.0
        self.rate = 1.0
        self._n_frames = 0
        self.is_refreshed = True
        self.thresholds = np.ones(shape, np.float32)
        self.share: NDArray[np.float32] = self.thresholds
        self.widening: NDArray[np.float32] | None = None
        self.is_restless = np.zeros(shape, bool)
        self.background_threshold: NDArray[np.uint8] | None = None
        self._full_since_s: float | None = None
        self._regions: Regions | None = None
        self._pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None

    def begin(self, timestamp_s: float, model: MixtureModel) -> None:
        """Begin with the next frame."""
        self.elapsed_s = 0.0 if self.last_s is None else timestamp_s - self.last_s
        self.last_s = timestamp_s
        self.rate = model.params.rate_at(model.n_frames, self.elapsed_s)
        self._pictures = None

    def lit(self, image: Image, cells: NDArray[np.uint8]) -> tuple[Image, NDArray[np.uint8]]:
        """Return a frame and its cells in the background's light."""
        if self.lighting is None:
            return image, cells
        if self.rate > 0:
            self.lighting.adapt(image, cells, self.coarse)
        evened = self.lighting.even_out(image)
        return evened, evened if cells is image else self.lighting.even_out(cells)

    def follow_light(self, image: Image, cells: NDArray[np.uint8]) -> None:
        """Follow the light of a frame, as the camera saw it, whose foreground is known."""
        if self.lighting is not None:
            self.lighting.follow(image, cells, self.coarse, self.near, self.elapsed_s)

    def luma(self, cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the luma of a picture, which is worked out once in a frame."""
        if self._pictures is None or self._pictures[0] is not cells:
            self._pictures = cells, to_luma(cells)
        return self._pictures[1]

    def regions(self) -> Regions:
        """Return the regions of the coarse mask."""
        if self._regions is None or self._regions.mask is not self.coarse:
            self._regions = Regions(self.coarse)
        return self._regions

    def refresh(self, thresholds: NDArray[np.float32]) -> None:
        """Work out the cells' thresholds, which change slowly, from those of the levels."""
        self.is_refreshed = self._n_frames % _REFRESH == 0
        if not self.is_refreshed:
            return
        self.thresholds = np.asarray(cv2.LUT(self.reference.luma, thresholds), np.float32)
        if self.calm is not None:
            self.share = self.calm.share
            self.thresholds *= self.share
        self.is_restless = self.blinking.is_restless()
        factors = self.blinking.factors()
        self.widening = self.background_threshold = None
        if factors is not None:
            self.widening = factors[0]
            self.background_threshold = self.grid.enlarge(factors[1])

    def follow_background(self, found: NDArray[np.float32], evidence: Evidence) -> None:
        """Learn where the background moves and where it is calm."""
        # Both ask for the distances as they were before they changed the thresholds.
        self.near = near_foreground(self.coarse)
        self.blinking.update(found, self.share, self.near)
        if self.calm is not None and self.is_refreshed:
            self.calm.update(evidence, self.widening, self.near)

    def learners(self, foreground_learning: float) -> NDArray[np.uint8] | None:
        """Return which pixels learn from the next frame, shape (H, W); None: all.

        Foreground learns from one frame in many, which is as good as a smaller rate.
        """
        self._n_frames += 1
        if foreground_learning >= 1 or not cv2.countNonZero(self.coarse):
            return None
        if foreground_learning > 0 and self._n_frames % round(1 / foreground_learning) == 0:
            return None
        learns = (self.coarse == 0) | self.is_restless
        return self.grid.enlarge(learns.view(np.uint8))

    def is_another_scene(self, timestamp_s: float, coverage: float) -> NDArray[np.bool_] | None:
        """Return everywhere if nearly all has been foreground for a while, else None."""
        if cv2.countNonZero(self.coarse) <= coverage * self.coarse.size:
            self._full_since_s = None
            return None
        if self._full_since_s is None:
            self._full_since_s = timestamp_s
        if timestamp_s - self._full_since_s < _RELEARN_AFTER_S:
            return None
        self._full_since_s = None
        return np.ones(self.grid.shape, bool)
