"""A study's report: plots, the best settings, and every number, in one web page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub import __version__
from bgsub.segmentation.html import Html, embedded_png, page, tag
from bgsub.segmentation.plots_style import new_figure, to_png
from bgsub.segmentation.study import MEASURES
from bgsub.segmentation.study_plots import (
    SHORT_NAMES,
    draw_effect,
    draw_sheet,
    effect_size,
    measure_of_interest,
    point_name,
    sheet_columns,
    sheet_size,
    shown_measures,
)
from bgsub.segmentation.study_summary import shown_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bgsub.segmentation.study import StudyRow
    from bgsub.segmentation.study_summary import Summary

__all__ = ["KEY_TITLES", "draw_figures", "report"]

KEY_TITLES = {
    "n_components": "the number of classes K",
    "tol": "the stopping threshold",
    "max_iter": "the largest number of iterations",
    "covariance_type": "the covariance shape",
    "init": "the start",
    "noise_sigma": "noise (standard deviation in levels of 255)",
    "smoothing": "spatial smoothing",
}
"""Settings' names for people; others go by their key."""

_MAX_CELLS = 60
_MAX_ROWS = 2000


def draw_figures(summary: Summary) -> dict[str, bytes]:
    """Draw a study's plots.

    Returns
    -------
    dict of str to bytes
        PNG files by their name: ``effect-KEY.png`` for each setting with several values,
        ``sheet.png`` with the first picture under each combination, and, for several pictures,
        ``pictures.png`` with each under the best combination.
    """
    figures: dict[str, bytes] = {}
    measures = shown_measures(summary)
    for key, values in summary.grid.varied.items():
        if len(values) > 1 and measures:
            with new_figure(*effect_size(len(measures))) as figure:
                draw_effect(figure, summary, key, KEY_TITLES.get(key, key))
                figures[f"effect-{key}.png"] = to_png(figure)
    first = [r for r in summary.rows if r.picture == summary.pictures[0]]
    sheets = {"sheet.png": (first, [point_name(summary.grid.telling(r.values)) for r in first])}
    if len(summary.pictures) > 1 and summary.means:
        chosen = [r for r in summary.rows if dict(r.values) == dict(_chosen(summary))]
        sheets["pictures.png"] = (chosen, [r.picture for r in chosen])
    for name, (rows, names) in sheets.items():
        shown = [(r, n) for r, n in zip(rows, names, strict=True) if r.thumbnail is not None]
        if shown:
            figures[name] = _sheet(shown[:_MAX_CELLS], summary)
    return figures


def _sheet(shown: Sequence[tuple[StudyRow, str]], summary: Summary) -> bytes:
    rows, names = [row for row, _ in shown], [name for _, name in shown]
    columns = sheet_columns(summary, len(rows))
    with new_figure(*sheet_size(rows, columns)) as figure:
        draw_sheet(figure, rows, names, columns=columns, measure=measure_of_interest(summary))
        return to_png(figure)


def _chosen(summary: Summary) -> Mapping[str, object]:
    """Return the combination that is best by the measure of interest."""
    best = summary.best.get(measure_of_interest(summary))
    return summary.means[0][0] if best is None else best.values


def report(summary: Summary, figures: Mapping[str, bytes]) -> str:
    """Return the report as one web page that needs no other file."""
    pictures = summary.pictures
    what = pictures[0] if len(pictures) == 1 else f"{len(pictures)} pictures"
    tried = "; ".join(
        f"{SHORT_NAMES.get(key, key)}: {', '.join(map(shown_value, values))}"
        for key, values in summary.grid.varied.items()
    )
    body = [
        tag("h1", f"Segmentation study of {what}"),
        tag("p", f"Tried: {tried}. Made by bgsub {__version__}.", class_="note"),
    ]
    problems = [row for row in summary.rows if row.measures is None]
    if problems:
        items = [tag("li", f"{_row_name(row)}: {row.problem}") for row in problems[:20]]
        more = [tag("li", f"and {len(problems) - 20} more")] if len(problems) > 20 else []
        body += [tag("h2", "What could not be done"), tag("ul", *items, *more)]
    if summary.best:
        body += _best_part(summary)
    body += [
        embedded_png(data, f"Effect of {name[7:-4]}")
        for name, data in figures.items()
        if name.startswith("effect-")
    ]
    interest = MEASURES[measure_of_interest(summary)].title
    if "sheet.png" in figures:
        caption = f"{pictures[0]} recoloured by class means; the number is the {interest}"
        body += [tag("h2", caption), embedded_png(figures["sheet.png"], caption)]
    if "pictures.png" in figures:
        caption = f"Every picture with {point_name(summary.grid.telling(_chosen(summary)))}"
        body += [tag("h2", caption), embedded_png(figures["pictures.png"], caption)]
    if len(pictures) > 1:
        body += [tag("h2", "Mean over the pictures"), _means_table(summary)]
    body += [tag("h2", "Every result"), _rows_table(summary)]
    settings = summary.grid.base.model_dump()
    fixed = {k: v for k, v in settings.items() if k not in summary.grid.varied}
    body += [tag("h2", "Settings that were not varied"), _settings_table(fixed)]
    return page(f"Segmentation study of {what}", *body)


