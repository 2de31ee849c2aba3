"""The model's own decisions, cleaned: the paper and a majority vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.detection.detector import Detection, StageClock
from bgsub.errors import FrameShapeError
from bgsub.frames import SHADOW
from bgsub.mixture import MixtureModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bgsub.frames import Frame, Image, Mask, Probability
    from bgsub.masks import MaskCleaner

__all__ = ["ClassicDetector"]


class ClassicDetector:
    """Stauffer and Grimson's model, whose masks are cleaned one by one.

    Parameters
    ----------
    model : MixtureModel
        Learns from the frames, and classifies them.
    cleaner : MaskCleaner
        Turns the model's mask into the one that is written.
    with_probability : bool
        Also say how surely each pixel is foreground; slower, since the model then takes one
        frame at a time.
    """

    def __init__(
        self, *, model: MixtureModel, cleaner: MaskCleaner, with_probability: bool
    ) -> None:
        self._model = model
        self._cleaner = cleaner
        self._with_probability = with_probability
        self._clock = StageClock("model", "clean")
        self._last_s: float | None = None
        self._masks: Mask = np.empty((0, 0, 0), np.uint8)

    @property
    def model(self) -> MixtureModel:
        """The mixture."""
        return self._model

    @property
    def stages_s(self) -> Mapping[str, float]:
        """Seconds spent in the model and cleaning."""
        return self._clock.stages_s

    def background(self) -> NDArray[np.uint8]:
        """Return each pixel's most probable mean."""
        return self._model.background()

    def detect(self, frames: Sequence[Frame]) -> Iterator[Detection]:
        """Take frames through the model together, and clean their masks one by one."""
        self._clock.start()
        _check_alike(frames)
        times = [frame.timestamp_s for frame in frames]
        before = times[0] if self._last_s is None else self._last_s
        self._last_s = times[-1]
        # Not kept: the frames that wait for the sinks are memory enough.
        images = [frame.image for frame in frames]
        elapsed_s = np.diff(times, prepend=before)
        if self._with_probability:
            yield from self._one_by_one(images, elapsed_s)
            return
        # Cleaning makes masks of its own of these.  Memory that is new with each batch would
        # cost more than the model where frames are large.
        shape = (len(images), *images[0].shape[:2])
        if self._masks.shape[1:] != shape[1:] or len(self._masks) < len(images):
            self._masks = np.empty(shape, np.uint8)
        masks = self._model.apply_batch(
            images, elapsed_s=elapsed_s, out=self._masks[: len(images)]
        )
        self._clock.lap("model")
        for mask in masks:
            yield self._cleaned(mask, None)

    def _one_by_one(
        self, images: Sequence[Image], elapsed_s: NDArray[np.float64]
    ) -> Iterator[Detection]:
        for image, elapsed in zip(images, elapsed_s, strict=True):
            learnt = self._model.n_frames
            probability = np.zeros(image.shape[:2], np.float32)
            if learnt:
                probability = self._model.foreground_probability(image)
            mask = self._model.apply(image, elapsed_s=float(elapsed))
            self._clock.lap("model")
            # Rounded down at one half: at the match threshold a pixel is still background.
            levels = np.ceil(probability * 255 - 0.5)
            # The model has told shadow from foreground, the distance does not.
            levels[mask == SHADOW] = np.minimum(levels[mask == SHADOW], 127)
            yield self._cleaned(mask, levels.astype(np.uint8))

    def _cleaned(self, mask: Mask, probability: Probability | None) -> Detection:
        self._clock.start()
        cleaned = self._cleaner.clean(mask)
        self._clock.lap("clean")
        return Detection(
            mask=cleaned.mask,
            coverage=cleaned.coverage,
            boxes=cleaned.boxes,
            probability=probability,
        )


def _check_alike(frames: Sequence[Frame]) -> None:
    kinds = {(frame.image.shape, frame.image.dtype.name) for frame in frames}
    if len(kinds) > 1:
        msg = f"frames of different sizes or types came together: {sorted(kinds)}"
        raise FrameShapeError(msg)
