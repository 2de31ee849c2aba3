"""Clusters in a space of several features, with the Gaussians as ellipses."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from bgsub.segmentation.plots_density import chosen_iterations, iteration_name
from bgsub.segmentation.plots_style import class_colours, halo, tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bgsub.segmentation.history import Step

__all__ = [
    "Cloud",
    "draw_clusters",
    "draw_ellipses",
    "draw_plane",
    "draw_plane_evolution",
    "principal_plane",
]

# Half the samples and 95 % of the samples of a Gaussian in the plane lie within these radii.
_RADII_SIGMAS = (1.1774, 2.4477)
_N_POINTS = 12_000
_SEED = 5


class Cloud:
    """A part of the samples, small enough to draw, chosen by chance.

    Parameters
    ----------
    values : ndarray of float64, shape (N, D)
        Distinct samples.
    counts : ndarray of float64, shape (N,)
        How often each occurs; those are likelier to be drawn.
    colours : ndarray of float64, shape (N, 3)
        RGB of each sample's point, 0 to 1.

    Attributes
    ----------
    values : ndarray of float64, shape (P, D)
        Their features.
    colours : ndarray of float64, shape (P, 3)
        Their colours.
    """

    def __init__(
        self,
        values: NDArray[np.float64],
        counts: NDArray[np.float64],
        colours: NDArray[np.float64],
    ) -> None:
        random = np.random.default_rng(_SEED)
        n = min(_N_POINTS, len(values))
        # In no order, so that the first of them are a sample too.
        chosen = random.choice(len(values), n, replace=False, p=counts / counts.sum())
        self.values = values[chosen]
        self.colours = colours[chosen]


def draw_ellipses(
    axes: Axes,
    means: NDArray[np.float64],
    covariances: NDArray[np.float64],
    colours: Sequence[object],
    *,
    radii_sigmas: Sequence[float] = _RADII_SIGMAS,
    numbered: bool = True,
) -> None:
    """Draw Gaussians in the plane: ellipses that hold half and 95 % of each.

    Parameters
    ----------
    axes : Axes
        Where.
    means : ndarray of float64, shape (K, 2)
        Centres.
    covariances : ndarray of float64, shape (K, 2, 2)
        Shapes.
    colours : sequence
        Matplotlib's name of each one's colour.
    radii_sigmas : sequence of float
        How many standard deviations each ellipse is from the centre.
    numbered : bool
        Write each one's number, from 1, at its centre.
    """
    from matplotlib.patches import Ellipse

    for number, (mean, covariance, colour) in enumerate(
        zip(means, covariances, colours, strict=True), 1
    ):
        variances, axes_of = np.linalg.eigh(covariance)
        sigmas = np.sqrt(np.maximum(variances, 0.0))
        angle = float(np.degrees(np.arctan2(axes_of[1, 1], axes_of[0, 1])))
        for radius in radii_sigmas:
            axes.add_patch(
                Ellipse(
                    (float(mean[0]), float(mean[1])),
                    2 * radius * sigmas[1],
                    2 * radius * sigmas[0],
                    angle=angle,
                    fill=False,
                    edgecolor=colour,
                    linewidth=1.7 if radius == max(radii_sigmas) else 1.0,
                    path_effects=halo(2.8),
                )
            )
        if numbered:
            axes.annotate(
                str(number),
                (float(mean[0]), float(mean[1])),
                ha="center",
                va="center",
                fontsize=11,
                fontweight="bold",
                color=colour,
                path_effects=halo(3),
            )


def draw_clusters(figure: Figure, cloud: Cloud, step: Step, names: Sequence[str]) -> None:
    """Draw the clusters in each pair of features, with covariance ellipses.

    Parameters
    ----------
    figure : Figure
        Where.
    cloud : Cloud
        The points.
    step : Step
        The mixture in the same features.
    names : sequence of str
        Names of the features, at least two; the pairs of the first three are drawn.
    """
    shown = list(names)[:3]
    pairs = list(itertools.combinations(range(len(shown)), 2))
    grid = figure.subplots(1, len(pairs), squeeze=False)[0]
    for place, (x, y) in zip(grid, pairs, strict=True):
        place.scatter(
            cloud.values[:, x], cloud.values[:, y], s=3, c=cloud.colours, linewidths=0,
            rasterized=True,
        )  # fmt: skip
        corner = np.ix_(range(len(step.weights)), (x, y), (x, y))
        draw_ellipses(
            place,
            step.means[:, [x, y]],
            step.covariances[corner],
            class_colours(len(step.weights)),
        )
        _fit_limits(place, cloud.values[:, [x, y]])
        place.set_xlabel(shown[x])
        place.set_ylabel(shown[y])
        tidy(place, grid="both")
    figure.suptitle(
        "Clusters: each point in its class's mean colour, ellipses hold 50 % and 95 %",
        x=0.01,
        ha="left",
    )


def _fit_limits(axes: Axes, values: NDArray[np.float64]) -> None:
    low, high = values.min(axis=0), values.max(axis=0)
    margin = 0.06 * np.maximum(high - low, 1e-6)
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])


def principal_plane(
    values: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the plane in which weighted samples spread most, shape (D, 2), orthonormal."""
    covariance = np.atleast_2d(np.cov(values, rowvar=False, aweights=counts))
    _, directions = np.linalg.eigh(covariance)
    plane = directions[:, [-1, -2]]
    # The sign of a direction is free: most of it upwards, so that plots compare.
    return plane * np.where(plane.sum(axis=0) < 0, -1.0, 1.0)


