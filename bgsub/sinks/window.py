"""The window of a live run: what is seen, the keys, the mouse."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from bgsub.errors import BgsubError
from bgsub.files import prepare_folder, write_bytes
from bgsub.frames import Box
from bgsub.sinks.window_panels import (
    SliderPanel,
    draw_banner,
    draw_keys,
    draw_message,
    draw_status,
    status_words,
)
from bgsub.sinks.window_plot import draw_mixture, mixture_size
from bgsub.sinks.window_screen import OpenCvScreen
from bgsub.sinks.window_text import ACCENT, TEXT, WARN, Lettering
from bgsub.sinks.window_tuning import Tuning, write_tuned
from bgsub.sinks.window_views import VIEWS, Views, tile_at, tiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from bgsub.config import Config
    from bgsub.frames import FrameResult, Image
    from bgsub.live_controls import LiveControls, LiveStatus
    from bgsub.mixture import MixtureModel
    from bgsub.sinks.window_screen import Screen
    from bgsub.sinks.window_text import Colour
    from bgsub.sinks.window_tuning import Slider
    from bgsub.sinks.window_views import View

__all__ = ["Window", "first_size"]

_TITLE = "bgsub"
_MIN_WIDTH_PX, _MIN_HEIGHT_PX = 240, 160
_MAX_CANVAS_PX = 2560
_MAX_ENLARGED = 3.0
_IDLE_S = 0.5
_BACKGROUND_S = 0.5
_MESSAGE_S = 5.0
_MAX_SPEED = 64.0
_ESCAPE, _TAB = 27, 9


def first_size(
    width: int, height: int, *, max_width_px: int, max_height_px: int
) -> tuple[int, int]:
    """Return the size at which a picture is shown at first.

    As large as the limits allow, but small pictures are not blown up beyond recognition.
    """
    scale = min(max_width_px / width, max_height_px / height, _MAX_ENLARGED)
    return max(1, round(width * scale)), max(1, round(height * scale))


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
        self._status = status
        self._settings = config.window
        self._model = model
        self._folder = folder
        self._screen: Screen = OpenCvScreen() if screen is None else screen
        self._clock = clock
        self._max_value = config.model.max_value
        self._views = Views(background=self._background, max_value=self._max_value)
        self._tuning = Tuning(config)
        self._sliders = SliderPanel(self._tuning)
        self._view: View = config.window.view
        self._result: FrameResult | None = None
        self._pixel: tuple[int, int] | None = None
        self._dragged: Slider | None = None
        self._shows_keys = self._shows_sliders = False
        self._message: tuple[str, Colour, float] | None = None
        self._gap = ""
        self._mouse: list[tuple[int, int, int, int]] = []
        self._canvas = np.zeros((1, 1, 3), np.uint8)
        self._lettering = Lettering(config.window.text_px)
        self._parts: tuple[tuple[View, Box], ...] = ()
        self._is_open = self._is_stale = False
        self._drawn_at = self._background_at = self._frame_at = -1e9

    def __enter__(self) -> Self:
        """Open the window; small until the size of the pictures is known."""
        if not self._is_open:
            size = self._settings.max_width_px, self._settings.max_height_px
            self._screen.open(_TITLE, *size)
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
            self._take_size(result)
        self._result = result
        self._frame_at = self._clock()
        self._is_stale = True

    def gap(self, at_s: float, what: str) -> None:  # noqa: ARG002 - of the protocol
        """Tell that the stream broke off or came back."""
        self._gap = what
        self._say(what, WARN)

    def idle(self, at_s: float, *, in_event: bool) -> None:
        """Go on without a frame: the window needs to know nothing then."""

    def poll(self) -> None:
        """Draw what has changed, and take keys and mouse."""
        if not self._is_open:
            return
        now = self._clock()
        # Not the whole pause: the next frame may come a little early.
        pause_s = 0.8 / self._settings.max_fps if self._is_stale else _IDLE_S
        if now - self._drawn_at >= pause_s:
            self._drawn_at = now
            self._is_stale = False
            self._draw(now)
            self._screen.show(self._canvas)
        for code in self._screen.pressed():
            self._press(code)
        if self._screen.is_closed():
            self._controls.quit = True
        heard, self._mouse = self._mouse, []
        for event in heard:
            self._point(*event)
        self._hear_of_changes()

    def _take_size(self, result: FrameResult) -> None:
        height, width = result.mask.shape
        self._pixel = None
        self._views.forget_background()
        bar = self._bar_px(self._settings.text_px)
        width, height = first_size(
            width,
            height,
            max_width_px=self._settings.max_width_px,
            max_height_px=max(1, self._settings.max_height_px - bar),
        )
        self._screen.resize(max(_MIN_WIDTH_PX, width), max(_MIN_HEIGHT_PX, height + bar))

    # Drawing

    def _draw(self, now: float) -> None:
        self._fit_canvas()
        canvas, lettering = self._canvas, self._lettering
        height, width = canvas.shape[:2]
        bar = self._bar_px(lettering.text_px)
        area = Box(x=0, y=0, width=width, height=max(1, height - bar))
        canvas[...] = 16
        result = self._result
        coverage = 0.0
        if result is None:
            draw_banner(canvas, area, lettering, self._waiting(now))
        else:
            coverage = result.coverage
            self._draw_result(result, area, now)
            if not self._status.is_connected:
                draw_banner(canvas, area, lettering, self._waiting(now))
        if self._shows_sliders:
            self._sliders.place(area, lettering)
            self._sliders.draw(canvas)
        if self._shows_keys:
            draw_keys(canvas, area, lettering)
        self._draw_message(area, now)
        words = status_words(self._status, self._controls, coverage=coverage, view=self._view)
        draw_status(
            canvas,
            Box(x=0, y=area.height, width=width, height=height - area.height),
            lettering,
            words,
            in_event=self._status.in_event,
            recording=self._status.recording,
        )

    def _fit_canvas(self) -> None:
        """Give the canvas the size of the window: letters drawn at that size stay sharp."""
        size = self._screen.size()
        width, height = self._canvas.shape[1::-1] if size is None else size
        shrink = min(1.0, _MAX_CANVAS_PX / max(width, height, 1))
        width = max(_MIN_WIDTH_PX, round(width * shrink))
        height = max(_MIN_HEIGHT_PX, round(height * shrink))
        if self._canvas.shape[:2] == (height, width):
            return
        self._canvas = np.zeros((height, width, 3), np.uint8)
        text_px = min(self._settings.text_px, max(8, min(height // 31, width // 45)))
        if text_px != self._lettering.text_px:
            self._lettering = Lettering(text_px)

    def _bar_px(self, text_px: int) -> int:
        return 2 * text_px

    def _waiting(self, now: float) -> list[str]:
        seconds = now - self._frame_at
        if self._result is None:
            return [f"Waiting for {self._status.source or 'the first picture'}", self._gap]
        return [f"No picture for {seconds:.0f} s", self._gap]

    def _draw_result(self, result: FrameResult, area: Box, now: float) -> None:
        canvas = self._canvas
        height, width = result.mask.shape
        self._parts = tiles(self._view, width, height, area)
        if now - self._background_at >= _BACKGROUND_S:
            self._background_at = now
            self._views.forget_background()
        self._views.draw(canvas, self._parts, result)
        if len(self._parts) > 1:
            for name, box in self._parts:
                self._caption(name, box)
        if self._pixel is not None:
            self._draw_pixel(result, self._pixel, area)

    def _caption(self, name: str, box: Box) -> None:
        lettering = self._lettering
        width = min(box.width, lettering.width_px(name) + 2 * lettering.pad_px)
        label = Box(x=box.x, y=box.y, width=width, height=min(box.height, lettering.line_px))
        lettering.panel(self._canvas, label)
        lettering.put(self._canvas, name, box.x + lettering.pad_px, box.y, TEXT)

    def _draw_pixel(self, result: FrameResult, pixel: tuple[int, int], area: Box) -> None:
        """Mark the chosen pixel, and draw its Gaussians where they do not hide it."""
        model = self._model()
        y, x = pixel
        height, width = result.mask.shape
        if (
            model is None
            or model.frame_shape is None
            or model.frame_shape[:2] != (height, width)
        ):
            return
        reach = max(4, self._lettering.text_px // 2)
        is_left = True
        for _, box in self._parts:
            at = (
                box.x + (2 * x + 1) * box.width // (2 * width),
                box.y + (2 * y + 1) * box.height // (2 * height),
            )
            is_left = at[0] < area.width // 2
            cv2.drawMarker(self._canvas, at, (0, 0, 0), cv2.MARKER_CROSS, 2 * reach + 2, 3)
            cv2.drawMarker(self._canvas, at, ACCENT, cv2.MARKER_CROSS, 2 * reach, 1)
        value = _levels(result.frame.image[y, x], self._max_value)
        mixture = model.pixel(y, x)
        n_components = model.params.n_components
        plot = mixture_size(self._lettering, len(value), n_components)
        plot_width, plot_height = min(plot[0], area.width), min(plot[1], area.height)
        box = Box(
            x=area.width - plot_width if is_left else 0,
            y=area.height - plot_height,
            width=plot_width,
            height=plot_height,
        )
        draw_mixture(
            self._canvas, box, mixture, place=pixel, value=value, lettering=self._lettering
        )

    def _draw_message(self, area: Box, now: float) -> None:
        if self._message is None:
            return
        text, colour, until = self._message
        if now >= until:
            self._message = None
            return
        draw_message(self._canvas, area, self._lettering, text, colour)

    def _background(self, every: int) -> Image | None:
        model = self._model()
        if model is None or model.frame_shape is None:
            return None
        return model.background(every)

    # Keys and mouse

    def _press(self, code: int) -> None:
        self._is_stale = True
        key = code & 0xFF
        if key in (_ESCAPE, ord("q")):
            self._controls.quit = True
        elif key in (_TAB, ord("v")):
            self._view = VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)]
        elif ord("1") <= key < ord("1") + len(VIEWS):
            self._view = VIEWS[key - ord("1")]
        elif key == ord("h"):
            self._shows_keys = not self._shows_keys
        elif key == ord("t"):
            self._shows_sliders = not self._shows_sliders
            self._dragged = None
        else:
            self._steer(chr(key))

    def _steer(self, key: str) -> None:
        """Obey the keys that change the run, or write files."""
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
            self._views.forget_background()
            self._say("The model begins anew", TEXT)
        elif key == "c":
            controls.record_now = not controls.record_now
            self._say("Recording" if controls.record_now else "Recording as before", TEXT)
        elif key == "p":
            self._save(self._snapshot)
        elif key == "s":
            self._save(self._save_tuned)

    def _heard(self, event: int, x: int, y: int, flags: int) -> None:
        """Keep what the mouse did until the next poll; this is called amid OpenCV's work."""
        if event != cv2.EVENT_MOUSEMOVE or flags & cv2.EVENT_FLAG_LBUTTON:
            self._mouse.append((event, x, y, flags))

    def _point(self, event: int, x: int, y: int, flags: int) -> None:
        self._is_stale = True
        dragging = event == cv2.EVENT_MOUSEMOVE and bool(flags & cv2.EVENT_FLAG_LBUTTON)
        if event == cv2.EVENT_LBUTTONUP:
            self._dragged = None
        elif self._dragged is not None and dragging:
            self._tune(self._dragged, self._sliders.value_at(self._dragged, x))
        elif self._shows_sliders and self._sliders.covers(x, y):
            self._grasp(event, x, y)
        elif event == cv2.EVENT_RBUTTONDOWN:
            self._pixel = None
        elif (event == cv2.EVENT_LBUTTONDOWN or dragging) and self._result is not None:
            height, width = self._result.mask.shape
            self._pixel = tile_at(self._parts, width, height, x, y) or self._pixel

    def _grasp(self, event: int, x: int, y: int) -> None:
        slider = self._sliders.slider_at(x, y)
        if slider is None:
            return
        if event == cv2.EVENT_LBUTTONDOWN:
            self._dragged = slider
            self._tune(slider, self._sliders.value_at(slider, x))
        elif event == cv2.EVENT_RBUTTONDOWN:
            self._tune(slider, self._tuning.first_value(slider))

    def _tune(self, slider: Slider, value: float) -> None:
        if self._tuning.set(slider, value):
            self._controls.changes[slider.path] = value
            self._controls.refusal = ""

    def _hear_of_changes(self) -> None:
        """Take over what the loop has said to the newest changes."""
        if self._controls.changes:
            return
        if self._controls.refusal:
            self._say(self._controls.refusal, WARN)
            self._controls.refusal = ""
            self._tuning.refuse()
        else:
            self._tuning.accept()

    # Files

    def _save(self, save: Callable[[str], str]) -> None:
        """Write a file named by the time; whatever goes wrong is said, and the run goes on."""
        now = datetime.now().astimezone()
        try:
            prepare_folder(self._folder)
            self._say(save(f"{now:%Y%m%d-%H%M%S}"), TEXT)
        except BgsubError as error:
            self._say(str(error), WARN)

    def _snapshot(self, stamp: str) -> str:
        result = self._result
        if result is None:
            return "There is no picture yet"
        height, width = result.mask.shape
        canvas = np.zeros((height, width, 3), np.uint8)
        views = Views(background=self._background, max_value=self._max_value)
        views.draw(
            canvas,
            tiles(self._view, width, height, Box(x=0, y=0, width=width, height=height)),
            result,
        )
        # Edges of masks must not be blurred.
        suffix = ".png" if self._view == "mask" else ".jpg"
        path = _free(self._folder / f"snapshot-{stamp}{suffix}")
        _, data = cv2.imencode(suffix, canvas)
        write_bytes(path, data.tobytes(), kept="there is no snapshot")
        return f"Saved {path}"

    def _save_tuned(self, stamp: str) -> str:
        path = _free(self._folder / f"tuned-{stamp}.yaml")
        write_tuned(path, self._tuning.at_speed(self._controls.learning_speed))
        return f"Saved {path}: use it with --config"

    def _say(self, text: str, colour: Colour) -> None:
        self._message = (text, colour, self._clock() + _MESSAGE_S)
        self._is_stale = True


def _levels(
    value: NDArray[np.generic] | np.generic, max_value: float | None
) -> tuple[float, ...]:
    """Return a pixel's value in grey levels from 0 to 255."""
    numbers = np.atleast_1d(np.asarray(value))
    white = max_value or (65535.0 if numbers.dtype == np.uint16 else 255.0)
    return tuple(float(number) * 255.0 / white for number in numbers)


def _free(path: Path) -> Path:
    """Return `path`, or one with a number if there is such a file already."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found
