"""Work on ranges of tiles, shared between threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Workers"]

# In tiles of one frame: less is done before another thread is awake.
_MIN_STEPS_PER_THREAD = 48
# More ranges than threads, so that a thread that is held up delays the others little, but
# none so small that calling the kernel for it matters.
_RANGES_PER_THREAD = 4
_MIN_STEPS_PER_RANGE = 24
# What counts as a tile where others than the model divide their work, in pixels.
_TILE_PX = 2048


class Workers:
    """The calling thread and helpers, which start when there is work for them.

    Kernels compiled without the interpreter's lock are called from ordinary threads: Numba's
    own thread layers end the process when two Python threads use them at once.  Helpers end
    with the object.

    Parameters
    ----------
    n_threads : int
        Threads in all, the calling one included; 0: one for each core this process may use.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads or _cores()
        self._helpers: ThreadPoolExecutor | None = None
        self._pid = os.getpid()

    def run(self, work: Callable[[int, int], None], n_tiles: int, n_frames: int) -> None:
        """Call `work` for ranges that cover all tiles, and return when all is done.

        Parameters
        ----------
        work : callable
            Takes the first tile and the last (exclusive).
        n_tiles, n_frames : int
            How much work there is.
        """
        n_steps = n_tiles * n_frames
        n = min(self.n_threads, n_tiles, n_steps // _MIN_STEPS_PER_THREAD)
        if n <= 1:
            work(0, n_tiles)
            return
        n_ranges = min(n * _RANGES_PER_THREAD, n_steps // _MIN_STEPS_PER_RANGE)
        ranges = _split(n_tiles, min(n_tiles, n_ranges))
        # The iterator of a list, unlike a generator, may be drained by several threads at once.
        waiting = iter(ranges)
        # Cheaper than waiting for the pool's futures.
        done: SimpleQueue[BaseException | None] = SimpleQueue()

        def help_out() -> None:
            for first, last in waiting:
                with _Caught() as caught:
                    work(first, last)
                done.put(caught.error)

        helpers = self._started()
        for _ in range(1, n):
            helpers.submit(help_out)
        n_helped = len(ranges)
        try:
            for first, last in waiting:
                n_helped -= 1
                work(first, last)
        finally:
            # After an error nobody begins what is left.  A helper that comes late finds
            # nothing to do, so only what was taken has to be waited for.
            n_helped -= sum(1 for _ in waiting)
            errors = [done.get() for _ in range(n_helped)]
        for error in errors:
            if error is not None:
                raise error

    def run_rows(self, work: Callable[[int, int], None], height: int, width: int) -> None:
        """Call `work` for ranges that cover all rows of a picture, and return when all is done.

        Parameters
        ----------
        work : callable
            Takes the first row and the last (exclusive).
        height, width : int
            Size of the picture in pixels.
        """
        n_tiles = max(1, height * width // _TILE_PX)

        def work_on(first: int, last: int) -> None:
            work(first * height // n_tiles, last * height // n_tiles)

        self.run(work_on, n_tiles, 1)

    def run_both(self, one: Callable[[], None], other: Callable[[], None]) -> None:
        """Call both, at once if there are threads for it, and return when both are done."""
        if self.n_threads < 2:
            one()
            other()
            return
        waiting = self._started().submit(other)
        try:
            one()
        finally:
            # Nothing is to go on that the caller does not know of, not even after an error.
            wait([waiting])
        waiting.result()

    def _started(self) -> ThreadPoolExecutor:
        # Threads do not survive a fork, but the object that knows them does.
        if self._helpers is None or self._pid != os.getpid():
            self._helpers = ThreadPoolExecutor(self.n_threads - 1, "bgsub-mixture")
            self._pid = os.getpid()
        return self._helpers


class _Caught:
    """Keeps an error that was raised within."""

    error: BaseException | None = None

    def __enter__(self) -> _Caught:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> Literal[True]:
        self.error = error
        return True


def _cores() -> int:
    # Not every system can tell which cores this process may use.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _split(n_tiles: int, n_ranges: int) -> list[tuple[int, int]]:
    cuts = [n_tiles * i // n_ranges for i in range(n_ranges + 1)]
    return list(pairwise(cuts))
