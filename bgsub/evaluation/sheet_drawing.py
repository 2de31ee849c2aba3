"""Drawing of contact sheets: picture, truth, mask and errors side by side, with captions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.evaluation.scores import HARD_SHADOW, MOVING, STATIC, Scores
from bgsub.frames import FOREGROUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bgsub.evaluation.scores import Counts
    from bgsub.frames import Mask

__all__ = ["SheetRow", "draw_sheet", "error_picture", "truth_picture"]

Colour = tuple[int, int, int]

# BGR.
_PAPER: Colour = (40, 38, 36)
_EDGE: Colour = (92, 90, 88)
_INK: Colour = (240, 240, 240)
_FAINT_INK: Colour = (170, 168, 166)
_FOUND: Colour = (255, 255, 255)
_FALSE: Colour = (64, 64, 245)
_MISSED: Colour = (255, 140, 30)
_FALSE_ON_SHADOW: Colour = (40, 205, 255)
_SHADOW: Colour = (20, 95, 120)
_UNSCORED: Colour = (112, 112, 112)
_LEGEND = (
    ("found", _FOUND),
    ("missed (FN)", _MISSED),
    ("false (FP)", _FALSE),
    ("false on shadow (FP)", _FALSE_ON_SHADOW),
    ("shadow in the truth", _SHADOW),
    ("not scored", _UNSCORED),
)
_TITLES = ("picture", "truth", "mask", "errors")

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_MARGIN_PX = 16
_GAP_PX = 8
_TITLE_PX = 20
_TEXT_PX = 13
_LINE_PX = 30
_TILE_PX = (320, 480)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SheetRow:
    """What one row of a sheet shows.

    Attributes
    ----------
    number : int
        Of the frame, as in its name.
    picture : ndarray of uint8, shape (H, W, 3)
        The frame, BGR.
    labels : Mask, shape (H, W)
        CDnet's labels; what is outside the region of interest has label 85.
    mask : Mask, shape (H, W)
        The prediction.
    counts : Counts
        Of this frame.
    """

    number: int
    picture: NDArray[np.uint8]
    labels: Mask
    mask: Mask
    counts: Counts


def draw_sheet(
    title: str, rows: Sequence[SheetRow], total: Counts, *, n_frames: int
) -> NDArray[np.uint8]:
    """Draw a sheet of frames with their truth, masks and errors.

    Parameters
    ----------
    title : str
        The name of the sequence.
    rows : sequence of SheetRow
        At least one; all of one size.
    total : Counts
        Sum over the sequence.
    n_frames : int
        Frames scored in the sequence.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        BGR.
    """
    tiles = [_tiles(row) for row in rows]
    height, width = tiles[0][0].shape[:2]
    row_px = _LINE_PX + height + _GAP_PX
    top_px = _MARGIN_PX + 3 * _LINE_PX
    pitch_px = width + _GAP_PX
    sheet_width = max(2 * _MARGIN_PX + 4 * pitch_px - _GAP_PX, _legend_px() + 2 * _MARGIN_PX)
    shape = (top_px + len(rows) * row_px + _MARGIN_PX, sheet_width, 3)
    sheet = np.full(shape, _PAPER, np.uint8)
    _draw_header(sheet, title, total, n_frames)
    for column, name in enumerate(_TITLES):
        _put(sheet, name, _MARGIN_PX + column * pitch_px, top_px - 6, _FAINT_INK)
    for index, (row, pictures) in enumerate(zip(rows, tiles, strict=True)):
        top = top_px + index * row_px
        _put(sheet, _caption(row), _MARGIN_PX, top + _LINE_PX - 9, _INK)
        for column, picture in enumerate(pictures):
            left = _MARGIN_PX + column * pitch_px
            _place(sheet, picture, left, top + _LINE_PX)
    return sheet


def truth_picture(labels: Mask) -> NDArray[np.uint8]:
    """Return labels as BGR: moving white, static black, shadow brown, the rest grey."""
    table = np.full((256, 3), _UNSCORED, np.uint8)
    table[STATIC : HARD_SHADOW + 1] = _SHADOW
    table[STATIC] = 0
    table[MOVING] = 255
    return table[labels]


def error_picture(mask: Mask, labels: Mask) -> NDArray[np.uint8]:
    """Return what is right and wrong in a mask as BGR.

    Moving and found is white, missed blue; static and found is red, shadow and found yellow;
    what is not scored is grey, and all else, rightly left out, black.
    """
    left_out = np.full((256, 3), _UNSCORED, np.uint8)
    left_out[STATIC : HARD_SHADOW + 1] = 0
    left_out[MOVING] = _MISSED
    found = np.full((256, 3), _UNSCORED, np.uint8)
    found[STATIC : HARD_SHADOW + 1] = _FALSE_ON_SHADOW
    found[STATIC] = _FALSE
    found[MOVING] = _FOUND
    return np.where((mask == FOREGROUND)[:, :, None], found[labels], left_out[labels])


def _tiles(row: SheetRow) -> list[NDArray[np.uint8]]:
    pictures = (
        row.picture,
        truth_picture(row.labels),
        np.repeat(row.mask[:, :, None], 3, axis=2),
        error_picture(row.mask, row.labels),
    )
    return [_fitted(picture) for picture in pictures]


def _fitted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge small pictures by a whole factor, keeping pixels square; reduce large ones."""
    height, width = picture.shape[:2]
    smallest, largest = _TILE_PX
    longer = max(height, width)
    if longer < smallest:
        factor = -(-smallest // longer)
        return picture.repeat(factor, axis=0).repeat(factor, axis=1)
    if longer <= largest:
        return picture
    size = (max(1, width * largest // longer), max(1, height * largest // longer))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _caption(row: SheetRow) -> str:
    counts = row.counts
    # Nothing moves and nothing was found: there is nothing to measure.
    f = f"{Scores.of(counts).f_measure:.3f}" if counts.tp + counts.fp + counts.fn else "-"
    on_shadow = int(
        np.count_nonzero(
            (row.mask == FOREGROUND) & (row.labels > STATIC) & (row.labels <= HARD_SHADOW)
        )
    )
    false = f"FP {counts.fp}" + (f" ({on_shadow} on shadow)" if on_shadow else "")
    return f"frame {row.number}    F {f}    {false}    FN {counts.fn}    found {counts.tp}"


def _draw_header(sheet: NDArray[np.uint8], title: str, total: Counts, n_frames: int) -> None:
    scores = Scores.of(total)
    base = _MARGIN_PX + _TITLE_PX
    left = _MARGIN_PX + _put(sheet, title, _MARGIN_PX, base, _INK, _TITLE_PX) + 28
    left += _put(sheet, f"F {scores.f_measure:.3f}", left, base, _INK, _TITLE_PX) + 28
    frames = f"{n_frames} frame{'s' * (n_frames > 1)} scored"
    text = f"recall {scores.recall:.3f}    precision {scores.precision:.3f}    {frames}"
    _put(sheet, text, left, base, _FAINT_INK)
    left = _MARGIN_PX
    base += _LINE_PX
    for name, colour in _LEGEND:
        corner = (left + _TEXT_PX, base - _TEXT_PX)
        cv2.rectangle(sheet, (left, base), corner, colour, cv2.FILLED)
        cv2.rectangle(sheet, (left, base), corner, _EDGE, 1)
        left += _TEXT_PX + _GAP_PX
        left += _put(sheet, name, left, base, _FAINT_INK) + 20


def _legend_px() -> int:
    names = sum(_width_px(name, _TEXT_PX) + 20 for name, _ in _LEGEND)
    return names + len(_LEGEND) * (_TEXT_PX + _GAP_PX)


def _place(sheet: NDArray[np.uint8], picture: NDArray[np.uint8], left: int, top: int) -> None:
    height, width = picture.shape[:2]
    sheet[top : top + height, left : left + width] = picture
    corners = (left - 1, top - 1), (left + width, top + height)
    cv2.rectangle(sheet, *corners, _EDGE, 1)


def _width_px(text: str, text_px: int) -> int:
    (width, _), _ = cv2.getTextSize(text, _FONT, _scale(text_px), 1)
    return int(width)


def _put(
    sheet: NDArray[np.uint8],
    text: str,
    left: int,
    base: int,
    colour: Colour,
    text_px: int = _TEXT_PX,
) -> int:
    """Write text whose lower left corner is given, and return its width in pixels."""
    cv2.putText(sheet, text, (left, base), _FONT, _scale(text_px), colour, 1, cv2.LINE_AA)
    return _width_px(text, text_px)


def _scale(text_px: int) -> float:
    return float(cv2.getFontScaleFromHeight(_FONT, text_px, 1))
