"""From the distances of single pixels to evidence that takes their neighbours into account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._decide import decide
from bgsub.mixture import SCORE_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection._grid import Grid
    from bgsub.frames import Mask, Probability

__all__ = [
    "Evidence",
    "coarse_mask",
    "distances",
    "fine_mask",
    "smoothed",
    "thresholds_of_levels",
    "unsmoothed",
]

# What is farther from the background is not more certainly foreground.
_FARTHEST = np.float32(3.0)
_MID_GREY = 128
_SIGMA = 1.0
_RADIUS = 2
_FLATNESS = 300.0
# Cells below this much evidence are background whatever their luma interpolates to.
_NEGLIGIBLE = 0.5
_NEIGHBOURS = np.ones((3, 3), np.uint8)


class Evidence:
    """Evidence of each cell as a linear function of the luma: ``slope * luma + offset``.

    Attributes
    ----------
    slope, offset : ndarray of float32, shape (h, w)
        In match thresholds; 1 is where background and foreground meet.
    values : ndarray of float32, shape (h, w)
        The evidence of the cells themselves.
    """

    def __init__(
        self,
        slope: NDArray[np.float32],
        offset: NDArray[np.float32],
        luma: NDArray[np.float32],
    ) -> None:
        self.slope = slope
        self.offset = offset
        self.values: NDArray[np.float32] = slope * luma + offset


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
    found = scores.astype(np.float32)
    found *= np.float32(1.0 / SCORE_UNIT)
    found /= threshold
    np.minimum(found, _FARTHEST, out=found)
    return found if widening is None else found / widening


def unsmoothed(found: NDArray[np.float32], luma: NDArray[np.float32]) -> Evidence:
    """Return evidence that is each cell's own distance."""
    return Evidence(np.zeros_like(found), found, luma)


def smoothed(found: NDArray[np.float32], luma: NDArray[np.float32]) -> Evidence:
    """Smooth distances along the edges of the picture.

    A Gaussian, then a guided filter [1]_: in every window the distances are fitted by a
    linear function of the luma, so that the edges of what is decided follow those that can be
    seen.

    Parameters
    ----------
    found : ndarray of float32, shape (h, w)
        Distances in match thresholds.
    luma : ndarray of float32, shape (h, w)
        The picture, 0 to 255.

    References
    ----------
    .. [1] K. He, J. Sun and X. Tang, "Guided image filtering", PAMI 2013, section 3; the
       interpolation of the coefficients: K. He and J. Sun, "Fast guided filter", 2015.
    """
    height, width = found.shape
    half = (max(1, width // 2), max(1, height // 2))
    guide = _resized(luma, half, cv2.INTER_AREA)
    soft = _resized(cv2.GaussianBlur(found, (0, 0), _SIGMA), half, cv2.INTER_AREA)
    guide_mean, soft_mean = _mean(guide), _mean(soft)
    slope = _mean(guide * soft)
    slope -= guide_mean * soft_mean
    variance = _mean(guide * guide)
    variance -= guide_mean * guide_mean
    variance += np.float32(_FLATNESS)
    slope /= variance
    offset = soft_mean
    offset -= slope * guide_mean
    full = (width, height)
    return Evidence(
        _resized(_mean(slope), full, cv2.INTER_LINEAR),
        _resized(_mean(offset), full, cv2.INTER_LINEAR),
        luma,
    )


def coarse_mask(evidence: Evidence, last: Mask, hysteresis: float) -> Mask:
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
    Mask, shape (h, w)
        0 or 255.
    """
    values = evidence.values
    sure = values > 1.0 + hysteresis
    sure |= (values > 1.0 - hysteresis) & (last > 0)
    return sure.view(np.uint8) * np.uint8(255)


def fine_mask(
    evidence: Evidence,
    luma: NDArray[np.uint8],
    last: Mask,
    hysteresis: float,
    grid: Grid,
    *,
    with_probability: bool,
) -> tuple[Mask, Probability | None]:
    """Decide the pixels, whose evidence follows the luma between the cells.

    Parameters
    ----------
    evidence : Evidence
        Of the cells.
    luma : ndarray of uint8, shape (H, W)
        The picture.
    last : Mask, shape (H, W)
        The last frame's mask.
    hysteresis : float
        Half the width of the band in which decisions stay.
    grid : Grid
        Where the cells are.
    with_probability : bool
        Whether to say how sure the decisions are.

    Returns
    -------
    tuple of Mask and Probability or None
        New arrays of shape (H, W).  The probability is e² / (e² + t²) of evidence e and its
        threshold t: at least 128 where the mask is 255, below elsewhere.
    """
    shape = luma.shape
    is_near: Mask = cv2.dilate((evidence.values > _NEGLIGIBLE).view(np.uint8), _NEIGHBOURS)  # type: ignore[assignment]
    mask = np.zeros(shape, np.uint8)
    probability = np.zeros(shape if with_probability else (0, 0), np.uint8)
    decide(
        evidence.slope,
        evidence.offset,
        is_near,
        luma,
        grid.rows,
        grid.row_shares,
        grid.starts,
        grid.column_shares,
        np.float32(hysteresis),
        last,
        mask,
        probability,
    )
    return mask, probability if with_probability else None


def _resized(
    values: NDArray[np.float32] | cv2.typing.MatLike, size: tuple[int, int], how: int
) -> NDArray[np.float32]:
    return cv2.resize(values, size, interpolation=how)  # type: ignore[return-value]


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    size = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
    return cv2.blur(values, size, borderType=cv2.BORDER_REFLECT)  # type: ignore[return-value]
