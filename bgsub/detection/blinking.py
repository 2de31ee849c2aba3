"""Where the background moves: pixels that blink need more evidence than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._feedback import find_factors, follow_blinks
from bgsub.jit import as_read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["Blinking"]

_RATE = 0.02
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
        self._is_anywhere = False

    def update(
        self, found: NDArray[np.float32], share: NDArray[np.float32], near: Mask
    ) -> None:
        """Learn from one frame.

        Parameters
        ----------
        found, share : ndarray of float32, shape (h, w)
            Their product is the distance in match thresholds, not smoothed.
        near : Mask, shape (h, w)
            0 where no foreground is near.
        """
        self._is_anywhere = follow_blinks(
            found,
            share,
            as_read_only(near),
            np.float32(_RATE),
            np.float32(_QUIET),
            self._blinks,
            self._toggles,
            self._was_far,
        )

    def is_restless(self) -> NDArray[np.bool_]:
        """Return where pixels change sides too often to be an object that stands still."""
        return self._toggles > _RESTLESS

    def factors(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]] | None:
        """Return what blinking changes: two arrays of shape (h, w), or None for nothing.

        Factors on the match threshold, and each cell's background threshold T in 1/255.
        """
        if self._gain == 0 or not self._is_anywhere:
            return None
        widening = np.empty_like(self._blinks)
        levels = np.empty(widening.shape, np.uint8)
        find_factors(
            self._blinks,
            np.float32(self._gain),
            np.float32(_WIDEST),
            np.float32(_ALWAYS),
            np.float32(self._threshold),
            np.float32(_MOST_WEIGHT),
            widening,
            levels,
        )
        return widening, levels
