"""Recorded clips one after the other: what ``process`` and ``scan`` share."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from bgsub.app.compiler import load_compiler
from bgsub.app.looking_ahead import looking_ahead
from bgsub.app.opencv import one_opencv_thread
from bgsub.app.records import SUMMARY_NAME, footage_seconds, scale_boxes, write_records
from bgsub.errors import BgsubError, SourceError, UsageError
from bgsub.files import part_path, prepare_folder, refuse_existing
from bgsub.frames import Problem
from bgsub.pipeline import read_ahead
from bgsub.sources import expand_inputs, open_source

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from bgsub.config import Config
    from bgsub.events import Event
    from bgsub.frames import FrameSource, Image, RecordedSource, StreamInfo
    from bgsub.pipeline import RunStats
    from bgsub.sinks import ThreadedSink

__all__ = ["ClipReport", "Observer", "Options", "Outputs", "run_clips"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for beside the configuration.

    Attributes
    ----------
    output : Path or None
        One clip's outputs go straight into this folder, several clips' into one folder each;
        None writes nothing.
    overwrite : bool
        Replace outputs that are there already.
    keep_going : bool
        A clip that breaks off counts as done.
    """

    output: Path | None
    overwrite: bool
    keep_going: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a command writes for each clip.

    Attributes
    ----------
    names : tuple of str
        Names within a clip's folder, ``summary.json`` not counted.
    open_sinks : callable
        Takes folder, stream and the model's background; returns sinks by their output's name.
    boxes_in_source : bool
        Boxes refer to the picture before its reduction, not to the frames worked on.
    with_probability : bool
        Some sink needs the foreground probability.
    """

    names: tuple[str, ...]
    open_sinks: Callable[[Path, StreamInfo, Callable[[], Image]], Mapping[str, ThreadedSink]]
    boxes_in_source: bool
    with_probability: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReport:
    """What became of one clip.

    Attributes
    ----------
    source : Path
        The clip.
    folder : Path or None
        Where its outputs are; None if there are none.
    stats : RunStats or None
        Counts and times; None if not a single frame was seen.
    footage_s : float
        How long what was seen of it lasts, the last frame included.
    stages_s : mapping of str to float
        Where the time went, by stage: those of the loop, ``decode`` and each output by name.
        The latter two are worked at beside the loop.
    events : tuple of Event
        What happened in it.
    problems : tuple of Problem
        What went wrong.
    failed : bool
        Whether the clip counts as failed for the exit code.
    """

    source: Path
    folder: Path | None
    stats: RunStats | None
    footage_s: float
    stages_s: Mapping[str, float]
    events: tuple[Event, ...]
    problems: tuple[Problem, ...]
    failed: bool


class Observer(Protocol):
    """Who wants to know how the work goes on."""

    def clip_started(self, info: StreamInfo) -> None:
        """Take note that a clip is open; its frames follow."""
        ...

    def advanced(self, stats: RunStats) -> None:
        """Take note that more frames are done."""
        ...

    def clip_ended(self, report: ClipReport) -> None:
        """Take note that the clip's outputs are complete."""
        ...


def run_clips(
    inputs: Sequence[str],
    config: Config,
    options: Options,
    outputs: Outputs,
    *,
    observer: Observer,
    stop: threading.Event,
) -> tuple[ClipReport, ...]:
    """Run clips through the model, one after the other.

    Parameters
    ----------
    inputs : sequence of str
        Files, globs and folders.
    config : Config
        How to work on them.
    options : Options
        Where to, and what to do about trouble.
    outputs : Outputs
        What is written for each.
    observer : Observer
        Told of progress.
    stop : threading.Event
        Set to end early, with all outputs complete up to there.

    Returns
    -------
    tuple of ClipReport
        One for each clip that was begun, failed ones included.

    Raises
    ------
    BgsubError
        For what concerns all clips: nothing found, an output that exists or cannot be written.
    """
    clips = expand_inputs(inputs)
    folders = _folders(clips, options.output)
    names = (*outputs.names, SUMMARY_NAME)
    _refuse_inputs(clips, folders, names)
    refuse_existing(
        [folder / name for folder in folders if folder is not None for name in names],
        overwrite=options.overwrite,
    )
    reports: list[ClipReport] = []
    for clip, folder in zip(clips, folders, strict=True):
        if stop.is_set():
            break
        try:
            with one_opencv_thread():
                report = _run_clip(clip, folder, config, options, outputs, observer, stop)
        except SourceError as error:
            report = _nothing_seen(clip, folder, str(error))
        reports.append(report)
        observer.clip_ended(report)
    return tuple(reports)


