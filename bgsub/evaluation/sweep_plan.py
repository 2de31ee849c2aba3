"""What a sweep tries: from a file of keys and values to checked configurations."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bgsub.config import Config, Override, load_config, read_yaml
from bgsub.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["MAX_CANDIDATES", "Candidate", "SweepPlan", "read_plan"]

MAX_CANDIDATES = 2000
_DIGITS = 5
# Draws in vain before a random search believes that there is nothing new.
_PATIENCE = 200
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One configuration to score.

    Attributes
    ----------
    number : int
        From 0, which is the configuration that the sweep began with.
    values : mapping of str to object
        The swept keys and their values.
    config : Config
        All values.
    """

    number: int
    values: Mapping[str, Any]
    config: Config


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """What is tried, and on what.

    Attributes
    ----------
    keys : tuple of str
        The swept keys.
    candidates : tuple of Candidate
        All different; the first is the configuration that the sweep began with.
    sequences : tuple of str
        ``category/name`` of the sequences to score on; empty for all.
    """

    keys: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    sequences: tuple[str, ...]


class _Range(BaseModel):
    """Values between two ends, drawn evenly, or evenly in their logarithm."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    low: float
    high: float
    log: bool = False

    def problem(self) -> str | None:
        if self.high <= self.low:
            return f"high ({self.high:g}) should be above low ({self.low:g})"
        if self.log and self.low <= 0:
            return f"low ({self.low:g}) should be above 0 where log is true"
        return None

    def draw(self, random: np.random.Generator, *, whole: bool) -> float | int:
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


class _File(BaseModel):
    """The sweep file as it is written; keys are looked into later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    method: Literal["grid", "random"] = "grid"
    samples: int | None = Field(default=None, ge=1, le=MAX_CANDIDATES)
    seed: int = Field(default=0, ge=0)
    keys: dict[str, Any] = Field(min_length=1)
    sequences: list[str] = []


def read_plan(path: Path, base: Config) -> SweepPlan:
    """Read a sweep file and make its candidates.

    Parameters
    ----------
    path : Path
        A YAML file: ``method`` (``grid`` or ``random``), ``samples`` and ``seed`` of a random
        search, ``keys`` with a list of values or ``low``, ``high`` and ``log`` for each, and
        ``sequences``.
    base : Config
        The values of all other keys, and the first candidate.

    Returns
    -------
    SweepPlan
        Every candidate's configuration has been checked.

    Raises
    ------
    ConfigError
        With what is wrong in the file: its form, a key, or a value.
    """
    where = str(path)
    file = _parse(path)
    ranges, problems = _ranges(file)
    if problems:
        raise ConfigError(where, problems)
    given = _leaves(base.model_dump(mode="json", exclude_defaults=True))
    fixed = [Override(path=key, value=value, origin=where) for key, value in given]
    _check_values(where, ranges, fixed)
    tried = _grid(file, where) if file.method == "grid" else _random(file, ranges, base)
    candidates = [Candidate(number=0, values=_values(base, tuple(ranges)), config=base)]
    seen = {base}
    for values in tried:
        config = _config(values, fixed, where)
        if config not in seen:
            seen.add(config)
            number = len(candidates)
            candidates.append(Candidate(number=number, values=values, config=config))
    return SweepPlan(
        keys=tuple(ranges), candidates=tuple(candidates), sequences=tuple(file.sequences)
    )


def _parse(path: Path) -> _File:
    content = read_yaml(path)
    if not isinstance(content, dict):
        problem = "it should hold keys: with the keys to change and their values"
        raise ConfigError(str(path), [problem])
    try:
        file = _File.model_validate(content)
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
        return f"{name}: there is no such entry; there are {', '.join(_File.model_fields)}"
    if error["type"] == "missing":
        return f"{name}: is missing"
    return f"{name}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _ranges(file: _File) -> tuple[dict[str, list[Any] | _Range], list[str]]:
    """Return what each key may be, and what is wrong with that."""
    ranges: dict[str, list[Any] | _Range] = {}
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
                ranges[key] = found = _Range.model_validate(given)
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


def _check_values(
    where: str, ranges: Mapping[str, list[Any] | _Range], fixed: list[Override]
) -> None:
    """Try every value alone, so that all that are wrong are told at once."""
    problems: dict[str, None] = {}
    for key, allowed in ranges.items():
        ends = allowed
        if isinstance(allowed, _Range):
            whole = _is_whole(key)
            ends = [int(end) if whole else end for end in (allowed.low, allowed.high)]
        for value in ends if isinstance(ends, list) else []:
            override = Override(path=tuple(key.split(".")), value=value, origin=where)
            try:
                load_config(None, [*fixed, override])
            except ConfigError as error:
                problems |= dict.fromkeys(error.problems)
    if problems:
        raise ConfigError(where, [text.removesuffix(f" (from {where})") for text in problems])


def _grid(file: _File, where: str) -> Iterator[dict[str, Any]]:
    n_combinations = math.prod(len(values) for values in file.keys.values())
    if n_combinations > MAX_CANDIDATES:
        problem = (
            f"keys: the grid has {n_combinations} combinations, more than {MAX_CANDIDATES}; "
            "leave some out, or use method: random"
        )
        raise ConfigError(where, [problem])
    for values in itertools.product(*file.keys.values()):
        yield dict(zip(file.keys, values, strict=True))


def _random(
    file: _File, ranges: Mapping[str, list[Any] | _Range], base: Config
) -> Iterator[dict[str, Any]]:
    """Draw different combinations; fewer than asked for where there are no more."""
    random = np.random.default_rng(file.seed)
    seen = {repr(_values(base, tuple(ranges)))}
    in_vain = n_drawn = 0
    while n_drawn < (file.samples or 0) and in_vain < _PATIENCE:
        values = {
            key: allowed.draw(random, whole=_is_whole(key))
            if isinstance(allowed, _Range)
            else allowed[random.integers(len(allowed))]
            for key, allowed in ranges.items()
        }
        if repr(values) in seen:
            in_vain += 1
            continue
        seen.add(repr(values))
        in_vain = 0
        n_drawn += 1
        yield values


def _config(values: Mapping[str, Any], fixed: list[Override], where: str) -> Config:
    changed = [
        Override(path=tuple(key.split(".")), value=value, origin=where)
        for key, value in values.items()
    ]
    try:
        return load_config(None, [*fixed, *changed]).config
    except ConfigError as error:
        together = ", ".join(f"{key}={value}" for key, value in values.items())
        problems = [f"{together}: {problem}" for problem in error.problems]
        raise ConfigError(where, problems) from error


def _values(config: Config, keys: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in keys:
        value: Any = config
        for name in key.split("."):
            value = getattr(value, name)
        values[key] = value
    return values


def _is_whole(key: str) -> bool:
    """Tell whether a key takes whole numbers only."""
    section: Any = Config
    annotation: Any = None
    for name in key.split("."):
        field = getattr(section, "model_fields", {}).get(name)
        if field is None:
            return False
        section = annotation = field.annotation
    return annotation is int or annotation == int | None


def _leaves(
    values: Mapping[str, Any], before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*before, name))
        else:
            yield (*before, name), value
