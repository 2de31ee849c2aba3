"""Network streams, through PyAV."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import av
import cv2
from av.codec.context import ThreadType

from bgsub.addresses import without_secrets
from bgsub.errors import SourceOpenError
from bgsub.sources._pictures import PictureConverter
from bgsub.sources.connection import BrokenOffError, Picture

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["StreamConnection"]

logger = logging.getLogger(__name__)

# An address, or a playlist behind it, must not lead to this machine's files.
_PROTOCOLS = "rtsp,rtsps,rtp,udp,tcp,tls,http,https,httpproxy,srt,rtmp,rtmps,crypto,data"
# The rate is not measured, which would take a second: time stamps are what counts.
_PROBING = {"analyzeduration": "2000000", "fpsprobesize": "0"}
# Of these the server sends each picture when it is time, recorded or not.
_SERVED = frozenset({"rtsp", "sdp"})
_SEGMENTED = frozenset({"hls", "dash"})
# FFmpeg's AVFMT_NOTIMESTAMPS.
_NO_TIMESTAMPS = 0x80
_MAX_PIXELS = 200_000_000
_MAX_RATE = 1000


class StreamConnection:
    """An open network stream.

    The address may be of a file on a server: its pictures then come as fast as they are read.

    Parameters
    ----------
    address : str
        Where it is; a password in it never comes out of here.
    transport : {'tcp', 'udp'}
        How RTSP pictures travel.
    open_timeout_s : float
        Opening fails after this time.
    stall_s : float
        Without a picture for this long the stream counts as broken.
    scale : float
        Factor of the picture's size, above 0 and at most 1.
    max_side_px : int or None
        The picture's longer side is reduced to at most this.
    colour : bool
        Whether colour is kept.

    Attributes
    ----------
    is_recorded : bool
        It is a file, which has an end.
    comes_at_once : bool
        Its pictures come faster than they are to be shown: all of a file, or some seconds of a
        broadcast at a time.

    Raises
    ------
    SourceOpenError
        If it cannot be opened, or gives no picture.
    """

    def __init__(
        self,
        address: str,
        *,
        transport: str,
        open_timeout_s: float,
        stall_s: float,
        scale: float,
        max_side_px: int | None,
        colour: bool,
    ) -> None:
        name = without_secrets(address)
        self._stall_s = stall_s
        self._scale, self._max_side_px, self._colour = scale, max_side_px, colour
        self._converter: PictureConverter | None = None
        self._container = _open(address, name, transport, open_timeout_s, stall_s)
        try:
            self._stream = _video(self._container, name)
            kind = self._container.format
            self.is_recorded = _is_recorded(self._container)
            self.comes_at_once = self.is_recorded or bool(_names(kind) & _SEGMENTED)
            # Motion JPEG has no time stamps; FFmpeg makes up some for 25 frames a second.
            self._has_clock = not kind.flags & _NO_TIMESTAMPS
            self.fps = _rate(self._stream) if self._has_clock else None
            self.source_size = (0, 0)
            self._pictures = self._read()
            self._first: Picture | None = self._begin(name)
        except BaseException:
            self._container.close()
            raise

    @property
    def granted(self) -> str:
        """Codec, size and rate of what comes."""
        width, height = self.source_size
        rate = "" if self.fps is None else f", {self.fps:.4g} frames a second"
        return f"{self._stream.codec_context.name}, {width}×{height}{rate}"

    def read(self) -> Picture | None:
        """Wait for the next picture, as a connection does."""
        first, self._first = self._first, None
        return first or next(self._pictures, None)

    def close(self) -> None:
        """Close the connection."""
        self._pictures.close()
        self._container.close()

    def _begin(self, name: str) -> Picture:
        try:
            first = next(self._pictures, None)
        except BrokenOffError as error:
            msg = f"'{name}' gives no picture: {error}"
            raise SourceOpenError(msg) from None
        if first is None:
            msg = f"'{name}' holds no picture; check the address"
            raise SourceOpenError(msg)
        return first

    def _read(self) -> Generator[Picture]:
        since_s = time.perf_counter()
        try:
            # Packets of sound count too: where only they come, the pictures have stalled.
            for packet in self._container.demux():
                arrived_s = time.perf_counter()
                for picture in self._decode(packet, arrived_s):
                    yield picture
                    since_s = time.perf_counter()
                if arrived_s - since_s > self._stall_s:
                    msg = f"nothing that is a picture came for {self._stall_s:g} s"
                    raise BrokenOffError(msg)
        except av.error.FFmpegError as error:
            raise BrokenOffError(_why(error, self._stall_s)) from None
        except IndexError:
            # PyAV stumbles at the end over parts that came up after the beginning.
            logger.debug("the stream has other parts than it began with", exc_info=True)
        if not self.is_recorded:
            msg = "the server ended it"
            raise BrokenOffError(msg)

    def _decode(self, packet: av.Packet[Any], arrived_s: float) -> Iterator[Picture]:
        if packet.stream.index != self._stream.index:
            return
        try:
            frames = self._stream.decode(packet)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            # One damaged picture; if no good one follows, that is noticed as a stall.
            return
        for frame in frames:
            if frame.is_corrupt or frame.width * frame.height > _MAX_PIXELS:
                continue
            yield self._picture(frame, arrived_s)

    def _picture(self, frame: av.VideoFrame, arrived_s: float) -> Picture:
        if self._converter is None or not self._converter.fits(frame):
            self._converter = PictureConverter(
                frame,
                scale=self._scale,
                max_side_px=self._max_side_px,
                colour=self._colour,
            )
            self.source_size = self._converter.source_size
        source_s = None
        if self._has_clock and frame.pts is not None:
            source_s = float(frame.pts * (frame.time_base or 0))
        try:
            image = self._converter.convert(frame)
        except (av.error.FFmpegError, ValueError):
            msg = f"its pixels are of the kind {frame.format.name}, which cannot be shown"
            raise BrokenOffError(msg) from None
        return Picture(image, source_s, arrived_s)


def _open(
    address: str, name: str, transport: str, open_timeout_s: float, stall_s: float
) -> av.container.InputContainer:
    options = {"protocol_whitelist": _PROTOCOLS, **_PROBING}
    if address.lower().startswith("rtsp"):
        options |= {"rtsp_transport": transport, "fflags": "nobuffer"}
    try:
        return av.open(
            address,
            metadata_errors="replace",
            options=options,
            timeout=(open_timeout_s, stall_s),
        )
    except av.error.FFmpegError as error:
        # FFmpeg's own words hold the whole address: not even the cause may carry them.
        why = _why(error, open_timeout_s)
    except ValueError:
        why = "it is not a proper address"
    msg = f"'{name}' cannot be opened: {why}; check address and network"
    raise SourceOpenError(msg)


def _video(container: av.container.InputContainer, name: str) -> av.VideoStream:
    stream = container.streams.best("video")
    if not isinstance(stream, av.VideoStream) or getattr(stream, "codec_context", None) is None:
        msg = f"'{name}' has no pictures that can be decoded; check the address"
        raise SourceOpenError(msg)
    # Decoding several frames at a time would hold each one back by as many.
    stream.codec_context.thread_type = ThreadType.SLICE
    stream.codec_context.thread_count = cv2.getNumberOfCPUs()
    stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
    return stream


def _is_recorded(container: av.container.InputContainer) -> bool:
    has_length = bool(container.duration and container.duration > 0)
    return has_length and not _names(container.format) & _SERVED


def _names(kind: av.ContainerFormat) -> set[str]:
    return set(kind.name.split(","))


def _rate(stream: av.VideoStream) -> float | None:
    # What is guessed may be the rate of fields, twice that of pictures.
    rates = (stream.average_rate, stream.codec_context.framerate, stream.guessed_rate)
    return next((float(r) for r in rates if r is not None and 0 < r <= _MAX_RATE), None)


def _why(error: av.error.FFmpegError, timeout_s: float) -> str:
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return f"nothing came for {timeout_s:g} s"
    reason = error.strerror or "it cannot be read"
    return reason[0].lower() + reason[1:]
