"""What is written about a clip as a whole: its events and a summary of the run."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bgsub import __version__
from bgsub.frames import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bgsub.app.clips import ClipReport
    from bgsub.config import Config
    from bgsub.events import Event
    from bgsub.frames import StreamInfo
    from bgsub.pipeline import RunStats

__all__ = ["EVENT_NAMES", "SUMMARY_NAME", "footage_seconds", "scale_boxes", "write_records"]

EVENT_NAMES = ("events.json", "events.csv")
SUMMARY_NAME = "summary.json"
_DIGITS = 6


def scale_boxes(events: Iterable[Event], info: StreamInfo) -> tuple[Event, ...]:
    """Return events with their boxes in pixels of the picture before its reduction.

    Edges are rounded outwards, so that a box holds all that the reduced one held.
    """
    across, down = info.source_width / info.width, info.source_height / info.height

    def scaled(box: Box) -> Box:
        x, y = math.floor(box.x * across), math.floor(box.y * down)
        right = min(info.source_width, math.ceil((box.x + box.width) * across))
        bottom = min(info.source_height, math.ceil((box.y + box.height) * down))
        return Box(x=x, y=y, width=right - x, height=bottom - y)

    return tuple(
        replace(event, boxes=tuple(scaled(box) for box in event.boxes)) for event in events
    )


def write_records(
    report: ClipReport, folder: Path, config: Config, info: StreamInfo, names: Sequence[str]
) -> None:
    """Write a clip's events, where they are among `names`, and its summary.

    Parameters
    ----------
    report : ClipReport
        Of a clip with at least one frame.
    folder : Path
        Where to.
    config : Config
        What the clip was worked on with.
    info : StreamInfo
        The clip, with the size that the boxes refer to.
    names : sequence of str
        The clip's outputs.

    Raises
    ------
    SinkWriteError
        If a file cannot be written.
    """
    # Not before: a scan that writes nothing does without all sinks.
    from bgsub.sinks import write_events, write_json

    if set(EVENT_NAMES) <= set(names):
        write_events(
            folder,
            source=info.name,
            frame_size=(info.width, info.height),
            events=report.events,
            problems=report.problems,
            started_at=info.started_at,
        )
    if report.stats is not None:
        summary = _summary(report, report.stats, config, info, names)
        write_json(folder / SUMMARY_NAME, summary)


def _summary(
    report: ClipReport,
    stats: RunStats,
    config: Config,
    info: StreamInfo,
    names: Sequence[str],
) -> dict[str, Any]:
    wall_s = max(stats.wall_s, 1e-9)
    return {
        "version": 1,
        "bgsub": __version__,
        "source": info.name,
        "frame_size": [info.width, info.height],
        "frames": stats.n_frames,
        "footage_s": round(report.footage_s, _DIGITS),
        "wall_s": round(stats.wall_s, _DIGITS),
        "fps": round(stats.n_frames / wall_s, 2),
        "times_real_time": round(report.footage_s / wall_s, 2),
        "mean_coverage": round(stats.coverage_sum / stats.n_frames, _DIGITS),
        "stages_s": {name: round(s, _DIGITS) for name, s in report.stages_s.items()},
        "n_events": len(report.events),
        "problems": [{"at_s": round(p.at_s, _DIGITS), "what": p.what} for p in report.problems],
        "outputs": list(names),
        "config": config.model_dump(mode="json"),
    }


def footage_seconds(stats: RunStats, fps: float | None) -> float:
    """Return how long the footage seen so far lasts, the last frame included."""
    return stats.last_s - stats.first_s + (1.0 / fps if fps else 0.0)
