"""The form of a sweep file: a method, and what each key may be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bgsub.config import read_yaml
from bgsub.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

__all__ = [
    "MAX_CANDIDATES",
    "Allowed",
    "SweepFile",
    "ValueRange",
    "allowed_values",
    "read_sweep_file",
]

MAX_CANDIDATES = 2000
_DIGITS = 5
_WITHOUT_EFFECT = {
    "events": "changes no mask",
    "output": "changes no mask",
    "run": "changes no mask",
    "segmentation": "is about still images",
    "input.start_s": "takes frames away that the truth is about",
    "input.end_s": "takes frames away that the truth is about",
    "input.scale": "changes the size, which the truth does not follow",
    "input.max_side_px": "changes the size, which the truth does not follow",
}


class ValueRange(BaseModel):
    """Values between two ends, drawn evenly, or evenly in their logarithm.

    Attributes
    ----------
    low, high : float
        The ends, both inclusive.
    log : bool
        As many values in each decade.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    low: float
    high: float
    log: bool = False

    def problem(self) -> str | None:
        """Return what is wrong with the ends, None if nothing is."""
        if self.high <= self.low:
            return f"high ({self.high:g}) should be above low ({self.low:g})"
        if self.log and self.low <= 0:
            return f"low ({self.low:g}) should be above 0 where log is true"
        return None

    def draw(self, random: np.random.Generator, *, whole: bool) -> float | int:
        """Return a value, rounded to five digits; with `whole` a whole number."""
        low, high = (self.low - 0.5, self.high + 0.5) if whole else (self.low, self.high)
        if self.log:
            low = max(low, self.low / 2)
            value = math.exp(random.uniform(math.log(low), math.log(high)))
        else:
            value = float(random.uniform(low, high))
        if whole:
            return int(min(max(round(value), math.ceil(self.low)), math.floor(self.high)))
        # Rounding must not leave the range.
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)


Allowed = list[Any] | ValueRange
"""What a key may be: one of some values, or any in a range."""


class SweepFile(BaseModel):
    """A sweep file as it is written; its keys are looked into by :func:`allowed_values`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    method: Literal["grid", "random"] = "grid"
    samples: int | None = Field(default=None, ge=1, le=MAX_CANDIDATES)
    seed: int = Field(default=0, ge=0)
    keys: dict[str, Any] = Field(min_length=1)
    sequences: list[str] = []


def read_sweep_file(path: Path) -> SweepFile:
    """Read a sweep file.

    Raises
    ------
    ConfigError
        If it cannot be read or is not of the form.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        problem = "it should hold keys: with the keys to change and their values"
        raise ConfigError(str(path), [problem])
    try:
        file = SweepFile.model_validate(content)
    except ValidationError as error:
        raise ConfigError(str(path), [_explain(one) for one in error.errors()]) from error
    if file.method == "random" and file.samples is None:
        raise ConfigError(str(path), ["samples: should be how many a random search tries"])
    if file.method == "grid" and file.samples is not None:
        raise ConfigError(str(path), ["samples: a grid tries all; leave it out"])
    return file


def _explain(error: Any) -> str:  # noqa: ANN401 - pydantic_core.ErrorDetails
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such entry; there are {', '.join(SweepFile.model_fields)}"
    if error["type"] == "missing":
        return f"{name}: is missing"
    return f"{name}: {error['msg'][0].lower()}{error['msg'][1:]}"


def allowed_values(file: SweepFile) -> tuple[dict[str, Allowed], list[str]]:
    """Return what each key may be, and a line for each mistake in that.

    Whether there are such keys, and whether they take such values, is not looked into.
    """
    ranges: dict[str, Allowed] = {}
    problems: list[str] = []
    for key, given in file.keys.items():
        section = key.partition(".")[0]
        why_not = _WITHOUT_EFFECT.get(section) or _WITHOUT_EFFECT.get(key)
        if "." not in key:
            problems.append(f"{key}: should be section.key, such as mask.median_px")
        elif why_not is not None:
            problems.append(f"{key}: {why_not}, so that it cannot be swept")
        elif isinstance(given, list) and given:
            ranges[key] = given
        elif isinstance(given, dict) and file.method == "random":
            try:
                ranges[key] = found = ValueRange.model_validate(given)
            except ValidationError as error:
                problems += [f"{key}.{_explain(one)}" for one in error.errors()]
                continue
            problem = found.problem()
            problems += [f"{key}: {problem}"] if problem else []
        else:
            form = " or low and high" if file.method == "random" else ""
            hint = "; low and high are for method: random" if isinstance(given, dict) else ""
            problems.append(f"{key}: should be a list of values{form}{hint}")
    return ranges, problems
