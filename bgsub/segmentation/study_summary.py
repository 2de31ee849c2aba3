"""What a study found: means over pictures, the best settings, and its files for machines."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bgsub.segmentation.study import MEASURES, Measures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bgsub.segmentation.study import Grid, StudyRow

__all__ = ["Best", "Summary", "as_csv", "as_record", "shown_value", "summarise"]

_AUTO = "auto"
# They compare models of the same numbers, and these settings change the numbers.
_OF_LIKELIHOOD = frozenset({"log_likelihood", "bic", "aic"})
_CHANGES_DATA = frozenset({"features", "position_weight", "texture_weight", "noise_sigma"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best that a grid does by one measure.

    Attributes
    ----------
    values : mapping of str to object
        The combination whose mean over the pictures is best.
    fixed : float
        That mean: one combination for all pictures.
    each : float
        The mean where each picture has the combination that is best for it.
    """

    values: Mapping[str, object]
    fixed: float
    each: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A study's results, ordered.

    Attributes
    ----------
    grid : Grid
        What was tried.
    rows : tuple of StudyRow
        By picture, then in the grid's order.
    pictures : tuple of str
        The pictures' names, in order.
    means : tuple of (mapping, Measures)
        Each combination that every picture has, with the mean over the pictures.
    best : mapping of str to Best
        By measure, for those that are better when higher or lower; not the likelihood and the
        criteria built on it where what is clustered was varied.
    """

    grid: Grid
    rows: tuple[StudyRow, ...]
    pictures: tuple[str, ...]
    means: tuple[tuple[Mapping[str, object], Measures], ...]
    best: Mapping[str, Best]


def shown_value(value: object) -> str:
    """Return a setting's value as the command line takes it."""
    if value is None:
        return _AUTO
    return f"{value:g}" if isinstance(value, float) else str(value)


def summarise(grid: Grid, rows: Sequence[StudyRow]) -> Summary:
    """Put results in order and take their means.

    Parameters
    ----------
    grid : Grid
        What was tried.
    rows : sequence of StudyRow
        The results in any order; may be incomplete.
    """
    pictures = tuple(dict.fromkeys(row.picture for row in rows))
    place = {_key(point): number for number, point in enumerate(grid.points())}
    ordered = sorted(
        rows, key=lambda row: (pictures.index(row.picture), place[_key(row.values)])
    )
    groups: dict[tuple[object, ...], list[Measures]] = {}
    for row in ordered:
        if row.measures is not None:
            groups.setdefault(_key(row.values), []).append(row.measures)
    means = tuple(
        (point, Measures.mean(groups[_key(point)]))
        for point in grid.points()
        if len(groups.get(_key(point), ())) == len(pictures)
    )
    varied = {key for key, values in grid.varied.items() if len(values) > 1}
    comparable = MEASURES.keys() - (_OF_LIKELIHOOD if varied & _CHANGES_DATA else set())
    best = {
        name: found
        for name, measure in MEASURES.items()
        if measure.better
        and name in comparable
        and (found := _best(name, ordered, means, highest=measure.better == "higher"))
    }
    return Summary(grid=grid, rows=tuple(ordered), pictures=pictures, means=means, best=best)


def _key(values: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(values.values())


def _best(
    name: str,
    rows: Sequence[StudyRow],
    means: Sequence[tuple[Mapping[str, object], Measures]],
    *,
    highest: bool,
) -> Best | None:
    sign = 1.0 if highest else -1.0
    known = [
        (sign * value, -number)
        for number, (_, measures) in enumerate(means)
        if (value := getattr(measures, name)) is not None
    ]
    if not known:
        return None
    top, place = max(known)  # the first of those that are equal
    each: dict[str, float] = {}
    for row in rows:
        value = None if row.measures is None else getattr(row.measures, name)
        if value is not None:
            each[row.picture] = max(each.get(row.picture, -float("inf")), sign * value)
    return Best(
        values=means[-place][0], fixed=sign * top, each=sign * sum(each.values()) / len(each)
    )


def as_csv(summary: Summary) -> str:
    """Return the results as a table, a row for each combination and picture."""
    stream = io.StringIO()
    varied = list(summary.grid.varied)
    names = [name for name in Measures.__dataclass_fields__ if name != "n_components"]
    writer = csv.writer(stream, lineterminator="\n")
    # K is a column of its own even where the criterion chose it.
    writer.writerow(["picture", *varied, "classes", *names, "problem"])
    for row in summary.rows:
        values = [shown_value(row.values[key]) for key in varied]
        if row.measures is None:
            writer.writerow([row.picture, *values, *[""] * (1 + len(names)), row.problem])
            continue
        found = [getattr(row.measures, name) for name in ("n_components", *names)]
        cells = ["" if value is None else f"{value:.10g}" for value in found]
        writer.writerow([row.picture, *values, *cells, ""])
    return stream.getvalue()


def as_record(summary: Summary) -> dict[str, Any]:
    """Return the results as ``study.json`` holds them."""
    settings = summary.grid.base.model_dump()
    return {
        "version": 1,
        "pictures": list(summary.pictures),
        "varied": {key: list(values) for key, values in summary.grid.varied.items()},
        "settings": {k: v for k, v in settings.items() if k not in summary.grid.varied},
        "rows": [
            {"picture": row.picture, "values": dict(row.values)}
            | ({"problem": row.problem} if row.measures is None else asdict(row.measures))
            for row in summary.rows
        ],
        "mean": [
            {"values": dict(values)} | asdict(measures) for values, measures in summary.means
        ],
        "best": {name: asdict(best) for name, best in summary.best.items()},
    }
