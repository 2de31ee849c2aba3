"""Light that differs over the picture and changes slowly, as under drifting clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection.pictures import flattened
from bgsub.jit import as_read_only, device, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Image, Mask
    from bgsub.mixture.workers import Workers

__all__ = ["LightField"]

# Blocks along the width: a cloud's edge is several of them wide, an object about one.  In
# smaller ones than these there is nothing but objects.
_BLOCKS = 32
_MIN_BLOCK_PX = 10
_SMOOTH = 1.0
# Share of what the light is off that is made up for in a frame, and the most in a second: what
# an object changes is faster.
_RATE = 0.25
_FASTEST = 0.3
# Light that is off by less is left alone.
_OFF = 0.02
# A block of which less than this share is background says nothing.
_MIN_SHARE = 0.1
_DARKEST, _BRIGHTEST = np.uint8(8), np.uint8(250)
_STRIDE = 2
_1, _2, _3 = np.uintp(1), np.uintp(2), np.uintp(3)
# The most that a frame is made brighter or darker by.
_MOST = 2.5


class LightField:
    """Follows how much brighter than its background each part of the picture is lit.

    Light changes slowly over the picture, what it falls on does not [1]_: the ratio of picture
    and background, smoothed over blocks in which nothing is foreground, is the light's alone.
    Divided by it, frames are lit like the background.

    Parameters
    ----------
    shape : tuple of int
        Of the pictures to follow, (h, w).
    n_channels : int
        1 or 3.

    References
    ----------
    .. [1] Y. Matsushita, K. Nishino, K. Ikeuchi and M. Sakauchi, "Illumination normalization
       with time-dependent intrinsic images for video surveillance", PAMI 26(10), 2004,
       section 5: normalised by illumination images before the background is subtracted.
    """

    def __init__(self, shape: tuple[int, int], n_channels: int) -> None:
        height, width = shape
        side = max(_MIN_BLOCK_PX, width / _BLOCKS)
        self._size = (max(1, round(width / side)), max(1, round(height / side)))
        self._gains: NDArray[np.float32] = np.ones(
            (self._size[1], self._size[0], n_channels), np.float32
        )
        self._is_off = False

    @property
    def gains(self) -> NDArray[np.float32]:
        """How much brighter than the background each block is lit, shape (rows, columns, C)."""
        return self._gains

    @property
    def is_off(self) -> bool:
        """Whether the light is another one anywhere."""
        return self._is_off

    def follow(
        self,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
        near: Mask,
        elapsed_s: float | None,
    ) -> None:
        """Learn from one picture.

        Parameters
        ----------
        picture, background : ndarray of uint8, shape (h, w) or (h, w, 3)
            As it is, and what the model knows.
        near : Mask, shape (h, w)
            0 where no foreground is near: at its own soft edge it is not the light's.
        elapsed_s : float or None
            Since the last picture; None: the light has changed at once.
        """
        width, n_channels = picture.shape[1], self._gains.shape[2]
        sums = np.empty((*self._gains.shape[:2], 2 * n_channels + 1), np.float32)
        _add_up(
            flattened(picture),
            flattened(background),
            as_read_only(near),
            np.empty(width, np.uint8),
            np.empty((2 * n_channels, width), np.uint8),
            np.empty((2 * n_channels + 1, width), np.uint16),
            sums,
        )
        # What is not known of a block is what its neighbours are.
        sums = np.asarray(cv2.GaussianBlur(sums, (0, 0), _SMOOTH))
        in_block = near.size / (self._size[0] * self._size[1] * _STRIDE**2)
        self._is_off = (
            _move(
                sums,
                np.float32(_MIN_SHARE * in_block),
                np.float32(1 if elapsed_s is None else _RATE),
                np.float32(np.inf if elapsed_s is None else _FASTEST * max(elapsed_s, 0.0)),
                self._gains,
            )
            > _OFF
        )

    def take_common(self, least: float) -> NDArray[np.float32] | None:
        """Hand over what the whole picture has changed by, if it is so much.

        Parameters
        ----------
        least : float
            As a share of the light.

        Returns
        -------
        ndarray of float32, shape (C, 256), or None
            What each level of each channel of the background has become.
        """
        # Half of the light of some channel must be off for its median to be.
        n_off = np.count_nonzero(np.abs(self._gains - 1) >= least) if self._is_off else 0
        if n_off < self._size[0] * self._size[1] // 2:
            return None
        common: NDArray[np.float32] = np.median(self._gains, axis=(0, 1)).astype(np.float32)
        if float(np.abs(common - 1).max()) < least:
            return None
        self._gains /= common
        self._note_change()
        return np.arange(256, dtype=np.float32) * common[:, None]

    def _note_change(self) -> None:
        self._is_off = float(np.abs(self._gains - 1).max()) > _OFF

    def even_out(self, image: Image, workers: Workers | None = None) -> Image:
        """Return a frame of any size, shape (H, W) or (H, W, C), lit like the background."""
        return self._weighed(image, np.reciprocal(self._gains), workers)

    def relight(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture of the background in the present light."""
        return self._weighed(image, self._gains)

    def _weighed(
        self, image: Image, weights: NDArray[np.float32], workers: Workers | None = None
    ) -> Image:
        if not self.is_off:
            return image
        height, width = image.shape[:2]
        weights = np.minimum(np.maximum(weights, np.float32(1 / _MOST)), np.float32(_MOST))
        if image.dtype == np.uint8:
            wide = cv2.resize(weights, (width, len(weights)), interpolation=cv2.INTER_LINEAR)
            weighed = np.empty(image.shape, np.uint8)
            source = as_read_only(np.ascontiguousarray(image).reshape(height, -1))
            rows = np.asarray(wide, np.float32).reshape(len(weights), -1)
            target = weighed.reshape(height, -1)

            def work(first: int, last: int) -> None:
                _weigh(source, rows, target, first, last)

            if workers is None:
                work(0, height)
            else:
                workers.run_rows(work, height, width)
            return weighed
        fine = cv2.resize(weights, (width, height), interpolation=cv2.INTER_LINEAR)
        levels = image * np.asarray(fine, np.float32).reshape(image.shape)
        if image.dtype == np.float32:
            return levels
        return np.rint(np.minimum(levels, np.iinfo(image.dtype).max)).astype(image.dtype)


