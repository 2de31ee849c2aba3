"""What every test shares: no error is logged unasked, no thread is left behind."""

from __future__ import annotations

import gc
import logging
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# The first call of a kernel compiles it, which no deadline of an example can allow for.
settings.register_profile("bgsub", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("bgsub")


@pytest.fixture(autouse=True)
def _no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not errors, f"unexpected error records: {errors}"


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    if not set(threading.enumerate()) - before:
        return
    # A model's threads end with it, and an exception's traceback may still hold it.
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30.0)
    left = [t.name for t in set(threading.enumerate()) - before if t.is_alive()]
    assert not left, f"threads left behind: {left}"