def draw_plane(
    axes: Axes, points: NDArray[np.float64], colours: object, step: Step,
    plane: NDArray[np.float64],
) -> None:  # fmt: skip
    """Draw points of a plane and the mixture as it appears there.

    Parameters
    ----------
    axes : Axes
        Where.
    points : ndarray of float64, shape (P, 2)
        The samples in the plane.
    colours : object
        Matplotlib's colours of the points.
    step : Step
        The mixture in all features.
    plane : ndarray of float64, shape (D, 2)
        The plane's directions.
    """
    axes.scatter(points[:, 0], points[:, 1], s=3, c=colours, linewidths=0, rasterized=True)  # type: ignore[arg-type]
    draw_ellipses(
        axes,
        step.means @ plane,
        plane.T @ step.covariances @ plane,
        class_colours(len(step.weights)),
        radii_sigmas=_RADII_SIGMAS[1:],
    )
    _fit_limits(axes, points)


def draw_plane_evolution(
    figure: Figure, cloud: Cloud, steps: Sequence[Step], *, at_most: int = 8
) -> None:
    """Draw the Gaussians at several iterations in the plane where the samples spread most.

    Parameters
    ----------
    figure : Figure
        Where.
    cloud : Cloud
        The points in their own colours.
    steps : sequence of Step
        The start, then the parameters iteration by iteration.
    at_most : int
        How many pictures.
    """
    chosen = chosen_iterations(steps, at_most)
    n_columns = min(4, len(chosen))
    grid = figure.subplots(
        -(-len(chosen) // n_columns), n_columns, squeeze=False, sharex=True, sharey=True
    )
    plane = principal_plane(cloud.values, np.ones(len(cloud.values)))
    points = cloud.values @ plane
    for place, number in zip(grid.flat, chosen, strict=False):
        draw_plane(place, points, cloud.colours, steps[number], plane)
        place.set_title(iteration_name(number), fontsize=11)
        place.set_xticks([])
        place.set_yticks([])
    for place in grid.flat[len(chosen) :]:
        place.set_axis_off()
    figure.supxlabel("first principal axis of the colours", fontsize=11)
    figure.supylabel("second principal axis", fontsize=11)
    figure.suptitle("The Gaussians, iteration by iteration", x=0.01, ha="left")
