"""A live run put together: source, scene, outputs, window, state."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bgsub.app.live_outputs import LiveOutputs
from bgsub.app.live_scene import LiveScene, warm_up
from bgsub.app.live_source import live_source
from bgsub.app.live_state import StateKeeper, load_state
from bgsub.app.opencv import one_opencv_thread
from bgsub.frames import LiveSink
from bgsub.live import LiveLoop
from bgsub.live_controls import LiveControls, LiveStatus
from bgsub.live_events import EventListener

if TYPE_CHECKING:
    import threading

    from bgsub.config import Config
    from bgsub.frames import StreamInfo
    from bgsub.sources.capture import Capture

__all__ = ["LiveObserver", "LiveOptions", "LiveReport", "live"]

_STATE_NAME = "model.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """What the user asked for beside the configuration.

    Attributes
    ----------
    source : str or None
        What to watch, as :func:`bgsub.app.live_source.live_source` says.
    output : Path or None
        Folder of recordings, snapshots and the model; None records nothing.
    fresh : bool
        Begin without what was known at the end of the last run.
    """

    source: str | None
    output: Path | None
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport:
    """What became of a live run.

    Attributes
    ----------
    status : LiveStatus
        Counts and delays.
    failure : str or None
        Why the source ended early; None if it did not.
    """

    status: LiveStatus
    failure: str | None


class LiveObserver(LiveSink, EventListener, Protocol):
    """Who wants to know how the run goes on."""

    def opened(self, info: StreamInfo, granted: str, *, resumed: bool) -> None:
        """Take note that the source is open, and whether the scene is known already."""
        ...

    def without_window(self, why: str) -> None:
        """Take note that there is no window, and why, as a clause."""
        ...

    def status(self, status: LiveStatus) -> None:
        """Take note of the counts, about every second."""
        ...


def live(
    options: LiveOptions,
    config: Config,
    *,
    observer: LiveObserver,
    stop: threading.Event,
    rotate: threading.Event,
) -> LiveReport:
    """Watch a live source until it ends or somebody ends it.

    Parameters
    ----------
    options : LiveOptions
        What to watch, and where to write.
    config : Config
        How.
    observer : LiveObserver
        Told of progress.
    stop : threading.Event
        Set to end the run.
    rotate : threading.Event
        Set to go on recording in another file; cleared when that is done.

    Raises
    ------
    BgsubError
        If the source cannot be opened, or an output cannot be created.
    """
    with one_opencv_thread(), live_source(options.source, config) as source:
        keeper, scene = _known(options, config, source, observer)
        controls, status = LiveControls(), LiveStatus()
        outputs = LiveOutputs(options.output, config, source.info, scene, controls, status)
        if outputs.no_window_because is not None:
            observer.without_window(outputs.no_window_because)

        def between() -> None:
            scene.obey(controls)
            outputs.obey(controls)
            keeper.keep(scene.model)
            if rotate.is_set():
                rotate.clear()
                outputs.rotate()

        loop = LiveLoop(
            scene=scene,
            controls=controls,
            status=status,
            on_status=observer.status,
            between=between,
        )
        # What was made until now stays: looking through it again and again holds up frames.
        gc.collect()
        gc.freeze()
        try:
            loop.run(
                source,
                [*outputs.sinks, observer],
                listeners=[*outputs.listeners, observer],
                window=outputs.window,
                stop=stop,
            )
        finally:
            gc.unfreeze()
            keeper.finish(scene.model)
        return LiveReport(status=status, failure=source.failure)


def _known(
    options: LiveOptions, config: Config, source: Capture, observer: LiveObserver
) -> tuple[StateKeeper, LiveScene]:
    """Return who keeps the model, and the scene as far as it is known already."""
    path = _state_path(options, config)
    model = None
    if path is not None and not options.fresh:
        model = load_state(
            path,
            params=config.model.to_params(),
            frame_shape=source.frame_shape,
            n_threads=config.run.threads,
        )
    observer.opened(source.info, source.granted, resumed=model is not None)
    warm_up(config, source.info, source.frame_shape)
    keeper = StateKeeper(path, every_s=config.live.save_every_s)
    return keeper, LiveScene(config, source.info, model)


def _state_path(options: LiveOptions, config: Config) -> Path | None:
    if config.live.state is not None:
        return Path(config.live.state)
    return None if options.output is None else options.output / _STATE_NAME
