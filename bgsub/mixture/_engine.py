"""The state of all pixels, and the only place besides the kernels that knows its layout.

:class:`bgsub.MixtureModel` checks what it is given and keeps the schedule; an engine does the
arithmetic.  Another engine (another number format, another device) offers the same methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bgsub.mixture.kernels import (
    SCRATCH_PLANES,
    STRIDE,
    TILE,
    Rules,
    planes_per_tile,
    step_tiles,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bgsub.mixture._workers import Workers
    from bgsub.mixture.params import MixtureParams

__all__ = ["Engine"]

_NO_SHADOWS = 2.0
# Squared distances of 8-bit grey levels are below this.
_MAX_VARIANCE = 65536.0


class Engine:
    """K Gaussians for each of N pixels, in float32 planes.

    Parameters
    ----------
    n_pixels, n_channels : int
        Size of the frames.
    max_value : float
        The frame value that means white.
    params : MixtureParams
        Valid parameters.
    """

    name = "float32"

    def __init__(
        self, n_pixels: int, n_channels: int, max_value: float, params: MixtureParams
    ) -> None:
        self._n_pixels = n_pixels
        self._n_channels = n_channels
        self._components = (0,) * params.n_components
        self._channels = (0,) * n_channels
        self._rules = _rules(params, n_channels, max_value)
        n_tiles = -(-n_pixels // TILE)
        n_planes = planes_per_tile(params.n_components, n_channels)
        # Written, not just reserved: on some processors a masked store to a page that was
        # never written is hundreds of times slower.
        self._state = np.full((n_tiles, n_planes * STRIDE), 0.0, dtype=np.float32)
        self._variances()[...] = self._rules.initial_variance
        self._scratch: list[NDArray[np.float32]] = []

    def step(
        self,
        frames: NDArray[Any],
        masks: NDArray[np.uint8],
        rates: NDArray[np.float32],
        update: NDArray[np.uint8] | None,
        workers: Workers,
    ) -> None:
        """Classify frames and learn from them.

        Parameters
        ----------
        frames : ndarray of uint8, uint16 or float32, shape (T, N * C)
            C-contiguous.
        masks : ndarray of uint8, shape (T, N)
            Written.
        rates : ndarray of float32, shape (T,)
            Learning rates; 0 classifies only.
        update : ndarray of uint8, shape (1, N) or (T, N), or None
            Where pixels learn; None: everywhere.
        workers : Workers
            Who does it.
        """
        if update is None:
            update = np.zeros((1, 0), dtype=np.uint8)
        # Numba compiles once for arrays that may be written and once for those that may not:
        # handing over only the latter saves the second compilation.
        frames = _read_only(frames)
        update = _read_only(update)
        while len(self._scratch) < workers.n_threads:
            size = (self._n_channels + SCRATCH_PLANES) * STRIDE
            self._scratch.append(np.zeros(size, dtype=np.float32))

        def work(thread: int, first: int, last: int) -> None:
            step_tiles(
                self._state,
                frames,
                masks,
                update,
                rates,
                self._rules,
                self._scratch[thread],
                first,
                last,
                self._components,
                self._channels,
            )

        workers.run(work, len(self._state), len(frames))

    def weights(self) -> NDArray[np.float32]:
        """Return a copy of the weights, shape (N, K)."""
        return self._by_pixel(self._planes()[:, : len(self._components)])

    def variances(self) -> NDArray[np.float32]:
        """Return a copy of the variances in squared grey levels, shape (N, K)."""
        return self._by_pixel(self._variances())

    def means(self) -> NDArray[np.float32]:
        """Return a copy of the means in grey levels, shape (N, K, C)."""
        k = len(self._components)
        means = self._by_pixel(self._planes()[:, 2 * k :])
        return means.reshape(self._n_pixels, k, self._n_channels)

    def background(self) -> NDArray[np.float32]:
        """Return the means of the first components in grey levels, shape (N, C)."""
        k = len(self._components)
        planes = self._planes()
        best = planes[:, 2 * k : 2 * k + self._n_channels].copy()
        fitness = planes[:, 0] ** 2 / planes[:, k]
        for other in range(1, k):
            fitness_of_other = planes[:, other] ** 2 / planes[:, k + other]
            ahead = fitness_of_other > fitness
            first = 2 * k + other * self._n_channels
            means = planes[:, first : first + self._n_channels]
            np.copyto(best, means, where=ahead[:, None])
            np.copyto(fitness, fitness_of_other, where=ahead)
        return self._by_pixel(best)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return all that :meth:`restore` needs to go on with the same bits."""
        return {
            "weights": self.weights(),
            "means": self.means(),
            "variances": self.variances(),
        }

    @classmethod
    def restore(
        cls,
        n_pixels: int,
        n_channels: int,
        max_value: float,
        params: MixtureParams,
        arrays: Mapping[str, NDArray[Any]],
    ) -> Self:
        """Return an engine in the state that :meth:`dump` described.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or its shape, type or values are not such a state's.
        """
        engine = cls(n_pixels, n_channels, max_value, params)
        k = params.n_components
        planes = engine._planes()
        weights = _fitting(arrays["weights"], (n_pixels, k), 0.0, 1.0)
        variances = _fitting(
            arrays["variances"], (n_pixels, k), params.min_variance, _MAX_VARIANCE
        )
        means = _fitting(arrays["means"], (n_pixels, k, n_channels), 0.0, 255.0)
        engine._put(planes[:, :k], weights)
        engine._put(planes[:, k : 2 * k], variances)
        engine._put(planes[:, 2 * k :], means)
        return engine

    def _planes(self) -> NDArray[np.float32]:
        """Return a view (n_tiles, planes, TILE) of the state."""
        return self._state.reshape(len(self._state), -1, STRIDE)[:, :, :TILE]

    def _variances(self) -> NDArray[np.float32]:
        k = len(self._components)
        return self._planes()[:, k : 2 * k]

    def _by_pixel(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn (n_tiles, n, TILE) into a new array (N, n)."""
        pixels = planes.transpose(0, 2, 1).reshape(-1, planes.shape[1])
        return np.array(pixels[: self._n_pixels])

    def _put(self, planes: NDArray[np.float32], pixels: NDArray[np.float32]) -> None:
        """Write (N, ...) into planes (n_tiles, n, TILE)."""
        n_tiles, n_planes, _ = planes.shape
        padded = np.zeros((n_tiles * TILE, n_planes), dtype=np.float32)
        # Padding pixels are never read, but their variances are divided by.
        padded[:] = planes[0, :, -1]
        padded[: self._n_pixels] = pixels.reshape(self._n_pixels, n_planes)
        planes[...] = padded.reshape(n_tiles, TILE, n_planes).transpose(0, 2, 1)


def _rules(params: MixtureParams, n_channels: int, max_value: float) -> Rules:
    shadow_min_ratio = params.shadow_min_ratio if params.detect_shadows else _NO_SHADOWS
    return Rules(
        white=np.float32(max_value),
        scale=np.float32(255.0 / max_value),
        match_distance=np.float32(params.match_sigmas**2 * n_channels),
        threshold=np.float32(params.background_threshold),
        initial_variance=np.float32(max(params.initial_variance, params.min_variance)),
        min_variance=np.float32(params.min_variance),
        initial_weight=np.float32(params.initial_weight),
        shadow_min_ratio=np.float32(shadow_min_ratio),
    )


def _fitting(
    array: NDArray[Any], shape: tuple[int, ...], low: float, high: float
) -> NDArray[np.float32]:
    if array.shape != shape or array.dtype != np.float32:
        msg = f"an array of shape {array.shape} where {shape} was expected"
        raise ValueError(msg)
    # Rounding may take a value a little over a limit; not a number fails both comparisons.
    slack = 1e-5 * (1.0 + low)
    if not ((array >= low - slack) & (array <= high + slack)).all():
        msg = f"a value that is not from {low} to {high}"
        raise ValueError(msg)
    return array


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
