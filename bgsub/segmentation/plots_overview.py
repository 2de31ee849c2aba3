"""A segmentation at a glance: the picture, its classes, and how certain they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.segmentation.plots_style import INK, class_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from bgsub.frames import Image
    from bgsub.segmentation.result import Segmentation

__all__ = ["draw_overview", "every_nth", "overview_size", "to_rgb8"]

_MAX_SIDE_PX = 700
_MAX_POSTERIORS = 8
_COLUMNS = 4
_WIDTH_IN = 11.0
_TITLE_IN = 0.3


def to_rgb8(picture: Image) -> NDArray[np.uint8]:
    """Return a picture, grey or BGR of 8 or 16 bits, as (H, W, 3) RGB of 8 bits."""
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, np.newaxis], 3, axis=2)
    return np.ascontiguousarray(picture[:, :, ::-1], np.uint8)


def every_nth(shape: tuple[int, ...], max_side_px: int) -> int:
    """Return the step between pixels that reduces a picture to at most a side in pixels."""
    return -(-max(shape[:2]) // max_side_px)


def draw_overview(figure: Figure, segmentation: Segmentation, picture: Image) -> None:
    """Draw picture, class means, labels and uncertainty, and below each class's posterior.

    Parameters
    ----------
    figure : Figure
        Where.
    segmentation : Segmentation
        What was found.
    picture : ndarray, shape (H, W) or (H, W, 3)
        What it was found in.
    """
    n = every_nth(picture.shape, _MAX_SIDE_PX)
    part = (slice(None, None, n), slice(None, None, n))
    n_classes, names = segmentation.n_components, class_colours(segmentation.n_components)
    upper, *lower = figure.subfigures(
        1 + (n_classes <= _MAX_POSTERIORS), 1, squeeze=False, height_ratios=_rows(n_classes)
    )[:, 0]
    colours = np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in names])
    grid = upper.subplots(1, _COLUMNS)
    _show(grid[0], to_rgb8(picture[part]), "picture")
    _show(grid[1], to_rgb8(segmentation.recoloured[part]), "class means")
    _show(grid[2], colours.astype(np.uint8)[segmentation.labels[part]], f"{n_classes} classes")
    _show(grid[3], segmentation.entropy()[part], "uncertainty", cmap="magma")
    if lower:
        below = lower[0].subplots(1, max(_COLUMNS, n_classes))
        for number, (axes, name) in enumerate(zip(below, names, strict=False)):
            title = f"P(class {number + 1})"
            _show(axes, segmentation.posterior(number)[part], title, colour=name)
        for axes in below[n_classes:]:
            axes.set_axis_off()


def overview_size(shape: tuple[int, ...], n_classes: int) -> tuple[float, float]:
    """Return width and height in inches that fit a picture of some shape."""
    tall = min(max(shape[0] / shape[1], 0.2), 2.5)
    rows = _rows(n_classes)
    return _WIDTH_IN, sum(_WIDTH_IN / _COLUMNS * row * tall + _TITLE_IN for row in rows)


def _rows(n_classes: int) -> list[float]:
    """Return the heights of the rows in heights of the upper one."""
    posteriors = [_COLUMNS / max(_COLUMNS, n_classes)] * (n_classes <= _MAX_POSTERIORS)
    return [1.0, *posteriors]


def _show(
    axes: Axes, picture: NDArray[Any], title: str, *, cmap: str = "gray", colour: str = INK
) -> None:
    axes.imshow(picture, cmap=cmap, vmin=0, vmax=1, interpolation="antialiased")
    axes.set_title(title, fontsize=11, color=colour)
    axes.set_axis_off()
