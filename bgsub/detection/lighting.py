"""Changes of light, carried over to the model or taken out of the frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection.light import find_curves
from bgsub.detection.light_field import LightField

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection._grid import Grid
    from bgsub.detection.reference import Reference
    from bgsub.frames import Image, Mask
    from bgsub.mixture import MixtureModel

__all__ = ["Lighting"]


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

    def follow(
        self, image: Image, cells: NDArray[np.uint8], mask: Mask, elapsed_s: float
    ) -> None:
        """Learn from a frame.

        Parameters
        ----------
        image : Image, shape (H, W) or (H, W, C)
            The frame.
        cells : ndarray of uint8, shape (h, w) or (h, w, C)
            The same on the coarse grid.
        mask : Mask, shape (h, w)
            The last foreground.
        elapsed_s : float
            Since the last frame.
        """
        if self._model.n_frames == 0:
            return
        field, reference = self._field, self._reference
        curves = find_curves(field.even_out(cells), reference.picture, mask)
        if curves is not None:
            self._carry_over(curves, image, cells, mask)
            field.follow(cells, reference.picture, mask, None)
            return
        field.follow(cells, reference.picture, mask, elapsed_s)
        curves = field.take_common()
        if curves is not None:
            self._carry_over(curves, image, cells, mask)

    def even_out(self, image: Image) -> Image:
        """Return a frame of any size in the background's light: itself if that is the same."""
        return self._field.even_out(image, self._model.workers)

    def relight(self, background: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture of the background in the light of the last frame."""
        return self._field.relight(background)

    def _carry_over(
        self, curves: NDArray[np.float32], image: Image, cells: NDArray[np.uint8], mask: Mask
    ) -> None:
        """Change the levels of the background."""
        reference = self._reference
        was_saturated = reference.is_saturated()
        self._model.map_means(curves)
        reference.map_levels(curves)
        if curves[:, 255].mean() < 255 and was_saturated.any():
            # What is behind an object was brighter than white; what is not can be seen now.
            behind = was_saturated & (mask > 0)
            reference.relearn(cells, was_saturated & ~behind)
            self._relearn(image, was_saturated & ~behind)
            if behind.any() and image.dtype == np.uint8:
                self._relearn(self._grid.enlarge(reference.picture), behind)

    def _relearn(self, image: Image, where: NDArray[np.bool_]) -> None:
        self._model.relearn(self._grid.enlarge(where.view(np.uint8)), image)
