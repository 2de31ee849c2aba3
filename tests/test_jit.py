"""Compiling where nothing can be kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bgsub import jit

if TYPE_CHECKING:
    from collections.abc import Callable


def test_kernel_is_compiled_without_a_cache_where_none_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: list[dict[str, Any]] = []

    def njit_without_a_place(**given: Any) -> Callable[[Any], Any]:
        if given.get("cache"):
            msg = "cannot cache function: no locator available"
            raise RuntimeError(msg)
        options.append(given)
        return lambda function: function

    monkeypatch.setattr(jit, "njit", njit_without_a_place)
    assert jit.kernel(abs)(-3) == 3
    assert options[0]["nogil"]
