"""What a sweep tries: from a file of keys and values to checked configurations."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.config import Config, Override, load_config
from bgsub.errors import ConfigError
from bgsub.evaluation.sweep_file import (
    MAX_CANDIDATES,
    ValueRange,
    allowed_values,
    read_sweep_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bgsub.evaluation.sweep_file import Allowed, SweepFile

__all__ = ["Candidate", "SweepPlan", "read_plan"]

# Draws in vain before a random search believes that there is nothing new.
_PATIENCE = 200


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
    file = read_sweep_file(path)
    ranges, problems = allowed_values(file)
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


def _check_values(where: str, ranges: Mapping[str, Allowed], fixed: list[Override]) -> None:
    """Try every value alone, so that all that are wrong are told at once."""
    problems: dict[str, None] = {}
    for key, allowed in ranges.items():
        ends = allowed
        if isinstance(allowed, ValueRange):
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


def _grid(file: SweepFile, where: str) -> Iterator[dict[str, Any]]:
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
    file: SweepFile, ranges: Mapping[str, Allowed], base: Config
) -> Iterator[dict[str, Any]]:
    """Draw different combinations; fewer than asked for where there are no more."""
    random = np.random.default_rng(file.seed)
    seen = {repr(_values(base, tuple(ranges)))}
    in_vain = n_drawn = 0
    while n_drawn < (file.samples or 0) and in_vain < _PATIENCE:
        values = {
            key: allowed.draw(random, whole=_is_whole(key))
            if isinstance(allowed, ValueRange)
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
