"""From what the user names to sources: files, patterns, folders."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from bgsub.errors import SourceOpenError
from bgsub.sources._names import clip_files, image_files, is_clip, is_image, natural_order
from bgsub.sources.clip import ClipSource
from bgsub.sources.images import ImageFolderSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bgsub.frames import RecordedSource

__all__ = ["expand_inputs", "open_source"]


def expand_inputs(arguments: Sequence[str]) -> tuple[Path, ...]:
    """Return the clips and picture folders that the arguments stand for.

    Parameters
    ----------
    arguments : sequence of str
        Files; folders of pictures, also in the CDnet layout; folders of clips, which stand
        for every clip in them; patterns with ``*``, ``?``, ``[...]`` and ``**``.  A folder
        with both clips and pictures is taken for what it holds more of, and for clips if
        equal: recorders leave a picture beside every clip.

    Returns
    -------
    tuple of Path
        Each one once, in the order of the arguments; those of one pattern or folder in the
        natural order of their names.

    Raises
    ------
    SourceOpenError
        If an argument matches nothing, or is a single picture, or an address.
    """
    found: dict[Path, Path] = {}
    for argument in arguments:
        try:
            for path in _expand(argument):
                found.setdefault(path.resolve(), path)
        except OSError as error:
            msg = f"'{argument}' cannot be read ({error.strerror}); check the name"
            raise SourceOpenError(msg) from error
    return tuple(found.values())


def open_source(
    path: Path,
    *,
    start_s: float,
    end_s: float | None,
    scale: float,
    image_fps: float,
    max_side_px: int | None = None,
    colour: bool = True,
    n_busy_cores: int = 0,
) -> RecordedSource:
    """Return the source for one path, not yet entered.

    Parameters
    ----------
    path : Path
        A clip or a folder of pictures, as :func:`expand_inputs` returns them.
    start_s, end_s : float, float or None
        The wanted part, in seconds.
    scale : float
        Factor of the picture's size, above 0 and at most 1.
    image_fps : float
        Frames per second of a folder of pictures.
    max_side_px : int or None
        The picture's longer side is reduced to at most this.
    colour : bool
        Whether colour is kept; without it every picture is grey.
    n_busy_cores : int
        How many cores others use all the time: small clips are decoded on the rest.

    Raises
    ------
    SourceOpenError
        If it is a single picture.
    """
    if path.is_dir():
        return ImageFolderSource(
            path,
            fps=image_fps,
            start_s=start_s,
            end_s=end_s,
            scale=scale,
            max_side_px=max_side_px,
            colour=colour,
        )
    if is_image(path):
        raise SourceOpenError(_single_picture(path))
    return ClipSource(
        path,
        start_s=start_s,
        end_s=end_s,
        scale=scale,
        max_side_px=max_side_px,
        colour=colour,
        n_busy_cores=n_busy_cores,
    )


def _expand(argument: str) -> Sequence[Path]:
    if not argument:
        msg = "an empty name is no clip; for the current folder write '.'"
        raise SourceOpenError(msg)
    path = Path(argument)
    if path.is_dir():
        return _expand_folder(path)
    if path.exists():
        if is_image(path):
            raise SourceOpenError(_single_picture(path))
        return (path,)
    if "://" in argument:
        msg = f"'{argument}' is an address, not a file; record it to a file first"
        raise SourceOpenError(msg)
    if glob.has_magic(argument):
        return _expand_pattern(argument)
    msg = f"'{argument}' does not exist; check the name"
    raise SourceOpenError(msg)


def _expand_folder(folder: Path) -> Sequence[Path]:
    try:
        if (folder / "input").is_dir():
            return (folder,)
        images, clips = image_files(folder), clip_files(folder)
    except OSError as error:
        msg = f"'{folder}' cannot be read ({error.strerror}); check its permissions"
        raise SourceOpenError(msg) from error
    if clips and len(clips) >= len(images):
        return clips
    if images:
        return (folder,)
    msg = f"'{folder}' holds neither clips nor pictures; name the files, or use a pattern"
    raise SourceOpenError(msg)


def _expand_pattern(pattern: str) -> Sequence[Path]:
    matches = sorted(
        # Path.glob takes no absolute patterns.
        (Path(p) for p in glob.glob(pattern, recursive=True)),  # noqa: PTH207
        key=lambda p: (str(p.parent), natural_order(p)),
    )
    # A pattern such as footage/* also meets notes and summaries, which are not meant.
    wanted = [p for p in matches if is_clip(p) or (p.is_dir() and _is_picture_folder(p))]
    if wanted:
        return wanted
    if any(is_image(p) for p in matches):
        msg = f"'{pattern}' matches single pictures; give their folder instead"
        raise SourceOpenError(msg)
    files = [p for p in matches if p.is_file()]
    if files:
        return files
    msg = f"nothing matches '{pattern}'; check the pattern"
    raise SourceOpenError(msg)


def _is_picture_folder(folder: Path) -> bool:
    try:
        return (folder / "input").is_dir() or bool(image_files(folder))
    except OSError:
        return False


def _single_picture(path: Path) -> str:
    return f"'{path}' is a single picture; give a clip, or a folder of pictures"
