"""Light that differs over the picture and changes slowly, as under drifting clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection.pictures import as_read_only
from bgsub.jit import kernel

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
# Nearer to foreground is its own soft edge.
_MARGIN = np.ones((9, 9), np.uint8)
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

    @property
    def is_off(self) -> bool:
        """Whether the light is another one anywhere."""
        return float(np.abs(self._gains - 1).max()) > _OFF

    def follow(
        self,
        picture: NDArray[np.uint8],
        background: NDArray[np.uint8],
        mask: Mask,
        elapsed_s: float | None,
    ) -> None:
        """Learn from one picture.

        Parameters
        ----------
        picture, background : ndarray of uint8, shape (h, w) or (h, w, 3)
            As it is, and what the model knows.
        mask : Mask, shape (h, w)
            The last foreground.
        elapsed_s : float or None
            Since the last picture; None: the light has changed at once.
        """
        shape = (*picture.shape[:2], -1)
        sums = np.zeros((*self._gains.shape[:2], 2 * self._gains.shape[2] + 1), np.float32)
        _add_up(
            as_read_only(picture.reshape(shape)),
            as_read_only(background.reshape(shape)),
            as_read_only(np.asarray(cv2.dilate(mask, _MARGIN))),
            sums,
        )
        n_channels = self._gains.shape[2]
        n_pixels = np.asarray(cv2.GaussianBlur(sums[..., -1].copy(), (0, 0), _SMOOTH))
        in_block = mask.size / (self._size[0] * self._size[1] * _STRIDE**2)
        is_known = n_pixels[..., None] > _MIN_SHARE * in_block
        smooth = np.asarray(cv2.GaussianBlur(sums[..., :-1].copy(), (0, 0), _SMOOTH))
        ratios = smooth[..., :n_channels] / np.maximum(smooth[..., n_channels:], 1.0)
        off = np.where(is_known, ratios - self._gains, np.float32(0))
        if elapsed_s is not None:
            most = np.float32(_FASTEST * max(elapsed_s, 0.0))
            off = np.clip(np.float32(_RATE) * off, -most, most)
        self._gains += off

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
        common: NDArray[np.float32] = np.median(self._gains, axis=(0, 1)).astype(np.float32)
        if float(np.abs(common - 1).max()) < least:
            return None
        self._gains /= common
        return np.arange(256, dtype=np.float32) * common[:, None]

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
        weights = np.clip(weights, 1 / _MOST, _MOST)
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
    sums: NDArray[np.float32],
) -> None:
    """Add up each block's picture and background where neither is foreground or clipped.

    Parameters
    ----------
    picture, background : ndarray of uint8, shape (h, w, channels)
        One pixel in four is read.
    mask : ndarray of uint8, shape (h, w)
        0 where nothing is foreground.
    sums : ndarray of float32, shape (rows, columns, 2 * channels + 1)
        Zeros; written: sums of the picture, of the background, and the number of pixels.
    """
    height, width, n_channels = picture.shape
    n_rows, n_columns, n_sums = sums.shape
    usable = np.zeros(width, np.uint8)
    # Sums of the block's columns of pixels, in the order of `sums`.
    columns = np.zeros((n_sums, width), np.uint32)
    for row in range(n_rows):
        for k in range(n_sums):
            for x in range(width):
                columns[k, x] = 0
        first, last = -(-row * height // n_rows), -(-(row + 1) * height // n_rows)
        for y in range(first + first % _STRIDE, last, _STRIDE):
            pixels, levels = picture[y].reshape(-1), background[y].reshape(-1)
            _find_usable(pixels, levels, mask[y], usable)
            for c in range(n_channels):
                _add_channel(pixels, usable, c, n_channels, columns[c])
                _add_channel(levels, usable, c, n_channels, columns[n_channels + c])
            for x in range(width):
                columns[n_sums - 1, x] += np.uint32(usable[x] & np.uint8(1))
        for k in range(n_sums):
            for column in range(n_columns):
                start = -(-column * width // n_columns)
                end = -(-(column + 1) * width // n_columns)
                total = np.uint32(0)
                for x in range(start, end):
                    total += columns[k, x]
                sums[row, column, k] = np.float32(total)


@kernel
def _find_usable(
    pixels: NDArray[np.uint8],
    levels: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    usable: NDArray[np.uint8],
) -> None:
    """Write 255 in every second pixel that is neither foreground nor clipped, else 0."""
    is_grey = len(pixels) == len(mask)
    for i in range(len(mask)):
        x = np.uintp(i)
        if is_grey:
            low, high = min(pixels[x], levels[x]), max(pixels[x], levels[x])
        else:
            b, g, r = _3 * x, _3 * x + _1, _3 * x + _2
            low = min(min(pixels[b], pixels[g]), pixels[r])
            low = min(low, min(min(levels[b], levels[g]), levels[r]))
            high = max(max(pixels[b], pixels[g]), pixels[r])
            high = max(high, max(max(levels[b], levels[g]), levels[r]))
        is_usable = (mask[x] == 0) & (low > _DARKEST) & (high < _BRIGHTEST)
        usable[x] = np.uint8(255) if is_usable else np.uint8(0)
    for i in range(1, len(mask), _STRIDE):
        usable[i] = 0


@kernel
def _add_channel(
    values: NDArray[np.uint8],
    usable: NDArray[np.uint8],
    channel: int,
    n_channels: int,
    sums: NDArray[np.uint32],
) -> None:
    if n_channels == 1:
        for i in range(len(usable)):
            x = np.uintp(i)
            sums[x] += np.uint32(values[x] & usable[x])
    else:
        for i in range(len(usable)):
            x = np.uintp(i)
            sums[x] += np.uint32(values[_3 * x + np.uintp(channel)] & usable[x])
