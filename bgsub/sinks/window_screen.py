"""The screen: OpenCV's functions for windows, and whether there is one at all."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["OpenCvScreen", "Screen", "display_problem"]

_PROBE_S = 20.0
_OPEN = "import cv2; cv2.namedWindow('trying the display'); cv2.destroyAllWindows()"
_MAX_KEYS = 16


class Screen(Protocol):
    """What the window needs of a screen."""

    def open(self, title: str, width: int, height: int) -> None:
        """Open a window whose picture has this size."""
        ...

    def resize(self, width: int, height: int) -> None:
        """Give the window's picture another size."""
        ...

    def close(self) -> None:
        """Close the window, if it is open."""
        ...

    def show(self, canvas: NDArray[np.uint8]) -> None:
        """Show a picture; its size should be :meth:`size`, otherwise it is stretched."""
        ...

    def pressed(self) -> list[int]:
        """Let the window live, and return the codes of the keys that were pressed."""
        ...

    def size(self) -> tuple[int, int] | None:
        """Return width and height of the room for the picture; None if it is not known."""
        ...

    def is_closed(self) -> bool:
        """Tell whether a person has closed the window."""
        ...

    def on_mouse(self, heard: Callable[[int, int, int, int], None]) -> None:
        """Call `heard` with OpenCV's event, x, y and flags whenever the mouse is used."""
        ...


def display_problem() -> str | None:
    """Return why no window can be opened, as a clause; None if one can.

    Notes
    -----
    Takes about half a second, in which a window may flash up.  Where it has no display to
    draw on, OpenCV's window library ends the process that calls it: another process therefore
    tries first.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return "there is no display (DISPLAY is not set)"
    try:
        done = subprocess.run(
            [sys.executable, "-c", _OPEN], capture_output=True, timeout=_PROBE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "the display does not answer"
    if done.returncode == 0:
        return None
    if b"not implemented" in done.stderr:
        return (
            "this build of OpenCV has no windows; install opencv-python, not its headless form"
        )
    name = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return f"the display {name} cannot be used" if name else "no window can be opened"


class OpenCvScreen:
    """A window of OpenCV; all calls must come from the main thread."""

    def __init__(self) -> None:
        self._title: str | None = None

    def open(self, title: str, width: int, height: int) -> None:
        """Open a window whose picture has this size."""
        _lend_fonts()
        # The picture always has the window's own size, so nothing is to be kept in ratio.
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(title, width, height)
        self._title = title

    def resize(self, width: int, height: int) -> None:
        """Give the window's picture another size."""
        if self._title is not None:
            cv2.resizeWindow(self._title, width, height)

    def close(self) -> None:
        """Close the window, if it is open."""
        if self._title is None:
            return
        if not self.is_closed():
            cv2.destroyWindow(self._title)
        self._title = None
        # It vanishes only once it is given the time to.
        cv2.pollKey()

    def show(self, canvas: NDArray[np.uint8]) -> None:
        """Show a picture."""
        if self._title is not None:
            cv2.imshow(self._title, canvas)

    def pressed(self) -> list[int]:
        """Let the window live, and return the codes of the keys that were pressed."""
        codes: list[int] = []
        # Bounded: a key that is held down must not keep the next frame waiting.
        while len(codes) < _MAX_KEYS and (code := cv2.pollKey()) >= 0:
            codes.append(code)
        return codes

    def size(self) -> tuple[int, int] | None:
        """Return width and height of the room for the picture."""
        if self._title is None:
            return None
        try:
            _, _, width, height = cv2.getWindowImageRect(self._title)
        except cv2.error:
            # A person has closed it.
            return None
        return (int(width), int(height)) if width > 0 and height > 0 else None

    def is_closed(self) -> bool:
        """Tell whether a person has closed the window."""
        if self._title is None:
            return True
        try:
            return bool(cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1)
        except cv2.error:
            # Some window libraries know nothing of a window that is gone.
            return True

    def on_mouse(self, heard: Callable[[int, int, int, int], None]) -> None:
        """Call `heard` with OpenCV's event, x, y and flags whenever the mouse is used."""
        if self._title is not None:
            cv2.setMouseCallback(
                self._title, lambda event, x, y, flags, _: heard(event, x, y, flags)
            )


def _lend_fonts() -> None:
    """Point Qt, which OpenCV brings without fonts, to some: otherwise it complains."""
    fonts = os.environ.get("QT_QPA_FONTDIR")
    if fonts is None or Path(fonts).is_dir():
        return
    found = importlib.util.find_spec("matplotlib")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
        os.environ["QT_QPA_FONTDIR"] = str(folder)
