"""Footage with ground truth in the layout of the CDnet benchmark.

A sequence is a folder::

    <category>/<name>/
        input/        in000001.jpg ...  the frames
        groundtruth/  gt000001.png ...  their labels, 1 or 3 channels
        ROI.bmp                         black where pixels are not scored (optional)
        temporalROI.txt                 "470 1700": the first and last scored frame (optional)

Frames and labels belong together by the numbers in their names, which begin anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.errors import SourceOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bgsub.frames import Mask

__all__ = ["Sequence", "find_sequences", "read_labels"]

_INPUT, _TRUTH = "input", "groundtruth"
_ROI, _RANGE = "ROI.bmp", "temporalROI.txt"
_MAX_DIGITS = 18
_PICTURES = frozenset(
    (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
)
_LAST_NUMBER = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sequence:
    """One sequence of footage with ground truth.

    Attributes
    ----------
    category, name : str
        Names of the parent folder and of the folder.
    input_dir, truth_dir : Path
        Folders of the frames and of their labels.
    first_scored, last_scored : int
        Numbers of the first and last frame that is scored, both inclusive, as in the names.
    numbers : tuple of int
        Number of each frame in `input_dir`, rising.
    scored : frozenset of int
        Numbers of the frames that are scored.
    width, height : int
        Size of the frames in pixels.
    truth : mapping of int to Path
        The label pictures by number; those of scored frames may be missing.
    roi : Mask, shape (H, W), or None
        0 where pixels are not scored, in the size of the frames; None scores everywhere.
    """

    category: str
    name: str
    input_dir: Path
    truth_dir: Path
    first_scored: int
    last_scored: int
    numbers: tuple[int, ...]
    scored: frozenset[int]
    width: int
    height: int
    truth: Mapping[int, Path]
    roi: Mask | None

    @property
    def key(self) -> str:
        """``category/name``, by which scores are filed."""
        return f"{self.category}/{self.name}"


def find_sequences(root: Path) -> tuple[Sequence, ...]:
    """Find all sequences in a folder, at any depth; the folder may be one itself.

    Folders whose name begins with a dot are skipped.

    Parameters
    ----------
    root : Path
        Where to look.

    Returns
    -------
    tuple of Sequence
        In the order of their keys.

    Raises
    ------
    SourceOpenError
        If the folder cannot be read or holds no sequence, if a sequence in it is unusable, or
        if two have the same key.
    """
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        msg = f"{root} {what}; give a folder with sequences in the CDnet layout."
        raise SourceOpenError(msg)
    found: dict[str, Sequence] = {}
    try:
        for folder in _sequence_folders(root.resolve(), set()):
            sequence = _read_sequence(folder)
            if sequence.key in found:
                first = found[sequence.key].input_dir.parent
                msg = f"{first} and {folder} are both {sequence.key}; score them one at a time."
                raise SourceOpenError(msg)
            found[sequence.key] = sequence
    except OSError as error:
        msg = f"{error.filename or root} cannot be read ({error.strerror}); check the dataset."
        raise SourceOpenError(msg) from error
    if not found:
        msg = f"{root} holds no sequence: a folder with {_INPUT}/ and {_TRUTH}/ in it."
        raise SourceOpenError(msg)
    return tuple(found[key] for key in sorted(found))


def read_labels(path: Path) -> Mask | None:
    """Return a label picture as one channel, or None when it is damaged or gone."""
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError:
        return None
    if data.size == 0:
        return None
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)  # type: ignore[return-value]


def _sequence_folders(folder: Path, seen: set[Path]) -> Iterator[Path]:
    seen.add(folder)  # links may lead in circles
    if (folder / _INPUT).is_dir() and (folder / _TRUTH).is_dir():
        yield folder
        return
    for child in sorted(folder.iterdir()):
        if not child.name.startswith(".") and child.is_dir() and child.resolve() not in seen:
            yield from _sequence_folders(child, seen)


def _read_sequence(folder: Path) -> Sequence:
    frames = _numbered(folder / _INPUT)
    if not frames:
        msg = f"{folder / _INPUT} holds no numbered pictures such as in000001.jpg."
        raise SourceOpenError(msg)
    truth = _numbered(folder / _TRUTH)
    scored = _scored(folder, frozenset(frames), frozenset(truth))
    numbers = tuple(sorted(frames))
    shape = _shape(frames[numbers[0]])
    first, last = min(scored), max(scored)
    for number in (first, last):
        labels_shape = _shape(truth[number]) if number in truth else shape
        if labels_shape != shape:
            msg = f"{truth[number]} is {_size(labels_shape)} but the frames are {_size(shape)}."
            raise SourceOpenError(msg)
    return Sequence(
        category=folder.parent.name,
        name=folder.name,
        input_dir=folder / _INPUT,
        truth_dir=folder / _TRUTH,
        first_scored=first,
        last_scored=last,
        numbers=numbers,
        scored=scored,
        width=shape[1],
        height=shape[0],
        truth=truth,
        roi=_read_roi(folder / _ROI, shape),
    )


def _numbered(folder: Path) -> dict[int, Path]:
    """Return a folder's pictures by the last number in their names."""
    pictures: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in _PICTURES:
            continue
        match = _LAST_NUMBER.search(path.stem)
        if match is None:
            continue
        other = pictures.setdefault(int(match[1]), path)
        if other != path:
            msg = f"{other} and {path.name} have the same number; remove one of them."
            raise SourceOpenError(msg)
    return pictures


def _scored(folder: Path, frames: frozenset[int], truth: frozenset[int]) -> frozenset[int]:
    """Return which frames count: those asked for, else those with truth."""
    path = folder / _RANGE
    if path.exists():
        first, last = _read_range(path)
        # The last number may be one too high: published ranges count from 0 and from 1.
        scored = frozenset(n for n in frames if first <= n <= last)
        if not scored:
            have = f"{min(frames)} to {max(frames)}"
            msg = f"{path} asks for frames {first} to {last} but {_INPUT}/ has {have}."
            raise SourceOpenError(msg)
    else:
        scored = frames & truth
    if not scored & truth:
        msg = f"{folder / _TRUTH} has labels (gt000001.png ...) for none of the scored frames."
        raise SourceOpenError(msg)
    return scored


def _read_range(path: Path) -> tuple[int, int]:
    words = path.read_text(encoding="utf-8-sig", errors="replace").split()
    if len(words) == 2 and all(w.isdecimal() and len(w) <= _MAX_DIGITS for w in words):
        first, last = int(words[0]), int(words[1])
        if first <= last:
            return first, last
    msg = f"{path} must hold two numbers, the first and the last scored frame: '470 1700'."
    raise SourceOpenError(msg)


def _read_roi(path: Path, shape: tuple[int, int]) -> Mask | None:
    if not path.exists():
        return None
    roi = read_labels(path)
    if roi is None:
        msg = f"{path} is not a readable picture; replace or remove it."
        raise SourceOpenError(msg)
    # Some are published larger than the frames, and say nothing about them.
    if roi.shape != shape or roi.all():
        return None
    if not roi.any():
        msg = f"{path} is all black, so that nothing can be scored; replace or remove it."
        raise SourceOpenError(msg)
    return roi


def _shape(path: Path) -> tuple[int, int]:
    picture = read_labels(path)
    if picture is None:
        msg = f"{path} is not a readable picture; check the dataset."
        raise SourceOpenError(msg)
    return picture.shape[0], picture.shape[1]


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]}x{shape[0]}"
