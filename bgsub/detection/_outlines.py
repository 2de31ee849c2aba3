"""Compiled comparisons of pictures along the outlines of regions, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._runs import END, LABEL, ROW, START
from bgsub.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BACKGROUND",
    "HAS_STAYED",
    "KEEPS_STILL",
    "N_RIM",
    "N_SUMS",
    "PICTURE",
    "STAYED",
    "WAS_HIDDEN",
    "add_up_fading",
    "add_up_outlines",
    "energy_where",
    "look",
    "vote",
]

# Columns of the table of sums: pixels on the rim, pixels that have stayed, and energies on the
# rim; for fading, the steepness on the rim and the difference inside.
N_RIM, STAYED, PICTURE, BACKGROUND, N_SUMS = range(5)
# What a look may have found.
HAS_STAYED, KEEPS_STILL, WAS_HIDDEN = 1, 2, 4


@kernel
def look(
    picture: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    still: np.float32,
    share: np.float32,
    n_looks: int,
    n_part: int,
    n_new: int,
    n_known: int,
    n_brief: int,
    n_long: int,
    is_first: bool,
    mean: NDArray[np.float32],
    n_seen: NDArray[np.int8],
    is_seen: NDArray[np.uint8],
    n_foreground: NDArray[np.uint8],
    n_background: NDArray[np.uint16],
    n_still: NDArray[np.int16],
) -> int:
    """Compare a picture with what cells looked like, and count.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w)
        Luma.
    mask : ndarray of uint8, shape (h, w)
        Foreground is not 0.  Looks are followed there; elsewhere they begin anew.
    still, share : float32
        The largest difference of what agrees, and its share in the look.
    n_looks, n_known : int
        What has been foreground for so many looks has stayed; what has been background for so
        many is known.  The counts end there.
    n_part, n_new : int
        Parts keep still that agreed with their look so often, and were background for less.
    n_brief, n_long : int
        What was background for so many looks at most, and keeps still for so many, was hidden
        when the stream began.
    is_first : bool
        Whether to look for the latter.
    mean, n_seen, is_seen : ndarray of float32, int8 and uint8, shape (h, w)
        The looks, what they have gained, whether the picture agreed (0 or 1): written.
    n_foreground, n_background : ndarray of uint8 and uint16, shape (h, w)
        Looks that were foreground without a break, and all that were background: written.
    n_still : ndarray of int16, shape (h, w)
        Written if `is_first`.

    Returns
    -------
    int
        The sum of `HAS_STAYED`, `KEEPS_STILL` and `WAS_HIDDEN`, if there are such cells.
    """
    height, width = picture.shape
    # Counts as float32: Numba would make 64 bits of whole numbers, which takes twice as long.
    zero, one = np.float32(0), np.float32(1)
    most, known, new = np.float32(n_looks), np.float32(n_known), np.float32(n_new)
    part, brief, long = np.float32(n_part), np.float32(n_brief), np.float32(n_long)
    found = np.uint8(0)
    for y in range(height):
        for x in range(width):
            level = np.float32(picture[y, x])
            difference = level - mean[y, x]
            agrees = abs(difference) <= still
            is_on = mask[y, x] != 0
            n = np.float32(n_seen[y, x]) + (one if agrees else -one)
            begins = (not is_on) | (n < zero)
            n = zero if begins else min(n, most)
            n_seen[y, x] = np.int8(np.int32(n))
            followed = mean[y, x] + share * difference
            other = level if begins else mean[y, x]
            mean[y, x] = followed if agrees else other
            is_seen[y, x] = np.uint8(1) if agrees else np.uint8(0)
            on = min(np.float32(n_foreground[y, x]) + one, most) if is_on else zero
            n_foreground[y, x] = np.uint8(np.int32(on))
            off = np.float32(n_background[y, x])
            off += one if (off < known) & (not is_on) else zero
            n_background[y, x] = np.uint16(np.int32(off))
            found |= np.uint8(HAS_STAYED) if on >= most else np.uint8(0)
            found |= np.uint8(KEEPS_STILL) if (n >= part) & (off < new) else np.uint8(0)
        if not is_first:
            continue
        for x in range(width):
            n = np.float32(n_still[y, x]) + (one if is_seen[y, x] else -one)
            n = zero if (mask[y, x] == 0) | (n < zero) else n
            n_still[y, x] = np.int16(np.int32(n))
            off = np.float32(n_background[y, x])
            was_seen = (off > zero) & (off <= brief)
            found |= np.uint8(WAS_HIDDEN) if was_seen & (n >= long) else np.uint8(0)
    return int(found)


@kernel
def energy_where(picture: NDArray[np.int16], where: NDArray[np.uint8]) -> float:
    """Return the sum of the squared gradients (Sobel) where something is not 0."""
    height, width = picture.shape
    total = 0.0
    for y in range(height):
        up, here, down = (
            picture[_mirrored(y - 1, height)],
            picture[y],
            picture[_mirrored(y + 1, height)],
        )
        for x in range(0, width, max(width - 1, 1)):
            if where[y, x]:
                total += _energy(picture, y, x)
        in_row = np.int64(0)
        for i in range(1, width - 1):
            middle = np.uintp(i)
            left, right = middle - np.uintp(1), middle + np.uintp(1)
            falling = np.int32(down[left]) - np.int32(up[right])
            rising = np.int32(down[right]) - np.int32(up[left])
            across = (
                rising - falling + np.int32(2) * (np.int32(here[right]) - np.int32(here[left]))
            )
            along = (
                rising + falling + np.int32(2) * (np.int32(down[middle]) - np.int32(up[middle]))
            )
            energy = across * across + along * along
            in_row += energy if where[y, middle] else np.int32(0)
        total += in_row
    return total


@kernel
def _mirrored(i: int, n: int) -> int:
    """Return the place that stands for one that may be just outside, as OpenCV does it."""
    if i < 0:
        return min(1, n - 1)
    return max(n - 2, 0) if i >= n else i


@kernel
def _energy(picture: NDArray[np.uint8] | NDArray[np.int16], y: int, x: int) -> np.int64:
    height, width = picture.shape
    up, down = _mirrored(y - 1, height), _mirrored(y + 1, height)
    left, right = _mirrored(x - 1, width), _mirrored(x + 1, width)
    falling = np.int64(picture[down, left]) - np.int64(picture[up, right])
    rising = np.int64(picture[down, right]) - np.int64(picture[up, left])
    across = rising - falling + 2 * (np.int64(picture[y, right]) - np.int64(picture[y, left]))
    along = rising + falling + 2 * (np.int64(picture[down, x]) - np.int64(picture[up, x]))
    return across * across + along * along


@kernel
def add_up_outlines(
    runs: NDArray[np.int32],
    rim: NDArray[np.uint8],
    stayed: NDArray[np.uint8],
    picture: NDArray[np.int16],
    background: NDArray[np.int16],
    n_background: NDArray[np.uint16],
    n_known: np.uint16,
    young_ratio: float,
    ratio: float,
    sums: NDArray[np.float64],
) -> None:
    """Add up the energies of picture and background on the regions' rims.

    Parameters
    ----------
    runs : ndarray of int32, shape (n, 4)
        Of the regions.
    rim : ndarray of uint8, shape (h, w)
        Not 0 on the rims.
    stayed : ndarray of uint8, shape (h, w)
        Not 0 in pixels that have stayed.
    picture, background : ndarray of int16, shape ((h + 1) // 2, (w + 1) // 2)
        Luma, half as fine.
    n_background : ndarray of uint16, shape (h, w)
        For how many looks pixels were background.
    n_known : uint16
        Below that the picture's energy counts `young_ratio` times, else `ratio` times.
    young_ratio, ratio : float
        Factors.
    sums : ndarray of float64, shape (regions + 1, N_SUMS)
        Zeros; written.
    """
    for i in range(len(runs)):
        y = runs[i, ROW]
        n_rim = n_stayed = 0
        in_picture = in_background = 0.0
        for x in range(runs[i, START], runs[i, END]):
            n_stayed += stayed[y, x] != 0
            if rim[y, x]:
                n_rim += 1
                factor = young_ratio if n_background[y, x] < n_known else ratio
                in_picture += factor * _energy(picture, y // 2, x // 2)
                in_background += _energy(background, y // 2, x // 2)
        row = sums[runs[i, LABEL]]
        row[N_RIM] += n_rim
        row[STAYED] += n_stayed
        row[PICTURE] += in_picture
        row[BACKGROUND] += in_background


@kernel
def vote(
    runs: NDArray[np.int32],
    suspects: NDArray[np.bool_],
    n_votes: np.uint8,
    votes: NDArray[np.uint8],
) -> bool:
    """Count a vote in each pixel of a suspect, and forget those of all other pixels.

    Parameters
    ----------
    runs : ndarray of int32, shape (n, 4)
        Of the regions.
    suspects : ndarray of bool, shape (regions + 1,)
        By the number of the region.
    n_votes : uint8
        The counts end there.
    votes : ndarray of uint8, shape (h, w)
        Written.

    Returns
    -------
    bool
        Whether some pixel has all votes.
    """
    height, width = votes.shape
    has_all = False
    i = 0
    for y in range(height):
        x = 0
        while i < len(runs) and runs[i, ROW] == y:
            if suspects[runs[i, LABEL]]:
                votes[y, x : runs[i, START]] = 0
                for x in range(runs[i, START], runs[i, END]):
                    votes[y, x] = min(votes[y, x] + np.uint8(1), n_votes)
                    has_all |= votes[y, x] == n_votes
                x = runs[i, END]
            i += 1
        votes[y, x:width] = 0
    return has_all


@kernel
def add_up_fading(
    runs: NDArray[np.int32],
    rim: NDArray[np.uint8],
    difference: NDArray[np.uint8],
    sums: NDArray[np.float64],
) -> None:
    """Add up how steep a difference is on the regions' rims, and how large inside.

    Parameters
    ----------
    runs : ndarray of int32, shape (n, 4)
        Of the regions.
    rim : ndarray of uint8, shape (h, w)
        Not 0 on the rims.
    difference : ndarray of uint8, shape (h, w)
        Of picture and background.
    sums : ndarray of float64, shape (regions + 1, N_SUMS)
        Zeros; written: the pixels of the rim, and as PICTURE the steepness on it and as
        BACKGROUND the difference inside.
    """
    for i in range(len(runs)):
        y = runs[i, ROW]
        n_rim, inside = 0, np.int64(0)
        steepness = 0.0
        for x in range(runs[i, START], runs[i, END]):
            inside += np.int64(difference[y, x])
            if rim[y, x]:
                n_rim += 1
                steepness += np.sqrt(np.float32(_energy(difference, y, x)))
        row = sums[runs[i, LABEL]]
        row[N_RIM] += n_rim
        row[PICTURE] += steepness
        row[BACKGROUND] += inside
