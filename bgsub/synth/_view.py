"""Where things are: the design canvas, the pixels, and a camera above flat ground.

Scenes are designed on a canvas of 640×360 units whatever the size of the frame. Positions
are stretched to the frame; things keep their proportions and are scaled by the geometric
mean of the two stretches, so that they fill the same share of the frame at any size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

__all__ = ["DESIGN_HEIGHT", "DESIGN_WIDTH", "Array", "Camera", "View"]

DESIGN_WIDTH = 640.0
DESIGN_HEIGHT = 360.0

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The map from the design canvas to pixels.

    Attributes
    ----------
    width, height : int
        Size of the frame in pixels.
    margin : float
        Extra border around the frame in design units, for scenes whose camera shakes.
    """

    width: int
    height: int
    margin: float = 0.0

    @property
    def stretch(self) -> tuple[float, float]:
        """Pixels per design unit along x and y."""
        return self.width / DESIGN_WIDTH, self.height / DESIGN_HEIGHT

    @property
    def scale(self) -> float:
        """Pixels per design unit for the size of things."""
        return math.sqrt(self.stretch[0] * self.stretch[1])

    @property
    def border(self) -> tuple[int, int]:
        """The margin in whole pixels, along x and y."""
        sx, sy = self.stretch
        return math.ceil(self.margin * sx), math.ceil(self.margin * sy)

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height in pixels of the frame with its margin."""
        bx, by = self.border
        return self.width + 2 * bx, self.height + 2 * by

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the canvas pixel position of a design position."""
        sx, sy = self.stretch
        bx, by = self.border
        return x * sx + bx, y * sy + by


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A pinhole camera at a fixed height, looking level; upright lines stay upright.

    Attributes
    ----------
    horizon : float
        Design y of the horizon.
    height_m : float
        Height above the ground in metres.
    focal : float
        Focal length in design units.
    centre : float
        Design x of the vanishing point.
    """

    horizon: float
    height_m: float
    focal: float
    centre: float = DESIGN_WIDTH / 2

    def units_per_m(self, depth_m: float) -> float:
        """Return the size in design units of one metre at a depth."""
        return self.focal / max(depth_m, 0.5)

    def project(self, x_m: float, up_m: float, depth_m: float) -> tuple[float, float]:
        """Return the design position of a point in the world."""
        units = self.units_per_m(depth_m)
        return self.centre + x_m * units, self.horizon + (self.height_m - up_m) * units

    def ground(self, x: float, y: float) -> tuple[float, float]:
        """Return the ground point (x_m, depth_m) seen at a design position."""
        units = (y - self.horizon) / self.height_m
        return (x - self.centre) / units, self.focal / units
