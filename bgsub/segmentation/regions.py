"""Regions of a label map: small ones give way to what surrounds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.segmentation.scores import connected_regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["merge_small_regions"]


def merge_small_regions(labels: NDArray[np.uint8], min_pixels: float) -> NDArray[np.uint8]:
    """Give the pixels of small regions the class of the nearest pixel of a large one.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
        Class of each pixel; not modified.
    min_pixels : float
        Connected regions (along sides) of fewer pixels are small.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Class of each pixel; the labels as they are if all regions are small.  A new array.
    """
    regions = connected_regions(labels)
    is_small = np.bincount(regions.ravel()) < min_pixels
    if is_small.all() or not is_small.any():
        return labels.copy()
    small = is_small[regions].view(np.uint8)
    # Each pixel gets the number of the pixel of a large region that is nearest to it.
    _, nearest = cv2.distanceTransformWithLabels(
        small, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    kept = small == 0
    class_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    class_of[nearest[kept]] = labels[kept]
    return np.asarray(class_of[nearest], np.uint8)
