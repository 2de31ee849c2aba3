"""The Gaussians of one pixel, as a small plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.frames import Box
from bgsub.sinks.window_text import ACCENT, ALARM, DIM, GOOD, TEXT, WARN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.mixture.pixel import PixelMixture
    from bgsub.sinks.window_text import Colour, Lettering

__all__ = ["draw_mixture", "mixture_size"]

_CHANNELS: tuple[tuple[str, Colour], ...] = (
    ("B", (255, 150, 90)),
    ("G", (110, 220, 110)),
    ("R", (100, 110, 255)),
)
_GREY_CHANNEL: tuple[tuple[str, Colour], ...] = (("", TEXT),)
_BACKGROUND_FILL: Colour = (60, 95, 55)
_FOREGROUND_FILL: Colour = (35, 80, 110)
_AXIS: Colour = (110, 110, 110)
_TICKS = (0, 64, 128, 192, 255)
_LEVELS = np.arange(0.0, 255.5, 1.5, dtype=np.float32)


def mixture_size(lettering: Lettering, n_channels: int, n_components: int) -> tuple[int, int]:
    """Return width and height of the plot that :func:`draw_mixture` draws."""
    lines = 3 + 1 + max(1, n_components) + _strip_lines(n_channels) * n_channels
    width = _columns_px(lettering, n_channels)[-1] + lettering.width_px("background <")
    return width + 4 * lettering.pad_px, lines * lettering.line_px + lettering.pad_px


def draw_mixture(
    canvas: NDArray[np.uint8],
    area: Box,
    pixel: PixelMixture,
    *,
    place: tuple[int, int],
    value: tuple[float, ...],
    lettering: Lettering,
) -> None:
    """Draw the Gaussians of a pixel, and its value among them.

    Each Gaussian is a hump over the grey levels; green ones are background, amber ones are
    not.  Heights are as the roots of the weights: the light ones should be seen, too.  The
    upright line is the pixel's value.

    Parameters
    ----------
    canvas : ndarray of uint8, shape (H, W, 3)
        Drawn upon.
    area : Box
        Where; as large as :func:`mixture_size` says.
    pixel : PixelMixture
        What is known about the pixel.
    place : (int, int)
        Its row and column.
    value : tuple of float
        Its newest value, one number for each channel, in grey levels from 0 to 255.
    lettering : Lettering
        The text.
    """
    lettering.panel(canvas, area)
    channels = _CHANNELS if len(value) == 3 else _GREY_CHANNEL
    matched = pixel.matched(value)
    left, line = area.x + 2 * lettering.pad_px, lettering.line_px
    width = area.width - 4 * lettering.pad_px
    top = area.y + lettering.pad_px // 2
    _draw_head(canvas, Box(x=left, y=top, width=width, height=line), place, value, lettering)
    _draw_verdict(canvas, (left, top + line), matched, pixel, lettering)
    top += 2 * line
    # Red first, as people name colours.
    for c in reversed(range(len(channels))):
        strip = Box(x=left, y=top, width=width, height=_strip_lines(len(channels)) * line)
        _draw_strip(canvas, strip, pixel, c, value[c], matched)
        lettering.put(canvas, channels[c][0], left + 3, top, channels[c][1])
        top += strip.height
    for tick in _TICKS:
        text = str(tick)
        middle = left + round(tick / 255 * width)
        half = lettering.width_px(text) // 2
        at = min(max(left, middle - half), left + width - 2 * half)
        lettering.put(canvas, text, at, top, DIM)
    _draw_table(canvas, (left, top + line), pixel, matched, lettering)


def _columns_px(lettering: Lettering, n_channels: int) -> list[int]:
    """Return where the table's columns begin."""
    gap = lettering.width_px("00")
    columns = [0]
    for widest in ("0", "weight", "000 000 000" if n_channels == 3 else "mean", "sigma"):
        columns.append(columns[-1] + lettering.width_px(widest) + gap)
    return columns


def _strip_lines(n_channels: int) -> int:
    return 2 if n_channels == 3 else 6