def _run_clip(
    clip: Path,
    folder: Path | None,
    config: Config,
    options: Options,
    outputs: Outputs,
    observer: Observer,
    stop: threading.Event,
) -> ClipReport:
    with (
        _open(clip, config) as source,
        looking_ahead(partial(_open, clip, config), config, stop.is_set) as known_before,
        read_ahead(source, stop) as ahead,
    ):
        observer.clip_started(source.info)
        # Meanwhile hundreds of frames are decoded.
        load_compiler()
        from bgsub.app.build import build_pipeline

        pipeline, detector, events = build_pipeline(
            config,
            source.info,
            with_probability=outputs.with_probability,
            model=known_before(),
        )
        sinks: Mapping[str, ThreadedSink] = {}
        if folder is not None:
            prepare_folder(folder)
            sinks = outputs.open_sinks(folder, source.info, detector.background)
        error: BgsubError | None = None
        try:
            pipeline.run(
                source, ahead, list(sinks.values()), stop=stop, on_frames=observer.advanced
            )
        except BgsubError as caught:
            # What was seen until now is written before the error goes its way.
            error = caught
        report = _nothing_seen(clip, folder, "The run was interrupted before its first frame.")
        if pipeline.stats.n_frames:
            problems = _problems(source, pipeline.stats, error, interrupted=stop.is_set())
            report = ClipReport(
                source=clip,
                folder=folder,
                stats=pipeline.stats,
                footage_s=footage_seconds(pipeline.stats, source.info.fps),
                stages_s=_stages(pipeline.stats, sinks),
                events=events.finish(),
                problems=problems,
                failed=_failed(problems, keep_going=options.keep_going),
            )
            report = _complete(report, config, source.info, outputs, error)
        if error is not None:
            raise error
        return report


def _nothing_seen(clip: Path, folder: Path | None, why: str) -> ClipReport:
    return ClipReport(
        source=clip,
        folder=folder,
        stats=None,
        footage_s=0.0,
        stages_s={},
        events=(),
        problems=(Problem(at_s=0.0, what=why, ends_run=True),),
        failed=True,
    )


def _complete(
    report: ClipReport,
    config: Config,
    info: StreamInfo,
    outputs: Outputs,
    error: BgsubError | None,
) -> ClipReport:
    """Give the boxes their final size, and write the records."""
    if outputs.boxes_in_source:
        report = replace(report, events=scale_boxes(report.events, info))
        info = replace(info, width=info.source_width, height=info.source_height)
    if report.folder is not None:
        try:
            write_records(report, report.folder, config, info, outputs.names)
        except BgsubError:
            if error is None:
                raise
            # The disk that is full for the video is full for the records: the first counts.
            logger.debug("records not written after %s", error, exc_info=True)
    return report


def _open(clip: Path, config: Config) -> RecordedSource:
    part = config.input
    return open_source(
        clip,
        start_s=part.start_s,
        end_s=part.end_s,
        scale=part.scale,
        max_side_px=part.max_side_px,
        colour=part.colour,
        image_fps=part.image_fps,
        n_busy_cores=_busy_cores(config),
    )


def _busy_cores(config: Config) -> int:
    """Return how many cores are not to be counted on for decoding; 0: it has them all."""
    is_reduced = config.input.max_side_px is not None or config.input.scale < 1
    if is_reduced and config.detector.method == "classic":
        # Next to decoding it takes next to nothing.
        return 0
    # Where the model takes all cores, decoding shares them with it.
    return config.run.threads


def _stages(stats: RunStats, sinks: Mapping[str, ThreadedSink]) -> dict[str, float]:
    written_s = {name: sink.busy_s for name, sink in sinks.items()}
    return stats.stages_s | {"decode": stats.decode_s} | written_s


def _problems(
    source: FrameSource, stats: RunStats, error: BgsubError | None, *, interrupted: bool
) -> tuple[Problem, ...]:
    problems = list(source.problems)
    if error is not None:
        problems.append(Problem(at_s=stats.last_s, what=str(error), ends_run=True))
    if interrupted:
        what = "The run was interrupted here."
        problems.append(Problem(at_s=stats.last_s, what=what, ends_run=True))
    return tuple(problems)


def _failed(problems: Iterable[Problem], *, keep_going: bool) -> bool:
    return not keep_going and any(problem.ends_run for problem in problems)


def _refuse_inputs(
    clips: Sequence[Path], folders: Sequence[Path | None], names: Sequence[str]
) -> None:
    """Make sure that no output, nor its temporary file, would replace a clip."""
    files = {_identity(clip): clip for clip in clips}
    for folder in filter(None, folders):
        for name in names:
            for path in (folder / name, part_path(folder / name)):
                identity = _identity(path)
                if identity is not None and identity in files:
                    msg = (
                        f"{files[identity]} would be replaced by an output of this run: "
                        "choose another folder with -o."
                    )
                    raise UsageError(msg)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from every other, whatever it is called; None if not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folders(clips: Sequence[Path], output: Path | None) -> list[Path | None]:
    """Return an output folder for each clip, all different."""
    if output is None:
        return [None] * len(clips)
    if len(clips) == 1:
        return [output]
    used: set[str] = set()
    folders: list[Path | None] = []
    for clip in clips:
        stem = name = clip.stem if clip.is_file() else clip.name
        number = 2
        while name in used:
            name = f"{stem}-{number}"
            number += 1
        used.add(name)
        folders.append(output / name)
    return folders
