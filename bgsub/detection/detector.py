"""What every detector offers, and what it says about a frame."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bgsub.frames import Box, Frame, Mask, Probability
    from bgsub.mixture import MixtureModel

__all__ = ["Detection", "Detector", "StageClock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What is known of one frame.

    Attributes
    ----------
    mask : Mask, shape (H, W)
        The final mask, read-only.
    coverage : float
        Foreground pixels over all pixels of the frame, 0 to 1.
    boxes : tuple of Box
        Around the foreground regions, largest first.
    probability : Probability, shape (H, W), or None
        How surely each pixel is foreground, if the detector was asked for it.
    """

    mask: Mask
    coverage: float
    boxes: tuple[Box, ...]
    probability: Probability | None


class Detector(Protocol):
    """Anything that turns the frames of one stream into masks, and follows the scene."""

    @property
    def model(self) -> MixtureModel:
        """The mixture: for saving, and for looking into it."""
        ...

    @property
    def stages_s(self) -> Mapping[str, float]:
        """Seconds spent so far, by stage."""
        ...

    def detect(self, frames: Sequence[Frame]) -> Iterator[Detection]:
        """Take frames in order, and yield what is known of each.

        Parameters
        ----------
        frames : sequence of Frame
            The next ones of the stream; one batch or many make no difference to the result.

        Raises
        ------
        FrameShapeError
            If frames are not of the size or type of the first one.
        """
        ...

    def background(self) -> NDArray[np.uint8]:
        """Return the picture without moving things, as :meth:`MixtureModel.background`."""
        ...


class StageClock:
    """Counts the time that each stage of a detector takes.

    Parameters
    ----------
    *stages : str
        Their names.

    Attributes
    ----------
    stages_s : dict of str to float
        Seconds so far.
    """

    def __init__(self, *stages: str) -> None:
        self.stages_s = dict.fromkeys(stages, 0.0)
        self._since = time.perf_counter()

    def split(self) -> StageClock:
        """Return a clock for other stages that are worked on at the same time."""
        clock = StageClock()
        clock.stages_s = self.stages_s
        return clock

    def start(self) -> None:
        """Begin anew: what passed until now belongs to no stage."""
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap or start to a stage."""
        now = time.perf_counter()
        self.stages_s[stage] += now - self._since
        self._since = now
