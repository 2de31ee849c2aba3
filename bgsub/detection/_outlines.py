"""Compiled comparisons of pictures along the outlines of regions, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection._runs import END, LABEL, ROW, START
from bgsub.jit import device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BACKGROUND",
    "HAS_STAYED",
    "KEEPS_STILL",
    "N_RIM",
    "N_SUMS",
    "PICTURE",
    "WAS_HIDDEN",
    "add_up_fading",
    "add_up_outlines",
    "count_where",
    "energy_where",
    "look",
    "vote",
]

# Columns of the table of sums: pixels on the rim, and energies there; for fading, the steepness
# on the rim and the difference inside.
N_RIM, PICTURE, BACKGROUND, N_SUMS = range(4)
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
    found = np.uint8(0)
    for y in range(len(picture)):
        _follow(picture[y], mask[y], still, share, n_looks, mean[y], n_seen[y], is_seen[y])
        counts = n_foreground[y], n_background[y]
        found |= _count(mask[y], n_looks, n_known, counts[0], counts[1])
        found |= _find_parts(n_seen[y], counts[1], n_part, n_new)
        if is_first:
            found |= _find_hidden(mask[y], is_seen[y], counts[1], n_brief, n_long, n_still[y])
    return int(found)


# A row for each: with more arrays in it, a loop would not be vectorised.  Counts keep to their
# type and do not go below 0, so that they need no more bits on the way.


@device
def _follow(
    picture: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    still: np.float32,
    share: np.float32,
    n_looks: int,
    mean: NDArray[np.float32],
    n_seen: NDArray[np.int8],
    is_seen: NDArray[np.uint8],
) -> None:
    one, most = np.int8(1), np.int8(n_looks - 1)
    for x in range(len(picture)):
        level = np.float32(picture[x])
        difference = level - mean[x]
        agrees = abs(difference) <= still
        n = n_seen[x]
        begins = (mask[x] == 0) | ((n == 0) & (not agrees))
        n = np.int8(min(n, most) + one) if agrees else np.int8(n - one)
        n_seen[x] = np.int8(0) if begins else n
        followed = mean[x] + share * difference
        other = level if begins else mean[x]
        mean[x] = followed if agrees else other
        is_seen[x] = np.uint8(1) if agrees else np.uint8(0)


@device
def _count(
    mask: NDArray[np.uint8],
    n_looks: int,
    n_known: int,
    n_foreground: NDArray[np.uint8],
    n_background: NDArray[np.uint16],
) -> np.uint8:
    one, most, known = np.uint8(1), np.uint8(n_looks - 1), np.uint16(n_known)
    found = np.uint8(0)
    for x in range(len(mask)):
        is_on = mask[x] != 0
        n = n_foreground[x]
        found |= np.uint8(HAS_STAYED) if is_on & (n >= most) else np.uint8(0)
        n_foreground[x] = np.uint8(min(n, most) + one) if is_on else np.uint8(0)
        k = n_background[x]
        is_more = (k < known) & (not is_on)
        n_background[x] = np.uint16(k + (np.uint16(1) if is_more else np.uint16(0)))
    return found


@device
def _find_parts(
    n_seen: NDArray[np.int8], n_background: NDArray[np.uint16], n_part: int, n_new: int
) -> np.uint8:
    part, new = np.int8(n_part), np.uint16(n_new)
    found = np.uint8(0)
    for x in range(len(n_seen)):
        is_part = (n_seen[x] >= part) & (n_background[x] < new)
        found |= np.uint8(KEEPS_STILL) if is_part else np.uint8(0)
    return found


@device
def _find_hidden(
    mask: NDArray[np.uint8],
    is_seen: NDArray[np.uint8],
    n_background: NDArray[np.uint16],
    n_brief: int,
    n_long: int,
    n_still: NDArray[np.int16],
) -> np.uint8:
    one, long = np.int16(1), np.int16(n_long)
    brief = np.uint16(n_brief)
    found = np.uint8(0)
    for x in range(len(mask)):
        n = n_still[x]
        begins = (mask[x] == 0) | ((n == 0) & (is_seen[x] == 0))
        n = np.int16(n + one) if is_seen[x] else np.int16(n - one)
        n = np.int16(0) if begins else n
        n_still[x] = n
        k = n_background[x]
        is_hidden = (k > 0) & (k <= brief) & (n >= long)
        found |= np.uint8(WAS_HIDDEN) if is_hidden else np.uint8(0)
    return found


@kernel
def energy_where(picture: NDArray[np.int16], where: NDArray[np.uint8]) -> float:
    """Return the sum of the squared gradients (Sobel) where something is not 0."""
    height, width = picture.shape
    total = 0.0
    for y in range(height):
        up, down = _mirrored(y - 1, height), _mirrored(y + 1, height)
        for x in range(0, width, max(width - 1, 1)):
            if where[y, x]:
                total += _energy(picture, y, x)
        in_row = np.int64(0)
        for i in range(1, width - 1):
            middle = np.uintp(i)
            left, right = middle - np.uintp(1), middle + np.uintp(1)
            falling = np.int32(picture[down, left]) - np.int32(picture[up, right])
            rising = np.int32(picture[down, right]) - np.int32(picture[up, left])
            beside = np.int32(picture[y, right]) - np.int32(picture[y, left])
            below = np.int32(picture[down, middle]) - np.int32(picture[up, middle])
            across = rising - falling + np.int32(2) * beside
            along = rising + falling + np.int32(2) * below
            energy = across * across + along * along
            in_row += energy if where[y, middle] else np.int32(0)
        total += in_row
    return total


@device
def _mirrored(i: int, n: int) -> int:
    """Return the place that stands for one that may be just outside, as OpenCV does it."""
    if i < 0:
        return min(1, n - 1)
    return max(n - 2, 0) if i >= n else i


@device
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
def count_where(
    runs: NDArray[np.int32], where: NDArray[np.uint8], counts: NDArray[np.int64]
) -> None:
    """Count the pixels of each region in which something is not 0.

    Parameters
    ----------
    runs : ndarray of int32, shape (n, 4)
        Of the regions.
    where : ndarray of uint8, shape (h, w)
        Where to count.
    counts : ndarray of int64, shape (regions + 1,)
        Zeros; written.
    """
    for i in range(len(runs)):
        n = 0
        for x in range(runs[i, START], runs[i, END]):
            n += where[runs[i, ROW], x] != 0
        counts[runs[i, LABEL]] += n


@kernel
def add_up_outlines(
    runs: NDArray[np.int32],
    is_asked: NDArray[np.bool_],
    rim: NDArray[np.uint8],
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
    is_asked : ndarray of bool, shape (regions + 1,)
        By the number of the region; others' sums stay 0.
    rim : ndarray of uint8, shape (h, w)
        Not 0 on the rims.
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
        if not is_asked[runs[i, LABEL]]:
            continue
        y = runs[i, ROW]
        n_rim = 0
        in_picture = in_background = 0.0
        for x in range(runs[i, START], runs[i, END]):
            if rim[y, x]:
                n_rim += 1
                factor = young_ratio if n_background[y, x] < n_known else ratio
                in_picture += factor * _energy(picture, y // 2, x // 2)
                in_background += _energy(background, y // 2, x // 2)
        label = runs[i, LABEL]
        sums[label, N_RIM] += n_rim
        sums[label, PICTURE] += in_picture
        sums[label, BACKGROUND] += in_background


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
        x = np.int64(0)
        while i < len(runs) and runs[i, ROW] == y:
            if suspects[runs[i, LABEL]]:
                for column in range(x, runs[i, START]):
                    votes[y, column] = 0
                x = np.int64(runs[i, END])
                for column in range(runs[i, START], x):
                    votes[y, column] = min(votes[y, column] + np.uint8(1), n_votes)
                    has_all |= votes[y, column] == n_votes
            i += 1
        for column in range(x, width):
            votes[y, column] = 0
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
        label = runs[i, LABEL]
        sums[label, N_RIM] += n_rim
        sums[label, PICTURE] += steepness
        sums[label, BACKGROUND] += inside
