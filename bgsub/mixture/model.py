"""The model of a scene: frames in, masks out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bgsub.errors import ModelFileError
from bgsub.mixture import _checks as checks
from bgsub.mixture import _model_file as model_file
from bgsub.mixture._engine import Engine
from bgsub.mixture._learner import Learner
from bgsub.mixture.params import SCORE_UNIT, MixtureParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from bgsub.frames import Image, Mask

__all__ = ["MixtureModel"]


class MixtureModel(Learner):
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
        super().__init__(MixtureParams() if params is None else params, n_threads)

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

    def score(
        self,
        frame: Image,
        learning_rate: float | None = None,
        update_mask: NDArray[Any] | None = None,
        elapsed_s: float | None = None,
        *,
        background_threshold: NDArray[np.uint8] | None = None,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """Learn from one frame like :meth:`apply` and return how unlike its background it is.

        A score is the root-mean-square distance of a pixel's value from its background, in
        units of ``match_sigmas`` standard deviations / 85: from the first background Gaussian
        in the order of weight/sigma that is within `match_sigmas`, or if none is, from the one
        that is the fewest standard deviations away.

        Parameters
        ----------
        frame, learning_rate, update_mask, elapsed_s
            As for :meth:`apply`; the state afterwards is the same, bit for bit.
        background_threshold : ndarray of uint8, shape (H, W), optional
            The share of the weights that must be background, in 1/255, for each pixel instead
            of the parameter; with 255 all Gaussians are background.
        out : ndarray of uint8, shape (H, W), optional
            Where to write the scores; C-contiguous.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            0 at the centre of the background, at most 85 (`SCORE_UNIT`) within the match
            threshold and above 85 beyond, 255 three times as far or farther: `out`, or a new
            array.  0 where nothing has been learnt yet, 255 where a value is not finite.

        Raises
        ------
        FrameShapeError
            If an array's shape or type does not fit; the state is left alone.
        ConfigError
            If a rate or time is missing or out of range; the state is left alone.

        Notes
        -----
        A pixel above 85 is foreground for :meth:`apply`, and one that :meth:`apply` calls
        background is at most 85.  Between them is the pixel that matches a foreground
        Gaussian and is near a background one of lower rank: foreground, at most 85.

        Differences are cut at 128 grey levels.
        """
        checks.check_frame(frame)
        if out is not None:
            checks.check_out(out, frame.shape[:2])
        thresholds = None
        if background_threshold is not None:
            thresholds = checks.thresholds(background_threshold, frame.shape[:2])
        scores = self._step(
            frame[None],
            learning_rate,
            update_mask,
            elapsed_s,
            None if out is None else out[None],
            scores=True,
            thresholds=thresholds,
        )
        return scores[0] if out is None else out

    def foreground_probability(self, frame: Image) -> NDArray[np.float32]:
        """Return how probably the pixels of a frame are foreground, without learning from it.

        With the distance s from the background in units of the match threshold (see
        :meth:`score`) it is s² / (1 + s²).

        Parameters
        ----------
        frame : ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)
            The picture; not modified.

        Returns
        -------
        ndarray of float32, shape (H, W)
            0 certainly background, 0.5 at the match threshold, 0.9 at most: a new array.

        Raises
        ------
        FrameShapeError
            If the frame's shape or type does not fit, or before the first frame.
        """
        self._seen()
        squares = (np.arange(256, dtype=np.float64) / SCORE_UNIT) ** 2
        table = (squares / (1.0 + squares)).astype(np.float32)
        return np.take(table, self.score(frame, learning_rate=0.0))

    def apply_batch(
        self,
        frames: Image | Sequence[Image],
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
            The pictures in order; not modified.  Or a list of T frames as for :meth:`apply`,
            at least one, which need not lie one after the other in memory.
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
            shape, _ = checks.batch_kind(frames)
            checks.check_out(out, (len(frames), *shape[:2]))
        return self._step(frames, learning_rate, update_mask, elapsed_s, out)

    def relearn(self, where: NDArray[Any], frame: Image) -> None:
        """Let pixels forget all they have learnt and begin again with this frame.

        As after a first frame, they have one Gaussian at the frame's value, with weight 1
        and the initial variance.  All other pixels, and the schedule of the learning rate,
        are left alone.

        Parameters
        ----------
        where : ndarray of bool or integers, shape (H, W)
            The pixels: those where it is not 0.
        frame : ndarray of uint8, uint16 or float32, shape (H, W) or (H, W, 3)
            The picture; not modified.  A pixel with a value that is not a finite number
            begins with its next one.

        Raises
        ------
        FrameShapeError
            If an array's shape or type does not fit, or before the first frame.
        """
        engine = self._seen()
        checks.check_frame(frame)
        self._check_same(frame.shape, frame.dtype)
        rows = checks.pixel_rows("where", where, (1, *frame.shape[:2]))
        pixels = np.flatnonzero(rows)
        engine.relearn(pixels, frame[np.unravel_index(pixels, frame.shape[:2])])

    def map_means(self, curves: ArrayLike) -> None:
        """Change what has been learnt as a change of light changes the whole picture.

        Parameters
        ----------
        curves : array_like of shape (C, 256)
            For each channel the grey levels that 0, 1, ... 255 become; between them it is
            interpolated, and the result is cut to the range of the frames.

        Raises
        ------
        ConfigError
            If they are not finite numbers of that shape.
        FrameShapeError
            Before the first frame.
        """
        engine = self._seen()
        engine.map_means(checks.curves(curves, math.prod((self._shape or ())[2:])))

    def warm_up(self, shape: Sequence[int], dtype: DTypeLike, *, scores: bool = False) -> None:
        """Compile what frames of this kind need, without touching the state.

        The first time on a machine this takes seconds, later a fraction of one.

        Parameters
        ----------
        shape : sequence of int
            (H, W) or (H, W, 3).
        dtype : dtype_like
            uint8, uint16 or float32.
        scores : bool, optional
            For :meth:`score` instead of :meth:`apply`.

        Raises
        ------
        FrameShapeError
            If there are no such frames.
        """
        checks.check_kind(tuple(shape), np.dtype(dtype))
        frame = np.zeros((1, 1, *shape[2:]), dtype=dtype)
        twin = MixtureModel(self._params, n_threads=1)
        step = twin.score if scores else twin.apply
        try:
            step(frame, learning_rate=1.0)
        except OSError:
            # Keeping the compiled code on disk failed, but it is there to be used.
            step(frame, learning_rate=1.0)

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
        self.snapshot().save(Path(path))

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
