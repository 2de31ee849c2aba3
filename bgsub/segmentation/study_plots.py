"""What each varied setting does, and the recoloured pictures side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.segmentation.plots_style import INK, MUTED, class_colours, short_numbers, tidy
from bgsub.segmentation.study import MEASURES
from bgsub.segmentation.study_summary import shown_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bgsub.segmentation.study import StudyRow
    from bgsub.segmentation.study_summary import Summary

__all__ = [
    "SHORT_NAMES",
    "draw_effect",
    "draw_sheet",
    "effect_size",
    "measure_of_interest",
    "point_name",
    "sheet_columns",
    "sheet_size",
    "shown_measures",
]

SHORT_NAMES = {"n_components": "K", "noise_sigma": "noise", "covariance_type": "covariance"}
"""Settings' names where there is little room; others go by their key."""

_COLUMNS = 3
_PANEL_IN = (3.6, 2.3)
_MAX_LINES = 60
_MAX_NAMED = 6
_SHEET_COLUMNS = 6
_MAX_COLUMNS = 9
_CELL_IN = 1.9
_TITLE_IN = 0.3
_RATIO_FOR_LOG = 30.0
_MAX_TICKS = 12
_LARGE = 2e4


def shown_measures(summary: Summary) -> list[str]:
    """Return the measures that are known and not the same everywhere."""
    names = []
    for name in MEASURES:
        values = [getattr(m, name) for _, m in summary.means]
        known = [v for v in values if v is not None and np.isfinite(v)]
        if len(known) == len(values) > 0 and max(known) > min(known):
            names.append(name)
    return names


