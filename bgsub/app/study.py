"""A study of settings put together: pictures and truth in, results and report out."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bgsub.app.opencv import one_opencv_thread
from bgsub.config.segmentation import SegmentationConfig
from bgsub.errors import BgsubError, SourceError, SourceOpenError, UsageError
from bgsub.files import part_path, prepare_folder, refuse_existing, write_bytes
from bgsub.segmentation.segment import segment
from bgsub.segmentation.study import Subject, run_task, tasks
from bgsub.segmentation.study_report import draw_figures, report
from bgsub.segmentation.study_summary import as_csv, as_record, summarise
from bgsub.segmentation.truth import find_truth, read_truth
from bgsub.sinks import write_json
from bgsub.sources import image_files, is_image, read_image

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from bgsub.segmentation.scores import Labels
    from bgsub.segmentation.study import Grid, StudyRow, Task
    from bgsub.segmentation.study_summary import Summary

__all__ = ["StudyObserver", "StudyOptions", "StudyOutcome", "study"]

_KEPT = "nothing of it is kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOptions:
    """What the user asked for beside the settings.

    Attributes
    ----------
    output : Path
        The folder for what is written.
    truth : Path or None
        Human segmentations: a file for one picture, or a folder that has them by the
        pictures' names.
    overwrite : bool
        Replace outputs that are there already.
    jobs : int
        How many combinations are tried at a time, at least 1.
    """

    output: Path
    truth: Path | None
    overwrite: bool
    jobs: int


@dataclass(slots=True, kw_only=True)
class StudyOutcome:
    """What became of a study.

    Attributes
    ----------
    summary : Summary or None
        The results; None if there are none.
    unreadable : list of BgsubError
        For each picture or truth that could not be read.
    """

    summary: Summary | None = None
    unreadable: list[BgsubError] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether no combination could be done on any picture."""
        rows = () if self.summary is None else self.summary.rows
        return all(row.measures is None for row in rows)


class StudyObserver(Protocol):
    """Who wants to know how the study goes on."""

    def begun(self, total: int) -> None:
        """Take note of how many combinations there are, those of all pictures together."""
        ...

    def advanced(self, picture: str, n_done: int) -> None:
        """Take note that as many more are done."""
        ...

    def reporting(self) -> None:
        """Take note that the report is being made."""
        ...


def study(
    inputs: Sequence[str],
    grid: Grid,
    options: StudyOptions,
    *,
    observer: StudyObserver,
    stop: threading.Event,
) -> StudyOutcome:
    """Try all combinations of settings on all pictures, and write what came of it.

    ``study.csv`` and ``study.json`` hold every number, ``report.html`` shows them; the plots
    are PNG files too.

    Parameters
    ----------
    inputs : sequence of str
        Pictures, globs and folders of pictures.
    grid : Grid
        What to try.
    options : StudyOptions
        Where to, and with which truth.
    observer : StudyObserver
        Told of progress.
    stop : threading.Event
        Set to end early, with what is done until then written.

    Raises
    ------
    BgsubError
        For what concerns all pictures: nothing found, an output that exists or cannot be
        written.
    """
    paths = _find_pictures(inputs)
    if options.truth is not None and options.truth.is_file() and len(paths) > 1:
        msg = f"{options.truth} is the truth of one picture; give a folder for {len(paths)}."
        raise UsageError(msg)
    outputs = [options.output / name for name in _names(grid)]
    refuse_existing(outputs, overwrite=options.overwrite)
    _refuse_inputs(paths, outputs)
    _load_kernels(grid)
    outcome = StudyOutcome()
    observer.begun(len(paths) * len(grid))
    rows: list[StudyRow] = []
    for path, name in zip(paths, _unique_names(paths), strict=True):
        if stop.is_set():
            break
        try:
            subject = _subject(path, name, options.truth)
        except (SourceError, UsageError) as error:
            outcome.unreadable.append(error)
            observer.advanced(name, len(grid))
            continue
        rows += _try_all(grid, subject, options.jobs, observer, stop)
    if rows:
        outcome.summary = summarise(grid, rows)
        observer.reporting()
        _write(outcome.summary, options.output)
    elif outcome.unreadable and not stop.is_set():
        raise outcome.unreadable[0]
    return outcome


