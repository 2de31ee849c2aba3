"""Where the background moves: pixels that blink need more evidence than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["Blinking"]

_RATE = 0.02
_REACH = np.ones((11, 11), np.uint8)
_WIDEST = 3.0
# Share of blinking frames from which every Gaussian counts as background.
_ALWAYS = 0.25
_MOST_WEIGHT = 0.95
_QUIET = 0.01
# Share of frames in which a pixel changes sides, from which it is no object that stands.
_RESTLESS = 0.1


class Blinking:
    """Follows how often cells leave their background and come back, away from objects.

    After SuBSENSE's blinking pixels (St-Charles, Bilodeau and Bergevin, IEEE TIP 2015, section
    III.C).  Leaves and water leave their Gaussians again and again; they are told from objects
    because nothing near them is foreground once the evidence is smoothed.

    Parameters
    ----------
    shape : tuple of int
        Of the grid, (h, w).
    gain : float
        Growth of the squared match threshold with the share of blinking frames.
    background_threshold : float
        Share of the weights that is background where nothing blinks (T).
    """

    def __init__(
        self, shape: tuple[int, int], *, gain: float, background_threshold: float
    ) -> None:
        self._gain = gain
        self._threshold = background_threshold
        self._blinks = np.zeros(shape, np.float32)
        self._toggles = np.zeros(shape, np.float32)
        self._was_far = np.zeros(shape, np.uint8)

    def update(self, found: NDArray[np.float32], mask: Mask) -> None:
        """Learn from one frame.

        Parameters
        ----------
        found : ndarray of float32, shape (h, w)
            Distances in match thresholds, not smoothed.
        mask : Mask, shape (h, w)
            What was decided.
        """
        is_far = (found > 1.0).view(np.uint8)
        toggles = is_far ^ self._was_far
        blinks = toggles & ~np.asarray(cv2.dilate(mask, _REACH), np.uint8)
        cv2.accumulateWeighted(blinks, self._blinks, _RATE)
        cv2.accumulateWeighted(toggles, self._toggles, _RATE)
        self._was_far = is_far

    def is_restless(self) -> NDArray[np.bool_]:
        """Return where pixels change sides too often to be an object that stands still."""
        return self._toggles > _RESTLESS

    def widening(self) -> NDArray[np.float32] | None:
        """Return factors on the match threshold, shape (h, w); None if nothing blinks."""
        if self._gain == 0 or not self._is_anywhere():
            return None
        squared: NDArray[np.float32] = self._blinks * np.float32(self._gain)
        squared += 1
        return np.sqrt(np.minimum(squared, np.float32(_WIDEST**2)))

    def background_threshold(self) -> NDArray[np.uint8] | None:
        """Return each cell's T in 1/255, shape (h, w); None if nothing blinks."""
        if self._gain == 0 or not self._is_anywhere():
            return None
        rise = max(0.0, _MOST_WEIGHT - self._threshold)
        share = np.minimum(self._blinks * np.float32(1 / _ALWAYS), np.float32(1))
        levels: NDArray[np.float32] = np.rint((self._threshold + rise * share) * 255)
        return levels.astype(np.uint8)

    def _is_anywhere(self) -> bool:
        return float(self._blinks.max()) > _QUIET
