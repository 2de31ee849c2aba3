"""Webcams, through OpenCV."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from bgsub.errors import SourceOpenError
from bgsub.sources._luma import shrink
from bgsub.sources._pictures import scaled_size
from bgsub.sources.connection import BrokenOffError, Picture

if TYPE_CHECKING:
    from bgsub.frames import Image

__all__ = ["CameraConnection", "first_camera", "is_camera"]

_DEVICES = Path("/dev")
# Pictures that many cameras fail to give right after they were opened.
_FAILURES = 5
_MAX_RATE = 1000


def is_camera(text: str) -> bool:
    """Tell whether `text` names a webcam: a number, or a device such as ``/dev/video0``."""
    return text.isdecimal() or re.fullmatch(r"/dev/(video|v4l/).*", text) is not None


def first_camera() -> str:
    """Return the name of the first webcam.

    Raises
    ------
    SourceOpenError
        If there is none, where that can be told without opening it.
    """
    if sys.platform != "linux":
        return "0"
    numbers = (
        int(path.name.removeprefix("video"))
        for path in _DEVICES.glob("video*")
        if path.name.removeprefix("video").isdecimal()
    )
    number = min(numbers, default=None)
    if number is None:
        msg = (
            "there is no webcam here (no /dev/video0); connect one, or name a stream's address "
            "or a clip: bgsub live rtsp://camera/stream"
        )
        raise SourceOpenError(msg)
    return str(number)


class CameraConnection:
    """An open webcam.

    Parameters
    ----------
    camera : str
        Its number or device.
    width_px, height_px : int or None
        The size asked for; the camera gives what it can.
    fps : float or None
        The rate asked for.
    scale : float
        Factor of the picture's size, above 0 and at most 1.
    max_side_px : int or None
        The picture's longer side is reduced to at most this.
    colour : bool
        Whether colour is kept.

    Raises
    ------
    SourceOpenError
        If it cannot be opened, or gives no picture.
    """

    def __init__(
        self,
        camera: str,
        *,
        width_px: int | None,
        height_px: int | None,
        fps: float | None,
        scale: float,
        max_side_px: int | None,
        colour: bool,
    ) -> None:
        self._colour = colour
        self._capture = cv2.VideoCapture(int(camera) if camera.isdecimal() else camera)
        if not self._capture.isOpened():
            msg = (
                f"the webcam '{camera}' cannot be opened; check that it is connected, that "
                "no other program uses it, and that you may (group 'video')"
            )
            raise SourceOpenError(msg)
        try:
            self._ask(width_px, height_px, fps)
            picture = self._first(camera)
        except BaseException:
            self._capture.release()
            raise
        height, width = picture.shape[:2]
        self.source_size = (width, height)
        self._size = scaled_size(width, height, scale=scale, max_side_px=max_side_px)
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps = rate if 0 < rate <= _MAX_RATE else None
        self._asked = _kind(width_px or width, height_px or height, fps or self.fps)

    @property
    def granted(self) -> str:
        """Size and rate that the camera gives, and what was asked for if it is another."""
        given = _kind(*self.source_size, self.fps)
        return given if given == self._asked else f"{given} (asked for {self._asked})"

    def read(self) -> Picture | None:
        """Wait for the next picture, as a connection does."""
        is_good, image = self._capture.read()
        arrived_s = time.perf_counter()
        if not is_good or image is None:
            msg = "the webcam gives no more pictures"
            raise BrokenOffError(msg)
        return Picture(self._fitted(image), None, arrived_s)

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()

    def _ask(self, width_px: int | None, height_px: int | None, fps: float | None) -> None:
        # A camera keeps several pictures otherwise, all of them old.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if width_px or height_px or fps:
            # Uncompressed, large pictures come at a few frames a second over USB.
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        for what, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, width_px),
            (cv2.CAP_PROP_FRAME_HEIGHT, height_px),
            (cv2.CAP_PROP_FPS, fps),
        ):
            if value is not None:
                self._capture.set(what, value)

    def _first(self, camera: str) -> Image:
        for _ in range(_FAILURES):
            is_good, image = self._capture.read()
            if is_good and image is not None:
                return image
        msg = f"the webcam '{camera}' opens but gives no picture; connect it again"
        raise SourceOpenError(msg)

    def _fitted(self, image: Image) -> Image:
        if not self._colour and image.ndim == 3:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if (image.shape[1], image.shape[0]) != self._size:
            image = shrink(image, self._size)
        image.setflags(write=False)
        return image


def _kind(width: int, height: int, fps: float | None) -> str:
    return f"{width}×{height}" + ("" if fps is None else f", {fps:.4g} frames a second")
