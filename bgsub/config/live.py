"""The section of the configuration about live sources."""

from __future__ import annotations

from typing import Literal

from pydantic import field_serializer

from bgsub.addresses import without_secrets
from bgsub.config._fields import Section, key

__all__ = ["LiveConfig"]


class LiveConfig(Section):
    """Cameras and streams: how they are opened, reopened, and what outlives a restart."""

    source: str | None = key(
        None,
        "What bgsub live watches if the command line names nothing: a webcam's number or "
        "device, an address, or a clip; empty: the first webcam.",
    )
    width_px: int | None = key(
        None, "Width asked of a webcam; empty: its own.", raising="finer, slower", ge=16
    )
    height_px: int | None = key(
        None, "Height asked of a webcam; empty: its own.", raising="finer, slower", ge=16
    )
    fps: float | None = key(
        None,
        "Frames per second asked of a webcam; empty: its own.",
        raising="smoother, slower",
        gt=0.0,
    )
    transport: Literal["tcp", "udp"] = key(
        "tcp",
        "How RTSP pictures travel: tcp loses none, udp passes some firewalls tcp does not.",
    )
    open_timeout_s: float = key(
        10.0, "Opening a stream fails after this time.", raising="more patience", gt=0.0
    )
    stall_s: float = key(
        5.0,
        "Without a frame for this long the stream counts as broken, and is opened again.",
        raising="more patience with slow cameras; breaks are noticed later",
        gt=0.0,
    )
    retry_first_s: float = key(
        0.5, "Pause before a broken stream is opened again; doubles each time.", gt=0.0
    )
    retry_longest_s: float = key(
        30.0,
        "The pauses do not grow beyond this.",
        raising="less traffic while it is down",
        gt=0.0,
    )
    retry_for_s: float | None = key(
        None,
        "Give up when a broken stream could not be opened for this long; empty: never.",
        raising="more patience",
        ge=0.0,
    )
    state: str | None = key(
        None,
        "File that keeps the model over a restart; empty: model.npz in the folder of "
        "recordings, if there is one.",
    )
    save_every_s: float = key(
        300.0, "How often the model is saved.", raising="a crash costs more of it", ge=1.0
    )

    @field_serializer("source")
    def _without_secrets(self, source: str | None) -> str | None:
        """Summaries and records of a run hold the configuration, but no password."""
        return None if source is None else without_secrets(source)
