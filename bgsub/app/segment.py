"""Segmentation of a picture put together: a file in, pictures, plots and a record out."""

from __future__ import annotations

import io
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bgsub.errors import SourceOpenError, UsageError
from bgsub.files import part_path, prepare_folder, refuse_existing
from bgsub.segmentation.noise import add_noise
from bgsub.segmentation.outputs import RECORD_NAME, picture_names, record, write_pictures
from bgsub.segmentation.plots import plot_names, write_plots
from bgsub.segmentation.segment import segment
from bgsub.sinks import write_json
from bgsub.sources import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bgsub.config.segmentation import SegmentationConfig
    from bgsub.frames import Image
    from bgsub.segmentation.result import Segmentation

__all__ = ["SegmentOptions", "Segmented", "segment_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentOptions:
    """What the user asked for beside the configuration.

    Attributes
    ----------
    output : Path
        Folder for what is written.
    overwrite : bool
        Replace outputs that are there already.
    plots : bool
        Draw the plots.
    animate : bool
        Make the film of the iterations too.
    """

    output: Path
    overwrite: bool
    plots: bool
    animate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """What became of a picture.

    Attributes
    ----------
    segmentation : Segmentation
        The classes.
    seconds : float
        How long it took from reading the picture to its labels.
    notes : tuple of str
        What the user should know, one sentence each.
    """

    segmentation: Segmentation
    seconds: float
    notes: tuple[str, ...]


def segment_file(
    path: Path,
    settings: SegmentationConfig,
    options: SegmentOptions,
    *,
    on_progress: Callable[[str], None],
) -> Segmented:
    """Segment a picture and write what came of it.

    Parameters
    ----------
    path : Path
        The picture.
    settings : SegmentationConfig
        How.
    options : SegmentOptions
        Where to, and what.
    on_progress : callable
        Told what is being done, in a few words.

    Raises
    ------
    BgsubError
        If the picture cannot be read or segmented as asked, or an output exists or cannot be
        written.
    """
    data = _read(path)
    _refuse_outputs(path, settings, options)
    prepare_folder(options.output)
    began = time.perf_counter()
    on_progress("reading")
    picture, notes = _decode(path, data)
    noisy = None
    if settings.noise_sigma > 0:
        on_progress("adding noise")
        picture = noisy = add_noise(picture, settings.noise_sigma, settings.seed)
    segmentation = segment(picture, settings, on_progress=on_progress)
    seconds = time.perf_counter() - began
    if options.plots:
        # Which plots there are depends on what was found.
        names = plot_names(segmentation, animate=options.animate)
        refuse_existing([options.output / name for name in names], overwrite=options.overwrite)
    on_progress("writing")
    write_pictures(options.output, segmentation, noisy)
    if options.plots:
        on_progress("drawing")
        write_plots(
            options.output, segmentation, picture, settings=settings, animate=options.animate
        )
    content = record(segmentation, settings, image=str(path), seconds=seconds)
    write_json(options.output / RECORD_NAME, content)
    return Segmented(
        segmentation=segmentation, seconds=seconds, notes=(*notes, *segmentation.notes)
    )


def _read(path: Path) -> bytes:
    if path.exists() and not (path.is_file() or path.is_dir()):
        msg = f"{path} is a device or a pipe: save the picture as a file first."
        raise SourceOpenError(msg)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        msg = f"There is no picture {path}: check its name."
        raise SourceOpenError(msg) from error
    except IsADirectoryError as error:
        msg = f"{path} is a folder: name one picture in it."
        raise SourceOpenError(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}): check its permissions."
        raise SourceOpenError(msg) from error


def _decode(path: Path, data: bytes) -> tuple[Image, tuple[str, ...]]:
    picture = read_image(path)
    if picture is None:
        msg = (
            f"{path} is no picture that can be read, or is damaged: PNG, JPEG and TIFF of 8 or "
            "16 bits are fine, up to 16384 pixels a side and 200 million in all."
        )
        raise SourceOpenError(msg)
    return picture, _left_out(data)


def _left_out(data: bytes) -> tuple[str, ...]:
    """Return what of a picture's file is not segmented, one sentence each."""
    from PIL import Image as Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Pillow.open(io.BytesIO(data)) as picture:
                n_pictures = getattr(picture, "n_frames", 1)
                is_transparent = picture.has_transparency_data
        except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
            # A kind that only OpenCV reads, or one larger than Pillow thinks wise.
            return ()
    notes = ["The picture's transparency is ignored."] if is_transparent else []
    if n_pictures > 1:
        notes.append(f"The file holds {n_pictures} pictures: the first is taken.")
    return tuple(notes)


def _refuse_outputs(path: Path, settings: SegmentationConfig, options: SegmentOptions) -> None:
    """Make sure that no output is there already, nor would replace the picture."""
    n = settings.n_components or settings.max_components
    pictures = picture_names(n, with_noise=settings.noise_sigma > 0)
    outputs = [options.output / name for name in (RECORD_NAME, *pictures)]
    refuse_existing(outputs, overwrite=options.overwrite)
    for output in outputs:
        for name in (output, part_path(output)):
            if name.exists() and path.samefile(name):
                msg = (
                    f"{path} would be replaced by an output of this run: choose another folder "
                    "with -o."
                )
                raise UsageError(msg)
