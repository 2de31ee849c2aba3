"""What a live source offers while it is open, and how it breaks off."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from bgsub.frames import Image

__all__ = ["BrokenOffError", "Connection", "Picture"]


class Picture(NamedTuple):
    """One picture as it came in.

    Attributes
    ----------
    image : Image
        The picture, read-only.
    source_s : float or None
        The source's own time in seconds, with any origin; None if it has no clock.
    arrived_s : float
        When it came in, before it was decoded, by :func:`time.perf_counter`.
    """

    image: Image
    source_s: float | None
    arrived_s: float


class BrokenOffError(Exception):
    """An open source gives no more pictures; the message is a clause without secrets."""


class Connection(Protocol):
    """An open camera, stream or clip; used by one thread."""

    @property
    def source_size(self) -> tuple[int, int]:
        """Width and height of the pictures before they are reduced, in pixels."""
        ...

    @property
    def fps(self) -> float | None:
        """The nominal rate."""
        ...

    @property
    def granted(self) -> str:
        """What the device or server gives, for people."""
        ...

    def read(self) -> Picture | None:
        """Wait for the next picture; None at the end of a source that has one.

        Raises
        ------
        BrokenOffError
            If the source breaks off, or gives nothing for too long.
        """
        ...

    def close(self) -> None:
        """Let go of the source; twice does no harm."""
        ...
