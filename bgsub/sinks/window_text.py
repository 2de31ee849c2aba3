"""Letters and panels of the window, drawn at the size of the screen: they stay sharp."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from bgsub.frames import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ACCENT", "ALARM", "DIM", "GOOD", "TEXT", "WARN", "Colour", "Lettering", "fit"]

Colour = tuple[int, int, int]

TEXT: Colour = (245, 245, 245)
DIM: Colour = (165, 165, 165)
ALARM: Colour = (70, 90, 255)
WARN: Colour = (60, 180, 255)
GOOD: Colour = (120, 205, 110)
ACCENT: Colour = (90, 225, 255)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SHADE = 0.18


def fit(width: int, height: int, area: Box) -> Box:
    """Return the largest rectangle of the shape `width` to `height` amid `area`."""
    scale = min(area.width / width, area.height / height)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    return Box(
        x=area.x + (area.width - w) // 2, y=area.y + (area.height - h) // 2, width=w, height=h
    )


class Lettering:
    """Text of one height.

    Parameters
    ----------
    text_px : int
        Height of a capital letter.

    Attributes
    ----------
    text_px, line_px, pad_px : int
        Height of a letter, from one line to the next, and room around text.
    """

    def __init__(self, text_px: int) -> None:
        self.text_px = text_px
        self.line_px = round(text_px * 1.75)
        self.pad_px = max(4, round(text_px * 0.6))
        self._stroke_px = max(1, round(text_px / 14))
        self._scale = cv2.getFontScaleFromHeight(_FONT, text_px, self._stroke_px)
        self._widths: dict[str, int] = {}

    def width_px(self, text: str) -> int:
        """Return how wide `text` is."""
        # What changes from frame to frame is digits, which are kept at one width anyway.
        pattern = "".join("0" if char.isdigit() else char for char in text)
        if pattern not in self._widths:
            (width, _), _ = cv2.getTextSize(pattern, _FONT, self._scale, self._stroke_px)
            self._widths[pattern] = int(width)
        return self._widths[pattern]

    def put(
        self, canvas: NDArray[np.uint8], text: str, left_px: int, top_px: int, colour: Colour
    ) -> None:
        """Write one line into `canvas`, whose box of `line_px` begins at `top_px`."""
        base = top_px + (self.line_px + self.text_px) // 2
        cv2.putText(
            canvas,
            text,
            (left_px, base),
            _FONT,
            self._scale,
            colour,
            self._stroke_px,
            cv2.LINE_AA,
        )

    def fitted(self, text: str, width_px: int) -> str:
        """Return `text`, or as much of its beginning as fits, with dots."""
        if self.width_px(text) <= width_px:
            return text
        while text and self.width_px(text + "...") > width_px:
            text = text[:-1]
        return text + "..." if text else ""

    def panel(self, canvas: NDArray[np.uint8], area: Box) -> None:
        """Darken a part of the canvas, so that text on it can be read."""
        part = canvas[area.y : area.y + area.height, area.x : area.x + area.width]
        if part.size:
            cv2.convertScaleAbs(part, dst=part, alpha=_SHADE)
            last = (area.x + area.width - 1, area.y + area.height - 1)
            cv2.rectangle(canvas, (area.x, area.y), last, (90, 90, 90), 1)
