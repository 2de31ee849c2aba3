"""Ghosts: foreground whose outline is in the background and not in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Mask

__all__ = ["GhostFinder"]

_LOOKS = 6
_PART_VOTES = 3
_WHOLE_VOTES = 6
_STILL = np.float32(12.0)
_FOLLOW = 0.25
# What has been background for long is known: foreground on it is rather an object.  Until
# then regions need less to be ghosts, and for a shorter while their parts can be ghosts, too.
_KNOWN_S = 10.0
_NEW_S = 3.0
_YOUNG_RATIO = 1.2
_RATIO = 1.5
_MIN_CELLS = 20
_MIN_RIM = 8
_SQUARE = np.ones((3, 3), np.uint8)
_WIDE_SQUARE = np.ones((5, 5), np.uint8)


class GhostFinder:
    """Finds foreground that is a hole in the background's picture, not an object.

    An object that stands still has an outline in the picture.  Where something that was taken
    for background has left, the outline is in the background's picture.  Foreground that has
    stayed is compared several times, so that one unlucky frame does not count: whole regions,
    and, where the background was not seen for long, the parts of regions whose picture keeps
    coming back to the same look.  In busy footage ghosts touch the objects that pass, and
    would not be found otherwise; later, when what stands still is rather an object, parts of
    it are left alone.

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
        self._n_known = _looks_in(_KNOWN_S, self._every_s)
        self._n_new = _looks_in(_NEW_S, self._every_s)
        self._n_foreground = np.zeros(shape, np.uint8)
        self._n_background = np.zeros(shape, np.uint16)
        self._part_votes = np.zeros(shape, np.uint8)
        self._whole_votes = np.zeros(shape, np.uint8)
        self._look = _Look(shape)

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
            What was decided, 0 or 255.
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
        is_on = mask > 0
        self._look.follow(picture, is_on)
        self._n_foreground += self._n_foreground < _LOOKS
        self._n_foreground[~is_on] = 0
        self._n_background += (self._n_background < self._n_known) & ~is_on
        found = self._wholes(mask, picture, background)
        found |= self._parts(mask, background)
        if not found.any():
            return None
        for count in (self._part_votes, self._whole_votes, self._n_background):
            count[found] = 0
        return found

    def _wholes(
        self,
        mask: Mask,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
    ) -> NDArray[np.bool_]:
        """Return the regions that are ghosts, if most of them has stayed."""
        has_stayed = self._n_foreground >= _LOOKS
        if not has_stayed.any():
            self._whole_votes[:] = 0
            return has_stayed
        is_young = self._n_background < self._n_known
        ratios = np.where(is_young, np.float32(_YOUNG_RATIO), np.float32(_RATIO))
        outlines = _outlines(picture, background, mask)
        suspects = _suspects(mask, has_stayed, _rim(mask) > 0, outlines, ratios)
        return _voted(self._whole_votes, suspects, _WHOLE_VOTES)

    def _parts(self, mask: Mask, background: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return the parts of regions that are ghosts and keep still."""
        is_still = self._look.n_seen >= _LOOKS - _PART_VOTES
        is_still &= self._n_background < self._n_new
        if not is_still.any():
            self._part_votes[:] = 0
            return is_still
        part = is_still.view(np.uint8) * np.uint8(255)
        moves = mask & ~part
        # Where a part ends at what moves, neither picture has the outline.
        rim = (_rim(mask) & part & ~_grown(moves, _WIDE_SQUARE)) > 0
        outlines = _outlines(self._look.picture(), background, mask)
        ratios = np.full(mask.shape, _RATIO, np.float32)
        suspects = _suspects(part, is_still, rim, outlines, ratios)
        found = _voted(self._part_votes, suspects, _PART_VOTES)
        found &= self._look.is_seen
        if found.any():
            margin = _grown(found.view(np.uint8), _SQUARE) > 0
            found = margin & (moves == 0) & self._look.is_seen
        return found


class _Look:
    """What cells look like while they are foreground, whatever passes in between.

    After the majority vote of Boyer and Moore (1981): a look gains by each picture that agrees
    and loses by each that does not; when it has nothing left, another takes its place.

    Attributes
    ----------
    n_seen : ndarray of int8, shape (h, w)
        What the look has gained, at most as many as there are looks.
    is_seen : ndarray of bool, shape (h, w)
        Where the last picture agreed.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.n_seen = np.zeros(shape, np.int8)
        self.is_seen = np.zeros(shape, bool)
        self._mean = np.zeros(shape, np.float32)

    def picture(self) -> NDArray[np.uint8]:
        """Return the looks."""
        return cv2.convertScaleAbs(self._mean)  # type: ignore[return-value]

    def follow(self, picture: NDArray[np.uint8], is_on: NDArray[np.bool_]) -> None:
        """Compare a picture; what is no foreground begins anew."""
        self.is_seen = np.abs(picture - self._mean) <= _STILL
        self.n_seen += np.where(self.is_seen, np.int8(1), np.int8(-1))
        np.minimum(self.n_seen, np.int8(_LOOKS), out=self.n_seen)
        begins = ~is_on | (self.n_seen < 0)
        self.n_seen[begins] = 0
        cv2.accumulateWeighted(picture, self._mean, _FOLLOW, mask=self.is_seen.view(np.uint8))
        begins &= ~self.is_seen
        self._mean[begins] = picture[begins]


def _looks_in(seconds: float, every_s: float) -> int:
    return max(1, round(seconds / max(every_s, 0.001)))


def _voted(
    votes: NDArray[np.uint8], suspects: NDArray[np.bool_], n_votes: int
) -> NDArray[np.bool_]:
    """Count a vote for each suspect, in place; return where there are enough."""
    votes += votes < n_votes
    votes[~suspects] = 0
    return votes >= n_votes


def _suspects(
    regions: Mask,
    has_stayed: NDArray[np.bool_],
    rim: NDArray[np.bool_],
    outlines: tuple[NDArray[np.float32], NDArray[np.float32]],
    ratios: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Return the regions whose outline is stronger by the ratios in the background."""
    n_regions, labels = cv2.connectedComponents(regions, connectivity=8)
    on_rim = labels[rim]
    sizes = np.bincount(labels[regions > 0], minlength=n_regions)
    stayed = np.bincount(labels[has_stayed], minlength=n_regions)
    in_picture = np.bincount(on_rim, (outlines[0] * ratios)[rim], minlength=n_regions)
    in_background = np.bincount(on_rim, outlines[1][rim], minlength=n_regions)
    is_ghost = (in_background > in_picture) & (2 * stayed > sizes)
    is_ghost &= sizes >= _MIN_CELLS
    is_ghost &= np.bincount(on_rim, minlength=n_regions) >= _MIN_RIM
    is_ghost[0] = False
    return is_ghost[np.asarray(labels)]


def _rim(mask: Mask) -> Mask:
    """Return the outer two cells of the regions."""
    return _grown(mask & _grown(~mask, _SQUARE), _SQUARE) & mask


def _grown(mask: Mask, element: Mask) -> Mask:
    return cv2.dilate(mask, element)  # type: ignore[return-value]


def _outlines(
    picture: NDArray[np.uint8], background: NDArray[np.uint8], mask: Mask
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the energies of picture and background, the same on average off the mask.

    A frame that is darker or less sharp than the background has less energy everywhere.
    """
    in_picture, in_background = _energy(picture), _energy(background)
    calm = ~_grown(mask, _WIDE_SQUARE)
    # One level of noise keeps an even picture from being divided by nothing.
    scale = (cv2.mean(in_background, calm)[0] + 1) / (cv2.mean(in_picture, calm)[0] + 1)
    in_picture *= np.float32(scale)
    return in_picture, in_background


def _energy(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the squared gradient."""
    across = cv2.Sobel(image, cv2.CV_32F, 1, 0)
    along = cv2.Sobel(image, cv2.CV_32F, 0, 1)
    return across * across + along * along
