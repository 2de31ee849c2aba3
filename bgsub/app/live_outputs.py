"""What a live run writes, tells and shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bgsub.config.recording import NotifyConfig
from bgsub.sinks.notify import Notifier, NotifyRules
from bgsub.sinks.recorder import Recorder, RecordingRules
from bgsub.sinks.window import Window
from bgsub.sinks.window_screen import display_problem

if TYPE_CHECKING:
    from bgsub.app.live_scene import LiveScene
    from bgsub.config import Config
    from bgsub.frames import LiveSink, LiveWindow, StreamInfo
    from bgsub.live_controls import LiveControls, LiveStatus
    from bgsub.live_events import EventListener

__all__ = ["LiveOutputs"]


class LiveOutputs:
    """Recorder, event log and window, as far as they are wanted.

    Parameters
    ----------
    folder : Path or None
        Where recordings go; None: nowhere.
    config : Config
        What is wanted.
    info : StreamInfo
        The stream.
    scene : LiveScene
        What the window looks into.
    controls : LiveControls
        What the window fills.
    status : LiveStatus
        What the window shows.

    Attributes
    ----------
    sinks : list of LiveSink
        All but the window.
    listeners : list of EventListener
    window : LiveWindow or None
    no_window_because : str or None
        Why there is no window although one is wanted, as a clause.
    """

    def __init__(
        self,
        folder: Path | None,
        config: Config,
        info: StreamInfo,
        scene: LiveScene,
        controls: LiveControls,
        status: LiveStatus,
    ) -> None:
        self.sinks: list[LiveSink] = []
        self.listeners: list[EventListener] = []
        self.window: LiveWindow | None = None
        self.no_window_because: str | None = None
        self._status = status
        self._recorder: Recorder | None = None
        self._is_asked = False
        notifier = _notifier(folder, config, info, scene)
        self._notifier = notifier
        # It is left after the recorder, whose last file it tells of.
        self.sinks.append(notifier)
        self.listeners.append(notifier)
        if folder is not None:
            self._recorder = _recorder(folder, config, info, notifier)
            self.sinks.append(self._recorder)
            self.listeners.append(self._recorder)
        if config.window.show:
            self.no_window_because = display_problem()
            if self.no_window_because is None:
                self.window = Window(
                    controls=controls,
                    status=status,
                    config=config,
                    model=lambda: scene.model,
                    folder=folder or Path(),
                )

    def obey(self, controls: LiveControls) -> None:
        """Record as was asked for at the window, and let it know what is recorded."""
        if self._recorder is not None:
            self._status.recording = self._recorder.is_recording
        if controls.record_now == self._is_asked:
            return
        if self._recorder is None:
            controls.record_now = False
            controls.refusal = "Nothing can be recorded without a folder: start with -o DIR"
            return
        self._is_asked = controls.record_now
        if self._is_asked:
            self._recorder.record_now()
        else:
            self._recorder.stop_recording()

    def rotate(self) -> None:
        """Go on recording in another file, and with the log's file anew."""
        self._notifier.rotate()
        if self._recorder is not None:
            self._recorder.rotate()


def _recorder(folder: Path, config: Config, info: StreamInfo, notifier: Notifier) -> Recorder:
    return Recorder(
        folder,
        info,
        RecordingRules(**config.recording.model_dump()),
        lead_s=config.events.min_duration_s + config.events.pad_before_s,
        max_value=config.model.max_value,
        on_recording=notifier.recording,
    )


def _notifier(
    folder: Path | None, config: Config, info: StreamInfo, scene: LiveScene
) -> Notifier:
    values = config.notify.model_dump(exclude={"update_every_s"})
    if folder is None and config.notify.log == NotifyConfig().log:
        # Nobody asked for it: only where there is a folder, the log is in it.
        values["log"] = None
    return Notifier(
        folder,
        info,
        NotifyRules(**values),
        name=config.recording.name,
        peaks_s=lambda: scene.events.peaks_s,
        max_value=config.model.max_value,
        min_free_bytes=config.recording.min_free_bytes,
    )