def _find_pictures(inputs: Sequence[str]) -> list[Path]:
    """Return the pictures that files, folders and patterns stand for, each once."""
    found: dict[Path, None] = {}
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            matches = list(image_files(path))
        elif path.exists():
            matches = [path]
        else:
            names = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - any pattern
            matches = [Path(name) for name in names if is_image(Path(name))]
        if not matches:
            msg = f"'{text}' is no picture and holds none; check the name."
            raise SourceOpenError(msg)
        found.update(dict.fromkeys(matches))
    return list(found)


def _refuse_inputs(paths: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Make sure that no output, nor its temporary file, would replace a picture."""
    written = [name for path in outputs for name in (path, part_path(path)) if name.exists()]
    for path in paths:
        if any(name.samefile(path) for name in written):
            msg = (
                f"{path} would be replaced by an output of this run: choose another folder "
                "with -o."
            )
            raise UsageError(msg)


def _load_kernels(grid: Grid) -> None:
    """Segment next to nothing: loading compiled code is no part of any setting's time."""
    tiny = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    strengths = {grid.settings(point).smoothing for point in grid.points()}
    for smoothing in {0.0, max(strengths)}:
        segment(tiny, SegmentationConfig(n_components=2, smoothing=smoothing))


def _names(grid: Grid) -> list[str]:
    effects = [f"effect-{key}.png" for key in grid.varied]
    return ["report.html", "study.csv", "study.json", "sheet.png", "pictures.png", *effects]


def _unique_names(paths: Sequence[Path]) -> list[str]:
    """Return the files' stems, and whole paths for those whose stems are equal."""
    stems = [path.stem for path in paths]
    return [
        stem if stems.count(stem) == 1 else str(path)
        for stem, path in zip(stems, paths, strict=True)
    ]


def _subject(path: Path, name: str, truth: Path | None) -> Subject:
    picture = read_image(path)
    if picture is None:
        msg = f"{path} is no picture that can be read; give a PNG, JPEG or TIFF file."
        raise SourceOpenError(msg)
    truths: tuple[Labels, ...] = ()
    if truth is not None:
        found = find_truth(truth, path.stem)
        truths = read_truth(found, shape=(picture.shape[0], picture.shape[1]))
    return Subject(name=name, picture=picture, truths=truths)


def _try_all(
    grid: Grid, subject: Subject, jobs: int, observer: StudyObserver, stop: threading.Event
) -> list[StudyRow]:
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    def work(task: Task) -> list[StudyRow]:
        found: list[StudyRow] = []
        for row in run_task(grid, task, subject):
            found.append(row)
            if stop.is_set():
                break
        return found

    def wanted() -> Iterator[object]:
        for task in tasks(grid):
            if stop.is_set():
                return
            yield delayed(work)(task)

    # Threads: the kernels and NumPy let each other work, and pictures need not be copied.
    pool = Parallel(
        n_jobs=jobs, backend="threading", return_as="generator_unordered", pre_dispatch=jobs
    )
    rows: list[StudyRow] = []
    # Libraries' own threads would get in each other's way, and their time is not counted.
    with one_opencv_thread(), threadpool_limits(1):
        for found in pool(wanted()):
            rows += found
            observer.advanced(subject.name, len(found))
    return rows


def _write(summary: Summary, folder: Path) -> None:
    prepare_folder(folder)
    csv = as_csv(summary).encode("utf-8", "backslashreplace")
    write_bytes(folder / "study.csv", csv, kept=_KEPT)
    write_json(folder / "study.json", as_record(summary))
    figures = draw_figures(summary)
    for name, data in figures.items():
        write_bytes(folder / name, data, kept=_KEPT)
    page = report(summary, figures).encode("utf-8", "backslashreplace")
    write_bytes(folder / "report.html", page, kept=_KEPT)
