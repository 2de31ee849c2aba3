"""What the window can show of a frame, composed at the size of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from bgsub.frames import Box
from bgsub.sinks.drawing import Painter, to_bgr8
from bgsub.sinks.window_text import fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bgsub.frames import FrameResult, Image

__all__ = ["VIEWS", "View", "Views", "pixel_at", "tiles"]

View = Literal["picture", "mask", "overlay", "background", "split"]

VIEWS: tuple[View, ...] = ("picture", "mask", "overlay", "background", "split")
"""In the order of the keys 1 to 5."""

_SPLIT: tuple[View, ...] = ("picture", "overlay", "mask", "background")
_GAP_PX = 4


def tiles(view: View, width: int, height: int, area: Box) -> tuple[tuple[View, Box], ...]:
    """Return which pictures a view consists of, and where each of them lies.

    Parameters
    ----------
    view : View
        What is shown.
    width, height : int
        Size of the frames.
    area : Box
        Where there is room for it on the canvas.

    Returns
    -------
    tuple of (View, Box)
        One for each picture, in the frames' aspect ratio; those of a split view are picture
        and overlay, mask and background.
    """
    if view != "split":
        return ((view, fit(width, height, area)),)
    whole = fit(width, height, area)
    w, h = max(1, (whole.width - _GAP_PX) // 2), max(1, (whole.height - _GAP_PX) // 2)
    return tuple(
        (
            part,
            Box(
                x=whole.x + (i % 2) * (w + _GAP_PX),
                y=whole.y + (i // 2) * (h + _GAP_PX),
                width=w,
                height=h,
            ),
        )
        for i, part in enumerate(_SPLIT)
    )


def pixel_at(
    parts: tuple[tuple[View, Box], ...], width: int, height: int, x: int, y: int
) -> tuple[int, int] | None:
    """Return which pixel of the frame, as (y, x), is shown at a place of the canvas."""
    for _, box in parts:
        if 0 <= x - box.x < box.width and 0 <= y - box.y < box.height:
            return (y - box.y) * height // box.height, (x - box.x) * width // box.width
    return None


class Views:
    """Draws views of results, reducing them to the size at which they are shown first.

    Parameters
    ----------
    background : callable
        Returns each so-many-th row and column of the background, or None while there is
        none; its argument says how many.
    max_value : float or None
        The frame value that means white; None: 255 or 65535 by the type.
    """

    def __init__(
        self, *, background: Callable[[int], Image | None], max_value: float | None
    ) -> None:
        self._background = background
        self._max_value = max_value
        self._painters: dict[tuple[int, int], Painter] = {}
        self._kept: NDArray[np.uint8] | None = None

    def forget_background(self) -> None:
        """Ask for the background when it is drawn next, instead of drawing the last one."""
        self._kept = None

    def draw(
        self,
        canvas: NDArray[np.uint8],
        parts: tuple[tuple[View, Box], ...],
        result: FrameResult,
    ) -> None:
        """Draw pictures of a result to where :func:`tiles` says."""
        reduced: NDArray[np.uint8] | None = None
        for view, box in parts:
            into = canvas[box.y : box.y + box.height, box.x : box.x + box.width]
            if view == "mask":
                into[...] = to_bgr8(_resized(result.mask, box, cv2.INTER_NEAREST))
            elif view == "background":
                into[...] = self._background_at(box, result)
            else:
                if reduced is None or reduced.shape[:2] != into.shape[:2]:
                    reduced = self._picture_at(result.frame.image, box)
                into[...] = reduced
            if view == "overlay":
                self._mark(into, result)

    def _picture_at(self, image: Image, box: Box) -> NDArray[np.uint8]:
        return to_bgr8(_resized(image, box, cv2.INTER_LINEAR), self._max_value)

    def _background_at(self, box: Box, result: FrameResult) -> NDArray[np.uint8]:
        shape = (box.height, box.width, 3)
        if self._kept is None or self._kept.shape != shape:
            every = max(1, result.mask.shape[0] // box.height)
            background = self._background(every)
            if background is None:
                return np.zeros(shape, np.uint8)
            self._kept = to_bgr8(_resized(background, box, cv2.INTER_LINEAR))
        return self._kept

    def _mark(self, picture: NDArray[np.uint8], result: FrameResult) -> None:
        height, width = picture.shape[:2]
        if (height, width) not in self._painters:
            # Those of other sizes hold a picture each.
            self._painters.clear()
            self._painters[height, width] = Painter(height, width)
        down, across = height / result.mask.shape[0], width / result.mask.shape[1]
        boxes = [
            Box(
                x=round(box.x * across),
                y=round(box.y * down),
                width=max(1, round(box.width * across)),
                height=max(1, round(box.height * down)),
            )
            for box in result.boxes
        ]
        mask = cv2.resize(result.mask, (width, height), interpolation=cv2.INTER_NEAREST)
        self._painters[height, width].mark(picture, mask.astype(np.uint8, copy=False), boxes)


def _resized(image: Image, box: Box, interpolation: int) -> Image:
    if image.shape[:2] == (box.height, box.width):
        return image
    return cv2.resize(image, (box.width, box.height), interpolation=interpolation)
