"""How the iterations converged, and how many components the criteria ask for."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from bgsub.segmentation.plots_style import INK, MUTED, class_colours, halo, tidy, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bgsub.segmentation.history import Step

__all__ = ["draw_convergence", "draw_criteria", "draw_log_likelihood", "parameter_changes"]

_SMALLEST = 1e-16


def parameter_changes(
    steps: Sequence[Step],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the parameters moved from each iteration to the next.

    Returns
    -------
    tuple of ndarray of float64, each of shape (T - 1,)
        The largest ‖μⱼ⁽ᵗ⁺¹⁾ − μⱼ⁽ᵗ⁾‖₂ and ‖Σⱼ⁽ᵗ⁺¹⁾ − Σⱼ⁽ᵗ⁾‖₂ (spectral norm) of any component.
    """
    pairs = list(itertools.pairwise(steps))
    means = [np.linalg.norm(b.means - a.means, axis=1).max() for a, b in pairs]
    covariances = [
        np.linalg.norm(b.covariances - a.covariances, ord=2, axis=(1, 2)).max()
        for a, b in pairs
    ]
    return np.asarray(means, float), np.asarray(covariances, float)


def draw_log_likelihood(axes: Axes, steps: Sequence[Step], *, told: bool = True) -> None:
    """Draw the log-likelihood of the start and of each iteration, in nats for each sample.

    With `told` the last value is written beside its point.
    """
    values = [step.log_likelihood for step in steps]
    numbers = np.arange(len(values))
    axes.plot(numbers, values, color=class_colours(1)[0], marker="o", markersize=3.5)
    axes.set_ylabel("log-likelihood\nfor each sample, nats")
    tidy(axes)
    if not told:
        return
    axes.annotate(
        f"{values[-1]:.5g}".replace("-", "−"),
        (numbers[-1], values[-1]),
        xytext=(-4, -8),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=10,
        path_effects=halo(),
    )


def draw_convergence(
    figure: Figure,
    steps: Sequence[Step],
    *,
    threshold: float,
    criterion: str,
) -> None:
    """Draw log-likelihood and change against the iteration, with the stopping threshold.

    Parameters
    ----------
    figure : Figure
        Where.
    steps : sequence of Step
        The start, then the parameters iteration by iteration.
    threshold : float
        Iterations ended where what the criterion watches fell to this.
    criterion : str
        ``likelihood`` or ``parameters``: what it watches.  ``labels``: neither of them, and no
        threshold is drawn.
    """
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 1.3]})
    draw_log_likelihood(upper, steps)
    upper.set_title("Convergence of expectation–maximisation")
    colours = class_colours(4)
    moved, reshaped = parameter_changes(steps)
    gains = np.diff([step.log_likelihood for step in steps])
    lines = (
        (moved, "max ‖Δμ‖", colours[1], "parameters"),
        (reshaped, "max ‖ΔΣ‖", colours[2], "parameters"),
        (np.abs(gains), "gain in log-likelihood", colours[0], "likelihood"),
    )
    numbers = np.arange(1, len(steps))
    for values, name, colour, kind in lines:
        watched = kind == criterion
        shown = np.where(values > _SMALLEST, values, np.nan)
        lower.semilogy(
            numbers,
            shown,
            color=colour,
            label=name,
            marker="o",
            markersize=3,
            linewidth=2.2 if watched else 1.2,
            linestyle="-" if watched else (0, (3, 2)),
        )
    if threshold > 0 and criterion != "labels":
        label = f"stopping threshold {threshold:g}"
        lower.axhline(threshold, color=INK, linewidth=1.0, label=label)
    lower.set_xlabel("iteration")
    lower.set_ylabel("change in one iteration")
    lower.xaxis.set_major_locator(whole_numbers())
    lower.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderpad=0.2, columnspacing=1.5
    )
    tidy(lower)


def draw_criteria(
    figure: Figure,
    n_components: Sequence[int],
    bic: Sequence[float],
    aic: Sequence[float],
    *,
    chosen: int,
) -> None:
    """Draw the information criteria against K; smaller is better.

    Parameters
    ----------
    figure : Figure
        Where.
    n_components : sequence of int
        The numbers of components that were tried, ascending.
    bic, aic : sequence of float
        Bayes's and Akaike's criterion for each.
    chosen : int
        The number that was taken.
    """
    axes = figure.subplots()
    scale, unit = _scale([*bic, *aic])
    colours = class_colours(2)
    for values, name, colour, style in (
        (bic, "BIC", colours[0], "-"),
        (aic, "AIC", colours[1], (0, (4, 2))),
    ):
        shown = np.asarray(values, float) / scale
        axes.plot(
            n_components, shown, color=colour, marker="o", markersize=5, label=name,
            linestyle=style,
        )  # fmt: skip
        best = int(np.argmin(shown))
        axes.plot(
            n_components[best], shown[best], marker="o", markersize=11, color=colour,
            markerfacecolor="none", markeredgewidth=1.6,
        )  # fmt: skip
    axes.axvline(chosen, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    axes.annotate(
        f"K = {chosen} taken",
        (chosen, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(5, -4),
        textcoords="offset points",
        va="top",
        path_effects=halo(),
    )
    axes.set_xticks(list(n_components))
    axes.set_xlabel("components K")
    axes.set_ylabel(f"criterion{unit} (smaller is better)")
    axes.set_title("How many components: BIC and AIC, rings mark the smallest")
    axes.legend(loc="best")
    tidy(axes)


def _scale(values: Sequence[float]) -> tuple[float, str]:
    highest = max(abs(value) for value in values)
    for scale, unit in ((1e6, ", millions"), (1e3, ", thousands")):
        if highest >= 10 * scale:
            return scale, unit
    return 1.0, ""
