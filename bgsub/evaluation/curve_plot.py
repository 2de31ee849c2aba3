"""Drawing of precision–recall curves."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from bgsub.evaluation.curves import OPERATING_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from bgsub.evaluation.curves import Curve

__all__ = ["draw_curves"]

_MOST_COLOURS = 10
_F_LINES = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95)
_FAINT = "#b8b8b8"
_INK = "#333333"


def draw_curves(title: str, curves: Mapping[str, Curve], mean: Curve | None) -> bytes:
    """Draw curves over lines of equal F-measure.

    A dot marks one half, where the masks are cut before they are cleaned, a star the best
    F-measure.  Beyond ten curves the single ones are thin, grey and without a name.

    Parameters
    ----------
    title : str
        What stands above.
    curves : mapping of str to Curve
        At least one, by its name in the legend.
    mean : Curve or None
        Drawn in black over the others, if given.

    Returns
    -------
    bytes
        A PNG file.
    """
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 6.6))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw_f_lines(axes)
    colours = colormaps["tab10"].colors  # type: ignore[attr-defined]
    for index, (name, curve) in enumerate(curves.items()):
        if len(curves) > _MOST_COLOURS:
            axes.plot(*_line(curve), color=_FAINT, linewidth=0.7, zorder=2)
        else:
            _draw_curve(axes, name, curve, colours[index], 1.6)
    if mean is not None:
        _draw_curve(axes, f"mean of {len(curves)}", mean, "black", 2.4)
    _draw_key(axes)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.005), ylim=(0, 1.005))
    axes.set_aspect("equal")
    axes.set_title(title, loc="left", color=_INK, fontsize=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.08, 1.0),
        frameon=False,
        fontsize=8.5,
        labelspacing=1.1,
        borderaxespad=0.0,
    )
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=130, bbox_inches="tight")
    return file.getvalue()


def _draw_f_lines(axes: Axes) -> None:
    for f_measure in _F_LINES:
        recall = np.linspace(f_measure / (2.0 - f_measure), 1.0, 200)
        precision = f_measure * recall / (2.0 * recall - f_measure)
        axes.plot(recall, precision, color="#e2e2e2", linewidth=0.8, zorder=1)
        axes.annotate(
            f"F {f_measure:g}",
            (1.0, precision[-1]),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=7,
            color="#9a9a9a",
            va="center",
            annotation_clip=False,
        )


def _draw_curve(
    axes: Axes, name: str, curve: Curve, colour: str | tuple[float, ...], width: float
) -> None:
    best = curve.best_level
    label = (
        f"{name}\nAP {curve.average_precision:.3f}   F {curve.f_measure[OPERATING_LEVEL]:.3f} "
        f"at .5   best {curve.f_measure[best]:.3f} at {best / 255:.2f}"
    )
    axes.plot(*_line(curve), color=colour, linewidth=width, label=label, zorder=3)
    for level, marker, size in ((OPERATING_LEVEL, "o", 6.0), (best, "*", 11.0)):
        axes.plot(
            curve.recall[level],
            curve.precision[level],
            marker,
            color=colour,
            markersize=size,
            markeredgecolor="white",
            markeredgewidth=0.8,
            zorder=4,
        )


def _draw_key(axes: Axes) -> None:
    for marker, size, name in (("o", 6.0, "at .5"), ("*", 10.0, "best F-measure")):
        axes.plot([], [], marker, color=_INK, markersize=size, label=name)


def _line(curve: Curve) -> tuple[list[float], list[float]]:
    """Return the points of a curve at which something is found, from the surest on."""
    found = curve.recall > 0
    return curve.recall[found][::-1].tolist(), curve.precision[found][::-1].tolist()
