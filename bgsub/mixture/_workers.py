"""Work on ranges of tiles, shared between threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Workers"]

# Waking a thread costs about as much as this many tiles of one frame.
_MIN_STEPS_PER_THREAD = 64
# More ranges than threads, so that a thread that is held up delays the others little.
_RANGES_PER_THREAD = 4


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
        n = min(self.n_threads, n_tiles, n_tiles * n_frames // _MIN_STEPS_PER_THREAD)
        if n <= 1:
            work(0, n_tiles)
            return
        ranges = _split(n_tiles, min(n_tiles, n * _RANGES_PER_THREAD))

        def drain() -> None:
            for first, last in ranges:
                work(first, last)

        helpers = self._started()
        futures = [helpers.submit(drain) for _ in range(1, n)]
        try:
            drain()
        finally:
            # A helper that has not begun by now would find nothing left to do.
            begun = [future for future in futures if not future.cancel()]
            wait(begun)
        for future in begun:
            future.result()

    def _started(self) -> ThreadPoolExecutor:
        # Threads do not survive a fork, but the object that knows them does.
        if self._helpers is None or self._pid != os.getpid():
            self._helpers = ThreadPoolExecutor(self.n_threads - 1, "bgsub-mixture")
            self._pid = os.getpid()
        return self._helpers


def _cores() -> int:
    # Not every system can tell which cores this process may use.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _split(n_tiles: int, n_ranges: int) -> Iterator[tuple[int, int]]:
    # The iterator of a list, unlike a generator, may be drained by several threads at once.
    cuts = [n_tiles * i // n_ranges for i in range(n_ranges + 1)]
    return iter(list(pairwise(cuts)))
