"""Histograms with the Gaussians that explain them, at the end and along the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bgsub.segmentation.plots_style import INK, MUTED, PALE, class_colours, halo, tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bgsub.segmentation.history import Step

__all__ = [
    "Axis",
    "chosen_iterations",
    "draw_density",
    "draw_evolution",
    "draw_histograms",
    "fitting_top",
    "iteration_name",
    "weighted_curves",
]

_N_POINTS = 600
_N_BINS = 128
_MANY = 7
_HEADROOM = 1.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One feature with its histogram.

    Attributes
    ----------
    name : str
        What is on the axis, with its unit.
    index : int
        Which of the features it is, from 0.
    edges : ndarray of float64, shape (B + 1,)
        Edges of the bins, ascending.
    density : ndarray of float64, shape (B,)
        Share of the samples in each bin over its width.
    limits : tuple of float
        Ends of the axis that is drawn.
    """

    name: str
    index: int
    edges: NDArray[np.float64]
    density: NDArray[np.float64]
    limits: tuple[float, float]

    @classmethod
    def of(
        cls,
        values: NDArray[np.float64],
        counts: NDArray[np.float64],
        *,
        name: str,
        index: int = 0,
        limits: tuple[float, float] | None = None,
        n_bins: int = _N_BINS,
    ) -> Axis:
        """Return the axis of weighted values.

        Whole numbers over no more than 256 steps have a bin each; others `n_bins` in all.

        Parameters
        ----------
        values : ndarray of float64, shape (N,)
            The feature of each sample.
        counts : ndarray of float64, shape (N,)
            How often each occurs.
        name : str
            What is on the axis.
        index : int
            Which of the features it is.
        limits : tuple of float or None
            Ends of the axis that is drawn; None: from the smallest to the largest value, and
            a little more.
        n_bins : int
            Bins where values are no whole numbers.
        """
        low, high = float(values.min()), float(values.max())
        is_whole = high - low <= 255 and bool((values == np.rint(values)).all())
        if is_whole:
            edges = np.arange(low, high + 2) - 0.5
        else:
            edges = np.linspace(low, high if high > low else low + 1.0, n_bins + 1)
        density, _ = np.histogram(values, edges, weights=counts)
        shares = density / max(float(counts.sum()), 1e-300) / np.diff(edges)
        margin = 0.03 * (edges[-1] - edges[0])
        return cls(
            name=name,
            index=index,
            edges=edges,
            density=shares,
            limits=limits or (float(edges[0] - margin), float(edges[-1] + margin)),
        )


