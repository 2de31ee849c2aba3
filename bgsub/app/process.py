"""Recorded clips in; masks, overlays, events and pictures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgsub.app.clips import Outputs, run_clips
from bgsub.app.records import EVENT_NAMES
from bgsub.sinks import (
    BackgroundPicture,
    Heatmap,
    MaskFolder,
    MaskVideo,
    OverlayVideo,
    ProbabilityVideo,
    ThreadedSink,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bgsub.app.clips import ClipReport, Observer, Options
    from bgsub.config import Config
    from bgsub.frames import Image, Sink, StreamInfo

__all__ = ["process"]

_WRITE_AHEAD = 8


def process(
    inputs: Sequence[str],
    config: Config,
    options: Options,
    *,
    observer: Observer,
    stop: threading.Event,
) -> tuple[ClipReport, ...]:
    """Write everything that the configuration asks for about each clip.

    The parameters, the result and the errors are those of :func:`bgsub.app.clips.run_clips`.
    """
    names = _names(config)

    def open_sinks(
        folder: Path, info: StreamInfo, background: Callable[[], Image]
    ) -> dict[str, ThreadedSink]:
        makers: dict[str, Callable[[Path], Sink]] = {
            "mask.mkv": lambda path: MaskVideo(path, info),
            "masks": MaskFolder,
            "probability.mkv": lambda path: ProbabilityVideo(path, info),
            "overlay.mp4": lambda path: OverlayVideo(
                path, info, crf=config.output.overlay_crf, max_value=config.model.max_value
            ),
            "background.png": lambda path: BackgroundPicture(path, background),
            "heatmap.png": lambda path: Heatmap(path, background),
        }
        return {
            name: ThreadedSink(make(folder / name), depth=_WRITE_AHEAD)
            for name, make in makers.items()
            if name in names
        }

    outputs = Outputs(
        names=names,
        open_sinks=open_sinks,
        boxes_in_source=False,
        with_probability=config.output.probability,
    )
    return run_clips(inputs, config, options, outputs, observer=observer, stop=stop)


def _names(config: Config) -> tuple[str, ...]:
    output = config.output
    wanted = {
        "mask.mkv": output.mask in ("video", "both"),
        "masks": output.mask in ("png", "both"),
        "probability.mkv": output.probability,
        "overlay.mp4": output.overlay,
        "background.png": output.background,
        "heatmap.png": output.heatmap,
        **dict.fromkeys(EVENT_NAMES, output.events),
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)
