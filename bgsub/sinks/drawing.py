"""Marking what was found in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.frames import FOREGROUND, SHADOW
from bgsub.timecode import timecode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bgsub.frames import Box, Frame, FrameResult, Image, Mask

__all__ = ["Painter", "to_bgr8"]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
Colour = tuple[int, int, int]

_FOREGROUND_COLOUR: Colour = (70, 90, 255)
_SHADOW_COLOUR: Colour = (255, 150, 60)
_BOX_COLOUR: Colour = (90, 225, 255)
_TEXT_COLOUR: Colour = (245, 245, 245)
_IDLE_COLOUR: Colour = (150, 150, 150)
_TINT = 0.4


def to_bgr8(image: Image, max_value: float | None = None) -> NDArray[np.uint8]:
    """Return a picture as 8-bit BGR.

    Parameters
    ----------
    image : ndarray, shape (H, W), (H, W, 1) or (H, W, 3)
        Grey or BGR; uint8, uint16 or float32.
    max_value : float or None
        The value that means white; None: 65535 for uint16, otherwise 255.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        The picture itself where nothing is to be changed, else a new one.
    """
    white = max_value or (65535.0 if image.dtype == np.uint16 else 255.0)
    if image.dtype != np.uint8 or white != 255.0:
        image = cv2.convertScaleAbs(np.maximum(image, 0), alpha=255.0 / white)
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return image


class Painter:
    """Draws results into pictures of one size, in place.

    Lines and letters grow with the picture, so that they read the same at any size.

    Parameters
    ----------
    height, width : int
        Size of the pictures in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        side = min(height, width)
        self._line_px = max(1, round(side / 540))
        self._foreground = _solid(height, width, _FOREGROUND_COLOUR)
        self._shadow = _solid(height, width, _SHADOW_COLOUR)
        spread = 2 * self._line_px + 1
        self._spread = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (spread, spread))
        self._label = _Label(height, width)

    def paint(self, picture: NDArray[np.uint8], result: FrameResult) -> None:
        """Mark one result in `picture`, shape (H, W, 3), 8-bit BGR.

        Foreground is tinted red with an outline, shadow blue; each box is drawn, and the time
        code with the event state stands in the upper left corner.  For frames of a camera it is
        the time of day.
        """
        self.mark(picture, result.mask, result.boxes)
        self._label.paint(picture, _time_text(result.frame), in_event=result.in_event)

    def mark(self, picture: NDArray[np.uint8], mask: Mask, boxes: Sequence[Box]) -> None:
        """Mark foreground, shadow and boxes only, as :meth:`paint` does, without the label."""
        self._paint_mask(picture, mask)
        self._paint_boxes(picture, boxes)

    def _paint_mask(self, picture: NDArray[np.uint8], mask: Mask) -> None:
        x, y, width, height = cv2.boundingRect(mask)
        if width == 0:
            return
        # Only the part with something in it, and room for the outline.
        edge = self._line_px
        rows = slice(max(0, y - edge), y + height + edge)
        columns = slice(max(0, x - edge), x + width + edge)
        part, labels = picture[rows, columns], mask[rows, columns]
        shadow = (labels == SHADOW).view(np.uint8)
        if cv2.countNonZero(shadow):
            _tint(part, shadow, self._shadow[rows, columns])
        foreground = (labels == FOREGROUND).view(np.uint8)
        _tint(part, foreground, self._foreground[rows, columns])
        outline = cv2.bitwise_xor(cv2.dilate(foreground, self._spread), foreground)
        cv2.copyTo(self._foreground[rows, columns], outline, part)

    def _paint_boxes(self, picture: NDArray[np.uint8], boxes: Sequence[Box]) -> None:
        gap = 2 * self._line_px
        for box in boxes:
            # Even pixels, outwards: colour is sampled there in 4:2:0 video, and a thin line
            # on odd ones would turn out grey.
            first = ((box.x - gap) & ~1, (box.y - gap) & ~1)
            last = ((box.x + box.width + gap) & ~1, (box.y + box.height + gap) & ~1)
            cv2.rectangle(picture, first, last, _BOX_COLOUR, self._line_px)


