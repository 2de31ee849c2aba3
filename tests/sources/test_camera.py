"""Webcams: a stand-in for OpenCV's capture, since no test machine has a device."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from bgsub.errors import SourceOpenError
from bgsub.sources import camera as module
from bgsub.sources.camera import CameraConnection, first_camera, is_camera
from bgsub.sources.connection import BrokenOffError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class _Device:
    """Gives 640×480 at 30 frames a second, and 1280×720 if asked; fails as it is told."""

    failures = 0
    is_there = True
    opened: Any = None
    frames = 1000

    def __init__(self, name: int | str) -> None:
        type(self).opened = name
        self.size, self.rate = [640, 480], 30.0
        self.is_released = False
        self._failures, self._frames = self.failures, self.frames

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.is_there

    def set(self, what: int, value: float) -> bool:
        if what == cv2.CAP_PROP_FRAME_WIDTH and value >= 1280:
            self.size = [1280, 720]
        return True

    def get(self, what: int) -> float:
        assert what == cv2.CAP_PROP_FPS
        return self.rate

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        if self._failures > 0:
            self._failures -= 1
            return False, None
        if self._frames == 0:
            return False, None
        self._frames -= 1
        return True, np.full((self.size[1], self.size[0], 3), 60, np.uint8)

    def release(self) -> None:
        self.is_released = True


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> type[_Device]:
    class Device(_Device):
        pass

    monkeypatch.setattr(cv2, "VideoCapture", Device)
    return Device


def _open(name: str = "0", **changes: Any) -> CameraConnection:
    options: dict[str, Any] = {"width_px": None, "height_px": None, "fps": None}
    options |= {"scale": 1.0, "max_side_px": None, "colour": True}
    return CameraConnection(name, **(options | changes))


def test_a_webcam_gives_its_pictures_as_they_are(device: type[_Device]) -> None:
    webcam = _open()
    picture = webcam.read()
    assert picture is not None
    assert picture.image.shape == (480, 640, 3)
    assert not picture.image.flags.writeable
    assert picture.source_s is None
    assert webcam.granted == "640×480, 30 frames a second"
    assert device.opened == 0
    webcam.close()


def test_what_was_granted_is_told_beside_what_was_asked_for(device: type[_Device]) -> None:
    webcam = _open("/dev/video3", width_px=1920, height_px=1080, fps=60.0)
    assert webcam.granted == (
        "1280×720, 30 frames a second (asked for 1920×1080, 60 frames a second)"
    )
    assert webcam.source_size == (1280, 720)
    assert device.opened == "/dev/video3"


def test_pictures_are_reduced_and_made_grey_as_for_clips(device: type[_Device]) -> None:
    webcam = _open(scale=0.5, colour=False)
    picture = webcam.read()
    assert picture is not None
    assert picture.image.shape == (240, 320)
    assert webcam.source_size == (640, 480)


def test_a_webcam_may_need_some_attempts_for_its_first_picture(device: type[_Device]) -> None:
    device.failures = 3
    assert _open().read() is not None


def test_a_webcam_that_gives_no_picture_is_refused(device: type[_Device]) -> None:
    device.failures = 100
    with pytest.raises(SourceOpenError, match="gives no picture"):
        _open()


def test_a_webcam_that_cannot_be_opened_is_refused(device: type[_Device]) -> None:
    device.is_there = False
    with pytest.raises(SourceOpenError, match="group 'video'"):
        _open()


def test_a_webcam_that_is_pulled_out_breaks_off(device: type[_Device]) -> None:
    device.frames = 3
    webcam = _open()
    webcam.read()
    webcam.read()
    with pytest.raises(BrokenOffError, match="no more pictures"):
        webcam.read()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("0", True),
        ("12", True),
        ("/dev/video0", True),
        ("/dev/v4l/by-id/x", True),
        ("yard.mp4", False),
        ("rtsp://x", False),
        ("", False),
    ],
)
def test_a_webcam_is_told_from_other_sources(text: str, answer: bool) -> None:
    assert is_camera(text) is answer


@pytest.mark.skipif(sys.platform != "linux", reason="devices have names on Linux")
def test_the_first_webcam_is_that_of_the_lowest_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DEVICES", tmp_path)
    for name in ("video10", "video2", "videocard"):
        (tmp_path / name).touch()
    assert first_camera() == "2"


@pytest.mark.skipif(sys.platform != "linux", reason="devices have names on Linux")
def test_without_a_webcam_the_sentence_says_what_else_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DEVICES", tmp_path)
    with pytest.raises(SourceOpenError, match=r"no webcam here.*bgsub live rtsp"):
        first_camera()
