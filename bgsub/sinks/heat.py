"""A heat map over a picture, with its colour bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_heat"]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_COLOURS = cv2.COLORMAP_TURBO
_BACKGROUND_DIM = 0.55
_OPACITY = (0.45, 0.9)
# A flickering clock or lamp must not darken all the rest.
_TOP_QUANTILE = 0.995
_MIN_BAR_SIZE_PX = (120, 160)


def draw_heat(shares: NDArray[np.float32], background: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of where motion was.

    Colours run over the square root of the share, so that a path taken once is seen beside
    one that is always busy.  Where nothing moved the background, grey and dimmed, shows.

    Parameters
    ----------
    shares : ndarray of float32, shape (H, W)
        Share of the time each pixel was foreground, 0 to 1.
    background : ndarray of uint8, shape (H, W, 3)
        What to draw on, BGR.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        BGR, with a colour bar labelled in percent where it fits.
    """
    grey = cv2.cvtColor(background, cv2.COLOR_BGR2GRAY)
    dimmed = cv2.convertScaleAbs(grey, alpha=_BACKGROUND_DIM)
    base = np.asarray(cv2.cvtColor(dimmed, cv2.COLOR_GRAY2BGR), np.uint8)
    moved = shares > 0
    if not moved.any():
        return base
    top = float(np.quantile(shares[moved], _TOP_QUANTILE, method="higher"))
    level = np.sqrt(np.minimum(shares / np.float32(top), np.float32(1.0)))
    colours = cv2.applyColorMap((level * 255).astype(np.uint8), _COLOURS)
    low, high = _OPACITY
    opacity = np.where(moved, low + (high - low) * level, 0.0).astype(np.float32)[..., None]
    blend = base + (colours.astype(np.float32) - base) * opacity
    picture: NDArray[np.uint8] = blend.astype(np.uint8)
    if picture.shape[0] >= _MIN_BAR_SIZE_PX[0] and picture.shape[1] >= _MIN_BAR_SIZE_PX[1]:
        _draw_bar(picture, top, is_cut=bool(shares.max() > top))
    return picture


def _draw_bar(picture: NDArray[np.uint8], top: float, *, is_cut: bool) -> None:
    """Draw the colour bar into the lower right corner, in place."""
    side = min(picture.shape[:2])
    text_px = max(8, round(side * 0.022))
    stroke = max(1, round(text_px / 12))
    scale = cv2.getFontScaleFromHeight(_FONT, text_px, stroke)
    pad = max(4, text_px // 2)
    bar_height, bar_width = round(side * 0.3), max(6, round(side * 0.02))
    # Marks at equal steps of the bar: its scale is a square root.
    marks = [(step, _percent(top * step * step)) for step in (0.0, 0.5, 1.0)]
    if is_cut:
        marks[-1] = (1.0, marks[-1][1] + "+")
    text_width = max(cv2.getTextSize(text, _FONT, scale, stroke)[0][0] for _, text in marks)
    height = bar_height + text_px + 2 * pad
    width = bar_width + text_width + 3 * pad
    panel = picture[-height - pad : -pad, -width - pad : -pad]
    cv2.convertScaleAbs(panel, dst=panel, alpha=0.35)
    ramp = np.linspace(255, 0, bar_height).astype(np.uint8)[:, None]
    colours = cv2.applyColorMap(np.repeat(ramp, bar_width, axis=1), _COLOURS)
    first = pad + text_px // 2
    panel[first : first + bar_height, pad : pad + bar_width] = colours
    for step, text in marks:
        base = first + round((1.0 - step) * (bar_height - 1)) + text_px // 2
        place = (2 * pad + bar_width, base)
        cv2.putText(panel, text, place, _FONT, scale, (245, 245, 245), stroke, cv2.LINE_AA)


def _percent(share: float) -> str:
    return f"{100 * share:.2g}%" if share < 0.995 else "100%"
