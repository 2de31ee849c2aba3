"""What is secret in an address is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.addresses import is_address, without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:secret@10.0.0.7:554/live", "rtsp://10.0.0.7:554/live"),
        ("rtsp://10.0.0.7/a?user=admin&password=secret#x", "rtsp://10.0.0.7/a"),
        ("http://token@camera/mjpg", "http://camera/mjpg"),
        ("rtsp://u:sec/ret@camera/live", "rtsp://camera/live"),
        ("rtsp://u:sec?ret@camera/live", "rtsp://camera/live"),
        ("rtsp://u:sec#ret@camera/live", "rtsp://camera/live"),
        ("rtsp://u:sec@ret@camera/live", "rtsp://camera/live"),
        ("rtsp://u:secret@[::1]:554/live", "rtsp://[::1]:554/live"),
        ("rtsp://u:[secret@camera/live", "rtsp://..."),
        ("tcp://127.0.0.1:9000", "tcp://127.0.0.1:9000"),
        ("clips/yard@home.mp4", "clips/yard@home.mp4"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert without_secrets(address) == shown


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1))
def test_no_password_survives(password: str) -> None:
    shown = without_secrets(f"rtsp://user:q{password}z@camera/live")
    assert f"q{password}z" not in shown
    assert "user" not in shown


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("rtsp://x/y", True),
        ("srt://x", True),
        ("c://x", False),
        ("yard.mp4", False),
        ("0", False),
    ],
)
def test_an_address_is_told_from_a_file(text: str, answer: bool) -> None:
    assert is_address(text) is answer
