"""What the model knows about one pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["PixelMixture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelMixture:
    """The Gaussians of one pixel, in the order of weight/sigma; unused ones are left out.

    Attributes
    ----------
    weights : ndarray of float32, shape (B,)
        They sum to 1; B is at most `n_components`, and 0 where nothing has been learnt yet.
    means : ndarray of float32, shape (B, C)
        Grey levels, 0 to 255; blue, green, red where C is 3.
    sigmas : ndarray of float32, shape (B,)
        Standard deviations in grey levels.
    n_background : int
        How many are background: the first ones.
    match_sigmas : float
        A value matches within this many standard deviations.
    """

    weights: NDArray[np.float32]
    means: NDArray[np.float32]
    sigmas: NDArray[np.float32]
    n_background: int
    match_sigmas: float

    def matched(self, value: Sequence[float]) -> int | None:
        """Return which Gaussian a value matches, the first in order; None if it matches none.

        Parameters
        ----------
        value : sequence of float, length C
            Grey levels, 0 to 255.
        """
        squares = np.mean((self.means - np.asarray(value, np.float32)) ** 2, axis=1)
        near = np.flatnonzero(squares <= (self.match_sigmas * self.sigmas) ** 2)
        return int(near[0]) if len(near) else None
