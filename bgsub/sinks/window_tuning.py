"""The sliders of the window: parameters that are tuned while looking, and saved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bgsub.config.document import changed_yaml
from bgsub.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from bgsub.config import Config

__all__ = ["Slider", "Tuning", "sliders_for", "write_tuned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """One parameter, and the part of its range that is worth trying.

    Attributes
    ----------
    path : str
        Dotted path of the key.
    label : str
        Its name on the screen.
    low, high : float
        The values at the ends.
    scale : {"linear", "log", "odd"}
        How positions become values: evenly, by equal factors, or as odd whole numbers.
    unit : str
        Written behind the value.
    """

    path: str
    label: str
    low: float
    high: float
    scale: Literal["linear", "log", "odd"]
    unit: str = ""

    def value_at(self, position: float) -> float:
        """Return the value at a position from 0 to 1, in at most three digits."""
        position = min(1.0, max(0.0, position))
        if self.scale == "log":
            value = self.low * math.pow(self.high / self.low, position)
        else:
            value = self.low + position * (self.high - self.low)
        if self.scale == "odd":
            return 2 * round((value - 1) / 2) + 1
        return float(f"{value:.3g}") if self.scale == "log" else round(value, 2)

    def position_of(self, value: float) -> float:
        """Return where a value is, 0 to 1; values beyond the ends are at the ends."""
        value = min(self.high, max(self.low, value))
        if self.scale == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def text(self, value: float) -> str:
        """Return a value as it is written on the screen."""
        return f"{value:g}{self.unit}"


_MATCH = Slider(
    path="model.match_sigmas", label="match sigmas", low=1.0, high=8.0, scale="linear"
)
_THRESHOLD = Slider(
    path="model.background_threshold",
    label="background threshold",
    low=0.2,
    high=0.99,
    scale="linear",
)
_RATE = Slider(
    path="model.learning_rate", label="learning rate", low=0.0001, high=0.1, scale="log"
)
_TIME = Slider(
    path="model.time_constant_s",
    label="time constant",
    low=1.0,
    high=3600.0,
    scale="log",
    unit=" s",
)
_HYSTERESIS = Slider(
    path="detector.hysteresis", label="hysteresis", low=0.0, high=0.9, scale="linear"
)
_MEDIAN = Slider(path="mask.median_px", label="median", low=1, high=31, scale="odd", unit=" px")
_AREA = Slider(
    path="mask.min_area_fraction", label="minimum area", low=0.00001, high=0.05, scale="log"
)


def sliders_for(config: Config) -> tuple[Slider, ...]:
    """Return the sliders that have an effect with this configuration."""
    rate = _RATE if config.model.time_constant_s is None else _TIME
    cleaning = _MEDIAN if config.detector.method == "classic" else _HYSTERESIS
    return (_MATCH, _THRESHOLD, rate, cleaning, _AREA)


class Tuning:
    """The configuration as the sliders have changed it.

    Parameters
    ----------
    config : Config
        The one the run began with.

    Attributes
    ----------
    config : Config
        The one with all changes.
    sliders : tuple of Slider
        The parameters.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.sliders = sliders_for(config)
        self._at_first = config
        self._accepted = config

    def value(self, slider: Slider) -> float:
        """Return the present value of a parameter."""
        return _get(self.config, slider.path)

    def first_value(self, slider: Slider) -> float:
        """Return the value that the run began with."""
        return _get(self._at_first, slider.path)

    def set(self, slider: Slider, value: float) -> bool:
        """Give a parameter a value, and tell whether that changed anything."""
        if value == self.value(slider):
            return False
        section, key = slider.path.split(".")
        old = getattr(self.config, section)
        new = type(old).model_validate({**old.model_dump(), key: value})
        self.config = self.config.model_copy(update={section: new})
        return True

    def at_speed(self, speed: float) -> Config:
        """Return the configuration that by itself learns as this one does at `speed`."""
        model = self.config.model
        changes: dict[str, float] = {"learning_rate": min(1.0, model.learning_rate * speed)}
        if model.time_constant_s is not None:
            changes = {"time_constant_s": model.time_constant_s / speed}
        return self.config.model_copy(update={"model": model.model_copy(update=changes)})

    def accept(self) -> None:
        """Take note that the changes so far are in force."""
        self._accepted = self.config

    def refuse(self) -> None:
        """Take back what was changed since the last that is in force."""
        self.config = self._accepted


def write_tuned(path: Path, config: Config) -> None:
    """Write all values that are not defaults into a file that ``--config`` accepts.

    The source is left out: it may hold a password.

    Parameters
    ----------
    path : Path
        The file; it appears once it is complete.
    config : Config
        The values.

    Raises
    ------
    SinkWriteError
        If it cannot be written.
    """
    text = changed_yaml(
        config,
        leave_out=("live.source",),
        head=(
            "What bgsub live ran with, as tuned in its window; keys that are not here have "
            "their defaults.",
            f"Use it with --config {path.name}",
        ),
    )
    write_bytes(path, text.encode(), kept="nothing was saved")


def _get(config: Config, path: str) -> float:
    section, key = path.split(".")
    value: float = getattr(getattr(config, section), key)
    return value
