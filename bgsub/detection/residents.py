"""What stands in the first frame of a scene whose background is known, and keeps still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._runs import AREA, BOTTOM, LEFT, RIGHT, TOP, Regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["Residents"]

# There are so many looks in the time after which something is part of the scene; in this share
# of them its cells may look different: somebody passed.
_LOOKS = 10
_MOST_HIDDEN = 0.25
# Difference of smoothed lumas that is no noise.
_NOISE = 12
_BOX = (3, 3)
# Share of the picture below which nothing is examined.
_LEAST = 0.001
# Share of its cells that look different when it moves.
_MOST_MOVED = 0.3
# Foreground of which this share is hidden is hidden whole: smoothed evidence spreads.
_MOSTLY = 0.7
# Around it there is foreground in a finer mask.
_GROW = np.ones((5, 5), np.uint8)
_MARGIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resident:
    """One thing, in the part of the picture that it fills."""

    part: tuple[slice, slice]
    cells: NDArray[np.bool_]
    grown: NDArray[np.bool_]
    look: NDArray[np.uint8]


class Residents:
    """Finds what belongs to the scene until it moves, though the background behind it is known.

    Where a clip was looked through first, or a model was kept from an earlier run, a car that
    is parked in the first frame is foreground, which nobody who watches would call it.  What
    has kept still since the first frame is hidden in the masks, but not learnt: when it moves
    it is an object, and leaves no ghost.

    Parameters
    ----------
    after_s : float
        How long it has to keep still.
    """

    def __init__(self, *, after_s: float) -> None:
        self._after_s = after_s
        self._first: tuple[Mask, NDArray[np.uint8]] | None = None
        self._first_s = 0.0
        self._n_looks = 0
        self._n_changed: NDArray[np.uint8] | None = None
        self._found: list[_Resident] | None = None

    def hidden(
        self, regions: Regions, luma: NDArray[np.uint8], timestamp_s: float
    ) -> NDArray[np.bool_] | None:
        """Return which part of the foreground is not to be shown.

        Parameters
        ----------
        regions : Regions
            Of the foreground, on a grid of shape (h, w).
        luma : ndarray of uint8, shape (h, w)
            Of the frame.
        timestamp_s : float
            The frame's time.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            Also in a rim of two cells around it; None if there is nothing.
        """
        if self._found is None:
            self._look(regions.mask, luma, timestamp_s)
        if not self._found:
            return None
        hidden = np.zeros(luma.shape, bool)
        kept = []
        for one in self._found:
            is_changed = _is_changed(luma[one.part], one.look)
            if np.mean(is_changed[one.cells]) <= _MOST_MOVED:
                kept.append(one)
                hidden[one.part] |= one.grown & ~is_changed
        self._found = kept
        if not kept:
            return None
        sizes = np.bincount(regions.labels[hidden], minlength=len(regions.boxes))
        is_hidden = sizes >= _MOSTLY * regions.boxes[:, AREA]
        if is_hidden[1:].any():
            whole = np.asarray(
                cv2.dilate(regions.chosen(is_hidden).view(np.uint8), _GROW), np.uint8
            )
            hidden |= whole.view(np.bool_)
        return hidden

    def _look(self, mask: Mask, luma: NDArray[np.uint8], timestamp_s: float) -> None:
        """Take note of what has changed since the first frame, until it is time to tell."""
        if self._first is None:
            self._first, self._first_s = (mask.copy(), luma.copy()), timestamp_s
            self._n_changed = np.zeros(mask.shape, np.uint8)
            if cv2.countNonZero(mask) < _LEAST * mask.size:
                self._found = []
            return
        assert self._n_changed is not None
        passed_s = timestamp_s - self._first_s
        if passed_s * _LOOKS >= (self._n_looks + 1) * self._after_s:
            self._n_looks += 1
            self._n_changed += _is_changed(luma, self._first[1])
        if passed_s >= self._after_s:
            keeps_still = self._n_changed <= _MOST_HIDDEN * self._n_looks
            self._found = _found(keeps_still & (self._first[0] > 0), self._first[1])
            self._first = self._n_changed = None


def _is_changed(luma: NDArray[np.uint8], look: NDArray[np.uint8]) -> NDArray[np.bool_]:
    difference = cv2.absdiff(cv2.blur(luma, _BOX), cv2.blur(look, _BOX))
    return np.asarray(difference, np.uint8) > _NOISE


def _found(keeps_still: NDArray[np.bool_], look: NDArray[np.uint8]) -> list[_Resident]:
    """Return the regions of what keeps still that are not too small."""
    regions = Regions(keeps_still.view(np.uint8))
    found = []
    for number in np.flatnonzero(regions.boxes[:, AREA] >= _LEAST * look.size):
        box = regions.boxes[number]
        part = (
            slice(max(0, box[TOP] - _MARGIN), box[BOTTOM] + _MARGIN),
            slice(max(0, box[LEFT] - _MARGIN), box[RIGHT] + _MARGIN),
        )
        cells = regions.labels[part] == number
        grown = np.asarray(cv2.dilate(cells.view(np.uint8), _GROW), np.uint8)
        found.append(
            _Resident(
                part=part, cells=cells, grown=grown.view(np.bool_), look=look[part].copy()
            )
        )
    return found
