"""Recorded clips in; masks, overlays, events and pictures out."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bgsub import __version__
from bgsub.app.build import build_pipeline
from bgsub.errors import BgsubError, SourceError
from bgsub.frames import Problem
from bgsub.sinks import (
    BackgroundPicture,
    Heatmap,
    MaskFolder,
    MaskVideo,
    OverlayVideo,
    ThreadedSink,
    prepare_folder,
    refuse_existing,
    write_events,
    write_json,
)
from bgsub.sources import expand_inputs, open_source

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence

    from bgsub.config import Config
    from bgsub.events import Event
    from bgsub.frames import FrameSource, Image, Sink, StreamInfo
    from bgsub.pipeline import RunStats

__all__ = ["ClipReport", "Observer", "Options", "footage_seconds", "process"]

logger = logging.getLogger(__name__)

_WRITE_AHEAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for beside the configuration.

    Attributes
    ----------
    output : Path
        One clip's outputs go straight into this folder, several clips' into one folder each.
    overwrite : bool
        Replace outputs that are there already.
    keep_going : bool
        A clip that breaks off counts as done.
    """

    output: Path
    overwrite: bool
    keep_going: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReport:
    """What became of one clip.

    Attributes
    ----------
    source : Path
        The clip.
    folder : Path
        Where its outputs are.
    stats : RunStats or None
        Counts and times; None if the clip could not be opened.
    events : tuple of Event
        What happened in it.
    problems : tuple of Problem
        What went wrong.
    failed : bool
        Whether the clip counts as failed for the exit code.
    """

    source: Path
    folder: Path
    stats: RunStats | None
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


def process(
    inputs: Sequence[str],
    config: Config,
    options: Options,
    *,
    observer: Observer,
    stop: threading.Event,
) -> tuple[ClipReport, ...]:
    """Process clips one after the other.

    Parameters
    ----------
    inputs : sequence of str
        Files, globs and folders.
    config : Config
        How to process them.
    options : Options
        Where to, and what to do about trouble.
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
    names = [*_output_paths(config, Path()).values(), Path("summary.json")]
    refuse_existing(
        [folder / name for folder in folders for name in names], overwrite=options.overwrite
    )
    reports: list[ClipReport] = []
    for clip, folder in zip(clips, folders, strict=True):
        if stop.is_set():
            break
        try:
            report = _process_clip(clip, folder, config, options, observer, stop)
        except SourceError as error:
            problem = Problem(at_s=0.0, what=str(error), ends_run=True)
            report = ClipReport(
                source=clip,
                folder=folder,
                stats=None,
                events=(),
                problems=(problem,),
                failed=True,
            )
        reports.append(report)
        observer.clip_ended(report)
    return tuple(reports)


def _process_clip(
    clip: Path,
    folder: Path,
    config: Config,
    options: Options,
    observer: Observer,
    stop: threading.Event,
) -> ClipReport:
    part = config.input
    with open_source(
        clip,
        start_s=part.start_s,
        end_s=part.end_s,
        scale=part.scale,
        image_fps=part.image_fps,
    ) as source:
        prepare_folder(folder)
        observer.clip_started(source.info)
        pipeline, model, detector = build_pipeline(config, source.info)
        sinks = _sinks(config, folder, source.info, model.background)
        error: BgsubError | None = None
        try:
            pipeline.run(source, sinks, stop=stop, on_frames=observer.advanced)
        except BgsubError as caught:
            # What was seen until now is written before the error goes its way.
            error = caught
        if pipeline.stats.n_frames:
            problems = _problems(source, pipeline.stats, error, interrupted=stop.is_set())
            report = ClipReport(
                source=clip,
                folder=folder,
                stats=pipeline.stats,
                events=detector.finish(),
                problems=problems,
                failed=_failed(problems, keep_going=options.keep_going),
            )
            _write_records(report, config, source.info, error)
        if error is not None:
            raise error
        return report


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


def _folders(clips: Sequence[Path], output: Path) -> list[Path]:
    """Return an output folder for each clip, all different."""
    if len(clips) == 1:
        return [output]
    used: set[str] = set()
    folders = []
    for clip in clips:
        stem = name = clip.stem if clip.is_file() else clip.name
        number = 2
        while name in used:
            name = f"{stem}-{number}"
            number += 1
        used.add(name)
        folders.append(output / name)
    return folders


def _output_paths(config: Config, folder: Path) -> dict[str, Path]:
    wanted = {
        "mask_video": ("mask.mkv", config.output.mask in ("video", "both")),
        "mask_folder": ("masks", config.output.mask in ("png", "both")),
        "overlay": ("overlay.mp4", config.output.overlay),
        "background": ("background.png", config.output.background),
        "heatmap": ("heatmap.png", config.output.heatmap),
        "events_json": ("events.json", config.output.events),
        "events_csv": ("events.csv", config.output.events),
    }
    return {key: folder / name for key, (name, is_wanted) in wanted.items() if is_wanted}


def _sinks(
    config: Config, folder: Path, info: StreamInfo, background: Callable[[], Image]
) -> list[Sink]:
    paths = _output_paths(config, folder)
    sinks: list[Sink] = []
    if "mask_video" in paths:
        sinks.append(ThreadedSink(MaskVideo(paths["mask_video"], info), depth=_WRITE_AHEAD))
    if "mask_folder" in paths:
        sinks.append(ThreadedSink(MaskFolder(paths["mask_folder"]), depth=_WRITE_AHEAD))
    if "overlay" in paths:
        overlay = OverlayVideo(paths["overlay"], info, crf=config.output.overlay_crf)
        sinks.append(ThreadedSink(overlay, depth=_WRITE_AHEAD))
    if "background" in paths:
        sinks.append(BackgroundPicture(paths["background"], background))
    if "heatmap" in paths:
        sinks.append(Heatmap(paths["heatmap"], background))
    return sinks


def _write_records(
    report: ClipReport, config: Config, info: StreamInfo, error: BgsubError | None
) -> None:
    try:
        if config.output.events:
            write_events(
                report.folder,
                source=info.name,
                frame_size=(info.width, info.height),
                events=report.events,
                problems=report.problems,
                started_at=info.started_at,
            )
        write_json(report.folder / "summary.json", _summary(report, config, info))
    except BgsubError:
        if error is None:
            raise
        # The disk that is full for the video is full for the records: the first error counts.
        logger.debug("records not written after %s", error, exc_info=True)


def _summary(report: ClipReport, config: Config, info: StreamInfo) -> dict[str, Any]:
    stats = report.stats
    if stats is None:
        return {}
    footage_s = footage_seconds(stats, info.fps)
    return {
        "version": 1,
        "bgsub": __version__,
        "source": info.name,
        "frame_size": [info.width, info.height],
        "frames": stats.n_frames,
        "footage_s": footage_s,
        "wall_s": stats.wall_s,
        "fps": stats.n_frames / max(stats.wall_s, 1e-9),
        "times_real_time": footage_s / max(stats.wall_s, 1e-9),
        "mean_coverage": stats.coverage_sum / stats.n_frames,
        "stages_s": stats.stages_s,
        "n_events": len(report.events),
        "problems": [{"at_s": p.at_s, "what": p.what} for p in report.problems],
        "outputs": [p.name for p in _output_paths(config, report.folder).values()],
        "config": config.model_dump(mode="json"),
    }


def footage_seconds(stats: RunStats, fps: float | None) -> float:
    """Return how long the footage seen so far lasts, the last frame included."""
    return stats.last_s - stats.first_s + (1.0 / fps if fps else 0.0)
