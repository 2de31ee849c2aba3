"""How all plots look: one style, one palette, and figures that leave no state behind."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, MaxNLocator
    from numpy.typing import NDArray

__all__ = [
    "INK",
    "MUTED",
    "PALE",
    "class_colours",
    "halo",
    "new_figure",
    "render",
    "save_figure",
    "short_numbers",
    "tidy",
    "to_png",
    "whole_numbers",
]

INK = "#222222"
"""Text and the curves that matter most."""
MUTED = "#767676"
"""What explains: axes, thresholds, notes."""
PALE = "#d5d8dc"
"""The data behind the curves."""

# Okabe and Ito's colours for all kinds of sight, without those too light for lines on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#E69F00", "#56B4E9", "#666666")

_STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.labelsize": 11,
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 12.5,
        "axes.titleweight": "bold",
        "axes.titlecolor": INK,
        "figure.facecolor": "white",
        "figure.titlesize": 13,
        "figure.titleweight": "bold",
        "font.family": "DejaVu Sans",
        "font.size": 11,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.8,
        "legend.fontsize": 10,
        "legend.frameon": False,
        "lines.linewidth": 2.0,
        "lines.solid_capstyle": "round",
        "text.color": INK,
        "xtick.color": MUTED,
        "xtick.labelcolor": INK,
        "xtick.labelsize": 10,
        "ytick.color": MUTED,
        "ytick.labelcolor": INK,
        "ytick.labelsize": 10,
    }
)

_DPI = 130


@contextmanager
def new_figure(width_in: float, height_in: float, *, dpi: float = _DPI) -> Iterator[Figure]:
    """Give an empty figure of a size in inches, in the common style.

    It belongs to no window and no global list; it must be saved or rendered inside the block.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The user's own matplotlibrc does not change how these plots look.
    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_STYLE)
        figure = Figure(figsize=(width_in, height_in), dpi=dpi, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def to_png(figure: Figure) -> bytes:
    """Return a figure as a PNG file."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        # A file may be named in a script that the font lacks: boxes stand in the plot then.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        # No software name or date: the same plot is the same file.
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, whole or not at all.

    Raises
    ------
    SinkWriteError
        If it cannot be written.
    """
    write_bytes(path, to_png(figure), kept="nothing of it is kept")


def render(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure as a picture, shape (H, W, 3) RGB uint8, with even sides."""
    canvas: Any = figure.canvas
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[:, :, :3]
    height, width = (side - side % 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])


def class_colours(n: int) -> list[str]:
    """Return `n` colours that can be told apart, as hexadecimal names.

    Up to seven are safe for colour-blind readers; more are taken along a colour map.
    """
    if n <= len(_COLOURS):
        return list(_COLOURS[:n])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["turbo"](share)) for share in np.linspace(0.05, 0.95, n)]


def tidy(axes: Axes, *, grid: str = "y") -> None:
    """Draw a faint grid behind the data."""
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis=grid)  # type: ignore[arg-type]
    axes.tick_params(length=3)


def halo(width: float = 2.5) -> list[Any]:
    """Return path effects that keep text and lines readable on any ground."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=width, foreground="white")]


def whole_numbers() -> MaxNLocator:
    """Return a locator that puts ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def short_numbers() -> EngFormatter:
    """Return a formatter that writes thousands as k and millions as M."""
    from matplotlib.ticker import EngFormatter

    return EngFormatter(sep="")
