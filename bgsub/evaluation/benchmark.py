"""The model's speed beside OpenCV's, on the same frames and threads, interleaved in one run."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.evaluation.contenders import BLOCK, contenders

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bgsub.evaluation.contenders import Contender, DetectorMaker

__all__ = ["WARM_UP_FRAMES", "CaseResult", "Footage", "SpeedResult", "measure_speed"]

WARM_UP_FRAMES = 128
"""Frames that every model learns at least before the clock starts."""

_MIN_ROUNDS = 3
# At each turn a contender finds in the cache what the others left there. So many pixels
# outweigh that; small frames come in several blocks a turn.
_TURN_PX = 1 << 24
_MAX_BLOCKS = 8
_REFERENCE = "MOG2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """Frames to measure on, repeated for as long as it takes.

    Attributes
    ----------
    frames : sequence of ndarray of uint8, shape (H, W, 3) BGR or (H, W) grey
        At least one, all of one shape.
    bounces : bool
        After the last frame they are shown backwards, so that nothing jumps; otherwise they
        begin again.
    """

    frames: Sequence[NDArray[np.uint8]]
    bounces: bool

    def copy_block(self, first: int, block: NDArray[np.uint8]) -> None:
        """Write frames into `block`, shape (T, H, W[, 3]), from place `first` on."""
        n = len(self.frames)
        for place in range(len(block)):
            number = first + place
            if self.bounces and n > 1:
                number %= 2 * n - 2
                number = min(number, 2 * n - 2 - number)
            block[place] = self.frames[number % n]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How fast one contender is.

    Attributes
    ----------
    name : str
        What it is, its kind of frames included.
    mode : str
        ``frame``: a frame a call; ``batch``: a block of frames a call; ``opencv``; or the name
        of a detector, with all that it does to a frame in a run.
    colour : str
        ``bgr`` or ``grey``.
    ms_per_frame : float
        Median over the rounds.
    ratio_to_mog2 : float
        MOG2's time on frames of this kind over this one's: above 1 is faster.
    state_bytes_per_pixel : float or None
        Memory of the model; None where it is not known.
    """

    name: str
    mode: str
    colour: str
    ms_per_frame: float
    ratio_to_mog2: float
    state_bytes_per_pixel: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedResult:
    """All cases on frames of one size.

    Attributes
    ----------
    width, height : int
        Size of the frames in pixels.
    threads : int
        Threads that each contender had.
    floor_ms : dict of str to float
        By kind of frames: reading a frame and writing one byte a pixel, on these threads.
    n_rounds : int
        Turns that each contender was measured in, with frames of the kind with the fewest.
    cases : tuple of CaseResult
        In the order in which they took turns.
    """

    width: int
    height: int
    threads: int
    floor_ms: dict[str, float]
    n_rounds: int
    cases: tuple[CaseResult, ...]


def measure_speed(
    footage: Footage,
    *,
    n_threads: int,
    seconds: float,
    components: Sequence[int],
    detectors: Mapping[str, DetectorMaker],
    on_progress: Callable[[str, float], None],
    stop: threading.Event,
) -> SpeedResult:
    """Measure MOG2, KNN and the model in all its modes on the same frames.

    The contenders take turns with blocks of frames, in rounds, so that a machine that is busy
    at times is busy for all of them. Each has learnt the frames before the clock starts.

    Parameters
    ----------
    footage : Footage
        Colour frames are measured as they are and once more in grey.
    n_threads : int
        Threads for each contender, at least 1.
    seconds : float
        How long to measure; a few rounds are measured however long they take.
    components : sequence of int
        Numbers of Gaussians that the model is measured with.
    detectors : mapping
        By name, what makes whole detectors to measure beside the model.
    on_progress : callable
        Called with what goes on and its share that is done, 0 to 1.
    stop : threading.Event
        Set to end early.

    Raises
    ------
    KeyboardInterrupt
        If `stop` was set.
    """
    height, width = footage.frames[0].shape[:2]
    kinds = {"grey": footage}
    if footage.frames[0].ndim == 3:
        kinds = {"bgr": footage, "grey": _in_grey(footage)}
    floor_ms: dict[str, float] = {}
    cases: list[CaseResult] = []
    rounds: list[int] = []
    for colour, frames in kinds.items():

        def report(share: float, colour: str = colour) -> None:
            on_progress(f"{width}×{height} {colour}", share)

        with _opencv_threads(n_threads), ExitStack() as stack:
            shape = frames.frames[0].shape
            others = [
                stack.enter_context(made)
                for made in contenders(
                    shape, n_threads=n_threads, components=components, detectors=detectors
                )
            ]
            times = _take_turns(others, frames, seconds / len(kinds), report, stop)
        floor, *measured = (1000 * statistics.median(t) / BLOCK for t in times)
        reference_ms = measured[[c.name for c in others[1:]].index(_REFERENCE)]
        floor_ms[colour] = floor
        rounds.append(len(times[0]))
        cases += [
            _result(contender, colour, ms, reference_ms / ms, width * height)
            for contender, ms in zip(others[1:], measured, strict=True)
        ]
    return SpeedResult(
        width=width,
        height=height,
        threads=n_threads,
        floor_ms=floor_ms,
        n_rounds=min(rounds),
        cases=tuple(cases),
    )


def _take_turns(
    contenders: Sequence[Contender],
    footage: Footage,
    seconds: float,
    report: Callable[[float], None],
    stop: threading.Event,
) -> list[list[float]]:
    """Return for each contender the seconds that a block took in each of its turns."""
    times: list[list[float]] = [[] for _ in contenders]
    shape = footage.frames[0].shape
    n_blocks = max(1, min(_MAX_BLOCKS, _TURN_PX // (BLOCK * shape[0] * shape[1])))
    n_warm = WARM_UP_FRAMES // BLOCK
    began, number = time.perf_counter(), 0
    while True:
        spent_s = time.perf_counter() - began
        is_warm = number >= n_warm
        if is_warm and len(times[0]) >= _MIN_ROUNDS and spent_s >= seconds:
            return times
        report(0.5 * number / n_warm if not is_warm else 0.5 + 0.5 * min(1, spent_s / seconds))
        # New ones each time: frames are a detector's to keep.
        blocks = [np.empty((BLOCK, *shape), np.uint8) for _ in range(n_blocks)]
        for place, block in enumerate(blocks, start=number):
            footage.copy_block(place * BLOCK, block)
        for contender, taken in zip(contenders, times, strict=True):
            if stop.is_set():
                raise KeyboardInterrupt
            start = time.perf_counter()
            for block in blocks:
                contender.learn(block)
            if is_warm:
                taken.append((time.perf_counter() - start) / n_blocks)
        number += n_blocks
        if not is_warm:
            began = time.perf_counter()


def _result(
    contender: Contender, colour: str, ms: float, ratio: float, n_pixels: int
) -> CaseResult:
    state = contender.state_bytes
    return CaseResult(
        name=f"{contender.name} {'BGR' if colour == 'bgr' else colour}",
        mode=contender.mode,
        colour=colour,
        ms_per_frame=ms,
        ratio_to_mog2=ratio,
        state_bytes_per_pixel=None if state is None else state / n_pixels,
    )


def _in_grey(footage: Footage) -> Footage:
    grey = [
        np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
        for frame in footage.frames
    ]
    return Footage(frames=grey, bounces=footage.bounces)


@contextmanager
def _opencv_threads(n_threads: int) -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(n_threads)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
