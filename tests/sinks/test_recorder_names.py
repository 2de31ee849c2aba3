from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.sinks.recorder_names import NameTemplate, source_slug

NOON = datetime(2026, 11, 2, 12, 3, 4, tzinfo=UTC)
FOLDER = Path("recordings")


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def first(template: str, source: str = "yard.mp4", event: str = "0007") -> str:
    names = NameTemplate(FOLDER, template, source)
    return next(names.paths(NOON, event)).relative_to(FOLDER).as_posix()


@pytest.mark.usefixtures("_in_berlin")
def test_names_tell_source_event_and_local_time() -> None:
    assert first("%Y-%m-%d/%H-%M-%S-{event}") == "2026-11-02/13-03-04-0007"
    assert first("{source}_%j%%") == "yard.mp4_306%"


def test_further_names_have_a_number() -> None:
    names = NameTemplate(FOLDER, "{event}", "yard").paths(NOON, "always")
    assert [path.name for path in islice(names, 3)] == ["always", "always-2", "always-3"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("rtsp://admin:secret@10.0.0.7:554/live?password=secret", "10.0.0.7-554-live"),
        ("/dev/video0", "dev-video0"),
        ("0", "0"),
        ("../../etc/passwd", "etc-passwd"),
        ("%Y{event}", "Y-event"),
        ("Garten Süd", "Garten-S-d"),
        ("...", "camera"),
        ("", "camera"),
    ],
)
def test_sources_are_named_without_secrets_and_within_the_folder(name: str, slug: str) -> None:
    assert source_slug(name) == slug


@settings(max_examples=40)
@given(source=st.text(max_size=100))
def test_no_source_leads_out_of_the_folder(source: str) -> None:
    relative = first("{source}/{event}", source)
    assert os.path.normpath(relative) == relative
    assert relative.count("/") == 1
    assert len(relative) < 100


@pytest.mark.parametrize(
    "template", ["%Y-%m-%d/%H-%M-%S-{event}", "{source}/%c{event}", "100%%{event}", "%-d.%b"]
)
@pytest.mark.parametrize("event", ["0007", "12345", "always", "manual"])
def test_own_names_are_known_again(template: str, event: str) -> None:
    if "/" in NOON.strftime("%c"):
        pytest.skip("this locale's dates have slashes")
    names = NameTemplate(FOLDER, template, "yard")
    for path in islice(names.paths(NOON, event), 3):
        relative = path.relative_to(FOLDER).as_posix()
        for suffix in (".mkv", ".mask.mkv", ".overlay.mkv", ".jpg"):
            assert names.is_ours(relative + suffix)


@pytest.mark.parametrize(
    "relative",
    [
        "2026-11-02/13-03-04-0007.mp4",
        "2026-11-02/13-03-04-0007.mkv.bak",
        "2026-11-02/holiday.mkv",
        "13-03-04-0007.mkv",
        "old/2026-11-02/13-03-04-0007.mkv",
        "2026-11-02/13-03-04-0007-copy.mkv",
        "2026-11-02/13-03-04-0007",
    ],
)
def test_names_of_others_are_not_ours(relative: str) -> None:
    names = NameTemplate(FOLDER, "%Y-%m-%d/%H-%M-%S-{event}", "yard")
    assert not names.is_ours(relative)


def test_the_files_of_another_source_are_not_ours() -> None:
    names = NameTemplate(FOLDER, "{source}-{event}", "yard")
    assert names.is_ours("yard-0001.mkv")
    assert not names.is_ours("gate-0001.mkv")
