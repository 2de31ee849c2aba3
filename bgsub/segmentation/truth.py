"""Human segmentations: BSDS ``.mat`` files and label images."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgsub.errors import SourceOpenError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["IMAGE_SUFFIXES", "find_truth", "read_truth"]

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif", ".pgm")
"""Suffixes of label images: kinds of picture that keep numbers as they are."""

_BITS = 16


def find_truth(place: Path, stem: str) -> tuple[Path, ...]:
    """Find the truth of a picture.

    Parameters
    ----------
    place : Path
        A file is the truth itself.  In a folder it is ``STEM.mat``, a label image of that
        stem, or all label images in a folder ``STEM``.
    stem : str
        The picture's file name without suffix.

    Returns
    -------
    tuple of Path
        At least one file, sorted.

    Raises
    ------
    UsageError
        If there is none.
    """
    if place.is_file():
        return (place,)
    if not place.is_dir():
        msg = (
            f"There is no truth {place}: give a .mat file, a label image, or a folder of them."
        )
        raise UsageError(msg)
    mat = place / f"{stem}.mat"
    if mat.is_file():
        return (mat,)
    found = [place / f"{stem}{suffix}" for suffix in IMAGE_SUFFIXES]
    found = [path for path in found if path.is_file()]
    if (place / stem).is_dir():
        found += [p for p in (place / stem).iterdir() if p.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        msg = (
            f"{place} holds no truth for {stem}: it should have {stem}.mat, {stem}.png, or a "
            f"folder {stem} with label images."
        )
        raise UsageError(msg)
    return tuple(sorted(found))


def read_truth(
    paths: Sequence[Path], *, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], ...]:
    """Read the human segmentations of one picture.

    Parameters
    ----------
    paths : sequence of Path
        BSDS ``.mat`` files, which hold several, or label images, which hold one each: every
        value, palette index or colour is a region.
    shape : (int, int)
        Height and width of the picture.

    Returns
    -------
    tuple of ndarray of int64, shape (H, W)
        Region of each pixel.

    Raises
    ------
    SourceOpenError
        If a file cannot be read, or is of another size than the picture.
    """
    truths: list[NDArray[np.int64]] = []
    for path in paths:
        found = _read_mat(path) if path.suffix.lower() == ".mat" else [_read_image(path)]
        for truth in found:
            if truth.shape != shape:
                size, wanted = (f"{s[1]}x{s[0]}" for s in (truth.shape, shape))
                msg = (
                    f"The truth {path} is {size} pixels but the picture is {wanted}; "
                    "give the truth of this picture."
                )
                raise SourceOpenError(msg)
        truths += found
    return tuple(truths)


def _read_mat(path: Path) -> list[NDArray[np.int64]]:
    from scipy.io import loadmat

    wrong = SourceOpenError(
        f"{path} is no truth of BSDS: it should be a .mat file (up to version 7) with "
        "groundTruth{i}.Segmentation."
    )
    try:
        content = loadmat(path, variable_names=["groundTruth"])
    except Exception as error:
        logger.debug("unreadable truth", exc_info=True)
        raise wrong from error
    try:
        cells = np.atleast_1d(content["groundTruth"].ravel())
        truths = [_whole(cell["Segmentation"].item()) for cell in cells]
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise wrong from error
    if not truths or any(truth.ndim != 2 or not truth.size for truth in truths):
        raise wrong
    return truths


def _whole(values: Any) -> NDArray[np.int64]:  # noqa: ANN401 - whatever the file holds
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "uif" or not np.isfinite(numbers).all():
        msg = "no numbers"
        raise ValueError(msg)
    whole = numbers.astype(np.int64)
    if not np.array_equal(whole, numbers):
        msg = "no whole numbers"
        raise ValueError(msg)
    return whole


def _read_image(path: Path) -> NDArray[np.int64]:
    wrong = SourceOpenError(
        f"{path} is no label image that can be read; truth is a PNG or TIFF file with a number "
        "for each region, or a BSDS .mat file."
    )
    try:
        indices = _palette_indices(path)
        if indices is not None:
            return indices
        data = np.frombuffer(path.read_bytes(), np.uint8)
        values = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if values is None:
            raise wrong
        if values.ndim == 2:
            return _whole(values)
        if values.dtype.kind != "u":
            raise wrong
    except (OSError, ValueError, cv2.error) as error:
        raise wrong from error
    # Transparency says nothing of regions; three channels become one number.
    packed = np.zeros(values.shape[:2], np.int64)
    for channel in range(min(3, values.shape[2])):
        packed = (packed << _BITS) | values[:, :, channel].astype(np.int64)
    return packed


def _palette_indices(path: Path) -> NDArray[np.int64] | None:
    """Return the indices of a picture with a palette: two may have the same colour."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return np.asarray(picture, np.int64) if picture.mode == "P" else None
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return None
