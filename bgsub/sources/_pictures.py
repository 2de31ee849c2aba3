"""From a decoded video frame to the array that the model takes: the one place for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from bgsub.sources._luma import read_luma

if TYPE_CHECKING:
    import av

    from bgsub.frames import Image

__all__ = ["PictureConverter", "scaled_size"]


def scaled_size(
    width: int, height: int, *, scale: float, max_side_px: int | None
) -> tuple[int, int]:
    """Return width and height in pixels after scaling, each at least 1."""
    if max_side_px is not None:
        scale = min(scale, max_side_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


class PictureConverter:
    """Turns decoded frames into read-only uint8 arrays, grey or BGR, upright.

    The kind of picture, its size and how it is turned are those of the first frame.

    Parameters
    ----------
    first : av.VideoFrame
        A frame of the clip.
    scale : float
        Factor of the size, above 0 and at most 1; done together with the colour conversion.
    max_side_px : int or None
        The longer side is reduced to at most this.
    colour : bool
        Whether colour is kept; without it every picture is grey.

    Attributes
    ----------
    coded_size : tuple of int
        Width and height of the frames as they are decoded, in pixels.
    size : tuple of int
        Width and height of the arrays in pixels.
    source_size : tuple of int
        Width and height of the upright picture before scaling, in pixels.
    """

    def __init__(
        self, first: av.VideoFrame, *, scale: float, max_side_px: int | None, colour: bool
    ) -> None:
        self._format = "bgr24" if colour and not _is_grey(first) else "gray"
        self._takes_luma = not colour
        self._transpose, self._flip = _orientation(first)
        self.coded_size = (first.width, first.height)
        self._scaled_size = scaled_size(
            first.width, first.height, scale=scale, max_side_px=max_side_px
        )
        self._is_scaled = self._scaled_size != self.coded_size
        self._reformatter = VideoReformatter()
        self.size = self._upright(self._scaled_size)
        self.source_size = self._upright(self.coded_size)

    def fits(self, frame: av.VideoFrame) -> bool:
        """Tell whether `frame` is as large as the first one."""
        return (frame.width, frame.height) == self.coded_size

    def convert(self, frame: av.VideoFrame) -> Image:
        """Return the picture as (H, W) grey or (H, W, 3) BGR uint8, read-only.

        No copy is made beyond the conversion, unless the picture must be turned.
        """
        image = read_luma(frame, self._scaled_size) if self._takes_luma else None
        if image is None:
            image = self._reformat(frame)
        if self._transpose:
            image = np.asarray(cv2.transpose(image))
        if self._flip is not None:
            image = np.asarray(cv2.flip(image, self._flip))
        image.setflags(write=False)
        return image

    def _reformat(self, frame: av.VideoFrame) -> Image:
        width, height = self._scaled_size
        # One thread: decoding threads are busy meanwhile, and slices would only add hand-over.
        picture = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=self._format,
            interpolation=Interpolation.AREA if self._is_scaled else Interpolation.BILINEAR,
            threads=1,
        )
        return picture.to_ndarray()

    def _upright(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[1], size[0]) if self._transpose else size


def _is_grey(frame: av.VideoFrame) -> bool:
    parts = frame.format.components
    return not frame.format.has_palette and all(p.is_luma or p.is_alpha for p in parts)


def _orientation(frame: av.VideoFrame) -> tuple[bool, int | None]:
    """Return whether to transpose, and then OpenCV's flip code or None.

    The display matrix maps a stored pixel (x, y) to (a x + c y, b x + d y).  Cameras use the
    eight that map the pixel grid onto itself; any other leaves the picture as it is stored.
    """
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return False, None
    matrix = np.frombuffer(bytes(data), dtype=np.int32)
    a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
    if b == 0 == c and a and d:
        transpose, x_sign, y_sign = False, a, d
    elif a == 0 == d and b and c:
        transpose, x_sign, y_sign = True, c, b
    else:
        return False, None
    flips = {(False, False): None, (True, False): 1, (False, True): 0, (True, True): -1}
    return transpose, flips[x_sign < 0, y_sign < 0]
