"""Changes of light, carried over to the model or taken out of the frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection.light import find_curves, may_be_another
from bgsub.detection.light_field import LightField
from bgsub.detection.pictures import near_foreground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection._grid import Grid
    from bgsub.detection.reference import Reference
    from bgsub.frames import Image, Mask
    from bgsub.mixture import MixtureModel

__all__ = ["Lighting"]

# From these shares on, what the light of the whole picture has slowly changed by becomes the
# model's: at any time, and before a sudden change is looked at.
_MUCH, _LITTLE = 0.1, 0.02


class Lighting:
    """Keeps frames and background in the same light.

    A change of the whole picture, sudden or large, is carried over to the model; what is left
    of slow changes that differ over the picture is taken out of the frames.

    Parameters
    ----------
    model : MixtureModel
        Knows the background.
    reference : Reference
        Knows it on the coarse grid.
    grid : Grid
        The coarse grid.
    n_channels : int
        1 or 3.
    """

    def __init__(
        self, *, model: MixtureModel, reference: Reference, grid: Grid, n_channels: int
    ) -> None:
        self._model = model
        self._reference = reference
        self._grid = grid
        self._field = LightField(grid.shape, n_channels)
        self._is_followed = False

    def adapt(self, image: Image, cells: NDArray[np.uint8], mask: Mask) -> None:
        """Carry a sudden change over to the background, before a frame is compared with it.

        Parameters
        ----------
        image : Image, shape (H, W) or (H, W, C)
            The frame.
        cells : ndarray of uint8, shape (h, w) or (h, w, C)
            The same on the coarse grid.
        mask : Mask, shape (h, w)
            The last frame's foreground.
        """
        field, reference = self._field, self._reference
        self._is_followed = self._model.n_frames == 0
        # Nearly always the light has not changed: that costs little to find out.
        if self._is_followed or not may_be_another(cells, reference.picture, mask, field.gains):
            return
        curves = find_curves(field.even_out(cells), reference.picture, mask)
        if curves is None:
            return
        # What was followed before does not hold any more, and clips frames now.
        common = field.take_common(_LITTLE)
        if common is not None:
            self._map_levels(common)
            curves = find_curves(field.even_out(cells), reference.picture, mask)
        self._carry_over(curves, image, cells, mask)
        field.follow(cells, reference.picture, near_foreground(mask), None)
        self._is_followed = True

    def follow(
        self,
        image: Image,
        cells: NDArray[np.uint8],
        mask: Mask,
        near: Mask,
        elapsed_s: float,
    ) -> None:
        """Follow slow changes, when it is known what is foreground of the frame.

        With an earlier frame's foreground, an object that moves on would count as light.

        Parameters
        ----------
        image, cells
            As :meth:`adapt` got them last.
        mask : Mask, shape (h, w)
            The frame's own foreground.
        near : Mask, shape (h, w)
            0 where none of that is near.
        elapsed_s : float
            Since the last frame.
        """
        if self._is_followed:
            return
        self._field.follow(cells, self._reference.picture, near, elapsed_s)
        self._carry_over(self._field.take_common(_MUCH), image, cells, mask)

    def even_out(self, image: Image) -> Image:
        """Return a frame of any size in the background's light: itself if that is the same."""
        return self._field.even_out(image, self._model.workers)

    def relight(self, background: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture of the background in the light of the last frame."""
        return self._field.relight(background)

    def _carry_over(
        self,
        curves: NDArray[np.float32] | None,
        image: Image,
        cells: NDArray[np.uint8],
        mask: Mask,
    ) -> None:
        """Change the levels of the background."""
        if curves is None:
            return
        reference = self._reference
        was_saturated = reference.is_saturated()
        self._map_levels(curves)
        if curves[:, 255].mean() < 255 and was_saturated.any():
            # What is behind an object was brighter than white; what is not can be seen now.
            behind = was_saturated & (mask > 0)
            seen = was_saturated & ~behind
            reference.relearn(self._field.even_out(cells), seen)
            self._relearn(self.even_out(image), seen)
            if behind.any() and image.dtype == np.uint8:
                self._relearn(self._grid.enlarge(reference.picture), behind)

    def _map_levels(self, curves: NDArray[np.float32]) -> None:
        self._model.map_means(curves)
        self._reference.map_levels(curves)

    def _relearn(self, image: Image, where: NDArray[np.bool_]) -> None:
        self._model.relearn(self._grid.enlarge(where.view(np.uint8)), image)
