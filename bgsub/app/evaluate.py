"""Scoring a configuration on footage with ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bgsub.app.build import build_pipeline
from bgsub.errors import ConfigError
from bgsub.evaluation import ScoredSequence, ScoringSink, find_sequences
from bgsub.sources import open_source

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from bgsub.config import Config
    from bgsub.frames import Problem, StreamInfo
    from bgsub.pipeline import RunStats

__all__ = ["EvaluationObserver", "evaluate"]

_WHERE = "evaluate"


class EvaluationObserver(Protocol):
    """Who wants to know how the scoring goes on."""

    def clip_started(self, info: StreamInfo) -> None:
        """Take note that a sequence is open; its frames follow."""
        ...

    def advanced(self, stats: RunStats) -> None:
        """Take note that more frames are done."""
        ...

    def sequence_scored(self, scored: ScoredSequence, problems: Sequence[Problem]) -> None:
        """Take note that a sequence is done, and of what was wrong with it."""
        ...


def evaluate(
    dataset: Path,
    config: Config,
    *,
    save_masks: Path | None,
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
    save_masks : Path or None
        Where the masks are kept, in the layout in which CDnet takes results.
    observer : EvaluationObserver
        Told of progress.
    stop : threading.Event
        Set to end early; the sequences scored so far are returned.

    Returns
    -------
    tuple of ScoredSequence
        In the order of their names.

    Raises
    ------
    BgsubError
        If there is no sequence, or one of them cannot be read or has no truth.
    """
    part = config.input
    is_reduced = part.scale != 1.0 or part.max_side_px is not None
    if is_reduced or part.start_s or part.end_s is not None:
        problem = (
            "input: truth is for whole, full-size frames; leave start_s, end_s, scale and "
            "max_side_px"
        )
        raise ConfigError(_WHERE, [problem])
    scored = []
    for sequence in find_sequences(dataset):
        source = open_source(
            sequence.input_dir,
            start_s=0.0,
            end_s=None,
            scale=1.0,
            colour=part.colour,
            image_fps=part.image_fps,
        )
        with source:
            observer.clip_started(source.info)
            pipeline, _, _ = build_pipeline(config, source.info, with_probability=False)
            sink = ScoringSink(sequence, save_masks=save_masks)
            pipeline.run(source, [sink], stop=stop, on_frames=observer.advanced)
        if stop.is_set():
            break
        stats = pipeline.stats
        scored.append(
            ScoredSequence(
                sequence=sequence,
                counts=sink.counts,
                frames=stats.n_frames,
                fps=stats.n_frames / max(stats.wall_s, 1e-9),
            )
        )
        observer.sequence_scored(scored[-1], [*source.problems, *sink.problems])
    return tuple(scored)
