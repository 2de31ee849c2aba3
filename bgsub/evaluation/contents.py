"""Made-up frames for the benchmark: the easiest and the hardest a model can get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.evaluation.benchmark import Footage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["CONTENTS"]

_SENSOR_SIGMA = 2.0
# Grey levels so far apart that none matches a Gaussian of another with its first variance,
# and more of them than Gaussians: when a level comes again it is forgotten.
_LEVELS = np.linspace(0, 252, 7).astype(np.uint8)


def _noise(width: int, height: int, n_frames: int) -> Footage:
    """Every value at random, anew in every frame."""
    random = np.random.default_rng(0)
    shape = (height, width, 3)
    frames = [random.integers(0, 256, shape, np.uint8) for _ in range(n_frames)]
    return Footage(frames=frames, bounces=False)


def _all_foreground(width: int, height: int, n_frames: int) -> Footage:
    """Every pixel far from anything that it was lately, but for one frame of all.

    More Gaussians than the model has by default remember some levels: with 5 about a fifth of
    the pixels are background after 100 frames.
    """
    phase = np.random.default_rng(0).integers(0, len(_LEVELS), (height, width))
    n_others = len(_LEVELS) - 1
    rounds = max(1, (n_frames - 1) // n_others)
    # A model keeps what a pixel was first for long, so that level does not come again until
    # the frames do.
    shifts = [0, *(1 + number % n_others for number in range(rounds * n_others))]
    levels = [_LEVELS[(phase + shift) % len(_LEVELS)] for shift in shifts]
    return Footage(frames=[_in_colour(level) for level in levels], bounces=False)


def _still(width: int, height: int, n_frames: int) -> Footage:
    """One textured picture under a sensor's noise."""
    random = np.random.default_rng(0)
    scene = random.integers(20, 236, (height, width, 3)).astype(np.float32)
    frames: list[NDArray[np.uint8]] = []
    for _ in range(n_frames):
        noise = random.standard_normal(scene.shape, np.float32)
        seen = np.clip(np.rint(scene + np.float32(_SENSOR_SIGMA) * noise), 0, 255)
        frames.append(seen.astype(np.uint8))
    return Footage(frames=frames, bounces=False)


def _in_colour(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[:, :, None], 3, axis=2)


CONTENTS: Mapping[str, Callable[[int, int, int], Footage]] = {
    "noise": _noise,
    "all-foreground": _all_foreground,
    "still": _still,
}
"""By name: what makes frames from width, height and their number."""
