"""What of a picture is clustered: its distinct values, and how often each occurs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from bgsub.errors import PictureError
from bgsub.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bgsub.frames import Image

__all__ = ["FeatureKind", "Features", "bands", "extract", "is_grey"]

FeatureKind = Literal["auto", "grey", "rgb", "lab"]

_LUMA = (0.299, 0.587, 0.114)
_LIGHTNESS = 100.0
_TEXTURE_SIGMA_PX = 4.0
_BAND_PX = 1 << 20
# Below this, sorting the colours costs less than a table of all there could be (64 MiB).
_TABLE_PX = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The distinct feature vectors of a picture's pixels.

    Attributes
    ----------
    values : ndarray of float32, shape (N, D)
        Distinct vectors: grey levels, or red, green, blue, or L*, a*, b* (CIE 1976, D65);
        then texture, x and y if they count.
    counts : ndarray of float64, shape (N,)
        How many pixels have each.
    index : ndarray of int32, shape (H, W)
        The row of each pixel's vector.
    names : tuple of str
        What the D columns are.
    intensity : ndarray of float64, shape (N,)
        Brightness of each: the grey level, the luma, or L*.
    limits : tuple of float
        The range of possible intensities, the upper end excluded.
    """

    values: NDArray[np.float32]
    counts: NDArray[np.float64]
    index: NDArray[np.int32]
    names: tuple[str, ...]
    intensity: NDArray[np.float64] = field(repr=False)
    limits: tuple[float, float]

    def intensities(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the brightness of any vectors of this kind, shape (M, D) to (M,)."""
        if self.names[:3] == ("red", "green", "blue"):
            return np.asarray(vectors[:, :3] @ np.array(_LUMA))
        return np.asarray(vectors[:, 0], np.float64)

    def spread(self, per_value: NDArray[Any]) -> NDArray[Any]:
        """Return at every pixel what belongs to its value: (N, ...) to (H, W, ...)."""
        result = np.empty(self.index.shape + per_value.shape[1:], per_value.dtype)
        for rows in bands(self.index.shape):
            result[rows] = per_value[self.index[rows]]
        return result


def bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Divide a picture into bands of rows, so that what is computed for one needs little room.

    Parameters
    ----------
    shape : tuple of int
        Height, width, and more.
    """
    height, width = shape[:2]
    step = max(1, _BAND_PX // max(width, 1))
    for first in range(0, height, step):
        yield slice(first, min(first + step, height))


def is_grey(picture: Image) -> bool:
    """Tell whether a picture has one channel, or three that are equal everywhere."""
    if picture.ndim == 2:
        return True
    return all(
        np.array_equal(picture[rows, :, 0], picture[rows, :, i])
        for rows in bands(picture.shape)
        for i in (1, 2)
    )


def extract(
    picture: Image,
    features: FeatureKind = "auto",
    position_weight: float = 0.0,
    texture_weight: float = 0.0,
) -> Features:
    """Return the distinct feature vectors of a picture.

    Parameters
    ----------
    picture : ndarray, shape (H, W) or (H, W, 3)
        uint8 or uint16; BGR if it has three channels.
    features : str
        ``grey`` (256 or 65,536 levels), ``rgb``, ``lab``, or ``auto``: ``rgb`` for a picture
        with colour and ``grey`` for one without.  A picture without colour is always grey.
    position_weight : float
        0 leaves position out.  Otherwise x and y are features too, and the picture's longer
        side counts as this many times the range from black to white; each pixel is then
        distinct.
    texture_weight : float
        0 leaves texture out.  Otherwise the logarithm of the local contrast is a feature too:
        ln(1 + s), s being the standard deviation of the brightness, in percent of the range
        from black to white, under a Gaussian window of 4 pixels; a step of 1 counts as this
        many tenths of that range.  Each pixel is then distinct.

    Returns
    -------
    Features
        Owned arrays.

    Raises
    ------
    PictureError
        If the picture is empty or of another type.
    """
    if picture.dtype not in (np.uint8, np.uint16):
        msg = f"The picture's numbers are {picture.dtype}: convert it to uint8 or uint16."
        raise PictureError(msg)
    if picture.size == 0 or picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,)):
        msg = f"A picture is (H, W) grey or (H, W, 3) BGR, not of shape {picture.shape}."
        raise PictureError(msg)
    if is_grey(picture):
        features, picture = "grey", picture if picture.ndim == 2 else picture[:, :, 0]
    as_lab = features == "lab"
    found = _grey(picture) if features == "grey" else _colour(picture, as_lab=as_lab)
    planes: dict[str, NDArray[np.float32]] = {}
    if texture_weight > 0:
        planes["texture"] = _texture(found, texture_weight)
    if position_weight > 0:
        planes |= _position(found, position_weight)
    return _with_planes(found, planes) if planes else found


def _white(picture: Image) -> int:
    return int(np.iinfo(picture.dtype).max)


def _grey(picture: Image) -> Features:
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    levels = _white(picture) + 1
    counts = np.zeros(levels, np.int64)
    for band in bands(picture.shape):
        counts += np.bincount(picture[band].ravel(), minlength=levels)
    distinct = np.flatnonzero(counts)
    rows = np.zeros(levels, np.int32)
    rows[distinct] = np.arange(len(distinct), dtype=np.int32)
    index = np.empty(picture.shape, np.int32)
    for band in bands(picture.shape):
        index[band] = rows[picture[band]]
    return Features(
        values=distinct.astype(np.float32)[:, np.newaxis],
        counts=counts[distinct].astype(np.float64),
        index=index,
        names=("grey",),
        intensity=distinct.astype(np.float64),
        limits=(0.0, float(levels)),
    )


