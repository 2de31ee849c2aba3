"""Ghosts: foreground whose outline is in the background and not in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["GhostFinder"]

_EVERY_S = 0.2
_VOTES = 3
_RATIO = 1.5
_MIN_CELLS = 20
_SQUARE = np.ones((3, 3), np.uint8)


class GhostFinder:
    """Finds foreground that is a hole in the background's picture, not an object.

    An object that stands still has an outline in the picture.  Where something that was taken
    for background has left, the outline is in the background's picture.  Foreground that has
    stayed for a while is compared several times, so that one unlucky frame does not count.

    Parameters
    ----------
    shape : tuple of int
        Of the grid, (h, w).
    after_s : float
        How long foreground stays before it is examined.
    """

    def __init__(self, shape: tuple[int, int], *, after_s: float) -> None:
        self._after_s = after_s
        self._since_s = np.full(shape, np.inf, np.float32)
        self._votes = np.zeros(shape, np.uint8)
        self._next_s = -np.inf

    def find(
        self,
        mask: Mask,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
        timestamp_s: float,
    ) -> NDArray[np.bool_] | None:
        """Look at one frame.

        Parameters
        ----------
        mask : Mask, shape (h, w)
            What was decided.
        picture, background : ndarray of uint8, shape (h, w)
            Luma of the frame and of the background.
        timestamp_s : float
            The frame's time.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            Where ghosts are; None if there is none, or it was not time to look.
        """
        is_on = mask > 0
        began = is_on & np.isinf(self._since_s)
        self._since_s[began] = timestamp_s
        self._since_s[~is_on] = np.inf
        if timestamp_s < self._next_s:
            return None
        self._next_s = timestamp_s + _EVERY_S
        has_stayed = self._since_s <= timestamp_s - self._after_s
        if not has_stayed.any():
            self._votes[:] = 0
            return None
        suspects = _suspects(mask, has_stayed, picture, background)
        self._votes = np.where(suspects, self._votes + np.uint8(1), np.uint8(0))
        found = self._votes >= _VOTES
        if not found.any():
            return None
        self._votes[found] = 0
        return found


def _suspects(
    mask: Mask,
    has_stayed: NDArray[np.bool_],
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
) -> NDArray[np.bool_]:
    """Return the regions whose outline is stronger in the background than in the picture."""
    n_regions, labels = cv2.connectedComponents(mask, connectivity=8)
    rim = mask & ~cv2.erode(mask, _SQUARE)
    rim = (cv2.dilate(rim, _SQUARE) & mask) > 0
    on_rim = labels[rim]
    sizes = np.bincount(labels.ravel(), minlength=n_regions)
    stayed = np.bincount(labels[has_stayed], minlength=n_regions)
    energies = [
        np.bincount(on_rim, weights=_energy(image)[rim], minlength=n_regions)
        for image in (background, picture)
    ]
    is_ghost = (energies[0] > _RATIO * energies[1]) & (2 * stayed > sizes)
    is_ghost &= sizes >= _MIN_CELLS
    is_ghost[0] = False
    return np.take(is_ghost, labels)


def _energy(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the squared gradient."""
    across = cv2.Sobel(image, cv2.CV_32F, 1, 0)
    along = cv2.Sobel(image, cv2.CV_32F, 0, 1)
    return across * across + along * along  # type: ignore[return-value]
