"""Shadows that objects cast: regions at their foot that show the ground, darker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._regions import choose
from bgsub.detection._runs import AREA, Regions
from bgsub.detection._seeds import find_dimmed, find_seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_shadows"]

# Lengths and areas below are meant for pictures of this many lines.
_LINES = 240
# Objects below this are not examined, nor are seeds of shadows below that, in pixels.
_MIN_OBJECT_PX = 50
_MIN_SEED_PX = 10
# Limits of the log ratio of picture and background, of the difference between the channels'
# ratios and of the ratio's gradient per pixel: a seed is what is darker evenly.
_DARKEST, _BRIGHTEST = -1.0, -0.15
_MOST_SPREAD = 0.18
_MOST_GRADIENT = 0.35
# Added to the levels before the logarithm is taken: noise in the dark is no ratio.
_LEVEL = 4.0
# The edge of a shadow, where it is soft or mixed with others, is not part of the seed.
_GROW = np.ones((5, 5), np.uint8)
# A shadow ends with the object's lower edge to within this.
_REACH_PX = 5

_LOGARITHMS = np.log(np.arange(256) + _LEVEL).astype(np.float32)


def find_shadows(
    regions: Regions, picture: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    """Return which part of the foreground is shadow.

    No property of single pixels tells a hard shadow from an object in every scene.  Regions
    can be told: a shadow is darker than the ground by nearly the same factor in all channels
    and everywhere, lies at the foot of an object, and shows the ground's texture, is long and
    low or sticks out.  What is so dark that nothing can be seen in it stays foreground.

    Parameters
    ----------
    regions : Regions
        Of the foreground.
    picture, background : ndarray of uint8, shape (h, w) or (h, w, 3)
        The frame and what is behind the foreground.

    Returns
    -------
    ndarray of bool, shape (h, w), or None
        True where the foreground is shadow; also in a rim of two pixels around it, which is
        background here and may be foreground in a finer mask.  None if there is no shadow.

    References
    ----------
    A. Sanin, C. Sanderson and B. C. Lovell, "Shadow detection: a survey and comparative
    evaluation of recent methods", Pattern Recognition 45, 2012, sections 2.4 and 2.5: regions
    of constant chromaticity, compared by their texture.
    """
    shape = regions.mask.shape
    scale = max(1.0, shape[0] / _LINES)
    is_object = regions.boxes[:, AREA] >= _MIN_OBJECT_PX * scale * scale
    if not is_object.any():
        return None
    dimmed = find_dimmed(
        regions.runs,
        is_object,
        picture,
        background,
        _LOGARITHMS,
        darkest=_DARKEST,
        brightest=_BRIGHTEST,
        most_spread=_MOST_SPREAD,
        most_gradient=_MOST_GRADIENT,
    )
    found = find_seeds(regions.runs, dimmed)
    if found is None:
        return None
    seeds = Regions(found, diagonal=False)
    reach_px = round(_REACH_PX * scale) + _GROW.shape[0] // 2
    min_px = _MIN_SEED_PX * scale * scale
    chosen = choose(regions, seeds, picture, background, _LOGARITHMS, reach_px, min_px)
    if chosen is None:
        return None
    return np.asarray(cv2.dilate(chosen, _GROW), np.uint8).view(np.bool_)
