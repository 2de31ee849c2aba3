"""The sections of the configuration about what a live run keeps and tells."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from bgsub.config._fields import Section, key

__all__ = ["NotifyConfig", "RecordingConfig"]

Seconds = Annotated[float, Field(ge=0.0)]

_FIELDS = ("event", "source")


class RecordingConfig(Section):
    """Video files of a live run."""

    mode: Literal["events", "always", "manual"] = key(
        "events",
        "What is recorded: events with some time around them, everything, or only what is "
        "asked for at the window.",
    )
    name: str = key(
        "%Y-%m-%d/%H-%M-%S-{event}",
        "Names of the files within the folder: strftime's codes in local time, {source}, and "
        "{event}, the number of the event; .mkv is added, and a number if there is one.",
    )
    pre_roll_s: Seconds = key(
        5.0, "Time recorded before an event.", raising="more is seen of what led to it"
    )
    post_roll_s: Seconds = key(
        5.0, "Time recorded after an event.", raising="more is seen of what followed"
    )
    merge_gap_s: Seconds = key(
        5.0,
        "Recordings with at most this much between them become one file.",
        raising="fewer, longer files",
    )
    max_length_s: float = key(
        600.0, "A recording goes on in another file after this time.", ge=5.0
    )
    max_ring_bytes: int = key(
        64_000_000,
        "Memory for what may be recorded later; the oldest goes first.",
        raising="long pre-rolls of large pictures fit",
        ge=1_000_000,
    )
    crf: int = key(
        23,
        "Compression of the recordings, as in x264.",
        raising="smaller files, coarser picture",
        ge=0,
        le=51,
    )
    overlay: bool = key(
        False, "Beside each recording, the same with the foreground marked (.overlay.mkv)."
    )
    mask: bool = key(False, "Beside each recording, its masks without loss (.mask.mkv).")
    keep_days: float | None = key(
        None,
        "Recordings and snapshots of this name are removed when older; empty: never.",
        raising="they are kept longer",
        gt=0.0,
    )
    keep_bytes: int | None = key(
        None,
        "The oldest recordings and snapshots of this name are removed when all together are "
        "larger; empty: never.",
        raising="more is kept",
        ge=1_000_000,
    )
    min_free_bytes: int = key(
        500_000_000,
        "Recording pauses while the disk has less room than this.",
        raising="more room is left to others",
        ge=0,
    )

    @field_validator("name")
    @classmethod
    def _stays_in_the_folder(cls, value: str) -> str:
        return checked_name(value)


class NotifyConfig(Section):
    """Events of a live run, told as they happen."""

    log: str | None = key(
        "events.jsonl",
        "A line of JSON for every start, update and end of an event: a file in the folder of "
        "recordings or elsewhere, or - for the standard output; empty: none.",
    )
    log_bytes: int = key(
        10_000_000,
        "The log begins anew beyond this size; the older ones get a number.",
        raising="fewer, larger files",
        ge=10_000,
    )
    log_files: int = key(5, "How many older logs are kept.", ge=0, le=1000)
    update_every_s: float = key(
        1.0, "Time between updates of an event that goes on.", raising="fewer lines", gt=0.0
    )
    snapshot: Literal["none", "plain", "marked"] = key(
        "plain",
        "The picture of each event's peak as JPEG: none, as it is, or with the foreground "
        "marked.",
    )
    on_event_start: tuple[str, ...] = key(
        (),
        "Program and arguments to run when an event starts; the facts are in its environment "
        "(BGSUB_EVENT...).",
    )
    on_event_end: tuple[str, ...] = key((), "The same when an event has ended.")
    on_recording_end: tuple[str, ...] = key(
        (), "The same when a recording is complete; BGSUB_RECORDING names the file."
    )
    command_limit_s: float = key(
        30.0, "Such a program is ended after this time.", raising="more patience", gt=0.0
    )
    max_commands: int = key(
        4, "How many of them may run at a time; the others wait.", ge=1, le=100
    )


def checked_name(template: str) -> str:
    """Return a template of file names if it can only name files within its folder.

    Raises
    ------
    ValueError
        If it leads elsewhere, or has fields other than ``{event}`` and ``{source}``.
    """
    fields = re.findall(r"\{([^{}]*)\}", template)
    plain = re.sub(r"\{[^{}]*\}", "", template)
    parts = template.split("/")
    if any(field not in _FIELDS for field in fields) or "{" in plain or "}" in plain:
        msg = f"should have no fields but {{event}} and {{source}}, not {template!r}"
    elif "%" in re.sub(r"%([-_0^#]?[aAbBdHIjmMpSUVwWyYGuzZfs]|%)", "", template):
        msg = f"should have only strftime's codes of single parts, not {template!r}"
    elif any(part.strip() in {"", ".", ".."} for part in parts) or "\\" in template:
        msg = f"should name a file within the folder, not {template!r}"
    elif any(ord(char) < 32 for char in template):
        msg = "should have no control characters"
    else:
        return template
    raise ValueError(msg)
