"""From the distances of single pixels to evidence that takes their neighbours into account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._decide import decide, decide_cells, find_distances
from bgsub.detection._guided import make_scratch, smooth_guided, taps_of_pairs
from bgsub.detection._small import raise_small
from bgsub.jit import as_read_only
from bgsub.mixture import SCORE_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection._grid import Grid
    from bgsub.frames import Mask, Probability
    from bgsub.mixture.workers import Workers

__all__ = [
    "NEGLIGIBLE",
    "Evidence",
    "decided_cells",
    "distances",
    "fine_mask",
    "keep_small",
    "smoothed",
    "thresholds_of_levels",
    "unsmoothed",
]

# What is farther from the background is not more certainly foreground.
_FARTHEST = np.float32(3.0)
_MID_GREY = 128
_SIGMA = 1.0
# One half of that Gaussian, at half the resolution.
_PAIRS = taps_of_pairs(cv2.getGaussianKernel(9, _SIGMA)[:5, 0].astype(np.float32))
_FLATNESS = 300.0
# What is smaller than the smoothing reaches is evidence by itself if a square of 3 × 3 is on
# average so many times as far from the background.  Only what may be decided by it is raised.
_SMALL = 1.8
_LEAST_SMALL = np.float32(0.9)
# Cells below this much evidence are background whatever their luma interpolates to.
NEGLIGIBLE = 0.5
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_NO_FACTORS = np.zeros((0, 0), np.float32)


class Evidence:
    """Evidence of each cell as a linear function of the luma: ``slope * luma + offset``.

    Attributes
    ----------
    slope, offset : ndarray of float32, shape (h, w)
        In match thresholds; 1 is where background and foreground meet.
    luma : ndarray of uint8, shape (h, w)
        The picture.
    """

    def __init__(
        self,
        slope: NDArray[np.float32],
        offset: NDArray[np.float32],
        luma: NDArray[np.uint8],
    ) -> None:
        self.slope = slope
        self.offset = offset
        self.luma = luma

    @property
    def values(self) -> NDArray[np.float32]:
        """The evidence of the cells themselves, shape (h, w)."""
        return self.slope * self.luma.astype(np.float32) + self.offset


def thresholds_of_levels(dark_threshold: float) -> NDArray[np.float32]:
    """Return the threshold of each luma as a share of that of bright cells, shape (256,).

    Contrast, shading and noise shrink with the light: what differs by few levels in the dark
    differs as much as what differs by many in the sun.

    Parameters
    ----------
    dark_threshold : float
        The share at black; it rises linearly to 1 at mid-grey.
    """
    levels = np.arange(256) / _MID_GREY
    return np.minimum(dark_threshold + (1 - dark_threshold) * levels, 1).astype(np.float32)


def distances(
    scores: NDArray[np.uint8],
    threshold: NDArray[np.float32],
    widening: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Return how far cells are from their background, in their own thresholds.

    Parameters
    ----------
    scores : ndarray of uint8, shape (h, w)
        As :meth:`bgsub.MixtureModel.score` returns them.
    threshold : ndarray of float32, shape (h, w)
        The threshold of each cell in match thresholds.
    widening : ndarray of float32, shape (h, w), or None
        More factors on it; None is 1 everywhere.

    Returns
    -------
    ndarray of float32, shape (h, w)
        0 to 3.
    """
    found = np.empty(scores.shape, np.float32)
    factors = _NO_FACTORS if widening is None else widening
    unit = np.float32(1.0 / SCORE_UNIT)
    find_distances(as_read_only(scores), unit, threshold, factors, _FARTHEST, found)
    return found


def unsmoothed(found: NDArray[np.float32], luma: NDArray[np.uint8]) -> Evidence:
    """Return evidence that is each cell's own distance."""
    return Evidence(np.zeros_like(found), found, luma)