def weighted_curves(axis: Axis, step: Step) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positions (P,) and the weighted Gaussians there (K, P)."""
    low, high = axis.limits
    means = step.means[:, axis.index]
    variances = np.maximum(step.covariances[:, axis.index, axis.index], 1e-12)
    sigmas = np.sqrt(variances)
    # A narrow Gaussian falls between even points.
    near = means[:, None] + sigmas[:, None] * np.linspace(-4, 4, 65)
    x = np.concatenate([np.linspace(low, high, _N_POINTS), near.ravel()])
    x = np.unique(np.clip(x, low, high))
    scaled = (x - means[:, None]) / sigmas[:, None]
    heights = step.weights[:, None] / (sigmas[:, None] * np.sqrt(2 * np.pi))
    return x, heights * np.exp(-0.5 * scaled**2)


def draw_density(
    axes: Axes,
    axis: Axis,
    step: Step,
    *,
    top: float,
    labelled: bool = True,
    summed: bool = True,
) -> None:
    """Draw a histogram, each weighted Gaussian, and their sum.

    Parameters
    ----------
    axes : Axes
        Where.
    axis : Axis
        The feature and its histogram.
    step : Step
        The mixture; what it says of this feature alone is drawn.
    top : float
        Upper end of the vertical axis; see :func:`fitting_top`.
    labelled : bool
        Name each Gaussian in the legend.
    summed : bool
        Draw the sum too.
    """
    x, curves = weighted_curves(axis, step)
    colours = class_colours(len(curves))
    axes.stairs(axis.density, axis.edges, fill=True, color=PALE, label="histogram")
    for number, (curve, colour) in enumerate(zip(curves, colours, strict=True), 1):
        mean, variance = (
            step.means[number - 1, axis.index],
            step.covariances[number - 1, axis.index, axis.index],
        )
        label = (
            f"{number}:  μ = {mean:.4g},  σ = {np.sqrt(max(variance, 0.0)):.3g}\n"
            f"     weight {step.weights[number - 1]:.2f}"
        )
        axes.fill_between(x, curve, color=colour, alpha=0.22, linewidth=0)
        axes.plot(x, curve, color=colour, linewidth=1.8, label=label if labelled else None)
    if summed:
        total = curves.sum(axis=0)
        axes.plot(x, total, color=INK, linewidth=1.4, label="sum", linestyle=(0, (4, 2)))
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(0, top)


def fitting_top(axes: Sequence[Axis], steps: Sequence[Step]) -> float:
    """Return the upper end that shows all curves, and the histogram if it is not a spike."""
    highest = 0.0
    for axis in axes:
        curve = max(float(weighted_curves(axis, step)[1].sum(axis=0).max()) for step in steps)
        bars = float(axis.density.max(initial=0.0))
        highest = max(highest, curve, min(bars, 2.0 * curve))
    return _HEADROOM * highest


def draw_histograms(figure: Figure, axes: Sequence[Axis], step: Step) -> None:
    """Draw the histogram of each feature with the Gaussians, one below the other.

    Under a single feature a strip shows which class wins where.
    """
    single = len(axes) == 1
    grid = figure.subplots(
        len(axes) + single,
        1,
        squeeze=False,
        gridspec_kw={"height_ratios": [1, 0.06]} if single else None,
    )[:, 0]
    for place, axis in zip(grid, axes, strict=False):
        top = fitting_top([axis], [step])
        draw_density(place, axis, step, top=top, labelled=len(step.weights) <= _MANY)
        _tell_clipped(place, axis, top)
        place.set_ylabel("density")
        tidy(place)
        place.margins(x=0)
        if not single:
            place.set_xlabel(axis.name)
    if single:
        _draw_winners(grid[1], axes[0], step)
        grid[0].tick_params(labelbottom=False)
    n = len(step.weights)
    what = "The histogram" if single else "Each feature"
    figure.suptitle(f"{what} as a mixture of {n} Gaussian{'s' * (n > 1)}", x=0.01, ha="left")
    if n <= _MANY:
        handles, labels = grid[0].get_legend_handles_labels()
        names = labels if single else [label.split(":")[0] for label in labels]
        figure.legend(handles, names, loc="outside right upper")


def _tell_clipped(place: Axes, axis: Axis, top: float) -> None:
    for left, right, height in zip(axis.edges, axis.edges[1:], axis.density, strict=False):
        if height > top:
            place.annotate(
                f"{height:.2g}",
                ((left + right) / 2, top),
                xytext=(0, -2),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=8,
                color=MUTED,
                path_effects=halo(),
            )


def _draw_winners(place: Axes, axis: Axis, step: Step) -> None:
    from matplotlib.colors import to_rgb

    x = np.linspace(*axis.limits, 2 * _N_POINTS)
    variances = np.maximum(step.covariances[:, axis.index, axis.index], 1e-12)[:, None]
    with np.errstate(divide="ignore"):
        log_weights = np.log(step.weights)[:, None]
    distances = (x - step.means[:, [axis.index]]) ** 2 / variances
    winners = (log_weights - 0.5 * (np.log(variances) + distances)).argmax(axis=0)
    colours = np.array([to_rgb(colour) for colour in class_colours(len(step.weights))])
    place.imshow(
        colours[winners][None], aspect="auto", extent=(x[0], x[-1], 0, 1), interpolation="none"
    )
    place.set_yticks([])
    place.set_xlim(x[0], x[-1])
    place.set_xlabel(f"{axis.name}; the strip shows the most probable class")
    for spine in place.spines.values():
        spine.set_visible(False)


def iteration_name(number: int) -> str:
    """Return what the parameters after a number of iterations are called."""
    return f"iteration {number}" if number else "start"


def chosen_iterations(steps: Sequence[Step], at_most: int) -> list[int]:
    """Return positions of the steps worth showing: the ends, and more where more happens.

    Parameters
    ----------
    steps : sequence of Step
        The start, then the parameters iteration by iteration.
    at_most : int
        How many are wanted, at least 2.
    """
    n = len(steps)
    if n <= at_most:
        return list(range(n))
    found = np.array([step.log_likelihood for step in steps])
    gained = np.cumsum(np.nan_to_num(np.abs(np.diff(found))))
    # The likelihood may be flat while the parameters move, and they do so early on: half of
    # the way is the gain, half the number of iterations, each counting less than the last.
    early = np.log(np.arange(1, n)) / np.log(n - 1)
    way = np.concatenate([[0.0], (gained / max(gained[-1], 1e-300) + early) / 2])
    chosen = np.searchsorted(way, np.linspace(0.0, 1.0, at_most) * way[-1])
    for place in range(1, at_most):
        chosen[place] = max(chosen[place], chosen[place - 1] + 1)
    return [int(number) for number in np.minimum(chosen, n - at_most + np.arange(at_most))]


def draw_evolution(
    figure: Figure, axis: Axis, steps: Sequence[Step], *, at_most: int = 8
) -> None:
    """Draw the Gaussians at several iterations side by side, on equal axes.

    Parameters
    ----------
    figure : Figure
        Where.
    axis : Axis
        The feature that is shown.
    steps : sequence of Step
        The start, then the parameters iteration by iteration.
    at_most : int
        How many pictures.
    """
    chosen = chosen_iterations(steps, at_most)
    n_columns = min(4, len(chosen))
    n_rows = -(-len(chosen) // n_columns)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    top = _HEADROOM * max(
        np.percentile(axis.density, 99),
        float(weighted_curves(axis, steps[chosen[-1]])[1].sum(axis=0).max()),
    )
    for place, number in zip(grid.flat, chosen, strict=False):
        draw_density(place, axis, steps[number], top=top, labelled=False)
        place.set_title(iteration_name(number), fontsize=11)
        place.set_yticks([])
        place.spines["left"].set_visible(False)
    for place in grid.flat[len(chosen) :]:
        place.set_axis_off()
    figure.supxlabel(axis.name, fontsize=11)
    figure.suptitle("The Gaussians, iteration by iteration", x=0.01, ha="left")