def effect_size(n_measures: int) -> tuple[float, float]:
    """Return width and height in inches of an effect's figure."""
    rows = -(-n_measures // _COLUMNS)
    return _COLUMNS * _PANEL_IN[0], rows * _PANEL_IN[1] + 0.5


def draw_effect(figure: Figure, summary: Summary, key: str, title: str) -> None:
    """Draw each measure against one setting, in the mean over the pictures.

    A line for each combination of the other settings; if they are many, their mean is drawn
    over them.

    Parameters
    ----------
    figure : Figure
        Where.
    summary : Summary
        The results.
    key : str
        The setting.
    title : str
        Its name for people.
    """
    names = shown_measures(summary)
    values = summary.grid.varied[key]
    places, is_log, ticks = _places(values)
    grid = figure.subplots(-(-len(names) // _COLUMNS), _COLUMNS, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        _draw_lines(axes, summary, key, name, places)
        measure = MEASURES[name]
        mark = {"higher": "  ↑", "lower": "  ↓"}[measure.better] if name in summary.best else ""
        axes.set_title(f"{measure.title}{mark}", fontsize=10.5)
        if is_log:
            axes.set_xscale("log")
        if ticks:
            axes.set_xticks(places, ticks)
        if axes.get_ylim()[1] >= _LARGE:
            axes.yaxis.set_major_formatter(short_numbers())
        tidy(axes)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    figure.suptitle(f"Effect of {title}", x=0.01, ha="left")
    handles, labels = grid.flat[0].get_legend_handles_labels()
    if len(handles) > 1:
        figure.legend(handles, labels, loc="outside right upper")


def _places(values: Sequence[object]) -> tuple[list[float], bool, list[str]]:
    """Return where values stand, whether on a logarithmic axis, and their names if needed."""
    names = [shown_value(value) for value in values]
    in_turn = [float(number) for number in range(len(values))]
    numbers = [float(v) for v in values if isinstance(v, int | float)]
    if len(numbers) < len(values):
        return in_turn, False, names
    positive = [number for number in numbers if number > 0]
    if positive and max(positive) / min(positive) >= _RATIO_FOR_LOG:
        has_all = len(positive) == len(numbers)
        return (numbers, True, []) if has_all else (in_turn, False, names)
    return numbers, False, names if len(numbers) <= _MAX_TICKS else []


def _draw_lines(
    axes: Axes, summary: Summary, key: str, name: str, places: Sequence[float]
) -> None:
    lines: dict[tuple[object, ...], dict[object, float]] = {}
    names: dict[tuple[object, ...], str] = {}
    for values, measures in summary.means:
        others = {other: value for other, value in values.items() if other != key}
        rest = tuple(others.values())
        lines.setdefault(rest, {})[values[key]] = getattr(measures, name)
        names[rest] = point_name(summary.grid.telling(others))
    series = np.array(
        [
            [line.get(value, np.nan) for value in summary.grid.varied[key]]
            for line in lines.values()
        ],
        float,
    )
    order = np.argsort(places)
    x, series = np.asarray(places)[order], series[:, order]
    if len(series) <= _MAX_NAMED:
        colours = class_colours(len(series))
        for line, colour, label in zip(series, colours, names.values(), strict=True):
            axes.plot(
                x, line, color=colour, marker="o", markersize=4, linewidth=1.7, label=label
            )
        return
    if len(series) <= _MAX_LINES:
        for line in series:
            axes.plot(x, line, color=MUTED, linewidth=0.8, alpha=0.45)
    known = np.isfinite(series)
    # A value that some combinations lack has no mean that compares with the others'.
    mean = np.where(known.all(axis=0), np.where(known, series, 0.0).mean(axis=0), np.nan)
    axes.plot(x, mean, color=class_colours(1)[0], marker="o", markersize=4.5, label="mean")


def sheet_columns(summary: Summary, n_cells: int) -> int:
    """Return how many pictures of a sheet stand side by side: a row for each combination.

    The last setting's values then go along the rows, if they are not too many.
    """
    *_, last = summary.grid.varied.values()
    along = len(last) if n_cells == len(summary.grid) else 0
    return along if 2 < along <= _MAX_COLUMNS else min(_SHEET_COLUMNS, n_cells)


def sheet_size(rows: Sequence[StudyRow], columns: int) -> tuple[float, float]:
    """Return width and height in inches of a sheet of the results' pictures."""
    return columns * _CELL_IN, sum(_heights_in(rows, columns))


def _heights_in(rows: Sequence[StudyRow], columns: int) -> list[float]:
    """Return each line's height, in inches, that its tallest picture needs."""
    shapes = [(1, 1) if row.thumbnail is None else row.thumbnail.shape for row in rows]
    tall = [min(max(shape[0] / shape[1], 0.3), 2.0) for shape in shapes]
    firsts = range(0, len(tall), columns)
    return [_CELL_IN * max(tall[first : first + columns]) + _TITLE_IN for first in firsts]


def draw_sheet(
    figure: Figure,
    rows: Sequence[StudyRow],
    names: Sequence[str],
    *,
    columns: int,
    measure: str,
) -> None:
    """Draw recoloured pictures side by side.

    Parameters
    ----------
    figure : Figure
        Where.
    rows : sequence of StudyRow
        The results, each with a thumbnail.
    names : sequence of str
        What each is called.
    columns : int
        How many stand side by side.
    measure : str
        The measure that is written with each.
    """
    heights = _heights_in(rows, columns)
    grid = figure.subplots(
        len(heights), columns, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for axes in grid.flat:
        axes.set_axis_off()
        axes.set_anchor("N")
    for axes, row, name in zip(grid.flat, rows, names, strict=False):
        if row.thumbnail is None:
            continue
        axes.imshow(row.thumbnail, interpolation="antialiased")
        # A file's name may hold what is neither text nor to be read as a formula.
        title = name.encode("utf-8", "replace").decode("utf-8")
        axes.set_title(
            title, fontsize=8.5, fontweight="normal", color=INK, pad=2, parse_math=False
        )
        value = None if row.measures is None else getattr(row.measures, measure)
        if value is not None:
            axes.text(
                0.04,
                0.05,
                f"{value:.3g}",
                transform=axes.transAxes,
                fontsize=8,
                color="white",
                bbox={"facecolor": "#000000b0", "edgecolor": "none", "pad": 1.5},
            )


def point_name(values: Mapping[str, object]) -> str:
    """Return a combination's varied values as few words."""
    return ", ".join(
        f"{SHORT_NAMES.get(key, key)} {shown_value(value)}" for key, value in values.items()
    )


def measure_of_interest(summary: Summary) -> str:
    """Return the measure that says most: covering with truth, else agreement or PSNR."""
    names = shown_measures(summary)
    for name in ("covering", "adjusted_rand_index", "psnr_db"):
        if name in names:
            return name
    return "psnr_db"
