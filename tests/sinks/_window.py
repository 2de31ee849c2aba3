"""A screen that is not there, and a scene to show on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgsub.config import Config
from bgsub.frames import FOREGROUND, Box, Frame, FrameResult
from bgsub.live_controls import LiveControls, LiveStatus
from bgsub.mixture import MixtureModel, MixtureParams
from bgsub.sinks.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass
class FakeScreen:
    """Keeps what is shown, and plays a person's keys and mouse."""

    room: tuple[int, int] | None = (600, 400)
    typed: list[int] = field(default_factory=list)
    shown: list[NDArray[np.uint8]] = field(default_factory=list)
    opened: list[tuple[str, int, int]] = field(default_factory=list)
    closes: int = 0
    closed_by_person: bool = False
    heard: Callable[[int, int, int, int], None] | None = None

    def open(self, title: str, width: int, height: int) -> None:
        self.opened.append((title, width, height))

    def resize(self, width: int, height: int) -> None:
        self.room = (width, height)

    def close(self) -> None:
        self.closes += 1

    def show(self, canvas: NDArray[np.uint8]) -> None:
        self.shown.append(canvas.copy())

    def pressed(self) -> list[int]:
        typed, self.typed = self.typed, []
        return typed

    def size(self) -> tuple[int, int] | None:
        return self.room

    def is_closed(self) -> bool:
        return self.closed_by_person

    def on_mouse(self, heard: Callable[[int, int, int, int], None]) -> None:
        self.heard = heard

    def click(self, x: int, y: int) -> None:
        assert self.heard is not None
        self.heard(cv2.EVENT_LBUTTONDOWN, x, y, cv2.EVENT_FLAG_LBUTTON)

    def drag(self, x: int, y: int) -> None:
        assert self.heard is not None
        self.heard(cv2.EVENT_MOUSEMOVE, x, y, cv2.EVENT_FLAG_LBUTTON)

    def hover(self, x: int, y: int) -> None:
        assert self.heard is not None
        self.heard(cv2.EVENT_MOUSEMOVE, x, y, 0)

    def release(self, x: int, y: int) -> None:
        assert self.heard is not None
        self.heard(cv2.EVENT_LBUTTONUP, x, y, 0)

    def right_click(self, x: int, y: int) -> None:
        assert self.heard is not None
        self.heard(cv2.EVENT_RBUTTONDOWN, x, y, cv2.EVENT_FLAG_RBUTTON)


def seen(shape: tuple[int, ...] = (90, 160, 3), index: int = 0) -> FrameResult:
    """A bright square on grey, found by somebody."""
    image = np.full(shape, 90, np.uint8)
    mask = np.zeros(shape[:2], np.uint8)
    side = min(shape[:2]) // 3
    left = (index * 7) % max(1, shape[1] - side)
    image[side : 2 * side, left : left + side] = 230
    mask[side : 2 * side, left : left + side] = FOREGROUND
    for array in (image, mask):
        array.setflags(write=False)
    return FrameResult(
        frame=Frame(index=index, timestamp_s=index / 25, image=image),
        mask=mask,
        coverage=float(np.count_nonzero(mask) / mask.size),
        boxes=(Box(x=left, y=side, width=side, height=side),),
        in_event=True,
    )


class Stage:
    """A window with all it needs, and a clock that is moved by hand."""

    def __init__(self, folder: Path, config: Config | None = None, **screen: Any) -> None:
        self.controls = LiveControls()
        self.status = LiveStatus(source="yard", fps=25.0, delay_ms=12.0)
        self.screen = FakeScreen(**screen)
        self.model: MixtureModel | None = None
        self.now = 100.0
        self.window = Window(
            controls=self.controls,
            status=self.status,
            config=config or Config(),
            model=lambda: self.model,
            folder=folder,
            screen=self.screen,
            clock=lambda: self.now,
        )

    def learn(self, result: FrameResult) -> None:
        self.model = MixtureModel(MixtureParams(warmup_frames=0))
        self.model.apply(result.frame.image)

    def tick(self, seconds: float = 0.1) -> NDArray[np.uint8]:
        """Let time pass; return what is shown then."""
        self.now += seconds
        self.window.poll()
        return self.screen.shown[-1]

    def type(self, keys: str) -> NDArray[np.uint8]:
        """Press keys; return what is shown once they had their effect."""
        self.screen.typed += [ord(key) for key in keys]
        self.tick()
        return self.tick()
