"""The capture thread, on connections that break off as they are told."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bgsub.errors import SourceError, SourceOpenError
from bgsub.sources.capture import Capture, Captured, Retries
from tests.sources._connections import FakeConnection, FakeServer, grey
from tests.sources._feeds import wait_until

_QUICK = Retries(first_s=0.01, longest_s=0.04, for_s=None)


def _endless() -> itertools.repeat[np.ndarray]:
    return itertools.repeat(grey(9))


def _all(capture: Capture) -> list[Captured]:
    """Take what comes, faster than it comes, until the end."""
    taken = []
    while not capture.has_ended:
        captured = capture.take(0.05)
        if captured is not None:
            taken.append(captured)
    return taken


def test_a_source_that_ends_gives_its_frames_with_rising_times_and_ends() -> None:
    connection = FakeConnection([grey(n) for n in range(10)], None, every_s=0.03)
    with Capture(FakeServer(connection), name="fake", retries=None) as capture:
        taken = _all(capture)
        assert capture.failure is None
    assert connection.is_closed
    times = [c.frame.timestamp_s for c in taken]
    assert times == sorted(set(times))
    assert [c.frame.image[0, 0] for c in taken] == [c.frame.index for c in taken]
    assert taken[-1].frame.index == 9


def test_the_stream_is_described_before_the_first_frame_is_taken() -> None:
    before = datetime.now(UTC)
    with Capture(FakeServer(FakeConnection(_endless(), "x")), name="f", retries=_QUICK) as live:
        info = live.info
        assert (info.width, info.height, info.fps, info.name) == (6, 4, 25.0, "f")
        assert live.frame_shape == (4, 6)
        assert live.granted == "fake"
        captured = live.take(5.0)
    assert captured is not None
    assert captured.frame.captured_at is not None
    assert info.started_at is not None
    for moment in (captured.frame.captured_at, info.started_at):
        assert moment.tzinfo is not None
        assert timedelta(0) <= moment - before < timedelta(seconds=20)


def test_a_recorded_source_waits_for_the_first_who_asks() -> None:
    connection = FakeConnection([grey(n) for n in range(3)], None, every_s=0.5)
    with Capture(FakeServer(connection), name="clip", retries=None) as capture:
        time.sleep(1.2)
        asked_s = time.perf_counter()
        taken = _all(capture)
    assert [c.frame.image[0, 0] for c in taken] == [0, 1, 2]
    assert taken[0].frame.timestamp_s == 0.0
    assert taken[0].arrived_s >= asked_s


def test_leaving_ends_a_recorded_source_nobody_asked() -> None:
    connection = FakeConnection([grey(0), grey(1)], None)
    with Capture(FakeServer(connection), name="clip", retries=None):
        pass
    wait_until(lambda: connection.is_closed)


def test_a_slow_reader_gets_the_newest_frame_and_the_others_are_counted() -> None:
    with Capture(FakeServer(FakeConnection(_endless(), "x")), name="f", retries=_QUICK) as live:
        first = live.take(5.0)
        wait_until(lambda: live.n_dropped >= 20)
        dropped = live.n_dropped
        second = live.take(0.0)
        assert first is not None
        assert second is not None
        assert second.frame.index - first.frame.index >= dropped + 1


def test_a_broken_source_is_opened_again_and_numbers_and_times_go_on() -> None:
    server = FakeServer(
        FakeConnection([grey(1)] * 3, "the cable was cut"),
        None,
        FakeConnection([grey(2)] * 3, "the cable was cut again"),
        FakeConnection(_endless(), None),
    )
    with Capture(server, name="yard", retries=_QUICK) as live:
        taken: list[Captured] = []
        while not taken or taken[-1].frame.image[0, 0] != 9:
            captured = live.take(0.05)
            taken += [] if captured is None else [captured]
        assert live.n_breaks == 2
        assert live.is_connected
        whats = [gap.what for gap in live.gaps()]
        assert live.gaps() == []
    times = [c.frame.timestamp_s for c in taken]
    numbers = [c.frame.index for c in taken]
    assert times == sorted(set(times))
    assert numbers == sorted(set(numbers))
    assert whats[0] == "'yard' broke off: the cable was cut"
    assert "'yard' is back after" in whats[1]
    assert whats[2] == "'yard' broke off: the cable was cut again"


def test_a_mistake_in_reading_is_a_break_like_others() -> None:
    server = FakeServer(
        FakeConnection([grey(1)], "a mistake"),
        FakeConnection([], "a mistake"),
        FakeConnection(_endless(), None),
    )
    with Capture(server, name="yard", retries=_QUICK) as live:
        wait_until(lambda: live.n_breaks == 1 and live.is_connected)
        assert live.gaps()[0].what == "'yard' broke off: reading it failed (ZeroDivisionError)"
    assert len(server.asked_s) == 3


def test_gaps_tell_when_they_were_in_stream_time() -> None:
    server = FakeServer(FakeConnection([grey(1)], "x"), FakeConnection(_endless(), None))
    with Capture(
        server, name="f", retries=Retries(first_s=0.3, longest_s=1, for_s=None)
    ) as live:
        wait_until(lambda: live.n_breaks == 1 and live.is_connected)
        broke, back = live.gaps()
        captured = live.take(5.0)
    assert 0.25 < back.at_s - broke.at_s < 10.0
    assert captured is not None
    assert captured.frame.timestamp_s >= back.at_s


def test_pauses_between_attempts_grow_up_to_the_longest() -> None:
    server = FakeServer(FakeConnection([grey(1)], "x"))
    retries = Retries(first_s=0.05, longest_s=0.2, for_s=None)
    with Capture(server, name="f", retries=retries) as live:
        wait_until(lambda: len(server.asked_s) >= 6)
        assert not live.is_connected
        assert not live.has_ended
    pauses = np.diff(server.asked_s)[1:]
    least = [0.1, 0.2, 0.2, 0.2]
    assert all(pause >= wanted * 0.9 for pause, wanted in zip(pauses, least, strict=False))
    assert pauses[0] < 0.2 * 0.9 or pauses[0] < pauses[1]


def test_pauses_begin_anew_after_the_source_was_back() -> None:
    server = FakeServer(
        FakeConnection([grey(1)], "x"),
        None,
        None,
        None,
        FakeConnection([grey(1)], "x"),
        FakeConnection(_endless(), None),
    )
    retries = Retries(first_s=0.02, longest_s=5.0, for_s=None)
    with Capture(server, name="f", retries=retries) as live:
        wait_until(lambda: live.n_breaks == 2 and live.is_connected)
    assert server.asked_s[5] - server.asked_s[4] < server.asked_s[4] - server.asked_s[3]


def test_a_source_that_does_not_come_back_is_given_up_if_that_is_wanted() -> None:
    retries = Retries(first_s=0.01, longest_s=0.05, for_s=0.2)
    with Capture(FakeServer(FakeConnection([grey(1)], "x")), name="f", retries=retries) as live:
        _all(live)
        assert live.failure is not None
        assert "did not come back" in live.failure


def test_a_connection_without_a_picture_counts_as_one_that_failed() -> None:
    silent = FakeConnection([], "silence")
    server = FakeServer(
        FakeConnection([grey(1)], "x"), silent, FakeConnection(_endless(), None)
    )
    with Capture(server, name="f", retries=_QUICK) as live:
        wait_until(lambda: live.n_breaks == 1 and live.is_connected)
    assert silent.is_closed
    assert len(server.asked_s) == 3


def test_pictures_of_another_size_or_kind_are_fitted_to_the_first_and_that_is_told() -> None:
    colour = np.full((8, 12, 3), 77, np.uint8)
    pictures = [grey(1), grey(50, 8, 12), colour, grey(3)]
    server = FakeServer(FakeConnection(pictures, None, every_s=0.1))
    with Capture(server, name="f", retries=None) as live:
        taken = _all(live)
        whats = [gap.what for gap in live.gaps()]
    assert {c.frame.image.shape for c in taken} == {(4, 6)}
    assert [int(c.frame.image[2, 2]) for c in taken] == [1, 50, 77, 3]
    assert not any(c.frame.image.flags.writeable for c in taken)
    assert [what.split(";")[0] for what in whats] == [
        "the pictures changed from 6×4 grey to 12×8 grey",
        "the pictures changed from 12×8 grey to 12×8",
        "the pictures changed from 12×8 to 6×4 grey",
    ]


def test_leaving_ends_the_thread_while_it_waits_to_try_again() -> None:
    retries = Retries(first_s=60.0, longest_s=60.0, for_s=None)
    with Capture(FakeServer(FakeConnection([grey(1)], "x")), name="f", retries=retries) as live:
        wait_until(lambda: not live.is_connected)
        began = time.monotonic()
    assert time.monotonic() - began < 30.0


def test_a_source_that_cannot_be_opened_says_so_on_entering() -> None:
    with (
        pytest.raises(SourceOpenError, match="is down"),
        Capture(FakeServer(), name="f", retries=_QUICK),
    ):
        pass


@pytest.mark.parametrize(("why", "said"), [(None, "holds no picture"), ("noise", "noise")])
def test_a_source_without_a_first_picture_is_closed_and_says_so(
    why: str | None, said: str
) -> None:
    connection = FakeConnection([], why)
    with (
        pytest.raises(SourceOpenError, match=said),
        Capture(FakeServer(connection), name="f", retries=_QUICK),
    ):
        pass
    assert connection.is_closed


def test_nothing_is_known_of_a_source_that_was_not_entered() -> None:
    with pytest.raises(SourceError, match="with statement"):
        _ = Capture(FakeServer(), name="f", retries=None).info
