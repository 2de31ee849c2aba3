"""Model and events of a live run, and what can be changed of them while it goes on."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ValidationError

from bgsub.app.build import build_detector
from bgsub.errors import BgsubError, ConfigError
from bgsub.events import EventRules
from bgsub.frames import Frame, FrameResult
from bgsub.live_events import LiveEvents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bgsub.config import Config
    from bgsub.frames import StreamInfo
    from bgsub.live_controls import LiveControls
    from bgsub.live_events import EventChange
    from bgsub.mixture import MixtureModel, MixtureParams

__all__ = ["LiveScene", "warm_up"]

logger = logging.getLogger(__name__)

_TUNABLE = ("model", "mask", "events", "detector")
_EMPTY_FRAMES, _REHEARSAL_FRAMES = 3, 14
# Larger frames need nothing else.
_MOST_LINES, _MOST_COLUMNS = 720, 1280
_ORIGIN = "window"


def warm_up(config: Config, info: StreamInfo, frame_shape: tuple[int, ...]) -> None:
    """Compile and load what frames may need, on a twin of the scene in which things happen."""
    height, width = min(frame_shape[0], _MOST_LINES), min(frame_shape[1], _MOST_COLUMNS)
    twin = replace(info, width=width, height=height)
    detector = build_detector(config, twin, with_probability=False)
    for frame in _rehearsal((height, width, *frame_shape[2:])):
        for _ in detector.detect([frame]):
            pass


def _rehearsal(shape: tuple[int, ...]) -> Iterator[Frame]:
    """Yield an empty yard that glitters, something with its shadow, and a darker light."""
    ground = np.random.default_rng(0).integers(100, 120, shape, np.uint8)
    height, width = shape[:2]
    for number in range(_REHEARSAL_FRAMES):
        image = ground.copy()
        # Single cells of the detector's grid, which are no objects.
        image[2:4, 2::64] = 255 * (number % 2)
        if number >= _EMPTY_FRAMES:
            image[height // 4 : height // 2, width // 3 : width // 2] = 230
            shadow = image[height // 3 : height // 2, width // 2 : 2 * width // 3]
            shadow[:] = shadow // 2
        if number == _REHEARSAL_FRAMES - 1:
            image //= 2
        # As far apart as what looks now and then looks.
        yield Frame(index=number, timestamp_s=0.1 * number, image=image)


class LiveScene:
    """Finds what moves, frame by frame.

    Parameters
    ----------
    config : Config
        How.
    info : StreamInfo
        The stream.
    model : MixtureModel or None
        What was known at the end of the last run.
    """

    def __init__(self, config: Config, info: StreamInfo, model: MixtureModel | None) -> None:
        self.config = config
        self._info = info
        self._detector = build_detector(config, info, with_probability=False, model=model)
        rules = EventRules(**config.events.model_dump())
        if model is not None:
            # It knows the scene already: the first second counts.
            rules = replace(rules, settle_s=0.0)
        self.events = LiveEvents(rules, update_every_s=config.notify.update_every_s)
        self._is_frozen = False
        self._speed = 1.0

    @property
    def model(self) -> MixtureModel:
        """The mixture as it stands; another one after a reset."""
        return self._detector.model

    @property
    def in_event(self) -> bool:
        """Whether an event goes on."""
        return self.events.in_event

    @property
    def n_events(self) -> int:
        """Events that have begun."""
        return self.events.n_events

    def background(self) -> NDArray[np.uint8]:
        """Return the picture without moving things."""
        return self._detector.background()

    def look(self, frame: Frame) -> tuple[FrameResult, Sequence[EventChange]]:
        """Work on one frame; return what is found, and what is new about events."""
        (found,) = self._detector.detect([frame])
        changes = self.events.update(
            frame.index, frame.timestamp_s, found.coverage, found.boxes
        )
        result = FrameResult(
            frame=frame,
            mask=found.mask,
            coverage=found.coverage,
            boxes=found.boxes,
            in_event=self.events.in_event,
        )
        return result, changes

    def pass_time(self, at_s: float) -> Sequence[EventChange]:
        """Take note that no frame has come up to `at_s`; return what is new."""
        return self.events.pass_time(at_s)

    def finish(self) -> Sequence[EventChange]:
        """End what goes on; return what is new."""
        return self.events.restart()

    def obey(self, controls: LiveControls) -> None:
        """Do what was asked for at the window."""
        if controls.changes:
            changes = dict(controls.changes)
            controls.changes.clear()
            controls.refusal = self._change(changes)
        if controls.reset_model:
            controls.reset_model = False
            self._rebuild(None)
        wanted = (controls.freeze_learning, controls.learning_speed)
        if wanted != (self._is_frozen, self._speed):
            self._is_frozen, self._speed = wanted
            self.model.change_params(self._params())

    def _change(self, changes: Mapping[str, object]) -> str:
        """Take over new values; return why not, or nothing."""
        try:
            config = _changed(self.config, changes)
            before, self.config = self.config, config
            try:
                self._take_over(before)
            except BgsubError:
                self.config = before
                raise
        except BgsubError as error:
            return str(error)
        return ""

    def _take_over(self, before: Config) -> None:
        config = self.config
        if config.events != before.events:
            self.events.change_rules(EventRules(**config.events.model_dump()))
        if config.model != before.model:
            try:
                self.model.change_params(self._params())
            except ConfigError as error:
                logger.info("the model begins anew: %s", error)
                self._rebuild(None)
                return
        if (config.mask, config.detector) != (before.mask, before.detector):
            self._rebuild(self.model)

    def _rebuild(self, model: MixtureModel | None) -> None:
        self._detector = build_detector(
            self.config, self._info, with_probability=False, model=model
        )
        self.model.change_params(self._params())

    def _params(self) -> MixtureParams:
        """Return the configured parameters, with learning as the window wants it."""
        params = self.config.model.to_params()
        if self._is_frozen:
            return replace(
                params,
                learning_rate=0.0,
                time_constant_s=None,
                initial_learning_rate=0.0,
                warmup_frames=0,
            )
        constant_s = params.time_constant_s
        return replace(
            params,
            learning_rate=min(1.0, params.learning_rate * self._speed),
            time_constant_s=None if constant_s is None else constant_s / self._speed,
        )


def _changed(config: Config, changes: Mapping[str, object]) -> Config:
    """Return a configuration with other values, by their dotted paths."""
    sections: dict[str, dict[str, object]] = {}
    for path, value in changes.items():
        section, _, name = path.partition(".")
        if section not in _TUNABLE or not name:
            raise ConfigError(_ORIGIN, [f"{path}: cannot be changed while it runs"])
        sections.setdefault(section, {})[name] = value
    return config.model_copy(
        update={
            section: _with_values(section, getattr(config, section), values)
            for section, values in sections.items()
        }
    )


def _with_values(name: str, section: BaseModel, values: Mapping[str, object]) -> BaseModel:
    try:
        return type(section).model_validate({**section.model_dump(), **values})
    except ValidationError as error:
        problems = [
            f"{'.'.join([name, *map(str, found['loc'])])}: {found['msg']}"
            for found in error.errors()
        ]
        raise ConfigError(_ORIGIN, problems) from error
