"""Ghosts: foreground whose outline is in the background and not in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._outlines import (
    BACKGROUND,
    HAS_STAYED,
    KEEPS_STILL,
    N_RIM,
    N_SUMS,
    PICTURE,
    WAS_HIDDEN,
    add_up_outlines,
    count_where,
    energy_where,
    look,
    vote,
)
from bgsub.detection._runs import AREA, BOTTOM, TOP, Regions
from bgsub.jit import as_read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["GhostFinder"]

_LOOKS = 6
_PART_VOTES = 3
_WHOLE_VOTES = 6
_STILL = np.float32(12.0)
_FOLLOW = np.float32(0.25)
# What has been background for long is known: foreground on it is rather an object.  Until
# then regions need less to be ghosts, and for a shorter while their parts can be ghosts, too.
_KNOWN_S = 10.0
_NEW_S = 3.0
# In the first seconds of a stream nothing is known: what has kept still for so long, where the
# background was seen for no longer than that, is the better guess.
_FIRST_S = 10.0
_BRIEF_S = 0.5
_LONG_S = 2.0
_YOUNG_RATIO = 1.2
_RATIO = 2.5
_MIN_CELLS = 20
# Textures have no outline at this scale (standard deviation of a Gaussian).
_SOFT = 2.0
_NOISE = 256
_MIN_RIM = 8
# As far as a rim depends on what is around it.
_RIM_REACH = 2
_SQUARE = np.ones((3, 3), np.uint8)
_WIDE_SQUARE = np.ones((5, 5), np.uint8)
# As far as softened outlines reach, in pictures half as fine.
_FAR_SQUARE = np.ones((9, 9), np.uint8)


class GhostFinder:
    """Finds foreground that is a hole in the background's picture, not an object.

    An object that stands still has an outline in the picture.  Where something that was taken
    for background has left, the outline is in the background's picture.  Foreground that has
    stayed is compared several times, so that one unlucky frame does not count: whole regions,
    and, where the background was not seen for long, the parts of regions whose picture keeps
    coming back to the same look.  In busy footage ghosts touch the objects that pass, and
    would not be found otherwise; later, when what stands still is rather an object, parts of
    it are left alone.

    In the first ten seconds of a stream, what has kept still for two where the background was
    seen for half a second at most is the background, outline or not.

    Parameters
    ----------
    shape : tuple of int
        Of the grid, (h, w).
    after_s : float
        How long ghosts stay that show in the first seconds; whole regions that show later
        stay for twice as long.  There are six looks in this time, and at most one a frame.
    """

    def __init__(self, shape: tuple[int, int], *, after_s: float) -> None:
        self._every_s = after_s / _LOOKS
        self._next_s = -np.inf
        self._first_until_s: float | None = None
        self._n_brief = _looks_in(_BRIEF_S, self._every_s)
        self._n_long = _looks_in(_LONG_S, self._every_s)
        self._n_known = _looks_in(_KNOWN_S, self._every_s)
        self._n_new = _looks_in(_NEW_S, self._every_s)
        self._n_foreground = np.zeros(shape, np.uint8)
        self._n_background = np.zeros(shape, np.uint16)
        self._n_still = np.zeros(shape, np.int16)
        self._part_votes = np.zeros(shape, np.uint8)
        self._whole_votes = np.zeros(shape, np.uint8)
        # What cells look like while they are foreground, whatever passes in between, after the
        # majority vote of Boyer and Moore (1981): a look gains by each picture that agrees and
        # loses by each that does not; when it has nothing left, another takes its place.
        self._looks = np.zeros(shape, np.float32)
        self._n_seen = np.zeros(shape, np.int8)
        self._is_seen = np.zeros(shape, np.uint8)
        self._known: tuple[NDArray[np.uint8], NDArray[np.int16]] | None = None

    def find(
        self,
        regions: Regions,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
        timestamp_s: float,
    ) -> NDArray[np.bool_] | None:
        """Look at one frame.

        Parameters
        ----------
        regions : Regions
            What was decided.
        picture, background : ndarray of uint8, shape (h, w)
            Luma of the frame and of the background.
        timestamp_s : float
            The frame's time.

        Returns
        -------
        ndarray of bool, shape (h, w), or None
            Where ghosts are, and what is shown there now is the background; None if there is
            none, or it was not time to look.
        """
        if timestamp_s < self._next_s:
            return None
        # Looks that come late because frames are far apart are not to add up.
        self._next_s = max(self._next_s, timestamp_s - self._every_s) + self._every_s
        found = self._looked(picture, regions.mask, timestamp_s)
        wholes = None
        if found & HAS_STAYED:
            wholes = self._wholes(regions, picture, background)
        else:
            self._whole_votes[:] = 0
        parts = None
        if found & KEEPS_STILL:
            parts = self._parts(regions.mask, background)
        else:
            self._part_votes[:] = 0
        hidden = self._hidden() if found & WAS_HIDDEN else None
        ghosts = [kind for kind in (wholes, parts, hidden) if kind is not None]
        if not ghosts:
            return None
        where: NDArray[np.bool_] = np.logical_or.reduce(ghosts)
        for count in (self._part_votes, self._whole_votes, self._n_background, self._n_still):
            count[where] = 0
        return where

    def _looked(self, picture: NDArray[np.uint8], mask: Mask, timestamp_s: float) -> int:
        """Count a look, and return what may be found."""
        if self._first_until_s is None:
            self._first_until_s = timestamp_s + _FIRST_S
        return look(
            as_read_only(picture),
            as_read_only(mask),
            _STILL,
            _FOLLOW,
            _LOOKS,
            _LOOKS - _PART_VOTES,
            self._n_new,
            self._n_known,
            self._n_brief,
            self._n_long,
            timestamp_s <= self._first_until_s,
            self._looks,
            self._n_seen,
            self._is_seen,
            self._n_foreground,
            self._n_background,
            self._n_still,
        )

    def _hidden(self) -> NDArray[np.bool_]:
        """Return what was hidden by something that left right after the stream's beginning."""
        was_seen = (self._n_background > 0) & (self._n_background <= self._n_brief)
        found: NDArray[np.bool_] = (self._n_still >= self._n_long) & was_seen
        return found

    def _wholes(
        self,
        regions: Regions,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
    ) -> NDArray[np.bool_] | None:
        """Return the regions that are ghosts and of which most has stayed."""
        sizes = regions.boxes[:, AREA]
        n_stayed = np.zeros(len(sizes), np.int64)
        has_stayed = (self._n_foreground >= _LOOKS).view(np.uint8)
        count_where(regions.runs, as_read_only(has_stayed), n_stayed)
        is_asked = (sizes >= _MIN_CELLS) & (2 * n_stayed > sizes)
        # Where things move this is nearly always so, and saves most of the work.
        if not is_asked.any():
            self._whole_votes[:] = 0
            return None
        pictures = _softened(picture), self._softened_background(background)
        suspects = _suspects(
            regions,
            is_asked,
            _rim_of(regions, is_asked),
            pictures,
            _scale(*pictures, regions.mask),
            self._n_background,
            self._n_known,
        )
        if not vote(regions.runs, suspects, np.uint8(_WHOLE_VOTES), self._whole_votes):
            return None
        return self._whole_votes >= _WHOLE_VOTES

    def _parts(self, mask: Mask, background: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
        """Return the parts of regions that are ghosts and keep still."""
        is_still = self._n_seen >= _LOOKS - _PART_VOTES
        is_still &= self._n_background < self._n_new
        part = is_still.view(np.uint8) * np.uint8(255)
        regions = Regions(part)
        is_asked = regions.boxes[:, AREA] >= _MIN_CELLS
        if not is_asked.any():
            self._part_votes[:] = 0
            return None
        moves = mask & ~part
        # Where a part ends at what moves, neither picture has the outline.
        rim = _rim(mask) & part & ~_grown(moves, _WIDE_SQUARE)
        looks = np.asarray(cv2.convertScaleAbs(self._looks), np.uint8)
        pictures = _softened(looks), self._softened_background(background)
        suspects = _suspects(regions, is_asked, rim, pictures, _scale(*pictures, mask))
        if not vote(regions.runs, suspects, np.uint8(_PART_VOTES), self._part_votes):
            return None
        is_seen = self._is_seen > 0
        found = (self._part_votes >= _PART_VOTES) & is_seen
        if not found.any():
            return None
        around: NDArray[np.bool_] = _grown(found.view(np.uint8), _SQUARE) > 0
        around &= (moves == 0) & is_seen
        return around

    def _softened_background(self, background: NDArray[np.uint8]) -> NDArray[np.int16]:
        """Return the background softened; for several looks it is the same array."""
        if self._known is None or self._known[0] is not background:
            self._known = background, _softened(background)
        return self._known[1]


def _softened(picture: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return a picture without its texture, half as fine, in sixteenths of a level."""
    few = cv2.resize(picture, _half_size(picture), interpolation=cv2.INTER_AREA)
    fine = np.left_shift(few, 4, dtype=np.int16)
    return cv2.GaussianBlur(fine, (0, 0), _SOFT / 2)  # type: ignore[return-value]


def _half_size(picture: NDArray[np.uint8]) -> tuple[int, int]:
    height, width = picture.shape
    return (width + 1) // 2, (height + 1) // 2


def _looks_in(seconds: float, every_s: float) -> int:
    return max(1, round(seconds / max(every_s, 0.001)))


def _suspects(
    regions: Regions,
    is_asked: NDArray[np.bool_],
    rim: Mask,
    pictures: tuple[NDArray[np.int16], NDArray[np.int16]],
    scale: float,
    n_background: NDArray[np.uint16] | None = None,
    n_known: int = 0,
) -> NDArray[np.bool_]:
    """Return which of the regions that are asked for have a stronger outline in the background.

    By the number of the region.  Where the background was seen for less than `n_known` looks,
    it need not be as much stronger.
    """
    sums = np.zeros((len(regions) + 1, N_SUMS))
    if n_background is None:
        n_background = np.zeros(rim.shape, np.uint16)
    add_up_outlines(
        regions.runs,
        is_asked,
        as_read_only(rim),
        as_read_only(pictures[0]),
        as_read_only(pictures[1]),
        n_background,
        np.uint16(n_known),
        _YOUNG_RATIO * scale,
        _RATIO * scale,
        sums,
    )
    is_ghost: NDArray[np.bool_] = sums[:, BACKGROUND] > sums[:, PICTURE]
    is_ghost &= sums[:, N_RIM] >= _MIN_RIM
    return is_ghost


def _rim_of(regions: Regions, which: NDArray[np.bool_]) -> Mask:
    """Return the rim of some regions; of others it may be missing."""
    boxes = regions.boxes[which]
    rows = slice(
        max(int(boxes[:, TOP].min()) - _RIM_REACH, 0), int(boxes[:, BOTTOM].max()) + _RIM_REACH
    )
    rim = np.zeros_like(regions.mask)
    rim[rows] = _rim(regions.mask[rows])
    return rim


def _rim(mask: Mask) -> Mask:
    """Return the outer two cells of the regions."""
    return _grown(mask & _grown(~mask, _SQUARE), _SQUARE) & mask


def _grown(mask: Mask, element: Mask) -> Mask:
    return cv2.dilate(mask, element)  # type: ignore[return-value]


def _scale(picture: NDArray[np.int16], background: NDArray[np.int16], mask: Mask) -> float:
    """Return the factor on the picture's energy that makes both equal off the mask.

    A frame that is darker or less sharp than the background has less energy everywhere.
    """
    few = cv2.resize(mask, _half_size(mask), interpolation=cv2.INTER_NEAREST)
    calm = as_read_only(~_grown(np.asarray(few, np.uint8), _FAR_SQUARE))
    # A little noise keeps an even picture from being divided by nothing.
    noise = _NOISE * max(1, cv2.countNonZero(calm))
    in_picture = energy_where(as_read_only(picture), calm) + noise
    return (energy_where(as_read_only(background), calm) + noise) / in_picture
