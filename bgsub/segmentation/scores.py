"""How well two segmentations of one picture agree: region scores and label scores.

Everything is computed from the table of overlaps (how many pixels lie in region i of one
segmentation and region j of the other), which is sparse and one pass over the picture.

**Regions or labels.**  A mixture labels pixels by class, and one class may lie in many places.
The region scores of BSDS500 compare *regions*: its benchmark labels the connected components of
what is left between the boundaries (``bwlabel``), so that two dark things far apart are two
regions.  :func:`connected_regions` turns class labels into such regions, and
:func:`score_regions` does so before it scores; scores of the class labels themselves are had by
giving them to :func:`covering` and the others as they are.

References
----------
P. Arbeláez, M. Maire, C. Fowlkes, J. Malik, "Contour Detection and Hierarchical Image
Segmentation", PAMI 33(5), 2011, section 3.
R. Unnikrishnan, C. Pantofaru, M. Hebert, "Toward Objective Evaluation of Image Segmentation
Algorithms", PAMI 29(6), 2007.
M. Meilă, "Comparing Clusterings: An Axiomatic View", ICML 2005.
L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bgsub.errors import FrameShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bgsub.frames import Image

__all__ = [
    "LabelScores",
    "Overlaps",
    "RegionScores",
    "adjusted_rand_index",
    "connected_regions",
    "covering",
    "match_labels",
    "matched_accuracy",
    "overlaps",
    "psnr_db",
    "rand_index",
    "score_labels",
    "score_regions",
    "variation_of_information",
]


Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlaps:
    """The pixels that regions of two segmentations share; only pairs that share any.

    Attributes
    ----------
    first, second : ndarray of intp, shape (P,)
        For each pair its region in either segmentation, as positions in the sizes.
    pixels : ndarray of int64, shape (P,)
        How many pixels the two share, above 0.
    first_sizes, second_sizes : ndarray of int64, shape (R,) and (S,)
        Pixels of each region; 0 for labels that do not occur.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    pixels: NDArray[np.int64]
    first_sizes: NDArray[np.int64]
    second_sizes: NDArray[np.int64]

    @property
    def n_pixels(self) -> int:
        """The pixels of the picture."""
        return int(self.pixels.sum())

    def table(self) -> NDArray[np.int64]:
        """Return the overlaps as a dense table, shape (R, S)."""
        table = np.zeros((len(self.first_sizes), len(self.second_sizes)), np.int64)
        table[self.first, self.second] = self.pixels
        return table


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionScores:
    """A segmentation against human ones; each score is the mean over the humans.

    Attributes
    ----------
    covering : float
        How well its regions cover theirs, 0 to 1; 1 is the same.
    rand_index : float
        Probabilistic Rand index: share of the pairs of pixels that both put together or both
        keep apart, 0 to 1.
    variation_of_information : float
        In bits, 0 is the same; smaller is better.
    n_regions : int
        Regions of the segmentation.
    """

    covering: float
    rand_index: float
    variation_of_information: float
    n_regions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScores:
    """Class labels against the classes they should be.

    Attributes
    ----------
    adjusted_rand_index : float
        Rand index corrected for chance: 1 is the same, about 0 is chance.
    accuracy : float
        Share of the pixels with the right label, after the best matching of the classes.
    """

    adjusted_rand_index: float
    accuracy: float


def overlaps(first: Labels, second: Labels) -> Overlaps:
    """Count the pixels that regions of two segmentations share.

    Parameters
    ----------
    first, second : ndarray of integers, shape (H, W)
        Label maps; any numbers.

    Raises
    ------
    FrameShapeError
        If the shapes differ.
    """
    if first.shape != second.shape:
        msg = f"Cannot compare: one label map is {first.shape}, the other {second.shape}."
        raise FrameShapeError(msg)
    from scipy.sparse import coo_array

    rows, columns = _positions(first), _positions(second)
    ones = np.ones(rows.size, np.int64)
    shape = tuple(int(part.max(initial=-1)) + 1 for part in (rows, columns))
    pairs = coo_array((ones, (rows, columns)), shape=shape)
    pairs.sum_duplicates()
    return Overlaps(
        first=pairs.row.astype(np.intp),
        second=pairs.col.astype(np.intp),
        pixels=pairs.data,
        first_sizes=np.bincount(rows, minlength=shape[0]),
        second_sizes=np.bincount(columns, minlength=shape[1]),
    )


def _positions(labels: Labels) -> NDArray[np.intp]:
    """Return flat labels as small numbers from 0; those that are small already stay."""
    flat = labels.ravel()
    if flat.size and (int(flat.min()) < 0 or int(flat.max()) > flat.size):
        flat = np.unique(flat, return_inverse=True)[1]
    return flat.astype(np.intp)


def connected_regions(labels: Labels) -> NDArray[np.int32]:
    """Give each connected part of a class a number of its own.

    Parameters
    ----------
    labels : ndarray of integers, shape (H, W)
        Class of each pixel.

    Returns
    -------
    ndarray of int32, shape (H, W)
        Region of each pixel, from 0; pixels of one class that touch along a side are in one.
    """
    regions = np.zeros(labels.shape, np.int32)
    n_regions = 0
    for label in np.unique(labels):
        mask = (labels == label).view(np.uint8)
        n_parts, parts = cv2.connectedComponents(mask, connectivity=4, ltype=cv2.CV_32S)
        np.add(parts, n_regions - 1, out=regions, where=mask.view(bool))
        n_regions += n_parts - 1
    return regions


