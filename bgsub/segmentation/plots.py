"""All plots of one segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.segmentation.animation import draw_film, write_film
from bgsub.segmentation.gaussians import Gaussians
from bgsub.segmentation.plots_colour import (
    Cloud,
    draw_clusters,
    draw_plane,
    draw_plane_evolution,
    principal_plane,
)
from bgsub.segmentation.plots_curves import draw_convergence, draw_criteria
from bgsub.segmentation.plots_density import (
    Axis,
    draw_density,
    draw_evolution,
    draw_histograms,
    fitting_top,
)
from bgsub.segmentation.plots_overview import draw_overview, every_nth, overview_size, to_rgb8
from bgsub.segmentation.plots_style import new_figure, save_figure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.frames import Image
    from bgsub.segmentation.history import Step
    from bgsub.segmentation.result import Segmentation

__all__ = ["FILM_NAME", "plot_names", "segmented_at", "write_plots"]

FILM_NAME = "evolution.mp4"
"""The film of the iterations."""

_NAMES = {"grey": "grey level"}
_POSITION = ("x", "y")
_FILM_SIDE_PX = 400
_FILM_POINTS = 4000


def plot_names(segmentation: Segmentation, *, animate: bool) -> tuple[str, ...]:
    """Return the names of the files that :func:`write_plots` writes."""
    names = ["overview.png", "histogram.png", "evolution.png", "convergence.png"]
    if len(segmentation.curve) > 1:
        names.append("criteria.png")
    if len(segmentation.features.names) > 1:
        names.append("clusters.png")
    if animate:
        names.append(FILM_NAME)
    return tuple(names)


def write_plots(
    folder: Path,
    segmentation: Segmentation,
    picture: Image,
    *,
    settings: SegmentationConfig,
    animate: bool,
) -> None:
    """Draw a segmentation and how it came about.

    ``overview.png``: picture, classes, uncertainty, posteriors.  ``histogram.png``: histogram,
    each weighted Gaussian and their sum.  ``evolution.png`` and, with `animate`,
    ``evolution.mp4``: the Gaussians, iteration by iteration.  ``convergence.png``: the
    log-likelihood, and the change of the parameters with the stopping threshold.
    ``criteria.png``: BIC and AIC, if several K were tried.  ``clusters.png``: colour space with
    covariance ellipses, for colour.

    Parameters
    ----------
    folder : Path
        Where to; it exists.
    segmentation : Segmentation
        What was found.
    picture : ndarray, shape (H, W) or (H, W, 3)
        What it was found in, noise and all; BGR.
    settings : SegmentationConfig
        How: the stopping criterion is drawn.
    animate : bool
        Make the film too, which takes some seconds.

    Raises
    ------
    SinkWriteError
        If a file cannot be written.
    """
    last = segmentation.history[-1]
    axes = _axes(segmentation)
    with new_figure(*overview_size(picture.shape, segmentation.n_components)) as figure:
        draw_overview(figure, segmentation, picture)
        save_figure(figure, folder / "overview.png")
    with new_figure(10.5, 4.6 if len(axes) == 1 else 2.4 * len(axes)) as figure:
        draw_histograms(figure, axes, last)
        save_figure(figure, folder / "histogram.png")
    with new_figure(8.5, 6) as figure:
        draw_convergence(
            figure,
            segmentation.steps,
            threshold=settings.tol,
            # Under a Markov random field it is the labels that must come to rest.
            criterion=settings.stopping if segmentation.smoothed is None else "labels",
        )
        save_figure(figure, folder / "convergence.png")
    if len(segmentation.curve) > 1:
        _write_criteria(folder / "criteria.png", segmentation)
    if len(segmentation.features.names) > 1:
        with new_figure(13, 4.7) as figure:
            cloud = _cloud(segmentation, picture, by_class=True)
            draw_clusters(figure, cloud, last, segmentation.features.names)
            save_figure(figure, folder / "clusters.png")
    _write_evolution(folder, segmentation, picture, axes, animate=animate)


def _axes(segmentation: Segmentation) -> list[Axis]:
    """Return the histograms of grey level or colour; position has none worth seeing."""
    features = segmentation.features
    axes = []
    for index, name in enumerate(features.names):
        if name in _POSITION:
            continue
        values = features.values[:, index].astype(np.float64)
        limits = None
        low, high = features.limits
        if not name.endswith("*") and float(np.ptp(values)) > (high - low) / 2:
            margin = 0.015 * (high - low)
            limits = (low - margin, high + margin)
        shown = _NAMES.get(name, name)
        axes.append(Axis.of(values, features.counts, name=shown, index=index, limits=limits))
    return axes


def _write_criteria(path: Path, segmentation: Segmentation) -> None:
    curve = segmentation.curve
    with new_figure(7.5, 4.4) as figure:
        draw_criteria(
            figure,
            [tried.n_components for tried in curve],
            [tried.bic for tried in curve],
            [tried.aic for tried in curve],
            chosen=segmentation.n_components,
        )
        save_figure(figure, path)


def _cloud(segmentation: Segmentation, picture: Image, *, by_class: bool) -> Cloud:
    """Return points of the features, in their own colours or their classes' means."""
    features = segmentation.features
    # Any pixel of each value knows its colour.
    pixel_of = np.empty(len(features.values), np.intp)
    pixel_of[features.index.ravel()] = np.arange(features.index.size)
    source = segmentation.recoloured if by_class else picture
    colours = to_rgb8(source).reshape(-1, 3)[pixel_of] / 255.0
    return Cloud(features.values.astype(np.float64), features.counts, colours)


