"""Recorded clips in; events out, as fast as the decoder goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgsub.app.clips import Outputs, run_clips
from bgsub.app.records import EVENT_NAMES

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from bgsub.app.clips import ClipReport, Observer, Options
    from bgsub.config import Config

__all__ = ["scan"]


def scan(
    inputs: Sequence[str],
    config: Config,
    options: Options,
    *,
    observer: Observer,
    stop: threading.Event,
) -> tuple[ClipReport, ...]:
    """Find the events of each clip; boxes are in pixels of the picture as it was recorded.

    The parameters, the result and the errors are those of :func:`bgsub.app.clips.run_clips`.
    What a scan does at another size than ``process`` is the configuration's to say.
    """
    outputs = Outputs(
        names=EVENT_NAMES,
        open_sinks=lambda *_: {},
        boxes_in_source=True,
        with_probability=False,
    )
    return run_clips(inputs, config, options, outputs, observer=observer, stop=stop)
