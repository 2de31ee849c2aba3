"""Scoring a configuration on footage with ground truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

import cv2

from bgsub.app.build import build_pipeline
from bgsub.app.looking_ahead import known_before
from bgsub.errors import ConfigError
from bgsub.evaluation import (
    ContactSheet,
    ProbabilityHistogram,
    ScoredSequence,
    ScoringSink,
    curves_record,
    draw_curves,
    find_sequences,
    mean_curve,
)
from bgsub.files import prepare_folder, refuse_existing, write_bytes
from bgsub.pipeline import read_ahead
from bgsub.sinks import ThreadedSink, to_bgr8, write_json
from bgsub.sources import open_source

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping
    from collections.abc import Sequence as Many
    from pathlib import Path

    from bgsub.config import Config
    from bgsub.config.schema import InputConfig
    from bgsub.evaluation import Curve, Sequence
    from bgsub.frames import Problem, RecordedSource, StreamInfo
    from bgsub.pipeline import RunStats

__all__ = [
    "EvaluationObserver",
    "EvaluationOutputs",
    "evaluate",
    "open_sequence",
    "picture_names",
    "refuse_parts",
]

_WHERE = "evaluate"
_READ_AHEAD = 8
_CURVES_JSON, _CURVES_PNG = "curves.json", "curves.png"
_KEPT = "the files before it are complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOutputs:
    """What is written beside the scores; each None writes nothing.

    Attributes
    ----------
    save_masks : Path or None
        Where the masks are kept, in the layout in which CDnet takes results.
    contact_sheets : Path or None
        Folder for ``<category>-<name>.png``, the hardest frames of each sequence.
    curves : Path or None
        Folder for ``curves.json``, ``curves.png`` and ``<category>-<name>.png``, precision over
        recall.
    overwrite : bool
        Replace contact sheets and curves that are there already.
    """

    save_masks: Path | None = None
    contact_sheets: Path | None = None
    curves: Path | None = None
    overwrite: bool = False


class EvaluationObserver(Protocol):
    """Who wants to know how the scoring goes on."""

    def clip_started(self, info: StreamInfo) -> None:
        """Take note that a sequence is open; its frames follow."""
        ...

    def advanced(self, stats: RunStats) -> None:
        """Take note that more frames are done."""
        ...

    def sequence_scored(self, scored: ScoredSequence, problems: Many[Problem]) -> None:
        """Take note that a sequence is done, and of what was wrong with it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Followers:
    """Who looks at a sequence's frames, as far as they are wanted."""

    sheet: ContactSheet | None
    histogram: ProbabilityHistogram | None

    def all(self) -> list[ContactSheet | ProbabilityHistogram]:
        return [one for one in (self.sheet, self.histogram) if one is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One evaluation: what its sequences share."""

    config: Config
    outputs: EvaluationOutputs
    observer: EvaluationObserver
    stop: threading.Event
    curves: dict[str, Curve] = field(default_factory=dict)


def evaluate(
    dataset: Path,
    config: Config,
    outputs: EvaluationOutputs,
    *,
    observer: EvaluationObserver,
    stop: threading.Event,
) -> tuple[ScoredSequence, ...]:
    """Score every sequence found under a folder.

    Parameters
    ----------
    dataset : Path
        A folder with sequences in the CDnet layout, at any depth.
    config : Config
        The configuration to score; the same for all sequences.
    outputs : EvaluationOutputs
        What is written beside the scores.
    observer : EvaluationObserver
        Told of progress.
    stop : threading.Event
        Set to end early; the sequences scored so far are returned, and written about.

    Returns
    -------
    tuple of ScoredSequence
        In the order of their names.

    Raises
    ------
    BgsubError
        If there is no sequence, one of them cannot be read or has no truth, or something cannot
        be written.
    """
    refuse_parts(config.input)
    sequences = find_sequences(dataset)
    names = picture_names(sequences)
    _prepare(outputs, names.values())
    job = _Job(config=config, outputs=outputs, observer=observer, stop=stop)
    scored: list[ScoredSequence] = []
    for sequence in sequences:
        one = _score(sequence, names[sequence.key], job)
        if one is None:
            break
        scored.append(one)
    if outputs.curves is not None and job.curves:
        _write_curves(outputs.curves, job.curves, names)
    return tuple(scored)


def refuse_parts(part: InputConfig) -> None:
    """Make sure that the frames are the whole ones that the truth is about.

    Raises
    ------
    ConfigError
        If they are not.
    """
    is_reduced = part.scale != 1.0 or part.max_side_px is not None
    if is_reduced or part.start_s or part.end_s is not None:
        problem = (
            "input: truth is for whole, full-size frames; leave start_s, end_s, scale and "
            "max_side_px"
        )
        raise ConfigError(_WHERE, [problem])


def open_sequence(sequence: Sequence, part: InputConfig) -> RecordedSource:
    """Return the source of a sequence's frames, to be entered."""
    return open_source(
        sequence.input_dir,
        start_s=0.0,
        end_s=None,
        scale=1.0,
        colour=part.colour,
        image_fps=part.image_fps,
    )


def picture_names(sequences: Iterable[Sequence]) -> dict[str, str]:
    """Return a name for each sequence's picture, by its key; no two are the same."""
    names: dict[str, str] = {}
    for sequence in sequences:
        stem = name = f"{sequence.category}-{sequence.name}"
        number = 2
        while f"{name}.png" in names.values():
            name = f"{stem}-{number}"
            number += 1
        names[sequence.key] = f"{name}.png"
    return names


def _prepare(outputs: EvaluationOutputs, names: Iterable[str]) -> None:
    """Find out before the work that its results can be written."""
    pictures = tuple(names)
    wanted = {
        outputs.contact_sheets: pictures,
        outputs.curves: (_CURVES_JSON, _CURVES_PNG, *pictures),
    }
    for folder, files in wanted.items():
        if folder is not None:
            refuse_existing([folder / name for name in files], overwrite=outputs.overwrite)
            prepare_folder(folder)


def _score(sequence: Sequence, picture: str, job: _Job) -> ScoredSequence | None:
    """Score one sequence; None if the work was stopped within it."""
    wants_curve = job.outputs.curves is not None
    followers = _Followers(
        sheet=None if job.outputs.contact_sheets is None else _new_sheet(job.config),
        histogram=ProbabilityHistogram() if wants_curve else None,
    )
    source = open_sequence(sequence, job.config.input)
    with source:
        job.observer.clip_started(source.info)
        open_again = partial(open_sequence, sequence, job.config.input)
        model = known_before(open_again, job.config, job.stop.is_set)
        pipeline, _, _ = build_pipeline(
            job.config, source.info, with_probability=wants_curve, model=model
        )
        sink = ScoringSink(
            sequence, save_masks=job.outputs.save_masks, followers=followers.all()
        )
        # Reading the truth takes as long as reading the frames: it is done beside the loop.
        beside = ThreadedSink(sink, depth=_READ_AHEAD)
        with read_ahead(source, job.stop) as ahead:
            pipeline.run(
                source, ahead, [beside], stop=job.stop, on_frames=job.observer.advanced
            )
    if job.stop.is_set():
        return None
    stats = pipeline.stats
    scored = ScoredSequence(
        sequence=sequence,
        counts=sink.counts,
        frames=stats.n_frames,
        fps=stats.n_frames / max(stats.wall_s, 1e-9),
    )
    job.observer.sequence_scored(scored, [*source.problems, *sink.problems])
    if job.outputs.contact_sheets is not None and followers.sheet is not None:
        _write_sheet(job.outputs.contact_sheets / picture, followers.sheet, scored)
    if followers.histogram is not None:
        job.curves[sequence.key] = followers.histogram.curve()
    return scored


def _new_sheet(config: Config) -> ContactSheet:
    return ContactSheet(partial(to_bgr8, max_value=config.model.max_value))


def _write_sheet(path: Path, sheet: ContactSheet, scored: ScoredSequence) -> None:
    picture = sheet.draw(scored.sequence.key, scored.counts)
    if picture is not None:
        _, data = cv2.imencode(".png", picture)
        write_bytes(path, data.data, kept=_KEPT)


def _write_curves(folder: Path, curves: Mapping[str, Curve], names: Mapping[str, str]) -> None:
    write_json(folder / _CURVES_JSON, curves_record(curves))
    mean = mean_curve(list(curves.values())) if len(curves) > 1 else None
    title = "Foreground probability before cleaning"
    write_bytes(folder / _CURVES_PNG, draw_curves(title, curves, mean), kept=_KEPT)
    for key, curve in curves.items():
        picture = draw_curves(title, {key: curve}, None)
        write_bytes(folder / names[key], picture, kept=_KEPT)
