"""Expectation–maximisation as a short film."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bgsub.errors import UsageError
from bgsub.files import write_bytes
from bgsub.segmentation.plots_curves import draw_log_likelihood
from bgsub.segmentation.plots_density import chosen_iterations
from bgsub.segmentation.plots_style import MUTED, new_figure, render, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from bgsub.segmentation.history import Step

__all__ = ["FILM_SUFFIXES", "draw_film", "write_film"]

FILM_SUFFIXES = (".mp4", ".gif")
"""The kinds of film that can be written."""

_MAX_FRAMES = 48
_DPI = 100
_WIDTH_IN, _HEIGHT_IN, _NARROW_IN = 8.0, 4.0, 5.2
_FILM_S = 7.0
_SHORTEST_S, _LONGEST_S, _LAST_S = 0.08, 0.5, 2.0
_TIME_BASE = Fraction(1, 90_000)


def draw_film(
    steps: Sequence[Step],
    draw: Callable[[Axes, Step], None],
    *,
    first: int,
    picture_at: Callable[[Step], NDArray[np.uint8]] | None = None,
) -> list[NDArray[np.uint8]]:
    """Draw a frame for each iteration, or for those worth showing if they are many.

    Parameters
    ----------
    steps : sequence of Step
        The parameters, iteration by iteration.
    draw : callable
        Draws a mixture over the data; always on equal axes.
    first : int
        Number of the first iteration.
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
        for number in chosen_iterations(len(steps), _MAX_FRAMES):
            step = steps[number]
            place.clear()
            draw(place, step)
            place.set_title("start" if number + first == 0 else f"iteration {number + first}")
            curve.clear()
            _draw_way(curve, steps, number, first=first)
            if picture_at is not None and beside is not None:
                beside.clear()
                beside.imshow(picture_at(step))
                beside.set_axis_off()
            frames.append(render(figure))
            # The layout of the first frame is that of all: nothing jumps, and it takes time.
            figure.set_layout_engine("none")
    return frames


def _draw_way(axes: Axes, steps: Sequence[Step], number: int, *, first: int) -> None:
    """Draw the log-likelihood up to an iteration, on the axes of the whole."""
    draw_log_likelihood(axes, steps[: number + 1], first=first, told=False)
    values = [step.log_likelihood for step in steps]
    margin = 0.08 * max(max(values) - min(values), 1e-6)
    axes.set_ylim(min(values) - margin, max(values) + margin)
    axes.set_xlim(first - 0.5, first + len(steps) - 0.5)
    axes.set_ylabel("log-likelihood", fontsize=9, color=MUTED)
    axes.set_xlabel("iteration", fontsize=9, color=MUTED)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(whole_numbers())


def write_film(path: Path, frames: Sequence[NDArray[np.uint8]]) -> None:
    """Write frames as a film that dwells on the last; the fewer they are, the slower.

    Parameters
    ----------
    path : Path
        ``.mp4`` (H.264, plays in every browser) or ``.gif`` (for slides and web pages).
    frames : sequence of ndarray of uint8, shape (H, W, 3)
        RGB, all of one size, with even sides.

    Raises
    ------
    UsageError
        If the name ends otherwise.
    SinkWriteError
        If it cannot be written.
    """
    encoders = {".mp4": _encode_mp4, ".gif": _encode_gif}
    if path.suffix not in encoders:
        msg = f"{path} should end in .mp4 or .gif, the kinds of film that can be written."
        raise UsageError(msg)
    seconds = [float(np.clip(_FILM_S / len(frames), _SHORTEST_S, _LONGEST_S))] * len(frames)
    seconds[-1] = _LAST_S
    data = encoders[path.suffix](frames, seconds)
    write_bytes(path, data, kept="nothing of it is kept")


def _encode_mp4(frames: Sequence[NDArray[np.uint8]], seconds: Sequence[float]) -> bytes:
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


def _encode_gif(frames: Sequence[NDArray[np.uint8]], seconds: Sequence[float]) -> bytes:
    from PIL import Image

    # One palette, of the last frame, which shows everything: the ground does not flicker.
    palette = Image.fromarray(frames[-1]).quantize(128, method=Image.Quantize.MEDIANCUT)
    pictures = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    stream = io.BytesIO()
    pictures[0].save(
        stream,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=[round(1000 * lasts_s) for lasts_s in seconds],
        loop=0,
        optimize=True,
    )
    return stream.getvalue()
