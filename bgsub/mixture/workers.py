"""Work on ranges of tiles, shared between threads."""

from __future__ import annotations

import os
import weakref
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal

import numpy as np

from bgsub.cores import count_cores

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = ["Workers"]

# In tiles of one frame: less is done before another thread is awake.
_MIN_STEPS_PER_THREAD = 48
# More ranges than threads, so that a thread that is held up delays the others little, but
# none so small that calling the work for it matters.
_RANGES_PER_THREAD = 4
_MIN_STEPS_PER_RANGE = 24
# Taking a turn costs next to nothing.
_TURNS_PER_THREAD = 16
# What counts as a tile where others than the model divide their work, in pixels.
_TILE_PX = 2048


class Workers:
    """The calling thread and helpers, which start when there is work for them.

    Kernels compiled without the interpreter's lock are called from ordinary threads: Numba's
    own thread layers end the process when two Python threads use them at once.  Helpers end
    with the object.

    Each thread has its own share of the tiles, which is the same one every time, so that it
    finds in its core's cache what it left there; only when that is done does it help others
    with theirs.

    Parameters
    ----------
    n_threads : int
        Threads in all, the calling one included; 0: one for each core this process may use.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads or count_cores()
        # A pool's futures take longer than a small frame.
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._n_helpers = 0
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
        n = self._n_useful(n_tiles, n_frames)
        if n <= 1:
            work(0, n_tiles)
            return
        n_ranges = min(_RANGES_PER_THREAD, n_tiles * n_frames // (n * _MIN_STEPS_PER_RANGE))
        self._run_shares(
            work,
            [
                _split(first, last, min(last - first, n_ranges))
                for first, last in _split(0, n_tiles, n)
            ],
        )

    def run_turns(
        self,
        work: Callable[[NDArray[np.int64], int, int], None],
        n_tiles: int,
        n_frames: int,
    ) -> None:
        """Call `work` once in each thread that is worth it, and return when all is done.

        For compiled work, which takes turns without the interpreter's lock.

        Parameters
        ----------
        work : callable
            Takes an array of counts, zeros at first, which all threads share: for each thread
            how many tiles of its share have been taken, and last how many are done in all;
            the number of tiles to take in a turn; and which share to begin with, 0 in the
            calling thread.
        n_tiles, n_frames : int
            How much work there is.
        """
        n = max(1, self._n_useful(n_tiles, n_frames))
        counts = np.zeros(n + 1, dtype=np.int64)
        if n == 1:
            work(counts, n_tiles, 0)
            return
        size = max(1, n_tiles // (n * _TURNS_PER_THREAD))
        self._together(
            lambda place: work(counts, size, place), n, lambda: int(counts[n]) == n_tiles
        )

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
        self._run_shares(lambda first, _last: (one, other)[first](), [[(0, 1)], [(1, 2)]])

    def _n_useful(self, n_tiles: int, n_frames: int) -> int:
        return min(self.n_threads, n_tiles, n_tiles * n_frames // _MIN_STEPS_PER_THREAD)

    def _run_shares(
        self, work: Callable[[int, int], None], ranges: list[list[tuple[int, int]]]
    ) -> None:
        # The iterator of a list, unlike a generator, may be drained by several threads at once.
        shares = [iter(share) for share in ranges]

        def take(place: int) -> None:
            try:
                for share in (*shares[place:], *shares[:place]):
                    for first, last in share:
                        work(first, last)
            finally:
                # After an error nobody begins what is left.
                for share in shares:
                    for _ in share:
                        pass

        self._together(take, len(shares), lambda: False)

    def _together(
        self, work: Callable[[int], None], n: int, is_done: Callable[[], bool]
    ) -> None:
        """Call `work` with 0 here and with 1 to n - 1 in helpers, those that come in time.

        If all is done when the work here is, helpers that have only just come are not waited
        for.
        """
        # An iterator that has come to its end holds its list no more, nor what is in it: a
        # call that waits for a busy helper keeps nothing alive.
        tasks = iter([(work, place) for place in range(1, n)])
        done: SimpleQueue[BaseException | None] = SimpleQueue()

        def help_out() -> None:
            for task, place in tasks:
                with _Caught() as caught:
                    task(place)
                done.put(caught.error)
                return

        self._start(n - 1)
        for _ in range(1, n):
            self._calls.put(help_out)
        try:
            work(0)
        finally:
            # A helper that comes late finds no task left, so only those that were taken
            # have to be waited for.
            n_helped = n - 1 - sum(1 for _ in tasks)
            errors = [] if is_done() else [done.get() for _ in range(n_helped)]
        for error in errors:
            if error is not None:
                raise error

    def _start(self, n_helpers: int) -> None:
        # Threads do not survive a fork, but the object that knows them does.
        if self._pid != os.getpid():
            self._calls, self._n_helpers, self._pid = SimpleQueue(), 0, os.getpid()
        while self._n_helpers < n_helpers:
            Thread(
                target=_serve, args=(self._calls,), name="bgsub-mixture", daemon=True
            ).start()
            weakref.finalize(self, self._calls.put, None)
            self._n_helpers += 1


def _serve(calls: SimpleQueue[Callable[[], None] | None]) -> None:
    while (call := calls.get()) is not None:
        call()
        # What it works on is not to be kept alive until the next one comes.
        del call


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


def _split(first: int, last: int, n_ranges: int) -> list[tuple[int, int]]:
    cuts = [first + (last - first) * i // n_ranges for i in range(n_ranges + 1)]
    return list(pairwise(cuts))
