"""Disks that are small or read-only: real ones where they can be mounted, else a fake."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pathlib
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Buffer


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A memory disk at `folder`; skips the test where it cannot be mounted."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can mount a disk")
    folder.mkdir()
    command = [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("a disk cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run([umount, str(folder)], check=True)


class _SmallDiskFile(io.FileIO):
    """A file that takes so many bytes and then says that the disk is full."""

    def __init__(self, path: Path, room: int) -> None:
        super().__init__(path, "wb")
        self._room = room

    def write(self, data: Buffer, /) -> int:
        view = memoryview(data)
        if self._room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = super().write(view[: self._room])
        self._room -= taken
        return taken


def fake_small_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let every file that is opened for unbuffered writing hold at most `room` bytes."""
    real = pathlib.Path.open

    def open_small(self: Path, mode: str = "r", buffering: int = -1, **more: Any) -> Any:
        if mode == "wb" and buffering == 0:
            return _SmallDiskFile(self, room)
        return real(self, mode, buffering, **more)

    monkeypatch.setattr(pathlib.Path, "open", open_small)
