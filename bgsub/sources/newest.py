"""A place for one thing: the newest; what nobody took in time is counted and gone."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

__all__ = ["Newest"]

T = TypeVar("T")


class Newest(Generic[T]):
    """Passes things from one thread to another, which only ever gets the newest.

    Attributes
    ----------
    n_dropped : int
        Things that were replaced before anybody took them, since the first was taken.
    """

    def __init__(self) -> None:
        self.n_dropped = 0
        self._changed = threading.Condition()
        self._item: T | None = None
        self._is_closed = False
        self._is_taken_from = False

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is here and nothing will come."""
        with self._changed:
            return self._is_closed and self._item is None

    def put(self, item: T) -> None:
        """Replace what is there."""
        with self._changed:
            self.n_dropped += self._item is not None and self._is_taken_from
            self._item = item
            self._changed.notify_all()

    def take(self, timeout_s: float) -> T | None:
        """Return what is there, or comes within `timeout_s` seconds; None if nothing does."""
        with self._changed:
            self._is_taken_from = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._item is not None or self._is_closed, timeout=timeout_s
            )
            item, self._item = self._item, None
            return item

    def wait_for_taker(self) -> None:
        """Wait until somebody has asked for something, or it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_taken_from or self._is_closed)

    def close(self) -> None:
        """Say that nothing more will come; what is there can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
