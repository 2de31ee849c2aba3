"""A known mixture beside its estimate, in one and two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.segmentation.animation import draw_film, write_film
from bgsub.segmentation.history import Step
from bgsub.segmentation.plots import FILM_NAME
from bgsub.segmentation.plots_colour import draw_ellipses
from bgsub.segmentation.plots_curves import draw_convergence
from bgsub.segmentation.plots_density import (
    Axis,
    chosen_iterations,
    draw_density,
    draw_evolution,
    fitting_top,
    iteration_name,
    weighted_curves,
)
from bgsub.segmentation.plots_style import (
    INK,
    MUTED,
    class_colours,
    new_figure,
    save_figure,
    tidy,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.segmentation.demo import Demo
    from bgsub.segmentation.gaussians import Gaussians

__all__ = ["DEMO_PLOTS", "draw_fit", "write_demo_plots"]

DEMO_PLOTS = ("fit.png", "parameters.png", "evolution.png", "convergence.png", FILM_NAME)
"""The files that :func:`write_demo_plots` writes."""

_DOTS = (0, (1, 1.6))
_RADIUS_SIGMAS = (2.4477,)
_MAX_POINTS = 4000


def write_demo_plots(folder: Path, demo: Demo, settings: SegmentationConfig) -> None:
    """Draw a demo: the fit, its parameters, the evolution and convergence, and a film.

    Raises
    ------
    SinkWriteError
        If a file cannot be written.
    """
    is_flat = demo.values.shape[1] == 1
    with new_figure(*((9.0, 4.6) if is_flat else (11.0, 5.0))) as figure:
        draw_fit(figure, demo)
        save_figure(figure, folder / "fit.png")
    with new_figure(9.5, 3.2) as figure:
        _draw_parameters(figure, demo)
        save_figure(figure, folder / "parameters.png")
    steps = demo.steps()
    with new_figure(8.5, 6) as figure:
        draw_convergence(figure, steps, threshold=settings.tol, criterion=settings.stopping)
        save_figure(figure, folder / "convergence.png")
    with new_figure(11, 5.4 if len(steps) > 4 else 3.2) as figure:
        if is_flat:
            draw_evolution(figure, _axis(demo), steps)
        else:
            _draw_plane_evolution(figure, demo, steps)
        save_figure(figure, folder / "evolution.png")
    write_film(folder / FILM_NAME, _film(demo, steps))


def draw_fit(figure: Figure, demo: Demo) -> None:
    """Draw the samples with the true mixture, dashed, and the estimate."""
    if demo.values.shape[1] == 1:
        _draw_line_fit(figure.subplots(), demo)
        figure.suptitle("A known mixture and its estimate", x=0.01, ha="left")
        return
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    n = max(len(demo.truth.weights), len(demo.fit.mixture.weights))
    colours = class_colours(n)
    _scatter(left, demo.values, demo.classes, colours)
    _draw_outlines(left, demo.truth)
    left.set_title("truth: the component each sample is from")
    labels = demo.fit.mixture.label(demo.values)
    _scatter(right, demo.values, labels, colours)
    _draw_outlines(right, demo.fit.mixture)
    right.set_title(
        f"estimate: {demo.accuracy:.1%} right (the truth: {demo.best_accuracy:.1%})"
    )
    left.set_ylabel("y")
    for axes in (left, right):
        axes.set_aspect("equal")
        axes.set_xlabel("x")
        tidy(axes, grid="both")


def _draw_outlines(axes: Axes, mixture: Gaussians) -> None:
    draw_ellipses(
        axes,
        mixture.means,
        mixture.covariances,
        [INK] * len(mixture.weights),
        radii_sigmas=_RADIUS_SIGMAS,
    )


def _draw_line_fit(axes: Axes, demo: Demo) -> None:
    axis = _axis(demo)
    estimate, truth = demo.steps()[-1], _as_step(demo.truth)
    top = fitting_top([axis], [estimate, truth])
    draw_density(axes, axis, estimate, top=top, labelled=False, summed=False)
    x, curves = weighted_curves(axis, truth)
    for curve in curves:
        axes.plot(x, curve, color=INK, linewidth=1.6, linestyle=_DOTS)
    axes.plot([], [], color=INK, linewidth=1.6, linestyle=_DOTS, label="truth")
    axes.plot([], [], color=class_colours(1)[0], linewidth=1.8, label="estimate")
    axes.set_xlabel("value")
    axes.set_ylabel("density")
    axes.legend(loc="upper right")
    tidy(axes)


def _scatter(
    axes: Axes,
    values: NDArray[np.float64],
    labels: NDArray[np.integer[Any]],
    colours: Sequence[str],
) -> None:
    shown = values[:_MAX_POINTS]
    points = [colours[label] for label in labels[:_MAX_POINTS]]
    axes.scatter(shown[:, 0], shown[:, 1], s=7, c=points, linewidths=0, alpha=0.65)


def _axis(demo: Demo) -> Axis:
    return Axis.of(demo.values[:, 0], np.ones(len(demo.values)), name="value", n_bins=60)


def _as_step(mixture: Gaussians) -> Step:
    return Step(
        weights=mixture.weights,
        means=mixture.means,
        covariances=mixture.covariances,
        log_likelihood=0.0,
    )


def _draw_parameters(figure: Figure, demo: Demo) -> None:
    """Draw each component's numbers: truth, ours and scikit-learn's."""
    mixtures = (demo.truth, demo.fit.mixture, demo.reference.mixture)
    names = ("truth", "estimate", "scikit-learn")
    n_dimensions = demo.values.shape[1]
    kinds = [("weight", [m.weights for m in mixtures])]
    for d in range(n_dimensions):
        suffix = "" if n_dimensions == 1 else f" {'xy'[d]}"
        kinds.append((f"mean{suffix}", [m.means[:, d] for m in mixtures]))
        sigmas = [np.sqrt(m.covariances[:, d, d]) for m in mixtures]
        kinds.append((f"σ{suffix}", sigmas))
    grid = figure.subplots(1, len(kinds))
    looks: tuple[dict[str, Any], ...] = (
        {"marker": "o", "s": 90, "facecolors": "none", "edgecolors": INK},
        {"marker": "o", "s": 22, "color": class_colours(1)[0]},
        {"marker": "x", "s": 60, "color": class_colours(2)[1], "linewidths": 1.4},
    )
    for axes, (title, several) in zip(grid, kinds, strict=True):
        for values, look, name in zip(several, looks, names, strict=True):
            axes.scatter(np.arange(1, len(values) + 1), values, label=name, **look)
        axes.set_title(title, fontsize=11)
        axes.set_xticks(np.arange(1, max(len(v) for v in several) + 1))
        axes.margins(x=0.25, y=0.15)
        tidy(axes)
    figure.supxlabel("component", fontsize=10.5, color=MUTED)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside right upper")


def _draw_plane(axes: Axes, demo: Demo, step: Step) -> None:
    """Draw the samples, the truth dashed in grey, and a mixture."""
    shown = demo.values[:_MAX_POINTS]
    axes.scatter(shown[:, 0], shown[:, 1], s=4, c="#b9bec5", linewidths=0)
    draw_ellipses(
        axes,
        step.means,
        step.covariances,
        class_colours(len(step.weights)),
        radii_sigmas=_RADIUS_SIGMAS,
    )
    low, high = demo.values.min(axis=0), demo.values.max(axis=0)
    axes.set_xlim(low[0] - 0.3, high[0] + 0.3)
    axes.set_ylim(low[1] - 0.3, high[1] + 0.3)
    axes.set_xticks([])
    axes.set_yticks([])


def _draw_plane_evolution(figure: Figure, demo: Demo, steps: Sequence[Step]) -> None:
    chosen = chosen_iterations(steps, 8)
    n_columns = min(4, len(chosen))
    grid = figure.subplots(-(-len(chosen) // n_columns), n_columns, squeeze=False)
    for axes, number in zip(grid.flat, chosen, strict=False):
        _draw_plane(axes, demo, steps[number])
        axes.set_title(iteration_name(number), fontsize=11)
    for axes in grid.flat[len(chosen) :]:
        axes.set_axis_off()
    figure.suptitle("The Gaussians, iteration by iteration", x=0.01, ha="left")


def _film(demo: Demo, steps: Sequence[Step]) -> list[NDArray[np.uint8]]:
    if demo.values.shape[1] == 1:
        axis = _axis(demo)
        top = fitting_top([axis], [steps[-1]])

        def draw(axes: Axes, step: Step) -> None:
            draw_density(axes, axis, step, top=top, labelled=False)
            axes.set_yticks([])
            axes.set_xlabel("value")

    else:

        def draw(axes: Axes, step: Step) -> None:
            _draw_plane(axes, demo, step)

    return draw_film(steps, draw)
