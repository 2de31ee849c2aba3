"""Everything that is seen in the window, drawn on one canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

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
from bgsub.sinks.window_text import ACCENT, TEXT, Lettering
from bgsub.sinks.window_views import Views, pixel_at, tiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bgsub.config import Config
    from bgsub.frames import FrameResult, Image
    from bgsub.live_controls import LiveControls, LiveStatus
    from bgsub.mixture import MixtureModel
    from bgsub.sinks.window_text import Colour
    from bgsub.sinks.window_tuning import Tuning
    from bgsub.sinks.window_views import View

__all__ = ["Face", "first_size"]

MIN_SIZE = (240, 160)
_MAX_SIDE_PX = 2560
_MAX_ENLARGED = 3.0
_SURROUND = 16
_BACKGROUND_S = 0.5
_MESSAGE_S = 5.0


def first_size(width: int, height: int, *, max_width: int, max_height: int) -> tuple[int, int]:
    """Return the size at which a picture is shown at first, in pixels.

    As large as the limits allow, but small pictures are not blown up beyond recognition.
    """
    scale = min(max_width / width, max_height / height, _MAX_ENLARGED)
    return max(1, round(width * scale)), max(1, round(height * scale))


class Face:
    """Picture, status line, and what lies over the picture.

    Parameters
    ----------
    controls : LiveControls
        What the person has asked for.
    status : LiveStatus
        What the status line tells.
    config : Config
        The configuration of the run.
    model : callable
        Returns the model of the scene, or None before there is one.
    tuning : Tuning
        What the sliders show.

    Attributes
    ----------
    canvas : ndarray of uint8, shape (H, W, 3)
        The newest drawing, BGR.
    view : View
        Which view of the frames is shown.
    pixel : (int, int) or None
        Row and column of the pixel whose Gaussians are shown.
    sliders : SliderPanel
        The sliders, as they were drawn last.
    shows_keys, shows_sliders : bool
        Whether the list of keys and the sliders are shown.
    """

    def __init__(
        self,
        *,
        controls: LiveControls,
        status: LiveStatus,
        config: Config,
        model: Callable[[], MixtureModel | None],
        tuning: Tuning,
    ) -> None:
        self.canvas = np.zeros((1, 1, 3), np.uint8)
        self.view: View = config.window.view
        self.pixel: tuple[int, int] | None = None
        self.sliders = SliderPanel(tuning)
        self.shows_keys = self.shows_sliders = False
        self._controls = controls
        self._status = status
        self._model = model
        self._text_px = config.window.text_px
        self._max_value = config.model.max_value
        self._lettering = Lettering(self._text_px)
        self._views = Views(background=self._background, max_value=self._max_value)
        self._background_at = -_BACKGROUND_S
        self._parts: tuple[tuple[View, Box], ...] = ()
        self._message: tuple[str, Colour, float] | None = None
        self._gap = ""

    def bar_px(self, width: int, height: int) -> int:
        """Return how high the status line is on a canvas of this size."""
        return 2 * self._text_px_on(width, height)

    def _text_px_on(self, width: int, height: int) -> int:
        # So small that the plot of a pixel fits, as long as it can be read.
        return min(self._text_px, max(8, min(height // 31, width // 45)))

    def say(self, text: str, colour: Colour, now: float) -> None:
        """Show a message for some seconds from `now` on."""
        self._message = (text, colour, now + _MESSAGE_S)

    def note_gap(self, what: str) -> None:
        """Keep in mind what is wrong with the stream, to be shown while no picture comes."""
        self._gap = what

    def forget_scene(self) -> None:
        """Ask the model for its background anew: it is another one."""
        self._views.forget_background()

    def pixel_at(self, result: FrameResult, x: int, y: int) -> tuple[int, int] | None:
        """Return row and column of the frame's pixel at a place of the canvas."""
        height, width = result.mask.shape
        return pixel_at(self._parts, width, height, x, y)

    def still(self, result: FrameResult) -> NDArray[np.uint8]:
        """Return the view at the frame's own size, with nothing over it."""
        height, width = result.mask.shape
        canvas = np.zeros((height, width, 3), np.uint8)
        whole = Box(x=0, y=0, width=width, height=height)
        views = Views(background=self._background, max_value=self._max_value)
        views.draw(canvas, tiles(self.view, width, height, whole), result)
        return canvas

    def draw(
        self,
        size: tuple[int, int] | None,
        result: FrameResult | None,
        *,
        now: float,
        age_s: float,
    ) -> None:
        """Draw everything.

        Parameters
        ----------
        size : (int, int) or None
            Width and height of the window's room; None: as before.
        result : FrameResult or None
            The newest result.
        now : float
            The clock's time in seconds.
        age_s : float
            Time since the newest result came, or since the window is open.
        """
        self._fit_canvas(size)
        canvas, lettering = self.canvas, self._lettering
        height, width = canvas.shape[:2]
        bar = self.bar_px(width, height)
        area = Box(x=0, y=0, width=width, height=height - bar)
        canvas[: area.height] = _SURROUND
        if result is not None:
            self._draw_result(result, area, now)
        if result is None or not self._status.is_connected:
            draw_banner(canvas, area, lettering, self._excuse(result, age_s))
        if self.shows_sliders:
            self.sliders.place(area, lettering)
            self.sliders.draw(canvas)
        if self.shows_keys:
            draw_keys(canvas, area, lettering)
        self._draw_message(area, now)
        coverage = 0.0 if result is None else result.coverage
        draw_status(
            canvas,
            Box(x=0, y=area.height, width=width, height=bar),
            lettering,
            status_words(self._status, self._controls, coverage=coverage, view=self.view),
            in_event=self._status.in_event,
            recording=self._status.recording,
        )

    def _fit_canvas(self, size: tuple[int, int] | None) -> None:
        """Give the canvas the size of the window: letters drawn at that size stay sharp."""
        width, height = self.canvas.shape[1::-1] if size is None else size
        shrink = min(1.0, _MAX_SIDE_PX / max(width, height))
        width = max(MIN_SIZE[0], round(width * shrink))
        height = max(MIN_SIZE[1], round(height * shrink))
        if self.canvas.shape[:2] == (height, width):
            return
        self.canvas = np.zeros((height, width, 3), np.uint8)
        text_px = self._text_px_on(width, height)
        if text_px != self._lettering.text_px:
            self._lettering = Lettering(text_px)

    def _excuse(self, result: FrameResult | None, age_s: float) -> list[str]:
        """Return why there is no picture."""
        if result is None:
            first = f"Waiting for {self._status.source or 'the first picture'}"
        else:
            first = f"No picture for {age_s:.0f} s"
        return [first, self._gap] if self._gap else [first]

    def _draw_result(self, result: FrameResult, area: Box, now: float) -> None:
        height, width = result.mask.shape
        self._parts = tiles(self.view, width, height, area)
        if now - self._background_at >= _BACKGROUND_S:
            self._background_at = now
            self._views.forget_background()
        self._views.draw(self.canvas, self._parts, result)
        if len(self._parts) > 1:
            for name, box in self._parts:
                self._caption(name, box)
        if self.pixel is not None:
            self._draw_pixel(result, self.pixel, area)

    def _caption(self, name: str, box: Box) -> None:
        lettering = self._lettering
        width = min(box.width, lettering.width_px(name) + 2 * lettering.pad_px)
        label = Box(x=box.x, y=box.y, width=width, height=min(box.height, lettering.line_px))
        lettering.panel(self.canvas, label)
        lettering.put(self.canvas, name, box.x + lettering.pad_px, box.y, TEXT)

    def _draw_pixel(self, result: FrameResult, pixel: tuple[int, int], area: Box) -> None:
        """Mark the chosen pixel, and draw its Gaussians where they do not hide it."""
        model = self._model()
        shape = None if model is None else model.frame_shape
        if model is None or shape is None or shape[:2] != result.mask.shape:
            return
        is_left = self._mark_pixel(pixel, shape) < area.width // 2
        value = _levels(result.frame.image[pixel], self._max_value)
        width, height = mixture_size(self._lettering, len(value), model.params.n_components)
        width, height = min(width, area.width), min(height, area.height)
        box = Box(
            x=area.width - width if is_left else 0,
            y=area.height - height,
            width=width,
            height=height,
        )
        draw_mixture(
            self.canvas,
            box,
            model.pixel(*pixel),
            place=pixel,
            value=value,
            lettering=self._lettering,
        )

    def _mark_pixel(self, pixel: tuple[int, int], shape: tuple[int, ...]) -> int:
        """Draw a cross at a pixel in all pictures; return how far right the last one is."""
        size = self._lettering.text_px
        x = y = 0
        for _, box in self._parts:
            y = box.y + (2 * pixel[0] + 1) * box.height // (2 * shape[0])
            x = box.x + (2 * pixel[1] + 1) * box.width // (2 * shape[1])
            cv2.drawMarker(self.canvas, (x, y), (0, 0, 0), cv2.MARKER_CROSS, size + 2, 3)
            cv2.drawMarker(self.canvas, (x, y), ACCENT, cv2.MARKER_CROSS, size, 1)
        return x

    def _draw_message(self, area: Box, now: float) -> None:
        if self._message is None:
            return
        text, colour, until = self._message
        if now < until:
            draw_message(self.canvas, area, self._lettering, text, colour)
        else:
            self._message = None

    def _background(self, every: int) -> Image | None:
        model = self._model()
        if model is None or model.frame_shape is None:
            return None
        return model.background(every)


def _levels(
    value: NDArray[np.generic] | np.generic, max_value: float | None
) -> tuple[float, ...]:
    """Return a pixel's value in grey levels from 0 to 255."""
    numbers = np.atleast_1d(np.asarray(value))
    white = max_value or (65535.0 if numbers.dtype == np.uint16 else 255.0)
    return tuple(float(number) * 255.0 / white for number in numbers)
