"""The mixture of Gaussians, and what turns its distances into masks a person would draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._state import State
from bgsub.detection.detector import Detection, StageClock
from bgsub.detection.evidence import (
    NEGLIGIBLE,
    decided_cells,
    distances,
    fine_mask,
    keep_small,
    smoothed,
    thresholds_of_levels,
    unsmoothed,
)
from bgsub.detection.pictures import to_bytes
from bgsub.detection.stabilise import moved
from bgsub.frames import FOREGROUND, SHADOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bgsub.detection._grid import Grid
    from bgsub.detection._runs import Regions
    from bgsub.detection.evidence import Evidence
    from bgsub.detection.settings import RobustParams
    from bgsub.frames import Frame, Image, Mask
    from bgsub.masks import MaskCleaner
    from bgsub.mixture import MixtureModel

__all__ = ["RobustDetector"]

# Up to here no cell is foreground that has not enough evidence to be looked at.
_MOST_HYSTERESIS = 1 - NEGLIGIBLE
# In smaller frames starting another thread costs as much as it saves.
_MIN_SHARED_PX = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pictures:
    """The cells of a frame and of what is behind its foreground."""

    cells: NDArray[np.uint8]
    background: NDArray[np.uint8]
    luma: NDArray[np.uint8]
    background_luma: NDArray[np.uint8]


class RobustDetector:
    """Stauffer and Grimson's model with evidence from neighbourhood, time and whole picture.

    The order of work on a frame: the picture is moved back to where the camera looked at
    first, and a change of light is carried over to the model or taken out of the picture; the
    model learns from it, and says how far each pixel is from its background; those distances,
    shorter where the background moves, are smoothed along the picture's edges, but for what is
    too small for that, and decided with hysteresis; what was decided says where pixels blink,
    which of them may learn from the next frame, and what is a ghost; what is parked is hidden,
    shadows are labelled, and the mask is cleaned.

    Parameters
    ----------
    model : MixtureModel
        Learns from the frames.
    cleaner : MaskCleaner
        Fills holes in the mask, restricts it to the regions, drops what is small.
    params : RobustParams
        The parts.
    with_probability : bool
        Also say how surely each pixel is foreground.
    """

    def __init__(
        self,
        *,
        model: MixtureModel,
        cleaner: MaskCleaner,
        params: RobustParams,
        with_probability: bool,
    ) -> None:
        self._model = model
        self._cleaner = cleaner
        self._params = params
        self._with_probability = with_probability
        self._thresholds = thresholds_of_levels(params.dark_threshold)
        self._clock = StageClock("align", "model", "decide", "feedback", "clean")
        self._state: State | None = None

    @property
    def model(self) -> MixtureModel:
        """The mixture."""
        return self._model

    @property
    def stages_s(self) -> Mapping[str, float]:
        """Seconds spent aligning, in the model, deciding, on feedback and cleaning.

        With several threads shadows are looked for, and masks are cleaned, while there is
        feedback.
        """
        return self._clock.stages_s

    def background(self) -> NDArray[np.uint8]:
        """Return each pixel's most probable mean, in the light of the last frame."""
        background = self._model.background()
        if self._state is None or self._state.lighting is None:
            return background
        return self._state.lighting.relight(background)

    def detect(self, frames: Sequence[Frame]) -> Iterator[Detection]:
        """Take frames one by one: what is decided about one changes what the next teaches."""
        for frame in frames:
            yield self._detect(frame)

    def _detect(self, frame: Frame) -> Detection:
        self._clock.start()
        self._model.check_frame(frame.image)
        picture = to_bytes(frame.image, self._model.params.max_value)
        if self._state is None:
            self._state = State(picture, self._params, self._model)
        state = self._state
        state.begin(frame.timestamp_s, self._model)
        cells = state.grid.reduce(picture)
        image, shift = self._aligned(frame.image, cells, state)
        if shift != (0.0, 0.0):
            cells = state.grid.reduce(to_bytes(image, self._model.params.max_value))
        seen = image, cells
        image, cells = state.lit(image, cells)
        if image is not frame.image:
            picture = to_bytes(image, self._model.params.max_value)
        if state.grid.step == 1:
            cells = picture
        self._clock.lap("align")
        scores = self._scores(image, state)
        self._clock.lap("model")
        found, evidence, is_near = self._decided(scores, cells, state)
        mask, probability = self._fine(evidence, is_near, picture, state)
        self._clock.lap("decide")
        regions = state.regions()
        pictures = _Pictures(
            cells=cells,
            background=state.reference.picture,
            luma=state.luma(cells),
            background_luma=state.reference.luma,
        )
        detections: list[Detection] = []

        def finish() -> None:
            clock = self._clock.split()
            shown = self._shown(mask, probability, frame.timestamp_s, state, regions, pictures)
            clock.lap("decide")
            detections.append(self._detection(*shown, shift))
            clock.lap("clean")

        def feed_back() -> None:
            clock = self._clock.split()
            if state.rate > 0:
                state.follow_background(found, evidence)
                self._feed_back(image, cells, frame.timestamp_s, state)
                state.follow_light(*seen)
            clock.lap("feedback")

        if picture.shape[0] * picture.shape[1] < _MIN_SHARED_PX:
            finish()
            feed_back()
        else:
            self._model.workers.run_both(finish, feed_back)
        return detections[0]

    def _shown(
        self,
        mask: Mask,
        probability: Mask | None,
        timestamp_s: float,
        state: State,
        regions: Regions,
        pictures: _Pictures,
    ) -> tuple[Mask, Mask | None]:
        """Return mask and probability without what is parked, and with shadows in the mask."""
        if state.residents is not None:
            hidden = state.residents.hidden(regions, pictures.luma, timestamp_s)
            mask, probability = _without(hidden, mask, probability, state.grid)
        if state.shadows is not None:
            found = [
                state.shadows.find(regions, pictures.cells, pictures.background),
                state.glares.find(regions.mask, pictures.luma, pictures.background_luma),
            ]
            # What is learnt does not depend on it.  Background is 0 and stays so.
            for where in found:
                if where is not None:
                    mask = state.grid.limited(mask, where, SHADOW)
        return mask, probability

    def _aligned(
        self, image: Image, cells: NDArray[np.uint8], state: State
    ) -> tuple[Image, tuple[float, float]]:
        """Return the frame as the camera would have seen it had it not shaken."""
        if not self._params.stabilise or not state.stabiliser.is_due():
            return image, (0.0, 0.0)
        x, y = state.stabiliser.shift(state.luma(cells), state.reference.luma)
        if (x, y) == (0.0, 0.0):
            return image, (0.0, 0.0)
        return moved(image, -x, -y, nearest=False), (x, y)

    def _relearn(self, image: Image, where: NDArray[np.bool_], state: State) -> None:
        self._model.relearn(state.grid.enlarge(where.view(np.uint8)), image)

    def _scores(self, image: Image, state: State) -> NDArray[np.uint8]:
        """Return how far the pixels are from their background, and learn from them."""
        state.refresh(self._thresholds)
        return self._model.score(
            image,
            update_mask=state.learners(self._params.foreground_learning),
            elapsed_s=state.elapsed_s,
            background_threshold=state.background_threshold,
        )

    def _decided(
        self,
        scores: NDArray[np.uint8],
        cells: NDArray[np.uint8],
        state: State,
    ) -> tuple[NDArray[np.float32], Evidence, Mask]:
        """Return distances and evidence of cells, and which may have foreground."""
        found = distances(state.grid.average(scores), state.thresholds, state.widening)
        luma = state.luma(cells)
        if self._params.smooth_evidence:
            evidence = smoothed(found, luma, self._model.workers)
            keep_small(evidence, found, state.widening, self._model.workers)
        else:
            evidence = unsmoothed(found, luma)
        state.coarse, is_near = decided_cells(evidence, state.coarse, self._params.hysteresis)
        return found, evidence, is_near

    def _fine(
        self, evidence: Evidence, is_near: Mask, picture: NDArray[np.uint8], state: State
    ) -> tuple[Mask, Mask | None]:
        """Return mask and probability of pixels."""
        is_same = not self._with_probability and self._params.hysteresis <= _MOST_HYSTERESIS
        if state.grid.step == 1 and is_same:
            state.mask = state.coarse
            return state.mask, None
        state.mask, probability = fine_mask(
            evidence,
            is_near,
            picture,
            state.mask,
            self._params.hysteresis,
            state.grid,
            self._model.workers,
            with_probability=self._with_probability,
        )
        return state.mask, probability

    def _detection(
        self, mask: Mask, probability: Mask | None, shift: tuple[float, float]
    ) -> Detection:
        """Return what is found, cleaned, in the place where the camera saw it."""
        if shift != (0.0, 0.0):
            mask = moved(mask, *shift, nearest=True)
            if probability is not None:
                probability = moved(probability, *shift, nearest=True)
        cleaned = self._cleaner.clean(mask)
        return Detection(
            mask=cleaned.mask,
            coverage=cleaned.coverage,
            boxes=cleaned.boxes,
            probability=probability,
        )

    def _feed_back(
        self,
        image: Image,
        cells: NDArray[np.uint8],
        timestamp_s: float,
        state: State,
    ) -> None:
        """Learn what is no object, and follow the background."""
        anew = state.is_another_scene(timestamp_s, self._params.relearn_coverage)
        luma, background = state.luma(cells), state.reference.luma
        if anew is None and state.ghosts is not None:
            anew = state.ghosts.find(state.regions(), luma, background, timestamp_s)
        if anew is None and self._params.compensate_light:
            anew = state.shading.find(state.regions(), luma, background, timestamp_s)
        state.reference.update(cells, state.coarse, state.rate)
        if anew is not None:
            self._relearn(image, anew, state)
            state.reference.relearn(cells, anew)


def _without(
    hidden: NDArray[np.bool_] | None, mask: Mask, probability: Mask | None, grid: Grid
) -> tuple[Mask, Mask | None]:
    """Return mask and probability without what is not to be shown."""
    if hidden is None:
        return mask, probability
    shown = cv2.bitwise_not(grid.enlarge(hidden.view(np.uint8) * np.uint8(FOREGROUND)))
    if probability is not None:
        probability = np.asarray(cv2.bitwise_and(probability, shown), np.uint8)
    return np.asarray(cv2.bitwise_and(mask, shown), np.uint8), probability