def _write_evolution(
    folder: Path, segmentation: Segmentation, picture: Image, axes: list[Axis], *, animate: bool
) -> None:
    steps = segmentation.steps
    draw: Callable[[Axes, Step], None]
    if len(segmentation.features.names) == 1:
        with new_figure(11, 5.4 if len(steps) > 4 else 3.2) as figure:
            draw_evolution(figure, axes[0], steps)
            save_figure(figure, folder / "evolution.png")
        top = fitting_top(axes, [steps[-1]])

        def draw(place: Axes, step: Step) -> None:
            draw_density(place, axes[0], step, top=top, labelled=False)
            place.set_yticks([])
            place.set_xlabel(axes[0].name)

    else:
        cloud = _cloud(segmentation, picture, by_class=False)
        with new_figure(11, 6 if len(steps) > 4 else 3.4) as figure:
            draw_plane_evolution(figure, cloud, steps)
            save_figure(figure, folder / "evolution.png")
        plane = principal_plane(cloud.values, np.ones(len(cloud.values)))
        points = cloud.values[:_FILM_POINTS] @ plane
        colours = cloud.colours[:_FILM_POINTS]

        def draw(place: Axes, step: Step) -> None:
            draw_plane(place, points, colours, step, plane)
            place.set_xticks([])
            place.set_yticks([])

    if animate:
        # What a mixture says of a pixel alone is not what it says under a random field.
        shown = (
            None if segmentation.smoothed is not None else segmented_at(segmentation, picture)
        )
        write_film(folder / FILM_NAME, draw_film(steps, draw, picture_at=shown))


def segmented_at(
    segmentation: Segmentation, picture: Image
) -> Callable[[Step], NDArray[np.uint8]]:
    """Return what recolours a reduced picture by the classes of any iteration."""
    features = segmentation.features
    n = every_nth(features.index.shape, _FILM_SIDE_PX)
    index = features.index[::n, ::n]
    values = np.ascontiguousarray(features.values[index.ravel()])
    pixels = to_rgb8(picture[::n, ::n]).reshape(-1, 3)

    def recolour(step: Step) -> NDArray[np.uint8]:
        mixture = Gaussians(
            weights=step.weights, means=step.means, covariances=step.covariances
        )
        labels = mixture.label(values)
        n_classes = len(step.weights)
        sizes = np.maximum(np.bincount(labels, minlength=n_classes), 1)
        means = np.stack(
            [np.bincount(labels, pixels[:, c], n_classes) / sizes for c in range(3)], axis=1
        )
        return np.rint(means).astype(np.uint8)[labels].reshape(*index.shape, 3)

    return recolour
