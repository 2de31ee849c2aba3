"""Pictures as encoders take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.sinks.drawing import to_bgr8

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.frames import Image

__all__ = ["EvenCanvas"]


class EvenCanvas:
    """A picture with room to draw in, and its planes in 4:2:0 form, which has even sizes only.

    Odd widths or heights get one more column or row, a copy of the last.

    Parameters
    ----------
    height, width : int
        Size of the pictures in pixels.
    max_value : float or None
        The value that means white in them; None: by their type.

    Attributes
    ----------
    height, width : int
        Size of the planes' picture, even.
    """

    def __init__(self, height: int, width: int, max_value: float | None) -> None:
        self.height = height + height % 2
        self.width = width + width % 2
        self._max_value = max_value
        self._size = (height, width)
        self._bgr = np.zeros((self.height, self.width, 3), np.uint8)
        self._planes = np.zeros((self.height * 3 // 2, self.width), np.uint8)

    def draw(self, image: Image) -> NDArray[np.uint8]:
        """Take over a picture of the canvas's size; return where it may be drawn into.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            8-bit BGR, valid until the next call.
        """
        height, width = self._size
        picture = self._bgr[:height, :width]
        np.copyto(picture, to_bgr8(image, self._max_value))
        return picture

    def planes(self) -> NDArray[np.uint8]:
        """Return the planes one after the other, shape (height * 3 / 2, width).

        Valid until the next call.
        """
        height, width = self._size
        self._bgr[height:] = self._bgr[height - 1]
        self._bgr[:, width:] = self._bgr[:, width - 1 : width]
        cv2.cvtColor(self._bgr, cv2.COLOR_BGR2YUV_I420, dst=self._planes)
        return self._planes