@kernel
def _weigh(
    image: NDArray[np.uint8],
    weights: NDArray[np.float32],
    weighed: NDArray[np.uint8],
    first: int,
    last: int,
) -> None:
    """Multiply each row by the weights of the blocks above and below its centre.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W * channels)
        What is weighed.
    weights : ndarray of float32, shape (rows of blocks, W * channels)
        At least 0.
    weighed : ndarray of uint8, shape (H, W * channels)
        Written.
    first, last : int
        The rows that are weighed; the last one is not.
    """
    height, n_rows = len(image), len(weights)
    half, white = np.float32(0.5), np.float32(255)
    for y in range(first, last):
        centre = min(max((y + 0.5) * n_rows / height - 0.5, 0.0), n_rows - 1.0)
        row = int(centre)
        share = np.float32(centre - row)
        above, below = weights[row], weights[min(row + 1, n_rows - 1)]
        source, target = image[y], weighed[y]
        for x in range(len(source)):
            weight = above[x] + share * (below[x] - above[x])
            level = np.float32(source[x]) * weight + half
            target[x] = np.uint8(np.int32(min(level, white)))


@kernel
def _add_up(
    picture: NDArray[np.uint8],
    background: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    usable: NDArray[np.uint8],
    planes: NDArray[np.uint8],
    columns: NDArray[np.uint16],
    sums: NDArray[np.float32],
) -> None:
    """Add up each block's picture and background where neither is foreground or clipped.

    Into `sums`, of shape (rows, columns, 2 * channels + 1): those of the picture, of the
    background, and the number of pixels; with room for a row of what is usable, of the
    channels and of the sums of the block's columns of pixels.
    """
    height, width = mask.shape
    n_rows, n_columns, n_sums = sums.shape
    for row in range(n_rows):
        first, last = -(-row * height // n_rows), -(-(row + 1) * height // n_rows)
        first += first % _STRIDE
        for column in range(n_columns):
            for k in range(n_sums):
                sums[row, column, k] = 0
        # So many rows' sums fit into 16 bits.
        for top in range(first, last, _STRIDE * 256):
            for k in range(n_sums):
                for x in range(width):
                    columns[k, x] = 0
            for y in range(top, min(top + _STRIDE * 256, last), _STRIDE):
                for k in range(2):
                    _part(picture if k == 0 else background, y, k * (n_sums // 2), planes)
                _find_usable(planes, mask, y, usable)
                _add(planes, usable, columns)
            _gather(columns, row, sums)


@kernel
def _move(
    sums: NDArray[np.float32],
    least: np.float32,
    rate: np.float32,
    most: np.float32,
    gains: NDArray[np.float32],
) -> float:
    """Move the gains of blocks towards what is seen, and return how far they are from 1.

    Parameters
    ----------
    sums : ndarray of float32, shape (rows, columns, 2 * channels + 1)
        As :func:`_add_up` writes them, smoothed.
    least : float32
        A block says something if more of its pixels than this are usable.
    rate, most : float32
        Share of the difference that is made up for, and the most.
    gains : ndarray of float32, shape (rows, columns, channels)
        Written.
    """
    n_channels = gains.shape[2]
    one = np.float32(1)
    farthest = np.float32(0)
    for row in range(gains.shape[0]):
        for column in range(gains.shape[1]):
            is_known = sums[row, column, 2 * n_channels] > least
            for c in range(n_channels):
                gain = gains[row, column, c]
                if is_known:
                    known = max(sums[row, column, n_channels + c], one)
                    off = rate * (sums[row, column, c] / known - gain)
                    gain += min(max(off, -most), most)
                    gains[row, column, c] = gain
                farthest = max(farthest, abs(gain - one))
    return float(farthest)


@device
def _part(pixels: NDArray[np.uint8], y: int, first: int, planes: NDArray[np.uint8]) -> None:
    """Write each channel of a row on its own."""
    width = planes.shape[1]
    if len(planes) == 2:
        for i in range(width):
            planes[first, np.uintp(i)] = pixels[y, np.uintp(i)]
        return
    for i in range(width):
        x = np.uintp(i)
        planes[first, x] = pixels[y, _3 * x]
        planes[first + 1, x] = pixels[y, _3 * x + _1]
        planes[first + 2, x] = pixels[y, _3 * x + _2]


@device
def _find_usable(
    planes: NDArray[np.uint8], mask: NDArray[np.uint8], y: int, usable: NDArray[np.uint8]
) -> None:
    """Write 255 in every second pixel that is neither foreground nor clipped, else 0."""
    for i in range(len(usable)):
        x = np.uintp(i)
        usable[x] = np.uint8(0) if mask[y, x] else np.uint8(255)
    for k in range(len(planes)):
        for i in range(len(usable)):
            x = np.uintp(i)
            is_usable = (planes[k, x] > _DARKEST) & (planes[k, x] < _BRIGHTEST)
            usable[x] &= np.uint8(255) if is_usable else np.uint8(0)


@device
def _add(
    planes: NDArray[np.uint8], usable: NDArray[np.uint8], columns: NDArray[np.uint16]
) -> None:
    """Add a row's usable pixels to the sums of their columns, and count them."""
    n_planes, width = planes.shape
    for k in range(n_planes):
        for i in range(width):
            x = np.uintp(i)
            columns[k, x] += planes[k, x] & usable[x]
    for i in range(width):
        x = np.uintp(i)
        columns[n_planes, x] += usable[x] & np.uint8(1)


@device
def _gather(columns: NDArray[np.uint16], row: int, sums: NDArray[np.float32]) -> None:
    """Add up the columns of each block of a row."""
    width, n_columns = columns.shape[1], sums.shape[1]
    for column in range(n_columns):
        start, end = -(-column * width // n_columns), -(-(column + 1) * width // n_columns)
        for k in range(len(columns)):
            total = np.uint32(0)
            for x in range(start + start % _STRIDE, end, _STRIDE):
                total += columns[k, x]
            sums[row, column, k] += np.float32(total)
