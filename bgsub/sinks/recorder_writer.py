"""From results to recordings: what the recorder does on its own thread."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import av.error

from bgsub.sinks.recorder_segment import open_segment
from bgsub.sinks.recorder_space import SpaceGuard
from bgsub.sinks.recorder_tracks import KEY_INTERVAL_S, TIME_BASE, open_track
from bgsub.sinks.recorder_wish import Wish
from bgsub.sinks.ring import Moment, MomentRing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bgsub.frames import FrameResult, StreamInfo
    from bgsub.sinks.recorder import RecordingRules
    from bgsub.sinks.recorder_keeper import Keeper
    from bgsub.sinks.recorder_names import NameTemplate
    from bgsub.sinks.recorder_segment import Recording, Segment
    from bgsub.sinks.recorder_tracks import Track, TrackKind

__all__ = ["RecordingWriter"]

logger = logging.getLogger(__name__)

_SUFFIXES: dict[TrackKind, str] = {
    "picture": ".mkv",
    "overlay": ".overlay.mkv",
    "mask": ".mask.mkv",
}
_TICK_S = 1e-6
_FAILURES = (av.error.FFmpegError, OSError)


class RecordingWriter:
    """Encodes frames and writes those that are wanted.

    A segment is *open* from its first frame on.  When it has no more reason it *rests*: its
    file stays open as long as an event may still follow whose recording would join it.

    Parameters
    ----------
    names : NameTemplate
        Names of the files.
    info : StreamInfo
        The stream.
    rules, lead_s, max_value, on_recording
        As for :class:`bgsub.sinks.recorder.Recorder`.
    keeper : Keeper
        Told which files are being written.
    """

    def __init__(
        self,
        names: NameTemplate,
        info: StreamInfo,
        rules: RecordingRules,
        *,
        lead_s: float,
        max_value: float | None,
        keeper: Keeper,
        on_recording: Callable[[Recording], None],
    ) -> None:
        self._names = names
        self._info = info
        self._rules = rules
        self._max_value = max_value
        self._keeper = keeper
        self._on_recording = on_recording
        self._wish = Wish(
            rules.mode, pre_roll_s=rules.pre_roll_s, post_roll_s=rules.post_roll_s
        )
        self._space = SpaceGuard(names.folder, rules.min_free_bytes)
        self._memory_s = lead_s
        if rules.mode == "events":
            self._memory_s += rules.pre_roll_s + rules.merge_gap_s
        elif rules.mode == "manual":
            self._memory_s += rules.pre_roll_s
        self._ring = MomentRing(self._memory_s, rules.max_ring_bytes)
        self._kinds: tuple[TrackKind, ...] = (
            "picture",
            *(("overlay",) if rules.overlay else ()),
            *(("mask",) if rules.mask else ()),
        )
        self._tracks: tuple[Track, ...] = ()
        self._size = (0, 0)
        self._is_broken = False
        self._segment: Segment | None = None
        self._is_resting = False
        self._must_rotate = False
        self._needs_key = True
        self._first_s = 0.0
        self._last_s = float("-inf")
        self._key_s = float("-inf")

    @property
    def is_recording(self) -> bool:
        """Whether frames are being written to a file."""
        return self._segment is not None and not self._is_resting

    def event_started(self, number: int, start_s: float) -> None:
        """Take note of an event that began at stream time `start_s`."""
        self._wish.event_started(number, start_s)

    def ask(self, *, is_asked: bool) -> None:
        """Begin or end a recording by hand."""
        self._wish.ask(is_asked=is_asked)

    def rotate(self) -> None:
        """Go on in another file from the next frame on."""
        if self._is_resting:
            self._close_segment()
        self._must_rotate = self._segment is not None
        self._needs_key = self._needs_key or self._must_rotate

    def gap(self) -> None:
        """End the recording and forget the time before, as after a gap."""
        self._close_segment()
        self._ring.clear()
        self._wish.restart()
        self._space.restart()
        self._is_broken = False
        self._needs_key = True
        for track in self._tracks:
            track.close()
        self._tracks = ()

    def close(self) -> None:
        """Complete everything."""
        self.gap()

    def idle(self, at_s: float, *, in_event: bool) -> None:
        """Take note that no frame has come up to stream time `at_s`."""
        if not self._wish.update(at_s, in_event=in_event):
            self._rest()
        self._close_if_out_of_reach(at_s)

    def take(self, result: FrameResult) -> None:
        """Encode a frame, and record it if it is wanted."""
        at_s = result.frame.timestamp_s
        if result.frame.image.shape[:2] != self._size or at_s <= self._last_s:
            self.gap()
            self._size = result.frame.image.shape[:2]
        if self._is_broken:
            return
        wanted = self._wish.update(at_s, in_event=result.in_event)
        if not wanted or self._space.is_paused:
            self._rest()
        moment = self._encode(result, at_s)
        if moment is None:
            return
        if self.is_recording:
            self._write((moment,))
        elif wanted and self._space.allows(at_s):
            self._begin(moment)
        else:
            self._ring.push(moment)
            self._close_if_out_of_reach(at_s)
        if self.is_recording and moment.is_key and not self._space.allows(at_s):
            self._close_segment()
            self._needs_key = True

    def _encode(self, result: FrameResult, at_s: float) -> Moment | None:
        try:
            if not self._tracks:
                self._open_tracks(at_s)
            is_key = self._is_key_due(at_s)
            pts = round((at_s - self._first_s) / TIME_BASE)
            packets = tuple(t.encode(result, pts, is_key=is_key) for t in self._tracks)
        except av.error.FFmpegError as error:
            # No frame of this stream will do: say so once, and leave the rest to run.
            self._is_broken = True
            self._close_segment()
            logger.warning("nothing can be recorded: the encoder failed (%s)", error)
            return None
        self._last_s = at_s
        if is_key:
            self._key_s = at_s
            self._needs_key = False
        return Moment(
            timestamp_s=at_s,
            at=_wall_clock(result, self._info),
            is_key=is_key,
            packets=packets,
            n_bytes=sum(packet.size for track in packets for packet in track),
        )

    def _open_tracks(self, at_s: float) -> None:
        height, width = self._size
        tracks: list[Track] = []
        try:
            for kind in self._kinds:
                track = open_track(
                    kind,
                    width=width,
                    height=height,
                    fps=self._info.fps,
                    crf=self._rules.crf,
                    max_value=self._max_value,
                )
                tracks.append(track)
        except av.error.FFmpegError:
            for track in tracks:
                track.close()
            raise
        self._tracks = tuple(tracks)
        self._first_s = at_s
        self._key_s = float("-inf")

    def _is_key_due(self, at_s: float) -> bool:
        return (
            self._needs_key
            or at_s - self._key_s >= KEY_INTERVAL_S - _TICK_S
            or (not self.is_recording and len(self._ring) == 0)
        )

    def _begin(self, moment: Moment) -> None:
        """Begin or go on with a recording, with what the ring holds of the time before."""
        since_s = self._wish.since_s(moment.timestamp_s)
        segment = self._segment
        if segment is not None and self._joins(segment, since_s):
            self._is_resting = False
            since_s = segment.end_s
        else:
            self._close_segment()
        before = self._ring.take(since_s)
        begins_here = self._segment is None and moment.is_key and moment.timestamp_s <= since_s
        self._write((moment,) if begins_here else (*before, moment))

    def _joins(self, segment: Segment, since_s: float) -> bool:
        """Whether a recording from `since_s` on goes on with the one that rests."""
        return since_s - self._rules.merge_gap_s <= segment.end_s + _TICK_S

    def _write(self, moments: Iterable[Moment]) -> None:
        """Add moments to the segment, the first of them to a new one where it is due."""
        for moment in moments:
            try:
                if self._segment is None or (moment.is_key and self._is_full(moment)):
                    self._close_segment()
                    self._open_segment(moment)
                if self._segment is not None:
                    self._segment.write(moment)
            except _FAILURES as error:
                self._space.failed(error, moment.timestamp_s)
                self._close_segment()
                self._needs_key = True
                return

    def _is_full(self, moment: Moment) -> bool:
        if self._segment is None or self._must_rotate:
            return True
        # Not the first key frame after it, but the last before: files are never longer.
        length_s = moment.timestamp_s - self._segment.start_s
        return length_s + KEY_INTERVAL_S > self._rules.max_length_s + _TICK_S

    def _open_segment(self, first: Moment) -> None:
        event = self._wish.reason
        self._segment = open_segment(
            self._names.paths(first.at, event),
            [_SUFFIXES[kind] for kind in self._kinds],
            [track.stream for track in self._tracks],
            first,
            event=event,
            source=self._info.name,
        )
        self._is_resting = False
        self._must_rotate = False
        self._keeper.writing(self._segment.paths)
        logger.info("recording to %s", self._segment.paths[0])
        self._on_recording(self._segment.recording(is_over=False))

    def _rest(self) -> None:
        """Write no more for now; what follows waits in the ring."""
        if self._segment is not None and not self._is_resting:
            self._is_resting = True
            self._needs_key = True

    def _close_if_out_of_reach(self, at_s: float) -> None:
        """Close a resting segment that no recording can join any more."""
        if self._segment is None or not self._is_resting:
            return
        is_far = at_s - self._segment.end_s > self._memory_s + _TICK_S
        if is_far or not self._ring.is_unbroken:
            self._close_segment()

    def _close_segment(self) -> None:
        segment, self._segment = self._segment, None
        self._is_resting = False
        if segment is None:
            return
        try:
            segment.close()
            self._space.succeeded()
        except _FAILURES as error:
            self._space.failed(error, segment.end_s)
        self._keeper.finished(segment.paths)
        self._on_recording(segment.recording(is_over=True))


def _wall_clock(result: FrameResult, info: StreamInfo) -> datetime:
    """Return when a frame was taken."""
    frame = result.frame
    if frame.captured_at is not None:
        return frame.captured_at
    if info.started_at is not None:
        return info.started_at + timedelta(seconds=frame.timestamp_s)
    return datetime.now(UTC)
