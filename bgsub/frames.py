"""The records that travel between the parts, and the shapes of the parts' two ends.

Nothing here computes: sources produce :class:`Frame`, the pipeline turns each into a
:class:`FrameResult`, sinks consume it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

__all__ = [
    "BACKGROUND",
    "FOREGROUND",
    "SHADOW",
    "Box",
    "Frame",
    "FrameResult",
    "FrameSource",
    "Image",
    "LiveSink",
    "LiveWindow",
    "Mask",
    "Probability",
    "Problem",
    "RecordedSource",
    "Sink",
    "StreamInfo",
]

Image = NDArray[Any]
"""A picture: shape (H, W) grey or (H, W, 3) BGR; uint8, uint16 or float32."""

Mask = NDArray[np.uint8]
"""A mask: shape (H, W), uint8, values BACKGROUND, SHADOW or FOREGROUND."""

Probability = NDArray[np.uint8]
"""How surely pixels are foreground: shape (H, W), uint8, 0 surely not, 255 surely."""

BACKGROUND = 0
SHADOW = 127
FOREGROUND = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An upright rectangle around one moving thing, in pixels of the frame it was found in.

    Attributes
    ----------
    x, y : int
        Left and top edge, inclusive.
    width, height : int
        Extent, at least 1.
    """

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that went wrong without ending the run, or that ended it.

    Attributes
    ----------
    at_s : float
        Stream time in seconds.
    what : str
        One sentence.
    ends_run : bool
        True when the source broke off here: the run counts as failed unless the user asked
        to keep going. False for what was mended or skipped, such as a corrupt frame.
    """

    at_s: float
    what: str
    ends_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What is known of a source once it is open.

    Attributes
    ----------
    name : str
        The path or address, for records and messages; never holds a password.
    width, height : int
        Size of the frames delivered, in pixels (after rotation and scaling).
    source_width, source_height : int
        Size of the upright picture before scaling: regions are given in these pixels.
    fps : float or None
        Mean frame rate; for progress and encoders only, never for time.
    n_frames : int or None
        Expected number of frames, if the container tells; for progress only.
    started_at : datetime or None
        Wall-clock time of the first frame, if known.
    """

    name: str
    width: int
    height: int
    source_width: int
    source_height: int
    fps: float | None = None
    n_frames: int | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of a source.

    Attributes
    ----------
    index : int
        Number of the frame in the source, from 0; skipped frames keep their number.
    timestamp_s : float
        Presentation time in seconds from the source's own clock, strictly rising.
    image : Image
        The picture, read-only; it belongs to the receiver and is never written again.
    captured_at : datetime or None
        Wall-clock time at which it came in, with its time zone; None for recorded clips.
    """

    index: int
    timestamp_s: float
    image: Image
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameResult:
    """What is known of one frame after modelling and cleaning.

    Attributes
    ----------
    frame : Frame
        The frame itself.
    mask : Mask
        The cleaned mask, read-only.
    coverage : float
        Foreground pixels over all pixels of the frame, 0 to 1.
    boxes : tuple of Box
        Around the connected foreground regions, largest first.
    in_event : bool
        True while the frame counts as motion for the event being built.
    probability : Probability or None
        How surely each pixel is foreground, before cleaning, read-only; None unless the
        detector was asked for it.
    """

    frame: Frame
    mask: Mask
    coverage: float
    boxes: tuple[Box, ...]
    in_event: bool
    probability: Probability | None = None


class FrameSource(Protocol):
    """Anything that frames come from; the contract suite in the tests is the definition.

    Entering opens it (errors are raised there), iterating yields the frames once in order,
    leaving closes it; leaving twice does no harm. The end of the stream is the end of the
    iteration. A source that breaks off yields what is good, records a :class:`Problem` with
    ``ends_run`` and ends its iteration.
    """

    @property
    def info(self) -> StreamInfo:
        """What is known of the stream; valid once entered."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """What went wrong so far; grows while frames are read."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


class RecordedSource(FrameSource, Protocol):
    """A source that is there as a whole, of which some frames can be had alone."""

    def sampled(self, every: int) -> Iterator[Frame]:
        """Iterate over the frames whose numbers, counted from the first, are multiples.

        Parameters
        ----------
        every : int
            Of what; from 1.  The frames between are not made into pictures.
        """
        ...


class Sink(Protocol):
    """Anything that results go to; the contract suite in the tests is the definition.

    Entering creates the output under a temporary name, leaving completes and renames it,
    also when an error is on its way: what was written is kept and is readable. Leaving twice
    does no harm. A sink that never got a frame leaves no file.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def write(self, result: FrameResult) -> None:
        """Take one result, in order; raises SinkWriteError when it cannot be kept."""
        ...


class LiveSink(Sink, Protocol):
    """A sink of a live run, which also learns of the time in which no frame comes.

    Everything is called by the loop, on one thread, in order of stream time.
    """

    def gap(self, at_s: float, what: str) -> None:
        """Take note that the stream broke off, or came back, at stream time `at_s`.

        Parameters
        ----------
        at_s : float
            Stream time in seconds, not before the newest frame's.
        what : str
            One sentence, without a password.
        """
        ...

    def idle(self, at_s: float, *, in_event: bool) -> None:
        """Take note that no frame has come up to stream time `at_s`.

        Called about twice a second while none comes, so that what depends on time goes on:
        the end of an event, files that are full, old ones that are removed.

        Parameters
        ----------
        at_s : float
            Stream time in seconds.
        in_event : bool
            As in :class:`FrameResult`: an event ends also when no frames come any more.
        """
        ...


class LiveWindow(LiveSink, Protocol):
    """The live sink that a person looks at, and whose keys they press."""

    def poll(self) -> None:
        """Take key presses and redraw what changed.

        Called after every frame, and every few hundredths of a second while there is none.
        """
        ...
