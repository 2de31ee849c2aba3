"""Saved models: one file of plain arrays (.npz, no pickle), complete or absent."""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

from bgsub.errors import ConfigError, ModelFileError
from bgsub.mixture.params import MixtureParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SavedModel", "read", "write"]

_FORMAT = "bgsub-model"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedModel:
    """What a model file holds.

    Attributes
    ----------
    params : MixtureParams
        The parameters.
    engine : str
        Name of the number format of `arrays`.
    n_frames : int
        Frames learnt.
    frame_shape : tuple of int, or None
        Shape of the frames; None if the model never saw one.
    frame_dtype : str
        Type of the frames, as NumPy names it; empty if the model never saw one.
    arrays : dict of ndarray
        The engine's state; empty if the model never saw a frame.
    """

    params: MixtureParams
    engine: str
    n_frames: int
    frame_shape: tuple[int, ...] | None
    frame_dtype: str
    arrays: dict[str, NDArray[Any]]

    def save(self, path: Path) -> None:
        """Write a model file, as :meth:`bgsub.MixtureModel.save` does."""
        write(path, self)


def write(path: Path, saved: SavedModel) -> None:
    """Write a model file under a temporary name and rename it when it is complete.

    Raises
    ------
    ModelFileError
        If it cannot be written; a file that was there before is left as it was.
    """
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "engine": saved.engine,
        "params": asdict(saved.params),
        "n_frames": saved.n_frames,
        "frame_shape": saved.frame_shape,
        "frame_dtype": saved.frame_dtype,
    }
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            contents: dict[str, Any] = {"header": np.array(json.dumps(header)), **saved.arrays}
            np.savez(file, **contents)
        partial.replace(path)
    except OSError as error:
        msg = f"cannot save the model to {path}: {error.strerror or error}"
        raise ModelFileError(msg) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def read(path: Path) -> SavedModel:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If there is none, or it is damaged, something else, or of another version.
    """
    try:
        with path.open("rb") as stream:
            arrays = _arrays(stream)
    except (OSError, EOFError, ValueError, BadZipFile, zlib.error) as error:
        if isinstance(error, OSError) and error.strerror:
            msg = f"cannot read the model {path}: {error.strerror}"
        else:
            msg = f"{path} is not a saved model, or it is damaged; save the model again"
        raise ModelFileError(msg) from error
    try:
        return _understood(path, arrays)
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        msg = f"{path} is not a saved model, or it is damaged; save the model again"
        raise ModelFileError(msg) from error


def _arrays(stream: BinaryIO) -> dict[str, NDArray[Any]]:
    file = np.load(stream, allow_pickle=False)
    if not isinstance(file, NpzFile):
        msg = "a single array"
        raise ValueError(msg)  # noqa: TRY004 - it is the file's contents that are wrong
    return {name: file[name] for name in file.files}


def _understood(path: Path, arrays: dict[str, NDArray[Any]]) -> SavedModel:
    header = json.loads(str(arrays.pop("header")))
    if header["format"] != _FORMAT:
        msg = f"a file of format {header['format']}"
        raise ValueError(msg)
    if header["version"] != _VERSION:
        msg = (
            f"{path} was saved by another version of bgsub (format {header['version']}, "
            f"this version reads {_VERSION}); learn the model again"
        )
        raise ModelFileError(msg)
    if header["n_frames"] < 0:
        msg = "a negative number of frames"
        raise ValueError(msg)
    shape = header["frame_shape"]
    return SavedModel(
        params=MixtureParams(**header["params"]),
        engine=str(header["engine"]),
        n_frames=int(header["n_frames"]),
        frame_shape=None if shape is None else tuple(int(n) for n in shape),
        frame_dtype=str(header["frame_dtype"]),
        arrays=arrays,
    )
