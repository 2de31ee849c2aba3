"""Where the background is calm: pixels that stray little need less evidence than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._feedback import follow_strays
from bgsub.jit import as_read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection.evidence import Evidence
    from bgsub.frames import Mask

__all__ = ["Calm"]

_RATE = 0.08
# At first nothing is known to be calm; that counts as much as this many frames.
_RESTLESS = 0.34
_FIRST_FRAMES = 4
# A threshold is this many times the mean and three standard deviations of the evidence.
_GAIN = 3.0
_SIGMAS = 3.0
# Neighbours of one material are alike (standard deviation of a Gaussian in cells), which needs
# no finer picture than that of every fourth.
_REACH = 6.0
_STEP = 4
_NO_FACTORS = np.zeros((0, 0), np.float32)


class Calm:
    """Follows how far the evidence of cells strays while they are background.

    After the local distance thresholds of PBAS [1]_ and SuBSENSE, which follow the least
    distance from the background: clean sensors and bare walls let fainter objects be seen than
    compressed pictures and leaves do.

    Parameters
    ----------
    shape : tuple of int
        Of the grid, (h, w).
    least : float
        The smallest share of the match threshold.

    References
    ----------
    .. [1] M. Hofmann, P. Tiefenbacher and G. Rigoll, "Background segmentation with feedback:
       the pixel-based adaptive segmenter", CVPR workshops 2012, section 2.3.
    """

    def __init__(self, shape: tuple[int, int], *, least: float) -> None:
        self._least = least
        self._n_updates = 0
        self._mean = np.full(shape, _RESTLESS, np.float32)
        self._square = np.full(shape, _RESTLESS**2, np.float32)
        self._share: NDArray[np.float32] = np.ones(shape, np.float32)

    @property
    def share(self) -> NDArray[np.float32]:
        """The share of the match threshold that is enough, shape (h, w), at most 1."""
        return self._share

    def update(
        self, evidence: Evidence, widening: NDArray[np.float32] | None, near: Mask
    ) -> None:
        """Learn from one frame.

        Parameters
        ----------
        evidence : Evidence, shape (h, w)
            In the match thresholds that were in force.
        widening : ndarray of float32, shape (h, w), or None
            The factor by which blinking had raised them.
        near : Mask, shape (h, w)
            0 where no foreground is near.
        """
        self._n_updates += 1
        level = np.empty_like(self._mean)
        follow_strays(
            evidence.slope,
            evidence.offset,
            as_read_only(evidence.luma),
            _NO_FACTORS if widening is None else widening,
            self._share,
            as_read_only(near),
            np.float32(max(_RATE, 1 / (self._n_updates + _FIRST_FRAMES))),
            np.float32(_SIGMAS),
            self._mean,
            self._square,
            level,
        )
        height, width = level.shape
        small = (max(1, width // _STEP), max(1, height // _STEP))
        few = cv2.resize(level, small, interpolation=cv2.INTER_AREA)
        smooth = np.asarray(cv2.GaussianBlur(few, (0, 0), _REACH / _STEP), np.float32)
        share = np.clip(np.float32(_GAIN) * smooth, np.float32(self._least), np.float32(1))
        self._share = np.asarray(
            cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
        )
