"""Frames as packets: what a recording shows, encoded once, whether or not it is kept."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
import av.error
import numpy as np
from av.video.frame import PictureType

from bgsub.sinks.canvas import EvenCanvas
from bgsub.sinks.drawing import Painter
from bgsub.sinks.video_writer import add_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from bgsub.frames import FrameResult

__all__ = ["KEY_INTERVAL_S", "TIME_BASE", "Track", "TrackKind", "open_track"]

TrackKind = Literal["picture", "overlay", "mask"]

KEY_INTERVAL_S = 1.0
"""Time between frames at which a recording can begin."""

TIME_BASE = Fraction(1, 1000)
"""What timestamps count, in seconds: Matroska knows nothing finer."""

_MIN_SLICED_PX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coding:
    codec: str
    pix_fmt: str
    options: Mapping[str, str]


class Track:
    """One encoder that turns each frame into packets at once, holding nothing back.

    Parameters
    ----------
    render : callable
        Returns a result's picture as the encoder takes it, valid until the next call.
    width, height : int
        Size of that picture in pixels.
    fps : float or None
        Mean frame rate, a hint; never used for time.
    coding
        Encoder and its options.
    """

    def __init__(
        self,
        render: Callable[[FrameResult], NDArray[np.uint8]],
        *,
        width: int,
        height: int,
        fps: float | None,
        coding: _Coding,
    ) -> None:
        self._render = render
        self._pix_fmt = coding.pix_fmt
        # Packets are taken from the encoder: its container is there for its set-up only.
        self._container = av.open(os.devnull, "w", format="null")
        try:
            self.stream: VideoStream = add_encoder(
                self._container,
                width=width,
                height=height,
                fps=fps,
                codec=coding.codec,
                pix_fmt=coding.pix_fmt,
                options=coding.options,
                time_base=TIME_BASE,
                # Key frames are asked for by time, not counted.
                key_interval_s=1e6,
                has_global_header=True,
            )
            self._container.start_encoding()
        except av.error.FFmpegError:
            self._container.close()
            raise

    def encode(
        self, result: FrameResult, pts: int, *, is_key: bool
    ) -> tuple[Packet[VideoStream], ...]:
        """Return the packets of a frame.

        Parameters
        ----------
        result : FrameResult
            Of the track's size.
        pts : int
            Time in units of ``TIME_BASE``, rising.
        is_key : bool
            Whether decoding must be able to begin here.

        Raises
        ------
        av.error.FFmpegError
            If the encoder fails.
        """
        frame = av.VideoFrame.from_ndarray(self._render(result), format=self._pix_fmt)
        frame.pts = pts
        frame.time_base = TIME_BASE
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        return tuple(self.stream.encode(frame))

    def close(self) -> None:
        """Let go of the encoder; again does nothing."""
        with contextlib.suppress(av.error.FFmpegError):
            self._container.close()


def open_track(
    kind: TrackKind,
    *,
    width: int,
    height: int,
    fps: float | None,
    crf: int,
    max_value: float | None,
) -> Track:
    """Return an encoder of pictures, marked pictures, or masks.

    Parameters
    ----------
    kind : {"picture", "overlay", "mask"}
        What is shown.
    width, height : int
        Size of the frames in pixels.
    fps : float or None
        Mean frame rate, a hint.
    crf : int
        Compression of pictures as in x264; masks are kept without loss.
    max_value : float or None
        The value that means white in the frames; None: by their type.

    Raises
    ------
    av.error.FFmpegError
        If the encoder refuses the size.
    """
    if kind == "mask":
        coding = _lossless(width, height)
        return Track(_mask, width=width, height=height, fps=fps, coding=coding)
    canvas = EvenCanvas(height, width, max_value)
    painter = Painter(height, width) if kind == "overlay" else None

    def render(result: FrameResult) -> NDArray[np.uint8]:
        picture = canvas.draw(result.frame.image)
        if painter is not None:
            painter.paint(picture, result)
        return canvas.planes()

    return Track(
        render,
        width=canvas.width,
        height=canvas.height,
        fps=fps,
        coding=_Coding(
            codec="libx264",
            pix_fmt="yuv420p",
            options={
                "preset": "ultrafast",
                "tune": "zerolatency",
                "crf": str(crf),
                "forced-idr": "1",
                "x264-params": "sliced-threads=1:threads=2:deblock=0,0:8x8dct=1",
            },
        ),
    )


def _mask(result: FrameResult) -> NDArray[np.uint8]:
    return np.ascontiguousarray(result.mask)


def _lossless(width: int, height: int) -> _Coding:
    """Return a coding of 8-bit grey from which every value is read back exactly.

    As for the masks of recorded clips, only that every frame of FFV1 is a key frame.
    """
    if height % 2 == 0:
        return _Coding(
            codec="libx264",
            pix_fmt="gray",
            options={
                "preset": "ultrafast",
                "tune": "zerolatency",
                "qp": "0",
                "forced-idr": "1",
                "x264-params": "threads=1",
            },
        )
    options = {"context": "0", "level": "1", "g": "1"}
    if min(width, height) >= _MIN_SLICED_PX:
        options |= {"level": "3", "slices": "4", "slicecrc": "1"}
    return _Coding(codec="ffv1", pix_fmt="gray", options=options)
