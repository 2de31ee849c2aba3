"""Is what a caller hands to the model usable?  If not, one sentence that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.errors import ConfigError, FrameShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ORIGIN",
    "batch_kind",
    "check_batch",
    "check_frame",
    "check_kind",
    "check_out",
    "contiguous",
    "curves",
    "durations",
    "fractions",
    "kind",
    "pixel_rows",
    "thresholds",
]

ORIGIN = "MixtureModel"

_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))


def kind(shape: tuple[int, ...], dtype: np.dtype[Any] | None) -> str:
    """Return shape and type for a message, such as ``480x640x3 uint8``."""
    return f"{'x'.join(str(n) for n in shape)} {dtype}"


def check_kind(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise FrameShapeError unless frames can have this shape and type."""
    if dtype not in _DTYPES:
        msg = f"a frame must be uint8, uint16 or float32, not {dtype}; convert it"
        raise FrameShapeError(msg)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3):
        msg = f"a frame must have shape (H, W) or (H, W, 3), not {shape}"
        raise FrameShapeError(msg)
    if min(shape) < 1:
        msg = f"a frame must have pixels, this one has shape {shape}"
        raise FrameShapeError(msg)


def check_frame(frame: object) -> None:
    """Raise FrameShapeError unless `frame` can be a frame."""
    if not isinstance(frame, np.ndarray):
        msg = f"a frame must be a NumPy array, not {type(frame).__name__}"
        raise FrameShapeError(msg)
    check_kind(frame.shape, frame.dtype)


def check_batch(frames: object) -> None:
    """Raise FrameShapeError unless `frames` can be frames one after the other."""
    if isinstance(frames, list | tuple):
        _check_alike(frames)
        return
    if not isinstance(frames, np.ndarray):
        msg = f"a batch must be a NumPy array or a list, not {type(frames).__name__}"
        raise FrameShapeError(msg)
    if frames.ndim not in (3, 4):
        msg = f"a batch must have shape (T, H, W) or (T, H, W, 3), not {frames.shape}"
        raise FrameShapeError(msg)
    check_kind(frames.shape[1:], frames.dtype)


def _check_alike(frames: Sequence[Any]) -> None:
    for frame in frames:
        check_frame(frame)
    kinds = {kind(frame.shape, frame.dtype) for frame in frames}
    if len(kinds) != 1:
        holds = ", ".join(sorted(kinds)) or "none"
        msg = f"a list of frames must hold at least one, all alike; this one holds {holds}"
        raise FrameShapeError(msg)


def batch_kind(
    frames: NDArray[Any] | Sequence[NDArray[Any]],
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the type of each frame of a batch."""
    if isinstance(frames, np.ndarray):
        return frames.shape[1:], frames.dtype
    return frames[0].shape, frames[0].dtype


def contiguous(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array that is C-contiguous and aligned: itself, or a copy."""
    flags = array.flags
    # Only a copy needs what NumPy takes longer to find out than a small frame to be learnt.
    if flags.c_contiguous and flags.aligned:
        return array
    return np.require(array, requirements=["C", "A"])


def check_out(out: object, shape: tuple[int, ...]) -> None:
    """Raise FrameShapeError unless masks of this shape can be written into `out`."""
    if (
        not isinstance(out, np.ndarray)
        or out.dtype != np.uint8
        or out.shape != shape
        or not out.flags.c_contiguous
        or not out.flags.writeable
    ):
        msg = f"out must be a writeable C-contiguous uint8 array of shape {shape}"
        raise FrameShapeError(msg)


def thresholds(given: object, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return background thresholds as one row of pixels, or raise FrameShapeError."""
    if not isinstance(given, np.ndarray) or given.dtype != np.uint8 or given.shape != shape:
        msg = f"background_threshold must be a uint8 array of the frame's size, {shape}"
        raise FrameShapeError(msg)
    return contiguous(given).reshape(1, -1)


def pixel_rows(
    name: str, given: NDArray[Any], frames_shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Return a choice of pixels as rows, 0 where they are not chosen.

    Parameters
    ----------
    name : str
        What it is, for a message.
    given : ndarray of bool or integers, shape (H, W) or (T, H, W)
        As the caller gave it.
    frames_shape : tuple of int
        (T, H, W) or (T, H, W, 3).

    Returns
    -------
    ndarray of uint8, shape (1, H * W) or (T, H * W)
        C-contiguous.
    """
    n_frames, height, width = frames_shape[:3]
    mask = np.asarray(given)
    if mask.dtype.kind not in "bui" or mask.shape not in (
        (height, width),
        (n_frames, height, width),
    ):
        msg = (
            f"{name} is {kind(mask.shape, mask.dtype)}, but must be of bool or integers "
            f"and of the frame's size {height}x{width}"
        )
        raise FrameShapeError(msg)
    if mask.dtype.itemsize > 1:
        mask = mask != 0
    rows = contiguous(mask).view(np.uint8)
    return rows.reshape(-1, height * width)


def fractions(name: str, given: ArrayLike, n: int) -> NDArray[np.float32]:
    """Return `given` as n float32 numbers from 0 to 1, or raise ConfigError."""
    values = _numbers(name, given, n)
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise ConfigError(ORIGIN, [f"{name}: {given!r} is not between 0 and 1"])
    return values.astype(np.float32)


def curves(given: object, n_channels: int) -> NDArray[np.float64]:
    """Return `given` as finite numbers of shape (n_channels, 256), or raise ConfigError."""
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (n_channels, 256) or not np.isfinite(values).all():
        problem = f"curves: give finite numbers of shape ({n_channels}, 256)"
        raise ConfigError(ORIGIN, [problem])
    return values


def durations(name: str, given: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return `given` as n float64 times of at least 0 seconds, or raise ConfigError."""
    values = _numbers(name, given, n)
    if not ((values >= 0.0) & np.isfinite(values)).all():
        raise ConfigError(ORIGIN, [f"{name}: {given!r} is not a time of at least 0"])
    return values


def _numbers(name: str, given: ArrayLike, n: int) -> NDArray[np.float64]:
    try:
        return np.array(np.broadcast_to(np.asarray(given, dtype=np.float64), (n,)))
    except (TypeError, ValueError) as error:
        problem = f"{name}: must be one number, or one for each of {n} frames"
        raise ConfigError(ORIGIN, [problem]) from error
