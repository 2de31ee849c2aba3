"""The model of a scene: frames in, masks out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bgsub.errors import ConfigError, FrameShapeError, ModelFileError
from bgsub.mixture import _checks as checks
from bgsub.mixture import _model_file as model_file
from bgsub.mixture._engine import Engine
from bgsub.mixture._workers import Workers
from bgsub.mixture.params import MixtureParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from bgsub.frames import Image, Mask

__all__ = ["MixtureModel"]


class MixtureModel:
    """A mixture of Gaussians for every pixel, which follows the scene [1]_.

    Every pixel keeps K Gaussians.  Its value is compared with them in the order of
    weight/sigma; the first one within `match_sigmas` standard deviations is pulled towards
    the value, and if none is near the last one is replaced.  A pixel is background when the
    Gaussian it matched is among the first B, the fewest whose weights add up to more than
    `background_threshold`.  A pixel is classified by what was known before the frame, so
    that its label is the same whether it then learns or not.

    Parameters
    ----------
    params : MixtureParams, optional
        The parameters; the choices the paper leaves open are explained there.
    n_threads : int, optional
        Threads to work with; 0: one for each core.  Results do not depend on it.

    Notes
    -----
    The first frame decides shape and type of all frames, and each pixel's first Gaussian;
    its mask is all background.  So is, later, the first value of a pixel that has not learnt
    anything yet, because `update_mask` kept it from learning.

    Frame values below 0 or above `max_value` count as 0 or `max_value`.  A pixel with a value
    that is not a finite number is foreground and does not learn.

    One model must not be used by two threads at once; several models may.

    References
    ----------
    .. [1] C. Stauffer and W. E. L. Grimson, "Adaptive background mixture models for
       real-time tracking", CVPR 1999, pp. 246-252.

    Examples
    --------
    A still scene is background; a bright square that appears in it is not.

    >>> still = np.full((4, 4), 100, dtype=np.uint8)
    >>> model = MixtureModel(MixtureParams(n_components=3))
    >>> for _ in range(10):
    ...     mask = model.apply(still)
    >>> int(mask.sum())
    0
    >>> moved = still.copy()
    >>> moved[1:3, 1:3] = 250
    >>> int((model.apply(moved) == 255).sum())
    4
    """

    def __init__(self, params: MixtureParams | None = None, *, n_threads: int = 0) -> None:
        self._params = MixtureParams() if params is None else params
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

    def apply(
        self,
        frame: Image,
        learning_rate: float | None = None,
        update_mask: NDArray[Any] | None = None,
        elapsed_s: float | None = None,
        *,
        out: Mask | None = None,
    ) -> Mask:
        """Learn from one frame and return its mask.

        Parameters
        ----------
        frame : ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)
            The picture; not modified.
        learning_rate : float, optional
            Share of this frame in the model, 0 to 1, instead of the scheduled one.  With 0
            the frame is classified only, and the state stays byte for byte the same.
        update_mask : ndarray of bool or integers, shape (H, W), optional
            Pixels where it is 0 are classified but do not learn.
        elapsed_s : float, optional
            Seconds of stream time since the previous frame; needed (except for the first
            frame) with `time_constant_s`, not used without.
        out : ndarray of uint8, shape (H, W), optional
            Where to write the mask; C-contiguous.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            0 background, 127 shadow if `detect_shadows`, 255 foreground: `out`, or a new
            array.

        Raises
        ------
        FrameShapeError
            If an array's shape or type does not fit; the state is left alone.
        ConfigError
            If a rate or time is missing or out of range; the state is left alone.
        """
        checks.check_frame(frame)
        if out is not None:
            checks.check_out(out, frame.shape[:2])
        masks = self._step(
            frame[None],
            learning_rate,
            update_mask,
            elapsed_s,
            None if out is None else out[None],
        )
        return masks[0] if out is None else out

    def apply_batch(
        self,
        frames: Image,
        learning_rate: ArrayLike | None = None,
        update_mask: NDArray[Any] | None = None,
        elapsed_s: ArrayLike | None = None,
        *,
        out: Mask | None = None,
    ) -> Mask:
        """Learn from several frames and return their masks: the same bits, but faster.

        Parameters
        ----------
        frames : ndarray of uint8, uint16 or float32, shape (T, H, W) or (T, H, W, 3)
            The pictures in order; not modified.
        learning_rate : float or array_like of shape (T,), optional
            As for :meth:`apply`, one for all frames or one for each.
        update_mask : ndarray of bool or integers, shape (H, W) or (T, H, W), optional
            As for :meth:`apply`, one for all frames or one for each.
        elapsed_s : float or array_like of shape (T,), optional
            As for :meth:`apply`, one for all frames or one for each.
        out : ndarray of uint8, shape (T, H, W), optional
            Where to write the masks; C-contiguous.

        Returns
        -------
        ndarray of uint8, shape (T, H, W)
            As T calls of :meth:`apply` would return: `out`, or a new array.

        Raises
        ------
        FrameShapeError
            If an array's shape or type does not fit; the state is left alone.
        ConfigError
            If a rate or time is missing or out of range; the state is left alone.
        """
        checks.check_batch(frames)
        if out is not None:
            checks.check_out(out, frames.shape[:3])
        return self._step(frames, learning_rate, update_mask, elapsed_s, out)

    def background(self) -> NDArray[np.uint8]:
        """Return the picture without moving things: each pixel's most probable mean.

        Returns
        -------
        ndarray of uint8, shape (H, W) or (H, W, 3)
            0 to 255 whatever the type of the frames.

        Raises
        ------
        FrameShapeError
            Before the first frame.
        """
        levels = np.rint(self._seen().background()).astype(np.uint8)
        return levels.reshape(self._shape or ())

    def warm_up(self, shape: Sequence[int], dtype: DTypeLike) -> None:
        """Compile what frames of this kind need, without touching the state.

        The first time on a machine this takes seconds, later a fraction of one.

        Parameters
        ----------
        shape : sequence of int
            (H, W) or (H, W, 3).
        dtype : dtype_like
            uint8, uint16 or float32.

        Raises
        ------
        FrameShapeError
            If there are no such frames.
        """
        checks.check_kind(tuple(shape), np.dtype(dtype))
        frame = np.zeros((1, 1, *shape[2:]), dtype=dtype)
        twin = MixtureModel(self._params, n_threads=1)
        try:
            twin.apply(frame, learning_rate=1.0)
        except OSError:
            # Keeping the compiled code on disk failed, but it is there to be used.
            twin.apply(frame, learning_rate=1.0)

    def save(self, path: str | Path) -> None:
        """Save parameters and state, so that :meth:`load` can go on with the same bits.

        Parameters
        ----------
        path : str or Path
            The file; an existing one is replaced once the new one is complete.

        Raises
        ------
        ModelFileError
            If it cannot be written.
        """
        saved = model_file.SavedModel(
            params=self._params,
            engine=Engine.name,
            n_frames=self._n_frames,
            frame_shape=self._shape,
            frame_dtype="" if self._dtype is None else self._dtype.name,
            arrays={} if self._engine is None else self._engine.dump(),
        )
        model_file.write(Path(path), saved)

    @classmethod
    def load(cls, path: str | Path, *, n_threads: int = 0) -> Self:
        """Return the model that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            The file.
        n_threads : int, optional
            As for the model.

        Raises
        ------
        ModelFileError
            If there is no such file, or it is damaged, something else, or of another version.
        """
        saved = model_file.read(Path(path))
        model = cls(saved.params, n_threads=n_threads)
        if saved.engine != Engine.name:
            msg = f"{path} was saved by another version of bgsub; learn the model again"
            raise ModelFileError(msg)
        if saved.frame_shape is None:
            return model
        try:
            dtype = np.dtype(saved.frame_dtype)
            checks.check_kind(saved.frame_shape, dtype)
            size, n_channels, white = model._described(saved.frame_shape, dtype)
            engine = Engine.restore(size, n_channels, white, saved.params, saved.arrays)
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{path} is damaged; save the model again"
            raise ModelFileError(msg) from error
        model._engine, model._shape, model._dtype = engine, saved.frame_shape, dtype
        model._n_frames = saved.n_frames
        return model

    def _step(
        self,
        frames: Image,
        learning_rate: ArrayLike | None,
        update_mask: NDArray[Any] | None,
        elapsed_s: ArrayLike | None,
        out: Mask | None,
    ) -> Mask:
        n_frames, *shape = frames.shape
        self._check_same(tuple(shape), frames.dtype)
        rates = self._rates(n_frames, learning_rate, elapsed_s)
        update = None if update_mask is None else checks.update_rows(update_mask, frames.shape)
        masks = np.empty(frames.shape[:3], dtype=np.uint8) if out is None else out
        if n_frames == 0:
            return masks
        n_pixels, n_channels, white = self._described(tuple(shape), frames.dtype)
        if self._engine is None:
            self._engine = Engine(n_pixels, n_channels, white, self._params)
            self._shape, self._dtype = tuple(shape), frames.dtype
        self._engine.step(
            np.require(frames, requirements=["C", "A"]).reshape(n_frames, -1),
            masks.reshape(n_frames, -1),
            rates,
            update,
            self._workers,
        )
        self._n_frames += int(np.count_nonzero(rates))
        return masks

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