def covering(shared: Overlaps) -> float:
    """Return how well the first segmentation covers the second, 0 to 1.

    The overlap of two regions is intersection over union.  Each region of the second counts by
    its size with the best overlap that any region of the first has with it: Arbeláez et al.
    (2011), section 3.1.3.

    Notes
    -----
    Not symmetric: in the benchmark the second is the human segmentation.
    """
    union = (
        shared.first_sizes[shared.first] + shared.second_sizes[shared.second] - shared.pixels
    )
    best = np.zeros(len(shared.second_sizes))
    np.maximum.at(best, shared.second, shared.pixels / union)
    return float(best @ shared.second_sizes / max(shared.n_pixels, 1))


def rand_index(shared: Overlaps) -> float:
    """Return the share of pairs of pixels on which both agree, 0 to 1.

    Its mean over several human segmentations is the probabilistic Rand index of Unnikrishnan
    et al. (2007).
    """
    n = shared.n_pixels
    if n < 2:
        return 1.0
    together = float((shared.pixels.astype(float) ** 2).sum())
    alone = sum(
        float((sizes.astype(float) ** 2).sum())
        for sizes in (shared.first_sizes, shared.second_sizes)
    )
    return 1.0 - (alone / 2 - together) / (n * (n - 1) / 2)


def variation_of_information(shared: Overlaps) -> float:
    """Return the information that one segmentation lacks of the other and back, in bits.

    H(first | second) + H(second | first); Meilă (2005).  Bits, as BSDS's benchmark has it.
    """
    joint = _entropy_bits(shared.pixels)
    alone = _entropy_bits(shared.first_sizes) + _entropy_bits(shared.second_sizes)
    return max(0.0, 2 * joint - alone)


def _entropy_bits(counts: NDArray[np.int64]) -> float:
    shares = counts[counts > 0] / max(int(counts.sum()), 1)
    return float(-(shares * np.log2(shares)).sum())


def adjusted_rand_index(first: Labels, second: Labels) -> float:
    """Return the Rand index corrected for chance (Hubert and Arabie, 1985), by scikit-learn."""
    from sklearn.metrics import adjusted_rand_score

    if first.shape != second.shape:
        msg = f"Cannot compare: one label map is {first.shape}, the other {second.shape}."
        raise FrameShapeError(msg)
    return float(adjusted_rand_score(first.ravel(), second.ravel()))


def match_labels(shared: Overlaps) -> dict[int, int]:
    """Match labels of the first with labels of the second so that most pixels agree.

    Returns
    -------
    dict of int to int
        Position in the first's sizes to position in the second's; one to one, so that the
        larger number of labels is not matched wholly.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(shared.table(), maximize=True)
    return dict(zip(rows.tolist(), columns.tolist(), strict=True))


def matched_accuracy(shared: Overlaps) -> float:
    """Return the share of pixels with equal labels after the best one-to-one matching."""
    table = shared.table()
    right = sum(int(table[row, column]) for row, column in match_labels(shared).items())
    return right / max(shared.n_pixels, 1)


def psnr_db(picture: Image, other: Image, *, max_value: float) -> float:
    """Return the peak signal-to-noise ratio in decibels; infinite if the pictures are equal.

    Parameters
    ----------
    picture, other : ndarray, shape (H, W) or (H, W, C)
        The pictures.
    max_value : float
        The value that means white.

    Raises
    ------
    FrameShapeError
        If the shapes differ.
    """
    if picture.shape != other.shape:
        msg = f"Cannot compare: one picture is {picture.shape}, the other {other.shape}."
        raise FrameShapeError(msg)
    error = np.subtract(picture, other, dtype=np.float64)
    mean_square = float(np.square(error, out=error).mean())
    if mean_square == 0.0:
        return float("inf")
    return float(10.0 * np.log10(max_value**2 / mean_square))


def score_labels(labels: Labels, right: Labels) -> LabelScores:
    """Score class labels against the right ones; the numbers of the classes do not matter."""
    return LabelScores(
        adjusted_rand_index=adjusted_rand_index(labels, right),
        accuracy=matched_accuracy(overlaps(labels, right)),
    )


def score_regions(labels: Labels, truths: Sequence[Labels]) -> RegionScores:
    """Score the connected regions of class labels against human segmentations.

    Parameters
    ----------
    labels : ndarray of integers, shape (H, W)
        Class of each pixel.
    truths : sequence of ndarray of integers, shape (H, W)
        Region of each pixel as humans see it, at least one; taken as they are.

    Raises
    ------
    FrameShapeError
        If a truth has another shape.
    ValueError
        If there is no truth.
    """
    if not truths:
        msg = "there is no truth to score against"
        raise ValueError(msg)
    regions = connected_regions(labels)
    shared = [overlaps(regions, truth) for truth in truths]
    return RegionScores(
        covering=float(np.mean([covering(one) for one in shared])),
        rand_index=float(np.mean([rand_index(one) for one in shared])),
        variation_of_information=float(
            np.mean([variation_of_information(one) for one in shared])
        ),
        n_regions=int(regions.max(initial=-1)) + 1,
    )
