"""What the person at the window asks for, and what the window shows of the live loop.

The window fills :class:`LiveControls` and the loop obeys it; the loop fills
:class:`LiveStatus` and the window shows it.  Both belong to the loop's thread: the window is
asked by the loop, so that nothing here needs a lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["LiveControls", "LiveStatus"]


@dataclass(slots=True, kw_only=True)
class LiveControls:
    """Wishes, as they stand; the loop looks at them after every frame.

    What only changes the view (next view, help, snapshot) is the window's own affair.

    Attributes
    ----------
    quit : bool
        End the run as Ctrl-C does.
    paused : bool
        While True frames are captured and thrown away: the picture stands still, nothing is
        learnt or recorded, and the window goes on being polled.
    freeze_learning : bool
        While True frames are classified but the model does not learn.
    learning_speed : float
        Factor of the configured learning rate; faster and slower double and halve it.
    record_now : bool
        While True the recorder records whatever happens.
    reset_model : bool
        Set once; the loop begins with a new model and clears it.
    changes : dict of str to object
        New values of the configuration by dotted path, such as ``mask.median_px``; the loop
        takes them over, says in :attr:`refusal` what it did not take, and clears them.
    refusal : str
        Why the newest change was not taken over; empty if it was.
    """

    quit: bool = False
    paused: bool = False
    freeze_learning: bool = False
    learning_speed: float = 1.0
    record_now: bool = False
    reset_model: bool = False
    changes: dict[str, object] = field(default_factory=dict)
    refusal: str = ""


@dataclass(slots=True, kw_only=True)
class LiveStatus:
    """How the run goes, for the window's status line and the end of the run.

    Attributes
    ----------
    source : str
        Name of the stream, without a password.
    is_connected : bool
        False while the stream is broken and being opened again.
    n_frames : int
        Frames worked on.
    n_dropped : int
        Frames that came while the loop was busy, and were left out.
    n_breaks : int
        Breaks of the stream so far.
    n_events : int
        Events that have begun.
    fps : float
        Frames worked on per second, over the last seconds.
    delay_ms, worst_delay_ms : float
        Median and 99th percentile of the time from capture to mask, over the whole run.
    in_event : bool
        Whether the newest frame belongs to an event.
    recording : bool
        Whether a recording is being written.
    """

    source: str = ""
    is_connected: bool = True
    n_frames: int = 0
    n_dropped: int = 0
    n_breaks: int = 0
    n_events: int = 0
    fps: float = 0.0
    delay_ms: float = 0.0
    worst_delay_ms: float = 0.0
    in_event: bool = False
    recording: bool = False
