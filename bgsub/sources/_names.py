"""Which files are pictures or clips, and the order of their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["clip_files", "image_files", "is_clip", "is_image", "natural_order"]

_IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
# fmt: off
_CLIP_SUFFIXES = frozenset({
    ".264", ".265", ".3gp", ".asf", ".avi", ".dav", ".flv", ".h264",
    ".h265", ".hevc", ".ivf", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv",
    ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv",
    ".ts", ".vob", ".webm", ".wmv", ".y4m",
})
# fmt: on
_NUMBER = re.compile(r"([0-9]+)")


def natural_order(path: Path) -> tuple[tuple[str | int, ...], str]:
    """Return a key that sorts ``frame2`` before ``frame10``."""
    parts = _NUMBER.split(path.name.casefold())
    # Text and numbers alternate, so like is compared with like.
    return tuple(int(p) if i % 2 else p for i, p in enumerate(parts)), path.name


def is_image(path: Path) -> bool:
    """Tell by its name whether `path` is a picture."""
    return path.suffix.lower() in _IMAGE_SUFFIXES


def is_clip(path: Path) -> bool:
    """Tell by its name whether `path` is a clip."""
    return path.suffix.lower() in _CLIP_SUFFIXES


def image_files(folder: Path) -> tuple[Path, ...]:
    """Return the pictures in `folder` in natural order; hidden files are left out."""
    return _sorted_files(p for p in folder.iterdir() if is_image(p))


def clip_files(folder: Path) -> tuple[Path, ...]:
    """Return the clips in `folder` in natural order; hidden files are left out."""
    return _sorted_files(p for p in folder.iterdir() if is_clip(p))


def _sorted_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    files = (p for p in paths if not p.name.startswith(".") and p.is_file())
    return tuple(sorted(files, key=natural_order))
