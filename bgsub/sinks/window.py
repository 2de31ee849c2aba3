"""The window of a live run: what is seen, the keys, the mouse."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Self

import cv2

from bgsub.errors import BgsubError
from bgsub.files import prepare_folder, write_bytes
from bgsub.sinks.window_face import MIN_SIZE, Face, first_size
from bgsub.sinks.window_screen import OpenCvScreen
from bgsub.sinks.window_text import TEXT, WARN
from bgsub.sinks.window_tuning import Tuning, write_tuned
from bgsub.sinks.window_views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from bgsub.config import Config
    from bgsub.frames import FrameResult
    from bgsub.live_controls import LiveControls, LiveStatus
    from bgsub.mixture import MixtureModel
    from bgsub.sinks.window_screen import Screen
    from bgsub.sinks.window_text import Colour
    from bgsub.sinks.window_tuning import Slider

__all__ = ["Window"]

_TITLE = "bgsub"
_IDLE_S = 0.5
_MAX_SPEED = 64.0
_ESCAPE, _TAB = 27, 9
_NEVER_S = -1e9


class Window:
    """A live sink that shows results, and turns keys and mouse into wishes.

    Everything must be called from the main thread: window libraries insist on it.

    Parameters
    ----------
    controls : LiveControls
        Filled with what the person wants.
    status : LiveStatus
        What the status line tells.
    config : Config
        The configuration of the run; its section `window` is about the window itself.
    model : callable
        Returns the model of the scene, or None before there is one.
    folder : Path
        Where snapshots and tuned values are saved.
    screen : Screen, optional
        Where the window is; OpenCV's by default.
    clock : callable, optional
        Returns seconds that never go back.
    """

    def __init__(
        self,
        *,
        controls: LiveControls,
        status: LiveStatus,
        config: Config,
        model: Callable[[], MixtureModel | None],
        folder: Path,
        screen: Screen | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controls = controls
        self._settings = config.window
        self._folder = folder
        self._screen: Screen = OpenCvScreen() if screen is None else screen
        self._clock = clock
        self._tuning = Tuning(config)
        self._face = Face(
            controls=controls, status=status, config=config, model=model, tuning=self._tuning
        )
        self._result: FrameResult | None = None
        self._dragged: Slider | None = None
        self._mouse: list[tuple[int, int, int, int]] = []
        self._is_open = self._is_stale = False
        self._drawn_at = self._frame_at = _NEVER_S

    def __enter__(self) -> Self:
        """Open the window; its size is settled when the first picture comes."""
        if not self._is_open:
            self._screen.open(_TITLE, self._settings.max_width_px, self._settings.max_height_px)
            self._screen.on_mouse(self._heard)
            self._is_open, self._frame_at = True, self._clock()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the window."""
        if self._is_open:
            self._is_open = False
            self._screen.close()

    def write(self, result: FrameResult) -> None:
        """Take a result; it is drawn at the next :meth:`poll`, unless a newer one comes."""
        if self._result is None or self._result.mask.shape != result.mask.shape:
            self._take_size(*result.mask.shape)
        self._result = result
        self._frame_at = self._clock()
        self._is_stale = True

    def gap(self, at_s: float, what: str) -> None:  # noqa: ARG002 - of the protocol
        """Tell that the stream broke off or came back."""
        self._face.note_gap(what)
        self._say(what, WARN)

    def idle(self, at_s: float, *, in_event: bool) -> None:
        """Go on without a frame: :meth:`poll` does."""

    def poll(self) -> None:
        """Draw what has changed, and take keys and mouse."""
        if not self._is_open:
            return
        if self._screen.is_closed():
            # Drawing would open it again.
            self._controls.quit = True
            return
        now = self._clock()
        # Not the whole pause: the next frame may come a little early.
        pause_s = 0.8 / self._settings.max_fps if self._is_stale else _IDLE_S
        if now - self._drawn_at >= pause_s:
            self._drawn_at, self._is_stale = now, False
            age_s = now - self._frame_at
            self._face.draw(self._screen.size(), self._result, now=now, age_s=age_s)
            self._screen.show(self._face.canvas)
        codes = self._screen.pressed()
        heard, self._mouse = self._mouse, []
        self._is_stale = self._is_stale or bool(codes or heard)
        for code in codes:
            self._press(code & 0xFF)
        for event in heard:
            self._point(*event)
        self._hear_of_changes()

    def _take_size(self, height: int, width: int) -> None:
        """Fit the window to frames of another size."""
        settings, face = self._settings, self._face
        face.pixel = None
        face.forget_scene()
        bar = face.bar_px(settings.max_width_px, settings.max_height_px)
        width, height = first_size(
            width,
            height,
            max_width=settings.max_width_px,
            max_height=max(1, settings.max_height_px - bar),
        )
        bar = face.bar_px(width, height + bar)
        self._screen.resize(max(MIN_SIZE[0], width), max(MIN_SIZE[1], height + bar))

    def _press(self, key: int) -> None:
        face = self._face
        if key in (_ESCAPE, ord("q")):
            self._controls.quit = True
        elif key in (_TAB, ord("v")):
            face.view = VIEWS[(VIEWS.index(face.view) + 1) % len(VIEWS)]
        elif ord("1") <= key < ord("1") + len(VIEWS):
            face.view = VIEWS[key - ord("1")]
        elif key == ord("h"):
            face.shows_keys = not face.shows_keys
        elif key == ord("t"):
            face.shows_sliders = not face.shows_sliders
            self._dragged = None
        elif key == ord("p"):
            self._save(self._snapshot)
        elif key == ord("s"):
            self._save(self._save_tuned)
        else:
            self._steer(chr(key))

    def _steer(self, key: str) -> None:
        """Obey the keys that change the run."""
        controls = self._controls
        if key == " ":
            controls.paused = not controls.paused
        elif key == "f":
            controls.freeze_learning = not controls.freeze_learning
        elif key in ("+", "="):
            controls.learning_speed = min(_MAX_SPEED, controls.learning_speed * 2)
        elif key in ("-", "_"):
            controls.learning_speed = max(1 / _MAX_SPEED, controls.learning_speed / 2)
        elif key == "r":
            controls.reset_model = True
            self._face.forget_scene()
            self._say("The model begins anew", TEXT)
        elif key == "c":
            controls.record_now = not controls.record_now

    def _heard(self, event: int, x: int, y: int, flags: int) -> None:
        """Keep what the mouse did until the next poll; this is called amid OpenCV's work."""
        if event != cv2.EVENT_MOUSEMOVE or flags & cv2.EVENT_FLAG_LBUTTON:
            self._mouse.append((event, x, y, flags))

    def _point(self, event: int, x: int, y: int, flags: int) -> None:
        face, result = self._face, self._result
        is_drag = event == cv2.EVENT_MOUSEMOVE and bool(flags & cv2.EVENT_FLAG_LBUTTON)
        if event == cv2.EVENT_LBUTTONUP:
            self._dragged = None
        elif self._dragged is not None and is_drag:
            self._tune(self._dragged, face.sliders.value_at(self._dragged, x))
        elif face.shows_sliders and face.sliders.covers(x, y):
            self._grasp(event, x, y)
        elif event == cv2.EVENT_RBUTTONDOWN:
            face.pixel = None
        elif (is_drag or event == cv2.EVENT_LBUTTONDOWN) and result is not None:
            face.pixel = face.pixel_at(result, x, y) or face.pixel

    def _grasp(self, event: int, x: int, y: int) -> None:
        slider = self._face.sliders.slider_at(x, y)
        if slider is None:
            return
        if event == cv2.EVENT_LBUTTONDOWN:
            self._dragged = slider
            self._tune(slider, self._face.sliders.value_at(slider, x))
        elif event == cv2.EVENT_RBUTTONDOWN:
            self._tune(slider, self._tuning.first_value(slider))

    def _tune(self, slider: Slider, value: float) -> None:
        if self._tuning.set(slider, value):
            self._controls.changes[slider.path] = value

    def _hear_of_changes(self) -> None:
        """Take note of what the loop has said to the newest changes."""
        controls = self._controls
        if controls.changes:
            return
        if controls.refusal:
            self._say(controls.refusal, WARN)
            controls.refusal = ""
            self._tuning.refuse()
        else:
            self._tuning.accept()

    def _save(self, save: Callable[[str], str]) -> None:
        """Write a file named by the time; whatever goes wrong is said, and the run goes on."""
        now = datetime.now().astimezone()
        try:
            prepare_folder(self._folder)
            self._say(save(f"{now:%Y%m%d-%H%M%S}"), TEXT)
        except BgsubError as error:
            self._say(str(error), WARN)

    def _snapshot(self, stamp: str) -> str:
        if self._result is None:
            return "There is no picture yet"
        # Edges of masks must not be blurred.
        suffix = ".png" if self._face.view == "mask" else ".jpg"
        path = _free(self._folder / f"snapshot-{stamp}{suffix}")
        _, data = cv2.imencode(suffix, self._face.still(self._result))
        write_bytes(path, data.tobytes(), kept="there is no snapshot")
        return f"Saved {path}"

    def _save_tuned(self, stamp: str) -> str:
        path = _free(self._folder / f"tuned-{stamp}.yaml")
        write_tuned(path, self._tuning.at_speed(self._controls.learning_speed))
        return f"Saved {path}: use it with --config"

    def _say(self, text: str, colour: Colour) -> None:
        self._face.say(text, colour, self._clock())
        self._is_stale = True


def _free(path: Path) -> Path:
    """Return `path`, or one with a number if there is such a file already."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found
