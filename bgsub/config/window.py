"""The section of the configuration about the window of live runs."""

from __future__ import annotations

from typing import Literal

from bgsub.config._fields import Section, key

__all__ = ["WindowConfig"]


class WindowConfig(Section):
    """The window of ``bgsub live``."""

    show: bool = key(
        True, "Open a window; without a display it is said, and the run goes on without one."
    )
    view: Literal["picture", "mask", "overlay", "background", "split"] = key(
        "overlay", "What it shows first: key v takes the next, keys 1 to 5 choose."
    )
    max_width_px: int = key(
        1200,
        "Its width at first; its height may ask for less.",
        raising="needs a larger screen",
        ge=240,
        le=16384,
    )
    max_height_px: int = key(
        675,
        "Its height at first; its width may ask for less.",
        raising="needs a larger screen",
        ge=135,
        le=16384,
    )
    text_px: int = key(
        15, "Height of the letters.", raising="reads well from farther away", ge=8, le=64
    )
    max_fps: float = key(
        30.0,
        "It is drawn at most this often per second; the detector sees every frame.",
        raising="smoother, takes more time from the detector",
        gt=0.0,
        le=240.0,
    )
