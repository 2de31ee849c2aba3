"""The status line and what lies over the picture."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.frames import Box
from bgsub.live_controls import LiveControls, LiveStatus
from bgsub.sinks.window_panels import KEYS, draw_keys, draw_message, draw_status, status_words
from bgsub.sinks.window_text import ACCENT, ALARM, TEXT, Lettering


def _words(status: LiveStatus, controls: LiveControls | None = None) -> list[str]:
    controls = controls or LiveControls()
    return [text for text, _ in status_words(status, controls, coverage=0.0123, view="mask")]


def test_status_tells_how_the_run_goes() -> None:
    status = LiveStatus(fps=24.96, delay_ms=12.4, n_dropped=3, n_events=2)
    assert _words(status) == [
        "25.0 fps",
        "delay 12 ms",
        "dropped 3",
        "moving 1.2 %",
        "events 2",
        "mask",
    ]
    status.n_breaks = 4
    assert "breaks 4" in _words(status)


def test_status_tells_first_what_was_asked_for() -> None:
    controls = LiveControls(paused=True, record_now=True, learning_speed=0.25)
    assert _words(LiveStatus(), controls)[:3] == ["PAUSED", "RECORD NOW", "LEARNING x0.25"]
    controls = LiveControls(freeze_learning=True, learning_speed=4.0)
    assert _words(LiveStatus(), controls)[0] == "NOT LEARNING"


@pytest.mark.parametrize("in_event", [False, True])
@pytest.mark.parametrize("recording", [False, True])
def test_lights_are_lit(in_event: bool, recording: bool) -> None:
    canvas = np.zeros((30, 900, 3), np.uint8)
    area = Box(x=0, y=0, width=900, height=30)
    draw_status(canvas, area, Lettering(15), [], in_event=in_event, recording=recording)
    assert (canvas == ACCENT).all(axis=2).any() == in_event
    assert (canvas == ALARM).all(axis=2).any() == recording


def test_words_that_do_not_fit_are_left_out() -> None:
    words = [(f"number {i}", TEXT) for i in range(50)]
    lettering = Lettering(15)
    canvas = np.zeros((30, 500, 3), np.uint8)
    area = Box(x=0, y=0, width=500, height=30)
    draw_status(canvas, area, lettering, words, in_event=True, recording=True)
    bright = np.flatnonzero((canvas == TEXT).all(axis=2).any(axis=0))
    hint = 500 - lettering.width_px("h: keys") - lettering.pad_px
    assert 0 < bright.max() < hint


@pytest.mark.parametrize("size", [(900, 600), (240, 100), (30, 20)])
def test_panels_stay_in_their_area(size: tuple[int, int]) -> None:
    width, height = size
    canvas = np.full((height + 60, width + 60, 3), 200, np.uint8)
    area = Box(x=30, y=30, width=width, height=height)
    draw_keys(canvas, area, Lettering(10))
    draw_message(canvas, area, Lettering(10), "some words " * 40, TEXT)
    for side in (canvas[:20], canvas[-20:], canvas[:, :20]):
        assert (side == 200).all()
    assert (canvas != 200).any()


def test_keys_are_all_described() -> None:
    text = " ".join(key for key, _ in KEYS)
    for key in ("v", "1-5", "space", "f", "+", "-", "r", "c", "p", "t", "s", "h", "q", "Esc"):
        assert key in text
