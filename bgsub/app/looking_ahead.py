"""What a recorded clip shows later, learnt before its first frame is worked on."""

from __future__ import annotations

import itertools
import logging
import math
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bgsub.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bgsub.config import Config
    from bgsub.frames import Frame, RecordedSource, StreamInfo
    from bgsub.mixture import MixtureModel

__all__ = [
    "known_before",
    "learn_there_and_back",
    "looking_ahead",
    "sample_frames",
    "seconds_ahead",
]

logger = logging.getLogger(__name__)

# From half as many to so many frames are looked at, as far as memory allows: in more, only the
# time grows.
_MOST_FRAMES, _LEAST_FRAMES = 60, 8
_MOST_BYTES = 64 * 2**20


def seconds_ahead(config: Config) -> float:
    """Return how many seconds of a recorded clip are looked through first; 0: none."""
    detector = config.detector
    return detector.look_ahead_s if detector.method == "robust" else 0.0


@contextmanager
def looking_ahead(
    open_again: Callable[[], RecordedSource],
    config: Config,
    is_stopped: Callable[[], bool],
) -> Iterator[Callable[[], MixtureModel | None]]:
    """Read what is to be known before on a thread of its own, while the program is loading.

    Gives a function, to be called once, that returns what :func:`known_before` would.  The
    parameters are those of that.
    """
    seconds = seconds_ahead(config)
    if seconds <= 0:
        yield lambda: None
        return
    from concurrent.futures import ThreadPoolExecutor

    source = open_again()
    has_left = threading.Event()

    def is_over() -> bool:
        return has_left.is_set() or is_stopped()

    with ThreadPoolExecutor(1, "bgsub-ahead") as pool:
        # Once they are learnt from, nothing is to keep the frames.
        readings = [pool.submit(sample_frames, source, seconds, is_over)]
        try:
            yield lambda: _learnt(readings.pop().result(), source, config, is_stopped)
        finally:
            has_left.set()


def known_before(
    open_again: Callable[[], RecordedSource],
    config: Config,
    is_stopped: Callable[[], bool],
) -> MixtureModel | None:
    """Return a model that knows a clip's background before its first frame.

    Parameters
    ----------
    open_again : callable
        Returns the clip as a source, to be entered.
    config : Config
        How to look, and how far.
    is_stopped : callable
        Tells whether to end early.

    Returns
    -------
    MixtureModel or None
        None if nothing is looked at, or nothing can be read: what is wrong shows when the
        clip is worked on.
    """
    seconds = seconds_ahead(config)
    if seconds <= 0:
        return None
    source = open_again()
    return _learnt(sample_frames(source, seconds, is_stopped), source, config, is_stopped)


def _learnt(
    frames: Sequence[Frame],
    source: RecordedSource,
    config: Config,
    is_stopped: Callable[[], bool],
) -> MixtureModel | None:
    if not frames:
        return None
    logger.debug("looked ahead at %d frames", len(frames))
    return learn_there_and_back(frames, source.info, config, is_stopped)


def sample_frames(
    source: RecordedSource, seconds: float, is_stopped: Callable[[], bool]
) -> list[Frame]:
    """Return frames from all over the first seconds of a source, at even distances.

    Parameters
    ----------
    source : RecordedSource
        Entered and left here; one that breaks off is read as far as it goes.
    seconds : float
        How far to read.
    is_stopped : callable
        Tells whether to end early.
    """
    kept: list[Frame] = []
    try:
        with source:
            bytes_each = source.info.width * source.info.height * 3
            most = min(_MOST_FRAMES, max(_LEAST_FRAMES, _MOST_BYTES // bytes_each))
            step = 1
            every = _expected_step(source.info, seconds, most)
            for number, frame in enumerate(source.sampled(every)):
                if is_stopped() or (kept and frame.timestamp_s > kept[0].timestamp_s + seconds):
                    break
                if number % step == 0:
                    kept.append(frame)
                if len(kept) > most:
                    kept = kept[::2]
                    step *= 2
    except SourceError as error:
        logger.debug("looking ahead ended: %s", error)
    return kept


def _expected_step(info: StreamInfo, seconds: float, most: int) -> int:
    """Return the power of two of which the frames' numbers are to be multiples.

    Where a source does not know how long it is, or is wrong, it need not be enough.
    """
    step = 1
    if info.n_frames is None or info.fps is None:
        return step
    n_frames = min(info.n_frames, math.floor(seconds * info.fps) + 1)
    while -(-n_frames // step) > most:
        step *= 2
    return step


def learn_there_and_back(
    frames: Sequence[Frame],
    info: StreamInfo,
    config: Config,
    is_stopped: Callable[[], bool],
) -> MixtureModel:
    """Return a model that has seen frames in the order of time, and then in reverse.

    On the way there the scene behind what leaves gets known.  On the way back what stands in
    the first frames has come into that scene and stopped: the detector keeps it apart from
    the background.

    Parameters
    ----------
    frames : sequence of Frame
        In the order of time; not empty.
    info : StreamInfo
        The stream.
    config : Config
        Of the detector.
    is_stopped : callable
        Tells whether to end early.
    """
    # Not before the compiler is loaded.
    from bgsub.app.build import build_detector

    detector = build_detector(config, info, with_probability=False)
    end_s = frames[-1].timestamp_s
    back = (replace(f, timestamp_s=2 * end_s - f.timestamp_s) for f in reversed(frames[:-1]))
    for number, frame in enumerate(itertools.chain(frames, back)):
        if is_stopped():
            break
        for _ in detector.detect([replace(frame, index=number)]):
            pass
    return detector.model
