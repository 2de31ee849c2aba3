"""Drawing of a sweep: what accuracy costs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from bgsub.evaluation.sweep_scores import best_of, pareto_front

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from bgsub.evaluation.sweep_scores import CandidateScores

__all__ = ["draw_sweep"]

_OTHERS = "#9fb3c8"
_FRONT = "#c0392b"
_INK = "#333333"


def draw_sweep(scored: Sequence[CandidateScores]) -> bytes:
    """Draw the mean F-measure of each candidate against its processor time.

    The candidates of the Pareto front, which no other one beats in both, are numbered and
    joined; the configuration that the sweep began with is a square, the best a star.

    Parameters
    ----------
    scored : sequence of CandidateScores
        At least one.

    Returns
    -------
    bytes
        A PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = pareto_front(scored)
    _draw_points(axes, scored, "o", _OTHERS, 30, "candidate")
    front = [one for one in scored if one.candidate.number in numbers]
    front.sort(key=lambda one: one.cpu_ms_per_frame)
    axes.step(
        [one.cpu_ms_per_frame for one in front],
        [one.mean().f_measure for one in front],
        where="post",
        color=_FRONT,
        linewidth=1.2,
        alpha=0.6,
        zorder=2,
    )
    _draw_points(axes, front, "o", _FRONT, 42, "Pareto front")
    for one in front:
        axes.annotate(
            str(one.candidate.number),
            (one.cpu_ms_per_frame, one.mean().f_measure),
            xytext=(-5, 5),
            textcoords="offset points",
            fontsize=8,
            ha="right",
            color=_FRONT,
        )
    began = [one for one in scored if one.candidate.number == 0]
    _draw_points(axes, began, "s", _INK, 42, "where the sweep began")
    _draw_points(axes, [best_of(scored)], "*", "#f1b300", 190, "best mean F-measure")
    axes.set(
        xlabel="processor time of the detector, ms a frame (mean over the sequences)",
        ylabel="F-measure (mean over the sequences)",
    )
    n_sequences = len(scored[0].counts)
    plural = "s" * (n_sequences > 1)
    title = f"{len(scored)} configurations on {n_sequences} sequence{plural}"
    axes.set_title(title, loc="left", color=_INK, fontsize=12)
    axes.margins(0.08)
    axes.grid(visible=True, color="#ececec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="best")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=130)
    return file.getvalue()


def _draw_points(
    axes: Axes,
    points: Sequence[CandidateScores],
    marker: str,
    colour: str,
    size: float,
    label: str,
) -> None:
    axes.scatter(
        [one.cpu_ms_per_frame for one in points],
        [one.mean().f_measure for one in points],
        marker=marker,
        color=colour,
        s=size,
        label=label,
        edgecolors="white",
        linewidths=0.7,
        zorder=3,
    )
