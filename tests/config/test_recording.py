from __future__ import annotations

from dataclasses import fields

import pytest
from pydantic import ValidationError

from bgsub.config.recording import NotifyConfig, RecordingConfig
from bgsub.sinks.notify import NotifyRules
from bgsub.sinks.recorder import RecordingRules


@pytest.mark.parametrize(
    "name",
    [
        "../%Y",
        "/var/%Y",
        "a//b",
        "a/./b",
        "a/..",
        "..",
        "",
        "a/",
        "%Y\\x",
        "{name}",
        "{event",
        "event}",
        "{}",
        "{event!r}",
        "%D",
        "%x",
        "%c",
        "%q",
        "100%",
        "a\nb",
        "a\0b",
    ],
)
def test_names_that_lead_elsewhere_or_have_unknown_parts_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="should"):
        RecordingConfig(name=name)


@pytest.mark.parametrize("name", ["%Y-%m-%d/%H-%M-%S-{event}", "{source}/%s", "100%%", "%-d.x"])
def test_plain_names_are_taken(name: str) -> None:
    assert RecordingConfig(name=name).name == name


def test_the_sections_hold_what_the_sinks_take() -> None:
    recording = RecordingConfig().model_dump()
    assert set(recording) == {field.name for field in fields(RecordingRules)}
    RecordingRules(**recording)
    notify = NotifyConfig().model_dump(exclude={"update_every_s"})
    assert set(notify) == {field.name for field in fields(NotifyRules)}
    NotifyRules(**notify)
