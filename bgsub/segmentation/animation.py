"""Expectation–maximisation as a short film."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bgsub.files import write_bytes
from bgsub.segmentation.plots_curves import draw_log_likelihood
from bgsub.segmentation.plots_density import chosen_iterations, iteration_name
from bgsub.segmentation.plots_style import MUTED, new_figure, render, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from bgsub.segmentation.history import Step

__all__ = ["draw_film", "write_film"]

_MAX_FRAMES = 48
_DPI = 160
_WIDTH_IN, _HEIGHT_IN, _NARROW_IN = 8.0, 4.0, 5.2
_FILM_S = 7.0
_SHORTEST_S, _LONGEST_S, _LAST_S = 0.08, 0.5, 2.0
_TIME_BASE = Fraction(1, 90_000)


def draw_film(
    steps: Sequence[Step],
    draw: Callable[[Axes, Step], None],
    *,
    picture_at: Callable[[Step], NDArray[np.uint8]] | None = None,
) -> list[NDArray[np.uint8]]:
    """Draw a frame for each iteration, or for those worth showing if they are many.

    Parameters
    ----------
    steps : sequence of Step
        The start, then the parameters iteration by iteration.
    draw : callable
        Draws a mixture over the data; always on equal axes.
    picture_at : callable or None
        Returns the picture as a mixture segments it, RGB, to be shown beside.

    Returns
    -------
    list of ndarray of uint8, shape (H, W, 3)
        RGB, all of one size with even sides.
    """
    frames = []
    with new_figure(_WIDTH_IN if picture_at else _NARROW_IN, _HEIGHT_IN, dpi=_DPI) as figure:
        n_columns = 2 if picture_at else 1
        grid = figure.add_gridspec(
            2, n_columns, height_ratios=[2.6, 1], width_ratios=[1.25, 1][:n_columns]
        )
        place = figure.add_subplot(grid[0, 0])
        curve = figure.add_subplot(grid[1, 0])
        beside = figure.add_subplot(grid[:, 1]) if picture_at else None
        for number in chosen_iterations(steps, _MAX_FRAMES):
            step = steps[number]
            place.clear()
            draw(place, step)
            place.set_title(iteration_name(number))
            curve.clear()
            _draw_way(curve, steps, number)
            if picture_at is not None and beside is not None:
                beside.clear()
                beside.imshow(picture_at(step))
                beside.set_axis_off()
            frames.append(render(figure))
            # The layout of the first frame is that of all: nothing jumps, and it takes time.
            figure.set_layout_engine("none")
    return frames


def _draw_way(axes: Axes, steps: Sequence[Step], number: int) -> None:
    """Draw the log-likelihood up to an iteration, on the axes of the whole."""
    draw_log_likelihood(axes, steps[: number + 1], told=False)
    values = [step.log_likelihood for step in steps]
    low, high = np.nanmin(values), np.nanmax(values)
    margin = 0.08 * max(high - low, 1e-6)
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(-0.5, len(steps) - 0.5)
    axes.set_ylabel("log-likelihood", fontsize=9, color=MUTED)
    axes.set_xlabel("iteration", fontsize=9, color=MUTED)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(whole_numbers())


def write_film(path: Path, frames: Sequence[NDArray[np.uint8]]) -> None:
    """Write frames as a film that dwells on the last; the fewer they are, the slower.

    Parameters
    ----------
    path : Path
        An MP4 file (H.264, plays in every browser).
    frames : sequence of ndarray of uint8, shape (H, W, 3)
        RGB, all of one size, with even sides.

    Raises
    ------
    SinkWriteError
        If it cannot be written.
    """
    seconds = [float(np.clip(_FILM_S / len(frames), _SHORTEST_S, _LONGEST_S))] * len(frames)
    seconds[-1] = _LAST_S
    write_bytes(path, _encode(frames, seconds), kept="nothing of it is kept")


def _encode(frames: Sequence[NDArray[np.uint8]], seconds: Sequence[float]) -> bytes:
    import av

    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        options = {"crf": "21", "preset": "slow", "tune": "animation"}
        video = container.add_stream("libx264", rate=Fraction(25), options=options)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = _TIME_BASE
        at_s = 0.0
        # The last once more: players end with the last frame's beginning.
        for picture, lasts_s in zip([*frames, frames[-1]], [*seconds, 0.0], strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(at_s / _TIME_BASE), _TIME_BASE
            container.mux(video.encode(frame))
            at_s += lasts_s
        container.mux(video.encode())
    return stream.getvalue()
