"""What a live run writes, tells and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgsub.sinks.recorder import Recorder, RecordingRules

if TYPE_CHECKING:
    from pathlib import Path

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
        self._recorder: Recorder | None = None
        self._is_asked = False
        if folder is not None:
            self._recorder = _recorder(folder, config, info)
            self.sinks.append(self._recorder)
            self.listeners.append(self._recorder)

    def obey(self, controls: LiveControls) -> None:
        """Record as was asked for at the window."""
        if self._recorder is None or controls.record_now == self._is_asked:
            return
        self._is_asked = controls.record_now
        if self._is_asked:
            self._recorder.record_now()
        else:
            self._recorder.stop_recording()

    def rotate(self) -> None:
        """Go on recording in another file."""
        if self._recorder is not None:
            self._recorder.rotate()


def _recorder(folder: Path, config: Config, info: StreamInfo) -> Recorder:
    return Recorder(
        folder,
        info,
        RecordingRules(**config.recording.model_dump()),
        lead_s=config.events.min_duration_s + config.events.pad_before_s,
        max_value=config.model.max_value,
        on_recording=lambda _recording: None,
    )
