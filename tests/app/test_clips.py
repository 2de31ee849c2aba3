"""How clips are opened for a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bgsub.app import clips
from bgsub.config import SCAN_DEFAULTS, Override, load_config, parse_set

_SCAN = [
    Override(path=tuple(path.split(".")), value=value, origin="scan")
    for path, value in SCAN_DEFAULTS.items()
]


@pytest.mark.parametrize(
    ("defaults", "settings", "n_busy"),
    [
        (_SCAN, (), 1),
        (_SCAN, ("detector.method=classic",), 0),
        ([], (), 0),
        ([], ("detector.method=classic",), 0),
        ([], ("run.threads=3",), 3),
    ],
)
def test_decoding_leaves_cores_to_what_takes_longer(
    monkeypatch: pytest.MonkeyPatch,
    defaults: list[Override],
    settings: tuple[str, ...],
    n_busy: int,
) -> None:
    opened: dict[str, Any] = {}
    monkeypatch.setattr(clips, "open_source", lambda _, **options: opened.update(options))
    overrides = [parse_set(one) for one in settings]
    clips._open(Path("clip.mp4"), load_config(None, overrides, defaults=defaults).config)
    assert opened["n_busy_cores"] == n_busy
