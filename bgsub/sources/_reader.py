"""The decoding loop: packets in, whole frames with index and time out, faults noted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import av

from bgsub.sources._clock import FrameClock
from bgsub.sources._faults import Fault, ProblemLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bgsub.sources._container import Clip

__all__ = ["ClipReader", "DecodedFrame"]

# A minute of unreadable pictures at 25 fps is skipped; beyond that the clip counts as broken.
_MAX_FAILURES_IN_A_ROW = 1500
_MAX_READ_ERRORS_IN_A_ROW = 20
# A clip is cut off if it ends this much earlier than its header says, by all three measures.
_MISSING_FRAMES = 2.5
_MISSING_S = 0.5
_MISSING_FRACTION = 0.02


class DecodedFrame(NamedTuple):
    """One decoded picture with its number and time in the clip."""

    number: int
    timestamp_s: float
    picture: av.VideoFrame


class ClipReader:
    """Decodes the frames of an open clip, once, from where the container stands.

    Parameters
    ----------
    clip : Clip
        The clip; it is not closed here.
    log : ProblemLog
        Receives corrupt pictures, replaced time stamps, and where the clip breaks off.
    is_seeked : bool
        The container was positioned: decoding begins at the next keyframe, whose number is
        taken from its time and the mean frame rate.
    delay : int or None
        The decoder's reordering delay in ticks, as an earlier reader found it.
    """

    def __init__(
        self, clip: Clip, *, log: ProblemLog, is_seeked: bool, delay: int | None = None
    ) -> None:
        self._clip = clip
        self._log = log
        self._wait_for_keyframe = is_seeked
        self._next_number: int | None = None if is_seeked else 0
        self._frame_s = float(1 / clip.rate)
        self._clock = FrameClock(
            time_base=clip.time_base,
            origin=clip.origin,
            frame_s=self._frame_s,
            use_dts=clip.is_avi,
            delay=delay,
            log=log,
        )
        self._failures = 0
        self._read_errors = 0
        self._is_cut_off = False
        self._last_packet_is_partial = False
        self._longest_gap_s = 0.0
        self.last_s: float | None = None
        """Time of the last good frame in seconds; None before the first."""
        self._end_s = 0.0

    @property
    def delay(self) -> int | None:
        """The reordering delay in ticks, where it matters and once a frame was read."""
        return self._clock.delay

    def frames(self) -> Iterator[DecodedFrame]:
        """Yield the good frames in order; at the end, note whether the clip broke off."""
        for packet in self._packets():
            for picture in self._decode(packet):
                shown = self._take(picture)
                if shown is not None:
                    yield shown
            if self._failures > _MAX_FAILURES_IN_A_ROW:
                self._is_cut_off = True
                break
        self._finish()

    def _packets(self) -> Iterator[av.Packet[av.VideoStream] | None]:
        """Yield the packets with data, then None to flush the decoder."""
        held: av.Packet[av.VideoStream] | None = None
        for packet in self._demux():
            if self._wait_for_keyframe and not packet.is_keyframe:
                continue
            self._wait_for_keyframe = False
            self._clock.see_packet(packet)
            if held is not None:
                yield held
            held = packet if packet.is_corrupt else None
            if held is None:
                yield packet
        if held is not None:
            # The file ends within this packet. Decoding it would take whole pictures with it.
            self._last_packet_is_partial = True
        yield None

    def _demux(self) -> Iterator[av.Packet[av.VideoStream]]:
        while True:
            try:
                for packet in self._clip.container.demux(self._clip.stream):
                    # Packets without data would put the decoder into its final state.
                    if packet.size > 0:
                        self._read_errors = 0
                        yield packet
            except av.error.FFmpegError:
                # Some containers can be read on behind damage.
                self._read_errors += 1
                if self._read_errors <= _MAX_READ_ERRORS_IN_A_ROW:
                    continue
                self._is_cut_off = True
            return

    def _decode(self, packet: av.Packet[av.VideoStream] | None) -> list[av.VideoFrame]:
        try:
            return self._clip.stream.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            if isinstance(error, av.error.BlockingIOError):
                # The decoder is stuck on what it could not decode.
                self._clip.stream.codec_context.flush_buffers()
            self._skip(at_s=self._failure_s(packet))
            return []

    def _take(self, picture: av.VideoFrame) -> DecodedFrame | None:
        if self._next_number is None and not self._clock.can_place(picture):
            # Nobody knows where this is, so it cannot be at or before the wanted time.
            return DecodedFrame(0, math.inf, picture)
        timestamp_s = self._clock.timestamp_s(picture)
        if picture.is_corrupt:
            self._skip(at_s=timestamp_s)
            return None
        if self._next_number is None:
            self._next_number = max(0, round(timestamp_s * self._clip.rate))
        number = self._next_number
        self._next_number += 1
        self._failures = 0
        if self.last_s is not None:
            self._longest_gap_s = max(self._longest_gap_s, timestamp_s - self.last_s)
        self.last_s = timestamp_s
        self._end_s = timestamp_s + self._clock.duration_s(picture)
        self._log.advance(timestamp_s)
        return DecodedFrame(number, timestamp_s, picture)

    def _failure_s(self, packet: av.Packet[av.VideoStream] | None) -> float:
        """Return about when the picture that failed was to be shown.

        Decoding threads report a failure some packets late, but in order.
        """
        packet_s = self._clock.packet_s(packet)
        if self.last_s is None:
            return packet_s
        next_s = self.last_s + (self._failures + 1) * self._frame_s
        return next_s if packet is None else min(next_s, packet_s)

    def _skip(self, *, at_s: float) -> None:
        self._log.add(Fault.CORRUPT, at_s=at_s)
        self._failures += 1
        if self._next_number is not None:
            self._next_number += 1

    def _finish(self) -> None:
        declared_s = self._clip.declared_end_s
        if not self._is_broken(declared_s):
            if self._last_packet_is_partial:
                self._log.add(Fault.CORRUPT, at_s=self._end_s)
            self._log.finish()
            return
        length = "" if declared_s is None else f" of {declared_s:.2f} s"
        what = (
            f"the clip breaks off at {self._end_s:.2f} s{length}: the file is cut off or "
            "damaged from there on"
        )
        self._log.finish(what, at_s=self._end_s)

    def _is_broken(self, declared_s: float | None) -> bool:
        if self._is_cut_off:
            return True
        if declared_s is None:
            return self._failures > 0 or self._last_packet_is_partial
        missing_s = declared_s - self._end_s
        allowed_s = _MISSING_FRAMES * self._frame_s
        if not self._clip.exact_durations:
            # The last frame of a variable rate may be shown longer than the container tells.
            allowed_s = max(allowed_s, 1.5 * self._longest_gap_s)
        return missing_s > allowed_s and missing_s > min(
            _MISSING_S, _MISSING_FRACTION * declared_s
        )
