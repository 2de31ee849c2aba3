"""The picture of each event's peak."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Literal

from bgsub.errors import SinkWriteError
from bgsub.files import write_bytes
from bgsub.sinks.drawing import Painter, to_bgr8
from bgsub.sinks.recorder_names import MARK
from bgsub.sinks.recorder_space import free_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from bgsub.frames import FrameResult
    from bgsub.sinks.recorder_names import NameTemplate

__all__ = ["PeakKeeper", "SnapshotStyle", "SnapshotWriter"]

logger = logging.getLogger(__name__)

SnapshotStyle = Literal["none", "plain", "marked"]

_QUALITY = 90


class PeakKeeper:
    """Keeps the frames that may turn out to be an event's peak, two at most.

    Parameters
    ----------
    peaks_s : callable
        Returns the times of these frames.
    """

    def __init__(self, peaks_s: Callable[[], tuple[float, ...]]) -> None:
        self._peaks_s = peaks_s
        self._kept: dict[float, FrameResult] = {}

    def add(self, result: FrameResult) -> None:
        """Take the newest frame, and let go of those that are no peak any more."""
        kept = self._kept | {result.frame.timestamp_s: result}
        self._kept = {at_s: kept[at_s] for at_s in self._peaks_s() if at_s in kept}

    def get(self, at_s: float) -> FrameResult | None:
        """Return the frame of a peak, if it was kept."""
        return self._kept.get(at_s)


class SnapshotWriter:
    """Writes pictures as JPEG; while the disk is full it leaves them out.

    Parameters
    ----------
    names : NameTemplate
        Names of the files.
    style : {"plain", "marked"}
        Whether the foreground is marked.
    max_value : float or None
        The value that means white in the frames; None: by their type.
    min_free_bytes : int
        Nothing is written while the disk has less room.
    """

    def __init__(
        self,
        names: NameTemplate,
        *,
        style: SnapshotStyle,
        max_value: float | None,
        min_free_bytes: int,
    ) -> None:
        self._names = names
        self._style = style
        self._max_value = max_value
        self._min_free_bytes = min_free_bytes
        self._is_warned = False

    def write(self, result: FrameResult, at: datetime, event: str) -> Path | None:
        """Write one picture.

        Parameters
        ----------
        result : FrameResult
            The frame.
        at : datetime
            Wall-clock time of the frame, with its time zone.
        event : str
            Number of its event.

        Returns
        -------
        Path or None
            Where it is; None if the disk does not take it.
        """
        try:
            if free_bytes(self._names.folder) < self._min_free_bytes:
                return None
            names = (
                path.with_name(f"{path.name}.jpg") for path in self._names.paths(at, event)
            )
            path = next(path for path in names if not path.exists())
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, self._jpeg(result), kept="nothing of it is kept")
        except (OSError, SinkWriteError) as error:
            level = logging.DEBUG if self._is_warned else logging.WARNING
            self._is_warned = True
            logger.log(level, "the snapshot of event %s is left out: %s", event, error)
            return None
        self._is_warned = False
        return path

    def _jpeg(self, result: FrameResult) -> bytes:
        # Pillow can leave our mark in the file, which OpenCV cannot; it is slow to import.
        from PIL import Image

        picture = to_bgr8(result.frame.image, self._max_value)
        if self._style == "marked":
            picture = _marked(picture, result)
        data = io.BytesIO()
        rgb = picture[:, :, ::-1]
        Image.fromarray(rgb).save(data, "JPEG", quality=_QUALITY, comment=MARK)
        return data.getvalue()


def _marked(picture: NDArray[np.uint8], result: FrameResult) -> NDArray[np.uint8]:
    drawn = picture.copy()
    Painter(*drawn.shape[:2]).paint(drawn, result)
    return drawn
