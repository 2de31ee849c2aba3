"""What a model knows, and how it takes its steps: the part behind frames in, masks out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.errors import ConfigError, FrameShapeError
from bgsub.mixture import _checks as checks
from bgsub.mixture._engine import Engine
from bgsub.mixture._model_file import SavedModel
from bgsub.mixture.pixel import PixelMixture
from bgsub.mixture.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from bgsub.frames import Image, Mask
    from bgsub.mixture.params import MixtureParams

__all__ = ["Learner"]


class Learner:
    """An engine, which begins with the first frame, and the schedule of its learning rate.

    Parameters
    ----------
    params : MixtureParams
        The parameters.
    n_threads : int
        Threads to work with; 0: one for each core.
    """

    def __init__(self, params: MixtureParams, n_threads: int) -> None:
        self._params = params
        if n_threads < 0:
            raise ConfigError(checks.ORIGIN, [f"n_threads: {n_threads} is below 0"])
        self._workers = Workers(n_threads)
        self._engine: Engine | None = None
        self._shape: tuple[int, ...] | None = None
        self._dtype: np.dtype[Any] | None = None
        self._n_frames = 0

    @property
    def params(self) -> MixtureParams:
        """The parameters."""
        return self._params

    @property
    def workers(self) -> Workers:
        """The threads, for others that have work between two frames."""
        return self._workers

    def change_params(self, params: MixtureParams) -> None:
        """Go on with other parameters, keeping what has been learnt.

        Parameters
        ----------
        params : MixtureParams
            With the same `n_components` and `max_value` as before.

        Raises
        ------
        ConfigError
            If one of those differs: what has been learnt has no meaning then.
        """
        fixed = [
            f"{name}: cannot change from {old} to {new} without a new model"
            for name, old, new in (
                ("n_components", self._params.n_components, params.n_components),
                ("max_value", self._params.max_value, params.max_value),
            )
            if old != new
        ]
        if fixed:
            raise ConfigError(checks.ORIGIN, fixed)
        self._params = params
        if self._engine is not None:
            self._engine.change_rules(params)

    @property
    def n_frames(self) -> int:
        """Number of frames learnt; those with learning rate 0 do not count."""
        return self._n_frames

    @property
    def frame_shape(self) -> tuple[int, ...] | None:
        """Shape (H, W) or (H, W, 3) of the frames; None before the first one."""
        return self._shape

    @property
    def weights(self) -> NDArray[np.float32]:
        """The weights, shape (H, W, K): a copy.

        They sum to 1, or are all 0 where nothing has been learnt yet.
        """
        return self._seen().weights().reshape((*self._size(), -1))

    @property
    def means(self) -> NDArray[np.float32]:
        """The means in grey levels (0 to 255), shape (H, W, K, C), C is 1 for grey: a copy."""
        k = self._params.n_components
        return self._seen().means().reshape((*self._size(), k, -1))

    @property
    def variances(self) -> NDArray[np.float32]:
        """The variances in squared grey levels, shape (H, W, K): a copy."""
        return self._seen().variances().reshape((*self._size(), -1))

    def background(self, every: int = 1) -> NDArray[np.uint8]:
        """Return the picture without moving things: each pixel's most probable mean.

        Parameters
        ----------
        every : int, optional
            Only each so-many-th row and column: for a small view of a large picture.

        Returns
        -------
        ndarray of uint8, shape (H, W) or (H, W, 3)
            0 to 255 whatever the type of the frames; H and W are those of the frames divided
            by `every`, rounded up.

        Raises
        ------
        FrameShapeError
            Before the first frame.
        """
        engine = self._seen()
        levels = engine.background(self._size()[1], every)
        return levels if len(self._shape or ()) == 3 else levels[:, :, 0]

    def pixel(self, y: int, x: int) -> PixelMixture:
        """Return what is known about one pixel, without looking at the others.

        Parameters
        ----------
        y, x : int
            Row and column.

        Raises
        ------
        FrameShapeError
            Before the first frame.
        IndexError
            If there is no such pixel.
        """
        engine = self._seen()
        height, width = self._size()
        if not (0 <= y < height and 0 <= x < width):
            msg = f"there is no pixel in row {y}, column {x} of {height} rows, {width} columns"
            raise IndexError(msg)
        weights, means, variances = engine.pixel(y * width + x)
        used = weights > 0
        weights = weights[used]
        ahead = np.cumsum(weights) - weights
        return PixelMixture(
            weights=weights,
            means=means[used],
            sigmas=np.sqrt(variances[used]),
            n_background=int(np.count_nonzero(ahead <= self._params.background_threshold)),
            match_sigmas=self._params.match_sigmas,
        )

    def snapshot(self) -> SavedModel:
        """Return a copy of parameters and state, which can be saved while the model goes on."""
        return SavedModel(
            params=self._params,
            engine=Engine.name,
            n_frames=self._n_frames,
            frame_shape=self._shape,
            frame_dtype="" if self._dtype is None else self._dtype.name,
            arrays={} if self._engine is None else self._engine.dump(),
        )

    def _step(
        self,
        frames: Image | Sequence[Image],
        learning_rate: ArrayLike | None,
        update_mask: NDArray[Any] | None,
        elapsed_s: ArrayLike | None,
        out: Mask | None,
        *,
        scores: bool = False,
        thresholds: NDArray[np.uint8] | None = None,
    ) -> Mask:
        n_frames = len(frames)
        shape, dtype = checks.batch_kind(frames)
        self._check_same(shape, dtype)
        rates = self._rates(n_frames, learning_rate, elapsed_s)
        update = (
            None
            if update_mask is None
            else checks.pixel_rows("update_mask", update_mask, (n_frames, *shape))
        )
        masks = np.empty((n_frames, *shape[:2]), dtype=np.uint8) if out is None else out
        if n_frames == 0:
            return masks
        if self._engine is None:
            self._engine = Engine(*self._described(shape, dtype), self._params)
            self._shape, self._dtype = shape, dtype
        self._engine.step(
            [checks.contiguous(frame).reshape(-1) for frame in frames],
            masks.reshape(n_frames, -1),
            rates,
            update,
            self._workers,
            scores=scores,
            thresholds=thresholds,
        )
        self._n_frames += int(np.count_nonzero(rates))
        return masks

    def check_frame(self, frame: Image) -> None:
        """Raise an error if this cannot be the next frame; the state is left alone.

        Parameters
        ----------
        frame : ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)
            The picture.

        Raises
        ------
        FrameShapeError
            If its shape or type does not fit.
        """
        checks.check_frame(frame)
        self._check_same(frame.shape, frame.dtype)
        self._described(frame.shape, frame.dtype)

    def _check_same(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if self._shape is None or (shape == self._shape and dtype == self._dtype):
            return
        msg = (
            f"the frame is {checks.kind(shape, dtype)}, the model's first one was "
            f"{checks.kind(self._shape, self._dtype)}; use a new model for other frames"
        )
        raise FrameShapeError(msg)

    def _described(
        self, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> tuple[int, int, float]:
        """Return number of pixels, number of channels and the value of white."""
        white = self._params.max_value
        if white is None and dtype == np.float32:
            msg = "float32 frames need max_value, the value that means white; set it"
            raise FrameShapeError(msg)
        if white is None:
            white = float(np.iinfo(dtype).max)
        return math.prod(shape[:2]), math.prod(shape[2:]), white

    def _rates(
        self, n_frames: int, learning_rate: ArrayLike | None, elapsed_s: ArrayLike | None
    ) -> NDArray[np.float32]:
        if learning_rate is not None:
            return checks.fractions("learning_rate", learning_rate, n_frames)
        elapsed = None
        if self._params.time_constant_s is not None and elapsed_s is not None:
            elapsed = checks.durations("elapsed_s", elapsed_s, n_frames)
        rates = np.empty(n_frames, dtype=np.float32)
        learnt = self._n_frames
        for t in range(n_frames):
            since = None if elapsed is None else float(elapsed[t])
            rates[t] = self._params.rate_at(learnt, since)
            learnt += int(rates[t] > 0)
        return rates

    def _seen(self) -> Engine:
        if self._engine is None:
            msg = "the model has not seen a frame yet; apply one first"
            raise FrameShapeError(msg)
        return self._engine

    def _size(self) -> tuple[int, ...]:
        return (self._shape or ())[:2]
