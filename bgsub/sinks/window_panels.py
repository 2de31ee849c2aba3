"""What lies over or under the picture: status line, keys, sliders, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from bgsub.frames import Box
from bgsub.sinks.window_text import ACCENT, ALARM, DIM, GOOD, TEXT, WARN, Lettering

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bgsub.live_controls import LiveControls, LiveStatus
    from bgsub.sinks.window_text import Colour
    from bgsub.sinks.window_tuning import Slider, Tuning

__all__ = [
    "KEYS",
    "SliderPanel",
    "draw_banner",
    "draw_keys",
    "draw_message",
    "draw_status",
    "status_words",
]

KEYS: tuple[tuple[str, str], ...] = (
    ("v, 1-5", "next view; picture, mask, overlay, background, split"),
    ("space", "pause"),
    ("f", "freeze learning"),
    ("+  -", "learn faster, slower"),
    ("r", "reset the model"),
    ("c", "record now"),
    ("p", "snapshot of the view, in full size"),
    ("t", "sliders: match, learning, cleaning"),
    ("s", "save what was tuned to a file"),
    ("click", "Gaussians of a pixel; right click: away"),
    ("h", "these keys"),
    ("q, Esc", "quit"),
)
"""What the keys do, as it is shown on the screen."""

_FIRST_TEXT_PX = 12
_LIGHT_OFF: Colour = (120, 120, 120)
_BAR: Colour = (32, 32, 32)
_TRACK: Colour = (120, 120, 120)


def status_words(
    status: LiveStatus, controls: LiveControls, *, coverage: float, view: str
) -> list[tuple[str, Colour]]:
    """Return what the status line says after its lights, the most important first."""
    words: list[tuple[str, Colour]] = []
    if controls.paused:
        words.append(("PAUSED", WARN))
    if controls.record_now:
        words.append(("RECORD NOW", WARN))
    if controls.freeze_learning:
        words.append(("NOT LEARNING", WARN))
    elif controls.learning_speed != 1.0:
        words.append((f"LEARNING x{controls.learning_speed:g}", WARN))
    words += [
        (f"{status.fps:.1f} fps", TEXT),
        (f"delay {status.delay_ms:.0f} ms", TEXT),
        (f"dropped {status.n_dropped}", WARN if status.n_dropped else TEXT),
        (f"moving {100 * coverage:.1f} %", TEXT),
        (f"events {status.n_events}", TEXT),
    ]
    if status.n_breaks:
        words.append((f"breaks {status.n_breaks}", WARN))
    return [*words, (view, DIM)]


def draw_status(
    canvas: NDArray[np.uint8],
    area: Box,
    lettering: Lettering,
    words: Sequence[tuple[str, Colour]],
    *,
    in_event: bool,
    recording: bool,
) -> None:
    """Draw the status line: lights for event and recording, then as many words as fit."""
    canvas[area.y : area.y + area.height, area.x : area.x + area.width] = _BAR
    top = area.y + (area.height - lettering.line_px) // 2
    middle = area.y + area.height // 2
    left = area.x + lettering.pad_px
    gap = 2 * lettering.pad_px
    radius = max(3, round(lettering.text_px * 0.42))
    lights = (("MOTION", ACCENT, in_event), ("REC", ALARM, recording))
    for name, colour, on in lights:
        centre = (left + radius, middle)
        if on:
            cv2.circle(canvas, centre, radius, colour, cv2.FILLED, cv2.LINE_AA)
        else:
            cv2.circle(canvas, centre, radius, _LIGHT_OFF, 1, cv2.LINE_AA)
        left += 2 * radius + lettering.pad_px
        lettering.put(canvas, name, left, top, colour if on else _LIGHT_OFF)
        left += lettering.width_px(name) + gap
    hint = "h: keys"
    right = area.x + area.width - lettering.pad_px - lettering.width_px(hint)
    if right > left:
        lettering.put(canvas, hint, right, top, DIM)
    else:
        right = area.x + area.width
    for text, colour in words:
        width = lettering.width_px(text)
        if left + width > right - gap:
            break
        lettering.put(canvas, text, left, top, colour)
        left += width + gap


def draw_keys(canvas: NDArray[np.uint8], area: Box, lettering: Lettering) -> None:
    """Draw the list of keys amid `area`."""
    column = max(lettering.width_px(key) for key, _ in KEYS) + 3 * lettering.pad_px
    widest = max(lettering.width_px(meaning) for _, meaning in KEYS)
    width = min(area.width, column + widest + 4 * lettering.pad_px)
    height = min(area.height, len(KEYS) * lettering.line_px + 2 * lettering.pad_px)
    box = Box(
        x=area.x + (area.width - width) // 2,
        y=area.y + (area.height - height) // 2,
        width=width,
        height=height,
    )
    lettering.panel(canvas, box)
    room = box.width - column - 3 * lettering.pad_px
    for i, (key, meaning) in enumerate(KEYS):
        top = box.y + lettering.pad_px + i * lettering.line_px
        if top + lettering.line_px > box.y + box.height:
            break
        left = box.x + 2 * lettering.pad_px
        lettering.put(canvas, key, left, top, ACCENT)
        lettering.put(canvas, lettering.fitted(meaning, room), left + column, top, TEXT)


def draw_message(
    canvas: NDArray[np.uint8], area: Box, lettering: Lettering, text: str, colour: Colour
) -> None:
    """Draw one line at the lower edge of `area`."""
    text = lettering.fitted(text, area.width - 6 * lettering.pad_px)
    width = lettering.width_px(text) + 4 * lettering.pad_px
    height = lettering.line_px + lettering.pad_px
    box = Box(
        x=area.x + (area.width - width) // 2,
        y=max(area.y, area.y + area.height - height - lettering.pad_px),
        width=width,
        height=height,
    )
    lettering.panel(canvas, box)
    left, top = box.x + 2 * lettering.pad_px, box.y + lettering.pad_px // 2
    lettering.put(canvas, text, left, top, colour)


def draw_banner(
    canvas: NDArray[np.uint8], area: Box, lettering: Lettering, lines: Sequence[str]
) -> None:
    """Draw lines amid `area`, the first one as an alarm."""
    lines = [lettering.fitted(line, area.width - 8 * lettering.pad_px) for line in lines]
    width = max(lettering.width_px(line) for line in lines) + 6 * lettering.pad_px
    height = len(lines) * lettering.line_px + 3 * lettering.pad_px
    box = Box(
        x=area.x + (area.width - width) // 2,
        y=max(area.y, area.y + (area.height - height) // 2),
        width=width,
        height=height,
    )
    lettering.panel(canvas, box)
    for i, line in enumerate(lines):
        left = box.x + (box.width - lettering.width_px(line)) // 2
        top = box.y + 3 * lettering.pad_px // 2 + i * lettering.line_px
        lettering.put(canvas, line, left, top, WARN if i == 0 else TEXT)


class SliderPanel:
    """The sliders on the canvas: where they are, and what the mouse does to them.

    Parameters
    ----------
    tuning : Tuning
        The values.
    """

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._lettering = Lettering(_FIRST_TEXT_PX)
        self._area = Box(x=0, y=0, width=1, height=1)

    def place(self, area: Box, lettering: Lettering) -> None:
        """Take room in the upper right corner of `area`."""
        self._lettering = lettering
        rows = len(self._tuning.sliders)
        widest = max(
            lettering.width_px(f"{slider.label}   0.00000") for slider in self._tuning.sliders
        )
        width = min(area.width, widest + 4 * lettering.pad_px)
        height = rows * self._row_px + lettering.line_px + lettering.pad_px
        self._area = Box(
            x=area.x + area.width - width,
            y=area.y,
            width=width,
            height=min(area.height, height),
        )

    @property
    def area(self) -> Box:
        """Where it is."""
        return self._area

    @property
    def _row_px(self) -> int:
        return self._lettering.line_px + self._lettering.text_px + self._lettering.pad_px // 2

    def slider_at(self, x: int, y: int) -> Slider | None:
        """Return the slider at a place of the canvas."""
        area = self._area
        row = (y - area.y) // self._row_px
        inside = 0 <= x - area.x < area.width and 0 <= y - area.y < area.height
        if not inside or not 0 <= row < len(self._tuning.sliders):
            return None
        return self._tuning.sliders[row]

    def covers(self, x: int, y: int) -> bool:
        """Tell whether a place of the canvas belongs to the panel."""
        area = self._area
        return 0 <= x - area.x < area.width and 0 <= y - area.y < area.height

    def value_at(self, slider: Slider, x: int) -> float:
        """Return the value that a slider has when it is dragged to `x`."""
        left, right = self._track()
        return slider.value_at((x - left) / max(1, right - left))

    def knob_of(self, slider: Slider) -> tuple[int, int]:
        """Return where on the canvas a slider's knob is, as (x, y)."""
        left, right = self._track()
        row = self._tuning.sliders.index(slider)
        position = slider.position_of(self._tuning.value(slider))
        middle = self._area.y + row * self._row_px
        middle += self._lettering.line_px + self._lettering.text_px // 2
        return left + round(position * (right - left)), middle

    def draw(self, canvas: NDArray[np.uint8]) -> None:
        """Draw all sliders with their values, and a mark where each began."""
        lettering, area = self._lettering, self._area
        lettering.panel(canvas, area)
        left, right = self._track()
        radius = max(4, lettering.text_px // 2)
        for row, slider in enumerate(self._tuning.sliders):
            value = self._tuning.value(slider)
            first = self._tuning.first_value(slider)
            colour = TEXT if value == first else GOOD
            top = area.y + row * self._row_px
            lettering.put(canvas, slider.label, left, top, TEXT)
            text = slider.text(value)
            lettering.put(canvas, text, right - lettering.width_px(text), top, colour)
            x, y = self.knob_of(slider)
            cv2.line(canvas, (left, y), (right, y), _TRACK, 2)
            cv2.line(canvas, (left, y), (x, y), ACCENT, 2)
            mark = left + round(slider.position_of(first) * (right - left))
            cv2.line(canvas, (mark, y - radius), (mark, y + radius), DIM, 1)
            cv2.circle(canvas, (x, y), radius, TEXT, cv2.FILLED, cv2.LINE_AA)
        top = area.y + len(self._tuning.sliders) * self._row_px + lettering.pad_px // 2
        hint = lettering.fitted("right click: as before   s: save", right - left)
        lettering.put(canvas, hint, left, top, DIM)

    def _track(self) -> tuple[int, int]:
        inset = 2 * self._lettering.pad_px
        return self._area.x + inset, self._area.x + self._area.width - inset