class _Label:
    """Time code and event state in the upper left corner; nothing where they do not fit."""

    def __init__(self, height: int, width: int) -> None:
        self._text_px = max(9, round(min(height, width) * 0.028))
        self._stroke_px = max(1, round(self._text_px / 12))
        self._scale = cv2.getFontScaleFromHeight(_FONT, self._text_px, self._stroke_px)
        # Every character of the time gets the same room: it must not dance.
        self._cell_px = max(self._width_px(digit) for digit in "0123456789")
        self._pad_px = max(4, round(self._text_px * 0.6))
        self._left_px = self._top_px = self._pad_px
        self._size = (height, width)

    def _width_px(self, text: str) -> int:
        (width, _), _ = cv2.getTextSize(text, _FONT, self._scale, self._stroke_px)
        return int(width)

    def paint(self, picture: NDArray[np.uint8], time: str, *, in_event: bool) -> None:
        """Draw the label into `picture`, shape (H, W, 3)."""
        word = "MOTION" if in_event else ""
        dot_px = self._text_px
        time_px = self._cell_px * sum(2 if char.isdigit() else 1 for char in time) // 2
        word_px = self._width_px(word) + self._pad_px if word else 0
        width = 3 * self._pad_px + dot_px + time_px
        height = 2 * self._pad_px + self._text_px
        if self._left_px + width > self._size[1] or 2 * self._top_px + height > self._size[0]:
            return
        if self._left_px + width + word_px > self._size[1]:
            word, word_px = "", 0
        panel = picture[
            self._top_px : self._top_px + height,
            self._left_px : self._left_px + width + word_px,
        ]
        cv2.convertScaleAbs(panel, dst=panel, alpha=0.3)
        self._paint_dot(panel, height // 2, in_event=in_event)
        base = self._pad_px + self._text_px
        left = 2 * self._pad_px + dot_px
        for char in time:
            cell = self._cell_px if char.isdigit() else self._cell_px // 2
            self._put(panel, char, left + (cell - self._width_px(char)) // 2, base)
            left += cell
        if word:
            self._put(panel, word, left + self._pad_px, base)

    def _paint_dot(self, panel: NDArray[np.uint8], middle_px: int, *, in_event: bool) -> None:
        centre = (self._pad_px + self._text_px // 2, middle_px)
        radius = max(3, round(self._text_px * 0.42))
        if in_event:
            cv2.circle(panel, centre, radius, _FOREGROUND_COLOUR, cv2.FILLED, cv2.LINE_AA)
        else:
            cv2.circle(panel, centre, radius, _IDLE_COLOUR, self._stroke_px, cv2.LINE_AA)

    def _put(self, panel: NDArray[np.uint8], text: str, left_px: int, base_px: int) -> None:
        place = (left_px, base_px)
        scale, stroke = self._scale, self._stroke_px
        cv2.putText(panel, text, place, _FONT, scale, _TEXT_COLOUR, stroke, cv2.LINE_AA)


def _time_text(frame: Frame) -> str:
    """Return when a frame was taken: by the wall clock if known, else in the stream."""
    if frame.captured_at is None:
        return timecode(frame.timestamp_s)
    at = frame.captured_at.astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


def _solid(height: int, width: int, colour: Colour) -> NDArray[np.uint8]:
    return np.full((height, width, 3), colour, np.uint8)


def _tint(
    part: NDArray[np.uint8], selected: NDArray[np.uint8], colour: NDArray[np.uint8]
) -> None:
    """Blend `colour` into `part` in place where `selected` is set."""
    tinted = cv2.addWeighted(part, 1.0 - _TINT, colour, _TINT, 0.0)
    cv2.copyTo(tinted, selected, part)