def _draw_head(
    canvas: NDArray[np.uint8],
    line: Box,
    place: tuple[int, int],
    value: tuple[float, ...],
    lettering: Lettering,
) -> None:
    y, x = place
    numbers = " ".join(f"{level:.0f}" for level in reversed(value))
    lettering.put(canvas, f"x {x}  y {y}   value {numbers}", line.x, line.y, TEXT)
    colour = value if len(value) == 3 else value * 3
    side = lettering.text_px
    top = line.y + (line.height - side) // 2 + 1
    first, last = (line.x + line.width - 2 * side, top), (line.x + line.width, top + side)
    blue, green, red = (round(level) for level in colour)
    cv2.rectangle(canvas, first, last, (blue, green, red), cv2.FILLED)
    cv2.rectangle(canvas, first, last, _AXIS, 1)


def _draw_verdict(
    canvas: NDArray[np.uint8],
    corner: tuple[int, int],
    matched: int | None,
    pixel: PixelMixture,
    lettering: Lettering,
) -> None:
    if len(pixel.weights) == 0:
        words, colour = "nothing learnt yet", DIM
    elif matched is None:
        words, colour = "matches none: foreground", ALARM
    elif matched < pixel.n_background:
        words, colour = f"matches {matched + 1}: background", GOOD
    else:
        words, colour = f"matches {matched + 1}: foreground", ALARM
    lettering.put(canvas, words, *corner, colour)


def _draw_strip(
    canvas: NDArray[np.uint8],
    strip: Box,
    pixel: PixelMixture,
    channel: int,
    value: float,
    matched: int | None,
) -> None:
    """Draw the humps of one channel."""
    base = strip.y + strip.height - 3
    room = strip.height - 7
    across = (strip.width - 1) / 255
    columns = strip.x + _LEVELS * np.float32(across)
    heights = np.sqrt(pixel.weights / max(0.25, float(pixel.weights.max(initial=0.0))))
    outlines = []
    for k in range(len(pixel.weights)):
        sigma = max(0.5, float(pixel.sigmas[k]))
        hump = np.exp(-0.5 * ((_LEVELS - pixel.means[k, channel]) / sigma) ** 2)
        rows = base - hump * (float(heights[k]) * room)
        outlines.append(np.stack([columns, rows], axis=1).round().astype(np.int32))
    for k, outline in enumerate(outlines):
        fill = _BACKGROUND_FILL if k < pixel.n_background else _FOREGROUND_FILL
        cv2.fillPoly(canvas, [outline], fill)
    for k, outline in enumerate(outlines):
        colour = GOOD if k < pixel.n_background else WARN
        stroke = 2 if k == matched else 1
        cv2.polylines(canvas, [outline], isClosed=False, color=colour, thickness=stroke)
    cv2.line(canvas, (strip.x, base), (strip.x + strip.width - 1, base), _AXIS, 1)
    for tick in _TICKS:
        at = strip.x + round(tick * across)
        cv2.line(canvas, (at, base), (at, base + 3), _AXIS, 1)
    at = strip.x + round(min(max(value, 0.0), 255.0) * across)
    cv2.line(canvas, (at, strip.y + 3), (at, base), ACCENT, 1)


def _draw_table(
    canvas: NDArray[np.uint8],
    corner: tuple[int, int],
    pixel: PixelMixture,
    matched: int | None,
    lettering: Lettering,
) -> None:
    left, top = corner
    places = [left + column for column in _columns_px(lettering, pixel.means.shape[1])]
    for text, at in zip(("", "weight", "mean", "sigma", ""), places, strict=True):
        lettering.put(canvas, text, at, top, DIM)
    for k in range(len(pixel.weights)):
        top += lettering.line_px
        is_background = k < pixel.n_background
        words = ("background" if is_background else "foreground") + (
            " <" if k == matched else ""
        )
        cells = (
            str(k + 1),
            f"{pixel.weights[k]:.3f}",
            " ".join(f"{level:.0f}" for level in reversed(pixel.means[k])),
            f"{pixel.sigmas[k]:.1f}",
            words,
        )
        for text, at in zip(cells, places, strict=True):
            colour = GOOD if is_background else WARN
            lettering.put(canvas, text, at, top, colour if text == words else TEXT)
