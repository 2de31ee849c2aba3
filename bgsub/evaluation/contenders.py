"""Who takes part in the benchmark: a frame's copy, OpenCV's models, bgsub's and detectors."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, Self

import cv2
import numpy as np

from bgsub.frames import Frame
from bgsub.mixture import MixtureModel, MixtureParams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from bgsub.detection import Detector

__all__ = ["BLOCK", "Contender", "DetectorMaker", "contenders"]

BLOCK = 8
"""Frames in a block: what the model gets in one call in mode ``batch``."""

_FPS = 25.0

# What a core keeps at hand, so that only the frame itself comes from memory.
_STRIP_BYTES = 1 << 17


class Contender(Protocol):
    """Anything that learns from blocks of frames; entered before, left after."""

    @property
    def name(self) -> str:
        """What it is."""
        ...

    @property
    def mode(self) -> str:
        """How it gets frames: ``copy``, ``opencv``, ``frame``, ``batch``, or as a detector."""
        ...

    @property
    def state_bytes(self) -> int | None:
        """Memory of its model, if known."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def learn(self, block: NDArray[np.uint8]) -> None:
        """Take a block of frames, shape (T, H, W[, 3])."""
        ...


DetectorMaker = Callable[[tuple[int, ...], int], "Detector"]
"""Takes the shape of the frames and a number of threads; returns a new detector."""


def contenders(
    shape: tuple[int, ...],
    *,
    n_threads: int,
    components: Sequence[int],
    detectors: Mapping[str, DetectorMaker],
) -> Iterator[Contender]:
    """Yield a new contender of each kind for frames of a shape; the copy comes first."""
    yield _Copy(shape, n_threads)
    yield _OpenCV("MOG2", cv2.createBackgroundSubtractorMOG2(detectShadows=False), shape)
    yield _OpenCV("KNN", cv2.createBackgroundSubtractorKNN(detectShadows=False), shape)
    for n_components in components:
        for mode in ("frame", "batch"):
            yield _Mixture(n_components, mode, shape, n_threads)
    for name, make in detectors.items():
        yield _Whole(f"all of {name}", name, make(shape, n_threads))


class _Base:
    mode = ""
    state_bytes: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class _Copy(_Base):
    """Reads every byte of a frame and writes one for each pixel: less is impossible."""

    name = "copy"
    mode = "copy"

    def __init__(self, shape: tuple[int, ...], n_threads: int) -> None:
        n_pixels = shape[0] * shape[1]
        self._out = np.empty(n_pixels, np.uint8)
        edges = np.linspace(0, n_pixels, n_threads + 1).astype(int)
        self._parts = [slice(a, b) for a, b in pairwise(edges)]
        self._pool = ThreadPoolExecutor(max(1, n_threads - 1))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def learn(self, block: NDArray[np.uint8]) -> None:
        first, *others = self._parts
        for frame in block:
            # Thirds of the memory instead of channels: the same bytes, without their order.
            planes = frame.reshape(-1, self._out.size)
            waiting = [self._pool.submit(self._copy, planes, part) for part in others]
            self._copy(planes, first)
            wait(waiting)

    def _copy(self, planes: NDArray[np.uint8], part: slice) -> None:
        for start in range(part.start, part.stop, _STRIP_BYTES):
            strip = slice(start, min(start + _STRIP_BYTES, part.stop))
            out = self._out[strip]
            np.copyto(out, planes[0, strip])
            for plane in planes[1:]:
                np.bitwise_xor(out, plane[strip], out=out)


class _OpenCV(_Base):
    """One of OpenCV's models with its own parameters, but without shadows."""

    mode = "opencv"

    def __init__(
        self, name: str, model: cv2.BackgroundSubtractor, shape: tuple[int, ...]
    ) -> None:
        self.name = name
        self._model = model
        self._mask = np.empty(shape[:2], np.uint8)

    def learn(self, block: NDArray[np.uint8]) -> None:
        for frame in block:
            self._model.apply(frame, self._mask)


class _Mixture(_Base):
    """The model with its own parameters."""

    def __init__(
        self, n_components: int, mode: str, shape: tuple[int, ...], n_threads: int
    ) -> None:
        self.name = f"mixture K={n_components}"
        self.mode = mode
        self._model = MixtureModel(
            MixtureParams(n_components=n_components), n_threads=n_threads
        )
        self._masks = np.empty((BLOCK, *shape[:2]), np.uint8)
        self._model.warm_up(shape, np.uint8)

    def learn(self, block: NDArray[np.uint8]) -> None:
        if self.state_bytes is None:
            self._learn_first(block)
        elif self.mode == "batch":
            self._model.apply_batch(block, out=self._masks)
        else:
            for frame, mask in zip(block, self._masks, strict=True):
                self._model.apply(frame, out=mask)

    def _learn_first(self, block: NDArray[np.uint8]) -> None:
        """Learn a block and find out what memory that takes, which NumPy reports."""
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            self._model.apply_batch(block, out=self._masks)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.state_bytes = after - before


class _Whole(_Base):
    """A detector as in a run: the model and all that is done before and after it."""

    def __init__(self, name: str, mode: str, detector: Detector) -> None:
        self.name = name
        self.mode = mode
        self._detector = detector
        self._n_frames = 0

    def learn(self, block: NDArray[np.uint8]) -> None:
        frames = [
            Frame(index=index, timestamp_s=index / _FPS, image=image)
            for index, image in enumerate(block, start=self._n_frames)
        ]
        self._n_frames += len(frames)
        for _ in self._detector.detect(frames):
            pass
