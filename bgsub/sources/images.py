"""Folders of pictures, read in the order of their numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import cv2

from bgsub.errors import SourceError, SourceOpenError
from bgsub.frames import Frame, StreamInfo
from bgsub.sources._faults import Fault, ProblemLog
from bgsub.sources._names import image_files
from bgsub.sources._pictures import scaled_size
from bgsub.sources._stills import like, read_image

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from types import TracebackType

    from bgsub.frames import Image, Problem

__all__ = ["ImageFolderSource"]

# Times are positions over the frame rate; rounding must not move a picture over a limit.
_EPSILON_FRAMES = 1e-6


class ImageFolderSource:
    """The pictures of a folder as frames, in natural order of their file names.

    Grey pictures are delivered as (H, W), colour as (H, W, 3) BGR, 8 or 16 bits as they are
    stored; transparency is dropped.  In a mixed folder all are converted to the kind of the
    first.  Unreadable pictures are skipped and reported in :attr:`problems`; a picture of
    another size ends the source, with a problem that says so.

    Parameters
    ----------
    path : Path
        The folder, or a sequence in the CDnet layout, whose ``input`` folder is used.
    fps : float
        Frames per second: the folder has no clock of its own.
    start_s : float
        Time in seconds from which pictures are delivered.
    end_s : float or None
        Time in seconds before which pictures are delivered; None for all.
    scale : float
        Factor of the picture's size, above 0 and at most 1.
    max_side_px : int or None
        The picture's longer side is reduced to at most this.
    colour : bool
        Whether colour is kept; without it every picture is grey.

    Raises
    ------
    SourceOpenError
        On entering, if the folder holds no picture, or none in the wanted part that can be
        read.

    Notes
    -----
    ``Frame.index`` is the position in :attr:`paths`, ``Frame.timestamp_s`` that over `fps`.
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: float,
        start_s: float,
        end_s: float | None,
        scale: float,
        max_side_px: int | None = None,
        colour: bool = True,
    ) -> None:
        self._path = path
        self._fps = fps
        self._start_s = start_s
        self._end_s = end_s
        self._scale = scale
        self._max_side_px = max_side_px
        self._colour = colour
        self._paths: tuple[Path, ...] | None = None
        self._log = ProblemLog()
        self._info: StreamInfo | None = None
        self._frames: Generator[Frame] | None = None
        self._every = 1

    @property
    def paths(self) -> tuple[Path, ...]:
        """All pictures of the folder in order, whatever part of them is wanted."""
        if self._paths is None:
            self._paths = _find_images(self._path)
        return self._paths

    @property
    def info(self) -> StreamInfo:
        """What is known of the pictures; valid once entered."""
        if self._info is None:
            raise self._not_open()
        return self._info

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What went wrong so far; grows while frames are read."""
        return self._log.problems

    def __enter__(self) -> Self:
        if self._frames is None:
            self._log = ProblemLog()
            self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def __iter__(self) -> Iterator[Frame]:
        if self._info is None:
            raise self._not_open()
        return iter(()) if self._frames is None else self._frames

    def sampled(self, every: int) -> Iterator[Frame]:
        """Iterate over the pictures whose numbers, counted from the first, are multiples.

        Parameters
        ----------
        every : int
            Of what; from 1.  The pictures between are not read.
        """
        self._every = every
        return iter(self)

    def _open(self) -> None:
        wanted = self._wanted()
        pictures = self._read(wanted)
        first = next(pictures, None)
        if first is None:
            raise SourceOpenError(self._nothing_to_show(wanted))
        height, width = first[1].shape[:2]
        size = scaled_size(width, height, scale=self._scale, max_side_px=self._max_side_px)
        self._info = StreamInfo(
            name=str(self._path),
            width=size[0],
            height=size[1],
            source_width=width,
            source_height=height,
            fps=float(self._fps),
            n_frames=len(wanted),
        )
        self._frames = self._deliver(first, pictures, size)

    def _wanted(self) -> range:
        n_paths = len(self.paths)
        begin = max(0, math.ceil(self._start_s * self._fps - _EPSILON_FRAMES))
        end = n_paths
        if self._end_s is not None:
            end = min(end, math.ceil(self._end_s * self._fps - _EPSILON_FRAMES))
        return range(begin, end)

    def _read(self, positions: range) -> Iterator[tuple[int, Image]]:
        for position in positions:
            if (position - positions.start) % self._every:
                continue
            at_s = position / self._fps
            image = read_image(self.paths[position])
            if image is None:
                self._log.add(Fault.CORRUPT, at_s=at_s)
                continue
            self._log.advance(at_s)
            yield position, image
        self._log.finish()

    def _deliver(
        self,
        first: tuple[int, Image],
        rest: Iterator[tuple[int, Image]],
        size: tuple[int, int],
    ) -> Generator[Frame]:
        model = first[1]
        current: tuple[int, Image] | None = first
        while current is not None:
            position, image = current
            at_s = position / self._fps
            if image.shape[:2] != model.shape[:2]:
                self._log.finish(_size_change(self.paths[position], model, image), at_s=at_s)
                return
            image = like(model, image)
            if image.ndim == 3 and not self._colour:
                image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            if size != (image.shape[1], image.shape[0]):
                image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            image.setflags(write=False)
            yield Frame(index=position, timestamp_s=at_s, image=image)
            current = next(rest, None)

    def _nothing_to_show(self, wanted: range) -> str:
        if not wanted:
            length_s = len(self.paths) / self._fps
            until = "" if self._end_s is None else f" up to {self._end_s:g} s"
            return (
                f"'{self._path}' has no picture from {self._start_s:g} s on{until}; at "
                f"{self._fps:g} frames per second it lasts {length_s:.2f} s"
            )
        return (
            f"none of the {len(wanted)} pictures in '{self._path}' can be read; they are "
            "damaged, too large, or of a kind that is not supported"
        )

    def _not_open(self) -> SourceError:
        return SourceError(f"'{self._path}' is not open; use it in a with statement")


def _find_images(path: Path) -> tuple[Path, ...]:
    folder = path / "input" if (path / "input").is_dir() else path
    try:
        paths = image_files(folder)
    except FileNotFoundError as error:
        msg = f"'{path}' does not exist; check the name"
        raise SourceOpenError(msg) from error
    except OSError as error:
        msg = f"'{path}' cannot be read as a folder ({error.strerror}); check its permissions"
        raise SourceOpenError(msg) from error
    if not paths:
        msg = (
            f"'{folder}' holds no pictures; give a folder of JPEG, PNG, BMP, TIFF or WebP files"
        )
        raise SourceOpenError(msg)
    return paths


def _size_change(path: Path, model: Image, image: Image) -> str:
    return (
        f"the picture size changes from {model.shape[1]}×{model.shape[0]} to "
        f"{image.shape[1]}×{image.shape[0]} at '{path.name}': all pictures of one camera "
        "have one size, so the rest is left out; move them to a folder of their own"
    )
