"""Shadows that objects cast: regions at their foot that show the ground, darker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._regions import BY_ITSELF, decide
from bgsub.detection._runs import AREA, Regions
from bgsub.detection._seeds import find_dimmed, find_seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ShadowFinder"]

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

# Shadows that were found by themselves are counted by their log ratio, in steps of so much; so
# many pixels of them, of which this share differs by a step at most, tell a scene's tone, and
# with each picture that has some the older ones count for less.
_STEP = 0.04
_N_STEPS = round(-_DARKEST / _STEP)
_MIN_KNOWN_PX = 500
_MIN_ALIKE = 0.7
_KEPT = 0.999

_LOGARITHMS = np.log(np.arange(256) + _LEVEL).astype(np.float32)


class ShadowFinder:
    """Finds the shadows that objects cast, and learns how dark those of a scene are.

    No property of single pixels tells a hard shadow from an object in every scene.  Regions
    can be told: a shadow is darker than the ground by nearly the same factor in all channels
    and everywhere, lies at the foot of an object, and shows the ground's texture, is long and
    low or sticks out.  What is so dark that nothing can be seen in it stays foreground.

    The sun and the sky leave all shadows of a scene equally dark [1]_.  Once it is known how
    dark, what is just so dark needs less of the other signs.

    References
    ----------
    .. [1] N. Martel-Brisson and A. Zaccarin, "Learning and removing cast shadows through a
       multidistribution approach", PAMI 2007, section 3.
    .. [2] A. Sanin, C. Sanderson and B. C. Lovell, "Shadow detection: a survey and comparative
       evaluation of recent methods", Pattern Recognition 45, 2012, sections 2.4 and 2.5:
       regions of constant chromaticity, compared by their texture.
    """

    def __init__(self) -> None:
        self._tones = np.zeros(_N_STEPS)

    def find(
        self, regions: Regions, picture: NDArray[np.uint8], background: NDArray[np.uint8]
    ) -> NDArray[np.bool_] | None:
        """Return which part of the foreground is shadow.

        Parameters
        ----------
        regions : Regions
            Of the foreground.
        picture, background : ndarray of uint8, shape (h, w) or (h, w, 3)
            The frame and what is behind the foreground.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            True where the foreground is shadow; also in a rim of two pixels around it, which
            is background here and may be foreground in a finer mask.  None if there is no
            shadow.
        """
        scale = max(1.0, regions.mask.shape[0] / _LINES)
        seeds = _seeds(regions, picture, background, _MIN_OBJECT_PX * scale * scale)
        min_px = _MIN_SEED_PX * scale * scale
        if seeds is None or seeds.boxes[:, AREA].max() < min_px:
            return None
        reach_px = round(_REACH_PX * scale) + _GROW.shape[0] // 2
        verdicts, ratios = decide(
            regions,
            seeds,
            picture,
            background,
            _LOGARITHMS,
            reach_px,
            min_px,
            self._tone(),
        )
        if not verdicts.any():
            return None
        known = np.flatnonzero(verdicts == BY_ITSELF)
        self._learn(ratios[known], seeds.boxes[known, AREA] / (scale * scale))
        chosen = seeds.chosen(verdicts > 0).view(np.uint8)
        return np.asarray(cv2.dilate(chosen, _GROW), np.uint8).view(np.bool_)

    def _tone(self) -> float:
        """Return the log ratio of the scene's shadows, or what is not a number."""
        total = self._tones.sum()
        if total < _MIN_KNOWN_PX:
            return np.nan
        alike = np.convolve(self._tones, (1, 1, 1), "same")
        best = int(alike.argmax())
        if alike[best] < _MIN_ALIKE * total:
            return np.nan
        near = np.arange(max(best - 1, 0), min(best + 2, _N_STEPS))
        return -_STEP * float(np.average(near + 0.5, weights=self._tones[near]))

    def _learn(self, ratios: NDArray[np.float64], sizes: NDArray[np.float64]) -> None:
        """Count shadows by their log ratio."""
        if not len(ratios):
            return
        steps = np.clip((ratios / -_STEP).astype(np.intp), 0, _N_STEPS - 1)
        self._tones *= _KEPT
        self._tones += np.bincount(steps, weights=sizes, minlength=_N_STEPS)


def _seeds(
    regions: Regions,
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    min_px: float,
) -> Regions | None:
    """Return the places in objects of some size that may be shadow."""
    is_object = regions.boxes[:, AREA] >= min_px
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
    found = find_seeds(dimmed, regions.runs)
    return None if found is None else Regions(found, diagonal=False)