def _row_name(row: StudyRow) -> str:
    return f"{row.picture} with {point_name(row.values)}"


def _best_part(summary: Summary) -> list[Html]:
    names = [name for name in shown_measures(summary) if name in summary.best]
    several = len(summary.pictures) > 1
    head = ["measure", "best", "with"] + ["best for each picture, mean"] * several
    rows = []
    for name in names:
        best = summary.best[name]
        cells = [
            tag("td", MEASURES[name].title, class_="text"),
            tag("td", _number(best.fixed)),
            tag("td", point_name(summary.grid.telling(best.values)), class_="text"),
        ]
        rows.append(tag("tr", *cells, *[tag("td", _number(best.each))] * several))
    if not rows:
        return []
    return [tag("h2", "Best"), _table(head, rows, texts=("measure", "with"))]


def _table(head: Sequence[str], rows: Sequence[Html], texts: Sequence[str]) -> Html:
    cells = [tag("th", name, class_="text" if name in texts else "") for name in head]
    table = tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows))
    return tag("div", table, class_="wide")


def _columns(summary: Summary) -> list[str]:
    """Return the measures that some row has."""
    measures = [row.measures for row in summary.rows if row.measures is not None]
    return [n for n in MEASURES if any(getattr(m, n) is not None for m in measures)]


def _cells(values: Mapping[str, object], numbers: Mapping[str, float | None]) -> list[Html]:
    shown = [tag("td", shown_value(value), class_="text") for value in values.values()]
    return shown + [tag("td", _number(number)) for number in numbers.values()]


def _means_table(summary: Summary) -> Html:
    names, varied = _columns(summary), list(summary.grid.varied)
    telling = shown_measures(summary)
    rows = []
    for values, measures in summary.means:
        cells = [tag("td", shown_value(value), class_="text") for value in values.values()]
        for name in names:
            best = summary.best.get(name)
            is_best = name in telling and best and dict(best.values) == dict(values)
            number = _number(getattr(measures, name))
            cells.append(tag("td", number, class_="best" if is_best else ""))
        rows.append(tag("tr", *cells))
    keys = [SHORT_NAMES.get(key, key) for key in varied]
    return _table([*keys, *(MEASURES[n].title for n in names)], rows, texts=keys)


def _rows_table(summary: Summary) -> Html:
    names = _columns(summary)
    keys = ["picture", *(SHORT_NAMES.get(key, key) for key in summary.grid.varied)]
    rows = [
        tag(
            "tr",
            tag("td", row.picture, class_="text"),
            *_cells(row.values, {n: getattr(row.measures, n) for n in names}),
        )
        for row in summary.rows[:_MAX_ROWS]
        if row.measures is not None
    ]
    table = _table([*keys, *(MEASURES[n].title for n in names)], rows, texts=keys)
    if len(summary.rows) <= _MAX_ROWS:
        return table
    return Html(tag("p", f"The first {_MAX_ROWS}; study.csv has all.", class_="note") + table)


def _settings_table(settings: Mapping[str, object]) -> Html:
    rows = [
        tag("tr", tag("td", key, class_="text"), tag("td", shown_value(value), class_="text"))
        for key, value in settings.items()
    ]
    return _table(["setting", "value"], rows, texts=("setting", "value"))


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if not np.isfinite(value):
        return "∞"
    return f"{value:.0f}" if abs(value) >= 1e5 or value == int(value) else f"{value:.4g}"
