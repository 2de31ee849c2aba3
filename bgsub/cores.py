"""The machine's cores, as far as this process may use them."""

from __future__ import annotations

import os

__all__ = ["count_cores"]


def count_cores() -> int:
    """Return how many cores this process may use."""
    # Not every system can tell which they are.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