def smoothed(found: NDArray[np.float32], luma: NDArray[np.uint8], workers: Workers) -> Evidence:
    """Smooth distances along the edges of the picture.

    A Gaussian, then a guided filter [1]_: in every window the distances are fitted by a
    linear function of the luma, so that the edges of what is decided follow those that can be
    seen.

    Parameters
    ----------
    found : ndarray of float32, shape (h, w)
        Distances in match thresholds.
    luma : ndarray of uint8, shape (h, w)
        The picture.
    workers : Workers
        Who smooths.

    References
    ----------
    .. [1] K. He, J. Sun and X. Tang, "Guided image filtering", PAMI 2013, section 3; the
       interpolation of the coefficients: K. He and J. Sun, "Fast guided filter", 2015.
    """
    fitted = np.empty((2, *found.shape), np.float32)
    pixels = as_read_only(luma)

    def work(first: int, last: int) -> None:
        scratch = make_scratch(pixels.shape[1])
        flatness = np.float32(_FLATNESS)
        smooth_guided(found, pixels, _PAIRS, flatness, fitted, scratch, first, last)

    workers.run_rows(work, (len(luma) + 1) // 2, 2 * luma.shape[1])
    return Evidence(fitted[0], fitted[1], luma)


def keep_small(
    evidence: Evidence,
    found: NDArray[np.float32],
    widening: NDArray[np.float32] | None,
    workers: Workers,
) -> None:
    """Raise smoothed evidence where there is something small that smoothing has thinned out.

    Parameters
    ----------
    evidence : Evidence
        Changed where something small is.
    found : ndarray of float32, shape (h, w)
        The distances that were smoothed.
    widening : ndarray of float32, shape (h, w), or None
        Factors by which they were shortened where the background blinks, in small spots mostly:
        there something small has to be farther by as much again.
    workers : Workers
        Who looks.
    """
    factors = _NO_FACTORS if widening is None else widening
    share = np.float32(1 / (9 * _SMALL))
    pixels = as_read_only(evidence.luma)
    slope, offset = evidence.slope, evidence.offset

    def work(first: int, last: int) -> None:
        raise_small(found, pixels, factors, share, _LEAST_SMALL, slope, offset, first, last)

    workers.run_rows(work, *found.shape)


def decided_cells(evidence: Evidence, last: Mask, hysteresis: float) -> tuple[Mask, Mask]:
    """Decide the cells.

    Parameters
    ----------
    evidence : Evidence
        Of the frame.
    last : Mask, shape (h, w)
        The last frame's decisions.
    hysteresis : float
        Half the width of the band in which they stay.

    Returns
    -------
    tuple of Mask, shape (h, w)
        The decisions, 0 or 255, and 1 in cells that are near one or foreground.
    """
    mask, is_near = np.empty_like(last), np.empty_like(last)
    decide_cells(
        evidence.slope,
        evidence.offset,
        as_read_only(evidence.luma),
        as_read_only(last),
        np.float32(hysteresis),
        np.float32(NEGLIGIBLE),
        mask,
        is_near,
    )
    return mask, is_near


def fine_mask(
    evidence: Evidence,
    is_near: Mask,
    picture: NDArray[np.uint8],
    last: Mask,
    hysteresis: float,
    grid: Grid,
    workers: Workers,
    *,
    with_probability: bool,
) -> tuple[Mask, Probability | None]:
    """Decide the pixels, whose evidence follows the luma between the cells.

    Parameters
    ----------
    evidence : Evidence
        Of the cells.
    is_near : Mask, shape (h, w)
        0 in cells that, and whose neighbours, have no foreground pixels.
    picture : ndarray of uint8, shape (H, W) or (H, W, 3)
        The picture.
    last : Mask, shape (H, W)
        The last frame's mask.
    hysteresis : float
        Half the width of the band in which decisions stay.
    grid : Grid
        Where the cells are.
    workers : Workers
        Who decides.
    with_probability : bool
        Whether to say how sure the decisions are.

    Returns
    -------
    tuple of Mask and Probability or None
        New arrays of shape (H, W).  The probability is e² / (e² + t²) of evidence e and its
        threshold t: at least 128 where the mask is 255, below elsewhere.
    """
    shape = picture.shape[:2]
    mask = np.zeros(shape, np.uint8)
    probability = np.zeros(shape if with_probability else (0, 0), np.uint8)
    grown = np.asarray(cv2.dilate(is_near, _NEIGHBOURS), np.uint8)
    before = as_read_only(last)

    def work(first: int, last: int) -> None:
        decide(
            evidence.slope,
            evidence.offset,
            grown,
            picture,
            grid.step,
            grid.rows,
            grid.row_shares,
            np.float32(hysteresis),
            before,
            mask,
            probability,
            first,
            last,
        )

    workers.run_rows(work, *shape)
    return mask, probability if with_probability else None