def _colour(picture: Image, *, as_lab: bool) -> Features:
    white = _white(picture)
    has_table = white == 255 and picture.shape[0] * picture.shape[1] > _TABLE_PX
    count = _count_by_table if has_table else _count_by_sorting
    colours, counts, index = count(picture)
    rgb = colours.astype(np.float32)
    if as_lab:
        scaled = (rgb / np.float32(white))[np.newaxis]
        values = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab), np.float32)[0]
        intensity, limits = values[:, 0].astype(np.float64), (0.0, _LIGHTNESS)
    else:
        values = rgb
        intensity, limits = rgb.astype(np.float64) @ np.array(_LUMA), (0.0, white + 1.0)
    return Features(
        values=np.ascontiguousarray(values),
        counts=counts,
        index=index,
        names=("L*", "a*", "b*") if as_lab else ("red", "green", "blue"),
        intensity=intensity,
        limits=limits,
    )


def _count_by_table(
    picture: Image,
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.int32]]:
    """Return the distinct colours (N, 3) RGB, their counts, and each pixel's row."""
    pixels = np.ascontiguousarray(picture).reshape(-1, 3)
    table = np.zeros(1 << 24, np.int32)
    _tally(pixels, table)
    n = int(np.count_nonzero(table))
    colours, counts = np.empty((n, 3), np.uint8), np.empty(n)
    _number(table, colours, counts)
    index = np.empty(len(pixels), np.int32)
    _look_up(pixels, table, index)
    return colours, counts, index.reshape(picture.shape[:2])


def _count_by_sorting(
    picture: Image,
) -> tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.int32]]:
    """Return the same for 8 or 16 bits, in the same order."""
    deep = picture.astype(np.uint64)
    codes = deep[:, :, 2] << np.uint64(32) | deep[:, :, 1] << np.uint64(16) | deep[:, :, 0]
    distinct, index, counts = np.unique(codes, return_inverse=True, return_counts=True)
    shifts = np.array([32, 16, 0], np.uint64)
    colours = distinct[:, np.newaxis] >> shifts & np.uint64(0xFFFF)
    shape = picture.shape[:2]
    return colours, counts.astype(np.float64), index.reshape(shape).astype(np.int32)


def _texture(found: Features, weight: float) -> NDArray[np.float32]:
    """Return the logarithm of the local contrast, in the features' units."""
    extent = found.limits[1] - found.limits[0]
    percent = found.spread((found.intensity * (100.0 / extent)).astype(np.float32))
    size = (0, 0)
    mean = cv2.GaussianBlur(percent, size, _TEXTURE_SIGMA_PX)
    square = cv2.GaussianBlur(np.square(percent), size, _TEXTURE_SIGMA_PX)
    deviation = np.sqrt(np.maximum(square - np.square(mean), 0))
    return np.asarray(np.log1p(deviation) * np.float32(weight * extent / 10), np.float32)


def _position(found: Features, weight: float) -> dict[str, NDArray[np.float32]]:
    """Return x and y of each pixel, in the features' units."""
    height, width = found.index.shape
    step = weight * (found.limits[1] - found.limits[0]) / max(height, width)
    x, y = (np.arange(side, dtype=np.float32) * np.float32(step) for side in (width, height))
    shape = (height, width)
    return {"x": np.broadcast_to(x, shape), "y": np.broadcast_to(y[:, np.newaxis], shape)}


def _with_planes(found: Features, planes: dict[str, NDArray[np.float32]]) -> Features:
    """Return the features of every pixel, with further ones; each pixel is distinct."""
    height, width = found.index.shape
    d = found.values.shape[1]
    values = np.empty((height, width, d + len(planes)), np.float32)
    values[:, :, :d] = found.spread(found.values)
    for number, plane in enumerate(planes.values(), d):
        values[:, :, number] = plane
    n = height * width
    return Features(
        values=values.reshape(n, d + len(planes)),
        counts=np.ones(n),
        index=np.arange(n, dtype=np.int32).reshape(height, width),
        names=(*found.names, *planes),
        intensity=found.spread(found.intensity).ravel(),
        limits=found.limits,
    )


@kernel
def _tally(pixels: NDArray[np.uint8], table: NDArray[np.int32]) -> None:
    """Count every colour of pixels (N, 3) BGR in table (2**24,)."""
    for i in range(pixels.shape[0]):
        table[pixels[i, 2] << 16 | pixels[i, 1] << 8 | pixels[i, 0]] += 1


@kernel
def _number(
    table: NDArray[np.int32], colours: NDArray[np.uint8], counts: NDArray[np.float64]
) -> None:
    """Write the colours of table as (N, 3) RGB with counts; table gets their numbers."""
    n = 0
    for code in range(table.size):
        if table[code]:
            colours[n, 0] = code >> 16
            colours[n, 1] = (code >> 8) & 255
            colours[n, 2] = code & 255
            counts[n] = table[code]
            table[code] = n
            n += 1


@kernel
def _look_up(
    pixels: NDArray[np.uint8], table: NDArray[np.int32], index: NDArray[np.int32]
) -> None:
    """Write the number of every pixel's colour."""
    for i in range(pixels.shape[0]):
        index[i] = table[pixels[i, 2] << 16 | pixels[i, 1] << 8 | pixels[i, 0]]
