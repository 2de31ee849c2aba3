"""One recording: a Matroska file for each track, playable from its first second on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import av.error

from bgsub.files import PartFile
from bgsub.sinks.recorder_names import MARK
from bgsub.sinks.recorder_tracks import TIME_BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from bgsub.sinks.ring import Moment

__all__ = ["Recording", "Segment", "open_segment"]

_CONTAINER_OPTIONS = {
    # At most a second of video is held back: that is what a killed process loses.
    "cluster_time_limit": "1000",
    "flush_packets": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What became of a recording, for those who are told of it.

    Attributes
    ----------
    path : Path
        The video; those beside it differ in the suffix.
    event : str
        Number of the event that began it, ``always`` or ``manual``.
    started_at : datetime
        Wall-clock time of its first frame.
    start_s : float
        Stream time of its first frame.
    end_s : float or None
        Stream time of its last frame; None while it is being written.
    """

    path: Path
    event: str
    started_at: datetime
    start_s: float
    end_s: float | None


class _GrowingFile(PartFile):
    """A new file that has its final name from the beginning, since it is always playable."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.part = path

    def open(self) -> None:
        """Create the file; raises OSError, FileExistsError if there is one of this name."""
        self._file = self.path.open("xb", buffering=0)


class _TrackFile:
    """The file of one track."""

    def __init__(self, path: Path, template: VideoStream, tags: dict[str, str]) -> None:
        self._container: OutputContainer | None = None
        self.file = _GrowingFile(path)
        self.file.open()
        try:
            self._container = av.open(
                self.file, "w", format="matroska", options=_CONTAINER_OPTIONS
            )
            self._container.metadata.update(tags)
            self._stream = self._container.add_stream_from_template(template)
            self._container.start_encoding()
        except (av.error.FFmpegError, OSError) as error:
            self.close()
            self.file.path.unlink(missing_ok=True)
            raise (self.file.error or error) from error

    def write(self, packets: Sequence[Packet[VideoStream]], first_pts: int) -> None:
        if self._container is None:
            return
        for packet in packets:
            packet.pts = (packet.pts or 0) - first_pts
            packet.dts = packet.pts
            packet.time_base = TIME_BASE
            packet.stream = self._stream
            try:
                self._container.mux_one(packet)
            except (av.error.FFmpegError, OSError) as error:
                raise (self.file.error or error) from error

    def close(self) -> None:
        container, self._container = self._container, None
        try:
            if container is not None:
                container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise (self.file.error or error) from error
        finally:
            self.file.keep()


class Segment:
    """A recording that is being written.

    Made by :func:`open_segment`.  Packets are written as they are and become part of the
    recording: none may be written twice.
    """

    def __init__(self, files: Sequence[_TrackFile], first: Moment, event: str) -> None:
        self._files = files
        self._first = first
        self._first_pts: int | None = None
        self._end_s = first.timestamp_s
        self.event = event

    @property
    def start_s(self) -> float:
        """Stream time of its first frame."""
        return self._first.timestamp_s

    @property
    def end_s(self) -> float:
        """Stream time of its newest frame."""
        return self._end_s

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file of each track."""
        return tuple(one.file.path for one in self._files)

    def recording(self, *, is_over: bool) -> Recording:
        """Return what there is to tell of it."""
        return Recording(
            path=self.paths[0],
            event=self.event,
            started_at=self._first.at,
            start_s=self.start_s,
            end_s=self._end_s if is_over else None,
        )

    def write(self, moment: Moment) -> None:
        """Add a moment; raises OSError or FFmpegError."""
        if self._first_pts is None:
            self._first_pts = moment.packets[0][0].pts or 0
        for file, packets in zip(self._files, moment.packets, strict=True):
            file.write(packets, self._first_pts)
        self._end_s = moment.timestamp_s

    def close(self) -> None:
        """Complete the files as far as the disk takes them; again does nothing.

        Raises
        ------
        OSError, FFmpegError
            If a file cannot be completed: it stays playable up to there.
        """
        error: Exception | None = None
        for one in self._files:
            try:
                one.close()
            except (av.error.FFmpegError, OSError) as caught:
                error = error or caught
        if error is not None:
            raise error


def open_segment(
    names: Iterable[Path],
    suffixes: Sequence[str],
    templates: Sequence[VideoStream],
    first: Moment,
    *,
    event: str,
    source: str,
) -> Segment:
    """Create the files of a recording under the first free name.

    Parameters
    ----------
    names : iterable of Path
        Names without suffix, in order of preference.
    suffixes : sequence of str
        What each track's file ends in.
    templates : sequence of VideoStream
        The tracks' encoders.
    first : Moment
        The moment that it begins with; it is written by the caller.
    event : str
        What began it.
    source : str
        Name of the source, without a password.

    Raises
    ------
    OSError, FFmpegError
        If it cannot be created; nothing is left of it.
    """
    tags = {
        "title": source,
        "creation_time": first.at.isoformat(timespec="milliseconds"),
        "comment": f"{MARK.decode()}, event {event}",
    }
    for name in names:
        name.parent.mkdir(parents=True, exist_ok=True)
        files: list[_TrackFile] = []
        try:
            for suffix, template in zip(suffixes, templates, strict=True):
                path = name.with_name(name.name + suffix)
                files.append(_TrackFile(path, template, tags))
        except FileExistsError:
            _remove(files)
        except (av.error.FFmpegError, OSError):
            _remove(files)
            raise
        else:
            return Segment(files, first, event)
    message = "no name is free"
    raise FileExistsError(message)


def _remove(files: Iterable[_TrackFile]) -> None:
    for one in files:
        with contextlib.suppress(av.error.FFmpegError, OSError):
            one.close()
        one.file.path.unlink(missing_ok=True)
