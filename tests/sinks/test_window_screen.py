"""A real window on a real X server, with keys and mouse as a person has them."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bgsub.config import Config, load_config
from bgsub.frames import Box
from bgsub.sinks.window_panels import SliderPanel
from bgsub.sinks.window_screen import OpenCvScreen, display_problem
from bgsub.sinks.window_text import Lettering
from bgsub.sinks.window_tuning import Tuning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_TOOLS = ("Xvfb", "xdotool", "openbox")
_MISSING = [tool for tool in _TOOLS if shutil.which(tool) is None]
_ROOT = Path(__file__).parents[2]
# Two seconds are enough to start a process with a window, on a machine that is not busy.
_WAIT_S = 150.0

needs_screen = pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {_MISSING}")
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X servers only"),
]


class Display:
    """A screen that nobody sees, and somebody who uses what is on it."""

    def __init__(self, folder: Path) -> None:
        reading, writing = os.pipe()
        self._folder = folder
        with os.fdopen(reading, "rb") as answer:
            self._server = subprocess.Popen(
                [
                    *("Xvfb", "-displayfd", str(writing), "-fbdir", str(folder)),
                    *("-screen", "0", "1024x700x24", "-nolisten", "tcp"),
                ],
                pass_fds=[writing],
                stderr=subprocess.DEVNULL,
            )
            os.close(writing)
            self.name = ":" + answer.readline().decode().strip()
        self.environment = os.environ | {"DISPLAY": self.name, "PYTHONPATH": str(_ROOT)}
        self._manager = subprocess.Popen(
            ["openbox"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def waits_for_its_manager(self) -> None:
        # Only a manager that has taken the screen over can tell which desktop it shows.
        self.waits_until(lambda: self.asks("get_desktop") is not None)

    def close(self) -> None:
        for process in (self._manager, self._server):
            process.terminate()
            process.wait(_WAIT_S)

    def do(self, *words: str | int) -> None:
        assert self.asks(*words) is not None, words

    def asks(self, *words: str | int) -> str | None:
        """Return what xdotool answers, None where it cannot do so (yet)."""
        done = subprocess.run(
            ["xdotool", *map(str, words)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_WAIT_S,
            check=False,
        )
        return done.stdout.strip() if done.returncode == 0 else None

    def waits_until(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + _WAIT_S
        while not is_so():
            assert time.monotonic() < until, "it never came"
            time.sleep(0.05)

    def picture(self) -> NDArray[np.uint8]:
        """Return what is on the screen, BGR."""
        # Xvfb keeps it as a window dump of X: a header that tells its size, colours, pixels.
        dump = (self._folder / "Xvfb_screen0").read_bytes()
        header = np.frombuffer(dump[:100], ">u4")
        size, width, height, row, colours = (int(header[i]) for i in (0, 4, 5, 12, 19))
        rows = np.frombuffer(dump, np.uint8, row * height, size + 12 * colours)
        return rows.reshape(height, row)[:, : 4 * width].reshape(height, width, 4)[:, :, :3]


class Person:
    """Somebody at the window of a child process."""

    def __init__(self, display: Display, folder: Path, *settings: str) -> None:
        self._display = display
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.sinks._window_child", str(folder), *settings],
            env=display.environment,
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.last: dict[str, Any] = {}
        self.window = ""

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self._lines.put(line)

    def sees(self, **expected: object) -> dict[str, Any]:
        """Wait until the window says so."""
        if not self.saw(_WAIT_S, **expected):
            pytest.fail(f"expected {expected}, but the last was {self.last}")
        return self.last

    def saw(self, within_s: float, **expected: object) -> bool:
        until = time.monotonic() + within_s
        while any(self.last.get(key) != value for key, value in expected.items()):
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return False
            self.last = json.loads(line)
        return True

    def changes(self) -> dict[str, Any]:
        """Wait until a parameter is tuned."""
        until = time.monotonic() + _WAIT_S
        while time.monotonic() < until:
            try:
                self.last = json.loads(self._lines.get(timeout=_WAIT_S))
            except queue.Empty:
                break
            if self.last.get("changes"):
                return dict(self.last["changes"])
        pytest.fail("nothing was tuned")

    def finds_the_window(self) -> None:
        self._display.waits_until(self._is_active)
        self._display.do("windowmove", "--sync", self.window, 40, 60)

    def _is_active(self) -> bool:
        """Whether keys go to the window; asks the window manager for it."""
        found = self._display.asks("search", "--onlyvisible", "--name", "^bgsub$")
        if not found:
            return False
        self.window = found.split()[-1]
        if self._display.asks("getactivewindow") == self.window:
            return True
        self._display.asks("windowactivate", self.window)
        return False

    def types(self, key: str) -> None:
        self._display.do("key", key)

    def moves(self, x: int, y: int) -> None:
        self._display.do("mousemove", "--window", self.window, x, y)


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Display]:
    folder = tmp_path / "screen"
    folder.mkdir()
    display = Display(folder)
    try:
        display.waits_for_its_manager()
        yield display
    finally:
        display.close()


@pytest.fixture
def person(display: Display, tmp_path: Path) -> Iterator[Person]:
    person = Person(display, tmp_path / "out", "window.max_width_px=640", "window.view=picture")
    try:
        person.finds_the_window()
        yield person
    finally:
        person.child.kill()
        person.child.communicate()


@needs_screen
def test_person_uses_keys_sliders_and_pixels(
    person: Person, display: Display, tmp_path: Path
) -> None:
    person.sees(canvas=[640, 384], view="picture")
    person.types("space")
    person.sees(paused=True)
    steps: dict[str, dict[str, object]] = {
        "2": {"view": "mask"},
        "v": {"view": "overlay"},
        "Tab": {"view": "background"},
        "5": {"view": "split"},
        "f": {"freeze_learning": True},
        "plus": {"learning_speed": 2.0},
        "minus": {"learning_speed": 1.0},
        "c": {"record_now": True},
        "h": {"shows_keys": True},
        "1": {"view": "picture"},
    }
    for key, expected in steps.items():
        person.types(key)
        person.sees(**expected)
    person.types("h")
    person.sees(shows_keys=False)
    person.moves(160, 180)
    display.do("click", 1)
    person.sees(pixel=[90, 80])
    display.do("click", 3)
    person.sees(pixel=None)
    person.types("t")
    person.sees(shows_sliders=True)
    panel = SliderPanel(tuning := Tuning(Config()))
    panel.place(Box(x=0, y=0, width=640, height=360), Lettering(384 // 31))
    x, y = panel.knob_of(tuning.sliders[0])
    person.moves(x, y)
    display.do("mousedown", 1)
    person.moves(x + 40, y)
    first = person.changes()
    display.do("mouseup", 1)
    assert first.keys() == {"model.match_sigmas"}
    person.types("s")
    display.waits_until(lambda: bool(list((tmp_path / "out").glob("tuned-*.yaml"))))
    (saved,) = (tmp_path / "out").glob("tuned-*.yaml")
    assert load_config(str(saved)).config.model.match_sigmas > 2.5
    person.types("q")
    person.sees(quit=True, closed=True)
    _, complaints = person.child.communicate(timeout=_WAIT_S)
    assert person.child.returncode == 0
    assert complaints == ""


@needs_screen
def test_window_shows_the_picture_pixel_by_pixel(person: Person, display: Display) -> None:
    person.sees(canvas=[640, 384])
    person.types("space")
    person.sees(paused=True)
    # 30 % larger than at first, and of another shape.
    display.do("windowsize", "--sync", person.window, 800, 400)
    person.sees(canvas=[800, 400])
    until = time.monotonic() + _WAIT_S
    while True:
        part = display.picture()[60:460, 40:840]
        # Grey scene, bright square, dark bars at the sides, the status line below.
        grey = (part == (90, 90, 90)).all(axis=2).mean()
        bright = (part == (230, 230, 230)).all(axis=2).mean()
        dark = (part == (16, 16, 16)).all(axis=2).mean()
        if grey > 0.5 and bright > 0.04 and dark > 0.1:
            break
        assert time.monotonic() < until, (grey, bright, dark)
        time.sleep(0.1)


@needs_screen
def test_closing_the_window_quits(person: Person, display: Display) -> None:
    person.sees(canvas=[640, 384])
    # A manager that is busy with the window's arrival may miss a key: a person presses again.
    for _ in range(20):
        display.do("key", "alt+F4")
        if person.saw(3.0, quit=True, closed=True):
            break
    person.sees(quit=True, closed=True)
    assert person.child.wait(_WAIT_S) == 0


@needs_screen
def test_display_that_is_there_is_no_problem(
    display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display.name)
    assert display_problem() is None


def test_no_display_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert display_problem() == "there is no display (DISPLAY is not set)"


def test_display_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    assert display_problem() == "the display :4711 cannot be used"


def test_screen_that_is_not_open_does_nothing() -> None:
    screen = OpenCvScreen()
    screen.show(np.zeros((2, 2, 3), np.uint8))
    screen.resize(10, 10)
    screen.on_mouse(lambda *_: None)
    screen.close()
    assert screen.size() is None
    assert screen.is_closed()
