"""The masks as one picture per frame."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Self

import cv2

from bgsub.errors import SinkWriteError
from bgsub.files import open_error, prepare_folder, write_bytes

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from bgsub.frames import FrameResult

__all__ = ["MaskFolder"]

_OURS = re.compile(r"mask\d{6,}(\.part)?\.png")

# Masks are flat: filtering rows costs four times the time and gains nothing.
_PNG_OPTIONS = (
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_NONE,
)


class MaskFolder:
    """The masks as 8-bit PNG files, ``mask000000.png`` and so on by the frame's number.

    Each file is complete as soon as it has its name.  Masks of an earlier run in the same
    folder are removed with the first frame, so that the folder holds one run.

    Parameters
    ----------
    folder : Path
        Where to; created with the first frame.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._n_frames = 0

    def __enter__(self) -> Self:
        if self._folder.exists() and not self._folder.is_dir():
            raise open_error(FileExistsError(errno.EEXIST, ""), self._folder)
        prepare_folder(self._folder.parent)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def write(self, result: FrameResult) -> None:
        """Write the mask of one frame."""
        if self._n_frames == 0:
            self._begin()
        path = self._folder / f"mask{result.frame.index:06d}.png"
        _, data = cv2.imencode(".png", result.mask, _PNG_OPTIONS)
        write_bytes(path, data.data, kept=f"the {self._n_frames} masks before are kept")
        self._n_frames += 1

    def _begin(self) -> None:
        prepare_folder(self._folder)
        try:
            for old in self._folder.iterdir():
                if _OURS.fullmatch(old.name):
                    old.unlink()
        except OSError as error:
            message = (
                f"The masks of an earlier run in {self._folder} cannot be removed "
                f"({error.strerror}); choose another folder with -o."
            )
            raise SinkWriteError(message) from error
