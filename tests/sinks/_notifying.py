"""Rules of notifiers to try."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bgsub.sinks.notify import NotifyRules


def notify_rules(**changes: Any) -> NotifyRules:
    plain = NotifyRules(
        log="events.jsonl",
        log_bytes=10**7,
        log_files=5,
        snapshot="plain",
        on_event_start=(),
        on_event_end=(),
        on_recording_end=(),
        command_limit_s=20.0,
        max_commands=4,
    )
    return replace(plain, **changes)
