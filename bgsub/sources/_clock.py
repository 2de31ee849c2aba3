"""From a container's time stamps to strictly rising seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgsub.sources._faults import Fault, ProblemLog

if TYPE_CHECKING:
    from fractions import Fraction

    import av

__all__ = ["FrameClock"]


class FrameClock:
    """Gives every decoded frame its presentation time.

    The time is ``(stamp - origin) * time_base``.  Frames without a stamp (raw H.264 has none)
    follow their predecessor by one frame duration.  A stamp that does not rise is replaced:
    a single bad one only for itself, a clock that was set back for the rest of the clip.

    Parameters
    ----------
    time_base : Fraction
        Seconds per tick.
    origin : int or None
        The tick that is time 0; None takes the first frame's.
    frame_s : float
        Nominal duration of a frame in seconds.
    use_dts : bool
        The container stores decoding times only (AVI): those of the frames as they come out
        are right but for the decoder's reordering delay, which the first frame reveals.
    delay : int or None
        That delay in ticks, if it is known from reading the clip's beginning.
    log : ProblemLog
        Receives the replaced stamps.
    """

    def __init__(
        self,
        *,
        time_base: Fraction,
        origin: int | None,
        frame_s: float,
        use_dts: bool,
        delay: int | None,
        log: ProblemLog,
    ) -> None:
        # As two integers: dividing once gives the same float as a fraction, at once.
        self._numerator, self._denominator = time_base.as_integer_ratio()
        self._origin = origin
        self._frame_s = frame_s
        self._frame_ticks = max(1, round(frame_s / time_base))
        self._use_dts = use_dts
        self._log = log
        self._first_dts: int | None = None
        self.delay = delay
        self._last_stamp: int | None = None
        self._last_s: float | None = None
        self._shift_s = 0.0

    def see_packet(self, packet: av.Packet[av.VideoStream]) -> None:
        """Take note of a packet that goes to the decoder, before its frames come out."""
        if self._first_dts is None:
            self._first_dts = packet.dts

    def can_place(self, frame: av.VideoFrame) -> bool:
        """Tell whether `frame` has a stamp of its own, so that it may come first."""
        return (frame.dts if self._use_dts else frame.pts) is not None

    def packet_s(self, packet: av.Packet[av.VideoStream] | None) -> float:
        """Return about when a packet that gave no frame would have been shown."""
        stamp = None if packet is None else packet.pts if packet.pts is not None else packet.dts
        last_s = 0.0 if self._last_s is None else self._last_s
        return last_s if stamp is None else max(last_s, self._seconds(stamp))

    def duration_s(self, frame: av.VideoFrame) -> float:
        """Return how long `frame` is shown, in seconds."""
        if frame.duration and not self._use_dts:
            return frame.duration * self._numerator / self._denominator
        return self._frame_s

    def timestamp_s(self, frame: av.VideoFrame) -> float:
        """Return the time of the next decoded frame, later than all before it."""
        stamp = self._stamp(frame)
        self._last_stamp = stamp
        if self._origin is None or (self._last_s is None and stamp < self._origin):
            self._origin = stamp
        seconds = self._seconds(stamp)
        last_s = self._last_s
        if last_s is not None and seconds <= last_s:
            if seconds + self._shift_s <= last_s:
                self._shift_s = last_s + self._frame_s - seconds
                self._log.add(Fault.CLOCK, at_s=last_s + self._frame_s)
            seconds += self._shift_s
        self._last_s = seconds
        return seconds

    def _stamp(self, frame: av.VideoFrame) -> int:
        stamp = frame.pts
        if self._use_dts:
            stamp = frame.dts
            if stamp is not None and self._first_dts is not None:
                if self.delay is None:
                    self.delay = stamp - self._first_dts
                stamp -= self.delay
        if stamp is not None:
            return stamp
        if self._last_stamp is None:
            return self._origin or 0
        return self._last_stamp + self._frame_ticks

    def _seconds(self, stamp: int) -> float:
        ticks = stamp - (self._origin or 0)
        return ticks * self._numerator / self._denominator
