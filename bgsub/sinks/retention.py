"""Removing old recordings, and nothing else."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bgsub.sinks.recorder_names import MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bgsub.sinks.recorder_names import NameTemplate

__all__ = ["OwnFile", "Retention", "own_files"]

logger = logging.getLogger(__name__)

_DAY_S = 86_400.0
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFile:
    """A file that this program has written.

    Attributes
    ----------
    path : Path
        Where it is.
    modified_s : float
        When it was last written to, in seconds since 1970.
    n_bytes : int
        Its size.
    """

    path: Path
    modified_s: float
    n_bytes: int


def own_files(names: NameTemplate) -> Iterator[OwnFile]:
    """Find the files that this program has written under a template.

    A file is ours if its name fits the template and its beginning bears our mark; links are
    never followed.

    Yields
    ------
    OwnFile
        In no order.
    """
    for path, status in _files(names.folder, names.depth):
        relative = path.relative_to(names.folder).as_posix()
        if names.is_ours(relative) and _is_marked(path):
            yield OwnFile(path=path, modified_s=status.st_mtime, n_bytes=status.st_size)


def _files(folder: Path, depth: int) -> Iterator[tuple[Path, os.stat_result]]:
    """Return the regular files exactly `depth` folders below `folder`."""
    # What vanishes or cannot be read meanwhile is not ours to remove.
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if depth and entry.is_dir(follow_symlinks=False):
                    yield from _files(Path(entry.path), depth - 1)
                elif not depth and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _is_marked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return MARK in file.read(_HEAD_BYTES)
    except OSError:
        return False


class Retention:
    """How long recordings and snapshots are kept.

    Parameters
    ----------
    names : NameTemplate
        Which files it is about.
    keep_days : float or None
        Age beyond which they are removed, counted from the last time they were written to;
        None: never.
    keep_bytes : int or None
        Size of all together beyond which the oldest are removed; None: never.
    """

    def __init__(
        self, names: NameTemplate, *, keep_days: float | None, keep_bytes: int | None
    ) -> None:
        self._names = names
        self._keep_days = keep_days
        self._keep_bytes = keep_bytes

    @property
    def is_on(self) -> bool:
        """Whether anything is ever removed."""
        return self._keep_days is not None or self._keep_bytes is not None

    def apply(self, now_s: float, in_use: Collection[Path]) -> tuple[Path, ...]:
        """Remove what is too old or too much.

        Parameters
        ----------
        now_s : float
            Seconds since 1970.
        in_use : collection of Path
            Files that are being written: they count, but stay.

        Returns
        -------
        tuple of Path
            What was removed.
        """
        if not self.is_on:
            return ()
        files = sorted(own_files(self._names), key=lambda file: (file.modified_s, file.path))
        too_many = 0 if self._keep_bytes is None else sum(f.n_bytes for f in files)
        age_s = float("inf") if self._keep_days is None else self._keep_days * _DAY_S
        limit = self._keep_bytes or 0
        removed: list[Path] = []
        for file in files:
            is_old = now_s - file.modified_s > age_s
            if (is_old or too_many > limit) and file.path not in in_use and self._remove(file):
                removed.append(file.path)
                too_many -= file.n_bytes
        if removed:
            logger.info("%d old recordings and snapshots removed", len(removed))
        return tuple(removed)

    def _remove(self, file: OwnFile) -> bool:
        try:
            file.path.unlink()
        except OSError as error:
            logger.debug("%s cannot be removed: %s", file.path, error)
            return False
        # A folder of one day that has become empty goes too; others refuse to.
        folder = file.path.parent
        with contextlib.suppress(OSError):
            while folder != self._names.folder:
                folder.rmdir()
                folder = folder.parent
        return True
