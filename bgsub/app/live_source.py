"""From what the user names to a live source."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING

from bgsub.addresses import is_address, without_secrets
from bgsub.errors import UsageError
from bgsub.sources import expand_inputs, open_source
from bgsub.sources.camera import CameraConnection, first_camera, is_camera
from bgsub.sources.capture import Capture, Retries
from bgsub.sources.paced import ClipConnection, Paced
from bgsub.sources.stream import StreamConnection

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from bgsub.config import Config
    from bgsub.sources.connection import Connection

__all__ = ["live_source"]


def live_source(source: str | None, config: Config) -> Capture:
    """Return a live source, not yet entered.

    Parameters
    ----------
    source : str or None
        A webcam's number or device, an address, or a clip; in an address, ``$NAME`` stands
        for an environment variable.  None: the configuration's, or the first webcam.
    config : Config
        How to open it.

    Raises
    ------
    SourceOpenError, UsageError
        If there is nothing of that name.
    """
    wanted = source if source is not None else config.live.source
    if wanted is None:
        wanted = first_camera()
    live = config.live
    retries = Retries(
        first_s=live.retry_first_s, longest_s=live.retry_longest_s, for_s=live.retry_for_s
    )
    if is_camera(wanted):
        return Capture(
            partial(_camera, wanted, config), name=_camera_name(wanted), retries=retries
        )
    if is_address(wanted):
        address = _with_variables(wanted)
        return Capture(
            partial(_stream, address, config), name=without_secrets(address), retries=retries
        )
    paths = expand_inputs([wanted])
    if len(paths) != 1:
        msg = f"'{wanted}' stands for {len(paths)} clips; name one, they are played live"
        raise UsageError(msg)
    return Capture(partial(_clip, paths[0], config), name=str(paths[0]), retries=None)


def _camera(camera: str, config: Config, _stop: threading.Event) -> Connection:
    return CameraConnection(
        camera,
        width_px=config.live.width_px,
        height_px=config.live.height_px,
        fps=config.live.fps,
        scale=config.input.scale,
        max_side_px=config.input.max_side_px,
        colour=config.input.colour,
    )


def _camera_name(camera: str) -> str:
    return f"webcam {camera}" if camera.isdecimal() else camera


def _stream(address: str, config: Config, stop: threading.Event) -> Connection:
    stream = StreamConnection(
        address,
        transport=config.live.transport,
        open_timeout_s=config.live.open_timeout_s,
        stall_s=config.live.stall_s,
        scale=config.input.scale,
        max_side_px=config.input.max_side_px,
        colour=config.input.colour,
    )
    return Paced(stream, stop) if stream.comes_at_once else stream


def _clip(path: Path, config: Config, stop: threading.Event) -> Connection:
    part = config.input
    clip = open_source(
        path,
        start_s=part.start_s,
        end_s=part.end_s,
        scale=part.scale,
        max_side_px=part.max_side_px,
        colour=part.colour,
        image_fps=part.image_fps,
    )
    return Paced(ClipConnection(clip), stop)


def _with_variables(address: str) -> str:
    """Put in the environment's variables, so that a password need not be in a file."""
    missing = [
        name
        for name in re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", address)
        if name not in os.environ
    ]
    if missing:
        msg = (
            f"the address of the stream wants the environment variable {missing[0]}, which is "
            "not set; set it, or write %24 for a dollar sign"
        )
        raise UsageError(msg)
    return os.path.expandvars(address)
