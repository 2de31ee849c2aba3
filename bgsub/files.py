"""How outputs come to be: under a temporary name first, renamed when they are complete."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING

from bgsub.errors import OutputExistsError, SinkOpenError, SinkWriteError

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "PartFile",
    "open_error",
    "part_path",
    "prepare_folder",
    "refuse_existing",
    "write_bytes",
    "write_error",
]

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space or choose another folder with -o"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or choose another folder"),
    errno.EROFS: ("the disk is read-only", "choose another folder with -o"),
    errno.EACCES: ("permission is denied", "choose a folder you may write to with -o"),
    errno.EPERM: ("permission is denied", "choose a folder you may write to with -o"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.EFBIG: ("it would be larger than files may be", "write to another disk with -o"),
    errno.ENOTDIR: ("a part of its path is a file", "choose another folder with -o"),
    errno.EEXIST: ("there is a file of this name", "choose another folder with -o"),
    errno.EISDIR: ("there is a folder of this name", "remove it or choose another with -o"),
}


def _reason(error: OSError) -> tuple[str, str]:
    default = (error.strerror or str(error), "check the disk or choose another folder with -o")
    return _REASONS.get(error.errno or 0, default)


def open_error(error: OSError, path: Path) -> SinkOpenError:
    """Return the error that says why `path` cannot be created."""
    reason, advice = _reason(error)
    return SinkOpenError(f"{path} cannot be created because {reason}; {advice}.")


def write_error(error: OSError, path: Path, kept: str) -> SinkWriteError:
    """Return the error that says why `path` could not be written.

    Parameters
    ----------
    error : OSError
        What the system said.
    path : Path
        The output under its final name.
    kept : str
        What remains of it, as a clause of the sentence.
    """
    reason, advice = _reason(error)
    return SinkWriteError(
        f"{reason[0].upper()}{reason[1:]}: {path} could not be written to its end; {kept}; "
        f"{advice}."
    )


def part_path(path: Path) -> Path:
    """Return the temporary name of `path`, beside it.

    The suffix stays last (``mask.part.mkv``): a file cut short by a crash is still known for
    what it is, and plays.
    """
    return path.with_name(f"{path.stem}.part{path.suffix}")


def prepare_folder(path: Path) -> None:
    """Create a folder for outputs, with its parents, and try that files can be made in it.

    Raises
    ------
    SinkOpenError
        If it cannot be created or written to, or is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        # Trying is the only sure test: permission bits say nothing of read-only disks.
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise open_error(error, path) from error


def refuse_existing(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Make sure that no output is already there, unless it may be overwritten.

    Empty folders count as not there.

    Raises
    ------
    OutputExistsError
        Naming the first output that exists, and how many do.
    """
    if overwrite:
        return
    existing = [path for path in paths if _is_there(path)]
    if not existing:
        return
    more = len(existing) - 1
    others = "" if not more else f" and {more} more output{'s' * (more > 1)}"
    verb = "exist" if more else "exists"
    message = (
        f"{existing[0]}{others} already {verb}: add --overwrite to replace what is there, "
        "or choose another folder with -o."
    )
    raise OutputExistsError(message)


def _is_there(path: Path) -> bool:
    try:
        if path.is_dir():
            return any(path.iterdir())
        return os.path.lexists(path)
    except OSError:
        # It cannot even be looked at: creating it will fail with the better sentence.
        return False


class PartFile:
    """A binary file that has its final name only once it is complete.

    Unbuffered: what was written is in the file even if the process is killed.  After the
    first failed write the file is left as it is: later writes and seeks do nothing, so that
    an encoder's closing words cannot spoil what a full disk still holds.

    Parameters
    ----------
    path : Path
        The final name.

    Attributes
    ----------
    error : OSError or None
        The first failure.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = part_path(path)
        self.error: OSError | None = None
        self._file: io.FileIO | None = None

    def open(self) -> None:
        """Create the file under its temporary name, in place of an older one.

        Raises
        ------
        SinkOpenError
            If it cannot be created.
        """
        try:
            if self.path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "")
            if _is_special(self.path):
                raise FileExistsError(errno.EEXIST, "")
            # A link of that name would lead the data into some other file.
            self.part.unlink(missing_ok=True)
            self._file = self.part.open("wb", buffering=0)
        except OSError as error:
            raise open_error(error, self.path) from error

    def write(self, data: bytes | memoryview) -> int:
        """Write all of `data` and return its length in bytes; raises OSError once."""
        view = memoryview(data).cast("B")
        if self._file is None or self.error is not None:
            return len(view)
        done = 0
        try:
            # A disk that is nearly full takes a part of the data and refuses the next.
            while done < len(view):
                done += self._file.write(view[done:])
        except OSError as error:
            self.error = error
            raise
        return done

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as a file does and return the position."""
        if self._file is None or self.error is not None:
            return offset
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position in bytes."""
        return 0 if self._file is None else self._file.tell()

    def complete(self) -> None:
        """Close the file and give it its final name; raises OSError.

        Does nothing if the file is not open.
        """
        if self._file is not None:
            self.keep()
            self.part.replace(self.path)

    def keep(self) -> None:
        """Close the file and leave it under its temporary name."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def discard(self) -> None:
        """Close the file and remove it."""
        if self._file is not None:
            self.keep()
            self.part.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """Tell whether a name stands for a device or a pipe, which no file may replace."""
    return _descriptor(path) is not None or (path.exists() and not path.is_file())


def _descriptor(path: Path) -> int | None:
    """Return the open file that a name such as ``/dev/stdout`` or ``/dev/fd/3`` stands for."""
    # Opening the name anew would begin a redirected file from its start.
    names = [path, path.parent / path.readlink()] if path.is_symlink() else [path]
    for name in names:
        if name.name.isdecimal() and str(name.parent.resolve()) == f"/proc/{os.getpid()}/fd":
            return int(name.name)
    return None


def write_bytes(path: Path, data: bytes | memoryview, *, kept: str) -> None:
    """Write a whole file at once: it is complete under its name, or not there.

    A device or a pipe, such as ``/dev/stdout``, is written to as it stands.

    Parameters
    ----------
    path : Path
        The final name; an older file is replaced.
    data : bytes or memoryview
        Its content.
    kept : str
        What the error's sentence says remains.

    Raises
    ------
    SinkWriteError
        If it cannot be written.
    """
    file = PartFile(path)
    try:
        if _is_special(path) and not path.is_dir():
            number = _descriptor(path)
            with (
                path.open("wb") if number is None else os.fdopen(os.dup(number), "wb") as stream
            ):
                stream.write(data)
            return
        file.open()
        file.write(data)
        file.complete()
    except SinkOpenError as error:
        raise SinkWriteError(str(error)) from error
    except OSError as error:
        file.discard()
        raise write_error(error, path, kept) from error
