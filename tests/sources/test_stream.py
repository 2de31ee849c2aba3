"""Network streams from real servers on loopback, good and bad ones."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bgsub.errors import SourceOpenError
from bgsub.sources.capture import Capture, Retries
from bgsub.sources.connection import BrokenOffError
from bgsub.sources.stream import StreamConnection
from tests.sources._clips import ClipSpec, number_in, write_clip
from tests.sources._feeds import (
    BadServer,
    FileServer,
    MotionJpegServer,
    ffmpeg_server,
    free_port,
    has_ffmpeg,
    has_rtsp_server,
    rtsp_server,
    wait_until,
)

_needs_rtsp = pytest.mark.skipif(
    not has_rtsp_server(), reason="needs gir1.2-gst-rtsp-server-1.0 and python3-gi"
)
_needs_ffmpeg = pytest.mark.skipif(not has_ffmpeg(), reason="needs ffmpeg")
_QUICK = Retries(first_s=0.05, longest_s=0.2, for_s=None)
_WAYS = ("close", "stall", "garbage", "size", "reset")


def _connect(address: str, *, stall_s: float = 1.0, colour: bool = True) -> StreamConnection:
    return StreamConnection(
        address,
        transport="tcp",
        open_timeout_s=8.0,
        stall_s=stall_s,
        scale=1.0,
        max_side_px=None,
        colour=colour,
    )


def _patiently(address: str) -> StreamConnection:
    """Connect to a server that may only be starting."""
    for _ in range(100):
        try:
            return _connect(address, stall_s=20.0)
        except SourceOpenError:
            time.sleep(0.1)
    return _connect(address, stall_s=20.0)


def _capture(address: str, name: str = "cam") -> Capture:
    return Capture(lambda _stop: _connect(address), name=name, retries=_QUICK)


def _read_on(stream: StreamConnection) -> None:
    for _ in range(1000):
        stream.read()


def _take(capture: Capture, count: int) -> list[float]:
    times: list[float] = []
    wait_until(lambda: _took_one(capture, times) and len(times) >= count, 60.0)
    return times


def _took_one(capture: Capture, times: list[float]) -> bool:
    captured = capture.take(0.5)
    if captured is not None:
        times.append(captured.frame.timestamp_s)
    return captured is not None


def test_pictures_of_a_stream_come_decoded_in_order() -> None:
    with BadServer([]) as server:
        stream = _connect(server.address)
        pictures = [stream.read() for _ in range(20)]
        stream.close()
    numbers = [number_in(picture.image) for picture in pictures if picture is not None]
    assert numbers == list(range(20))
    assert stream.granted == "h264, 96×64, 25 frames a second"
    assert not stream.is_recorded
    steps = np.diff([p.source_s for p in pictures if p is not None and p.source_s is not None])
    np.testing.assert_allclose(steps, 0.04, atol=1e-3)


def test_a_grey_stream_is_the_decoders_luma() -> None:
    with BadServer([]) as server:
        stream = _connect(server.address, colour=False)
        picture = stream.read()
        stream.close()
    assert picture is not None
    assert picture.image.shape == (64, 96)


@pytest.mark.parametrize("way", ["close", "reset", "stall", "garbage", "sound", "more"])
def test_a_stream_that_breaks_off_says_why(way: str) -> None:
    reasons = {
        "close": "the server ended it",
        "reset": "reset by peer",
        "stall": "nothing came for 1 s",
        "garbage": "nothing .*came for 1 s",
        "more": "the server ended it",
        "sound": "nothing that is a picture came for 1 s",
    }
    with BadServer([way]) as server:
        stream = _connect(server.address)
        with pytest.raises(BrokenOffError, match=reasons[way]):
            _read_on(stream)
        stream.close()


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://viewer:hush-hush@127.0.0.1:{port}/live?key=hush-hush",
        "http://viewer:hush-hush@127.0.0.1:{port}/live?key=hush-hush",
        "tcp://127.0.0.1:{port}?key=hush-hush",
        "nonsense://viewer:hush-hush@127.0.0.1:{port}/live",
        "rtsp://viewer:hush-hush@camera.invalid/live",
        "rtsp://viewer:hush-hush@[/live",
    ],
)
def test_a_stream_that_cannot_be_opened_says_so_without_the_password(address: str) -> None:
    with pytest.raises(SourceOpenError) as caught:
        _connect(address.format(port=free_port()))
    assert "hush" not in str(caught.value)
    assert "cannot be opened" in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_address_does_not_lead_to_files(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", ClipSpec(count=5))
    with pytest.raises(SourceOpenError):
        _connect(f"file://{clip}")


def test_every_kind_of_break_is_recovered_from_in_one_run() -> None:
    threads = threading.active_count()
    with BadServer(_WAYS) as server, _capture(server.address) as capture:
        times: list[float] = []
        whats: list[str] = []
        while capture.n_breaks < len(_WAYS) or not capture.is_connected:
            _took_one(capture, times)
            whats += [gap.what for gap in capture.gaps()]
        times += _take(capture, 20)
        assert server.n_clients == len(_WAYS) + 1
        assert capture.frame_shape == (64, 96, 3)
    assert times == sorted(set(times))
    assert sum("broke off" in what for what in whats) == len(_WAYS)
    assert sum("is back" in what for what in whats) == len(_WAYS)
    assert any("changed from 96×64 to 64×48" in what for what in whats)
    wait_until(lambda: threading.active_count() <= threads)


def _n_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _n_native_threads() -> int:
    """Count the decoder's threads too, which Python does not know."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts in /proc")
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_fifty_breaks_are_recovered_from_and_no_thread_or_file_is_left() -> None:
    threads = threading.active_count()
    with BadServer(_WAYS * 10) as server, _capture(server.address) as capture:
        times: list[float] = []
        while capture.n_breaks < 5 or not capture.is_connected:
            _took_one(capture, times)
        files, natives = _n_files(), _n_native_threads()
        while capture.n_breaks < 50 or not capture.is_connected:
            _took_one(capture, times)
        assert abs(_n_files() - files) <= 1
        assert abs(_n_native_threads() - natives) <= 1
        times += _take(capture, 20)
    assert times == sorted(set(times))
    wait_until(lambda: threading.active_count() <= threads)


@_needs_rtsp
def test_an_rtsp_server_is_watched_killed_and_watched_again() -> None:
    port = free_port()
    address = f"rtsp://viewer:hush@127.0.0.1:{port}/live"
    with ExitStack() as first:
        first.enter_context(rtsp_server(port, password="hush"))
        with _capture(address) as capture:
            times = _take(capture, 10)
            assert capture.info.fps == pytest.approx(30.0)
            first.close()
            wait_until(lambda: not capture.is_connected)
            with rtsp_server(port, password="hush"):
                wait_until(lambda: capture.is_connected, 60.0)
                times += _take(capture, 10)
                whats = " ".join(gap.what for gap in capture.gaps())
    assert times == sorted(set(times))
    assert "broke off" in whats
    assert "is back" in whats
    assert "hush" not in whats


@_needs_rtsp
def test_a_wrong_password_is_told_without_showing_it() -> None:
    port = free_port()
    with rtsp_server(port, password="hush"), pytest.raises(SourceOpenError) as caught:
        _connect(f"rtsp://viewer:wrong-one@127.0.0.1:{port}/live")
    assert "401" in str(caught.value)
    assert "wrong-one" not in str(caught.value)


@_needs_ffmpeg
@pytest.mark.parametrize("scheme", ["http", "tcp"])
def test_ffmpeg_is_watched_killed_and_watched_again(scheme: str) -> None:
    address = f"{scheme}://127.0.0.1:{free_port()}/live"
    address = address.removesuffix("/live") if scheme == "tcp" else address
    capture = Capture(lambda _stop: _patiently(address), name="cam", retries=_QUICK)
    with ExitStack() as first:
        server = first.enter_context(ffmpeg_server(address))
        with capture:
            times = _take(capture, 10)
            server.kill()
            wait_until(lambda: not capture.is_connected)
            first.close()
            with ffmpeg_server(address, size="320x240"):
                wait_until(lambda: capture.is_connected, 60.0)
                times += _take(capture, 10)
                assert capture.frame_shape == (120, 160, 3)
    assert times == sorted(set(times))


def test_motion_jpeg_is_timed_by_its_arrival() -> None:
    with MotionJpegServer(every_s=0.1) as server, _capture(server.address) as capture:
        assert capture.info.fps is None
        times = _take(capture, 8)
    assert np.median(np.diff(times)) > 0.09


@_needs_ffmpeg
def test_a_broadcast_in_segments_is_played_at_its_own_pace(tmp_path: Path) -> None:
    command = ["ffmpeg", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-t", "20"]
    command += ["-i", "testsrc2=size=96x64:rate=25", "-c:v", "libx264", "-g", "25"]
    command += ["-hls_list_size", "0", "-hls_time", "1", str(tmp_path / "live.m3u8")]
    subprocess.run(command, check=True)
    # A list without its end is a broadcast that goes on.
    playlist = tmp_path / "live.m3u8"
    playlist.write_text(playlist.read_text().replace("#EXT-X-ENDLIST", ""))
    with FileServer(tmp_path) as server:
        stream = _connect(f"{server.address}/live.m3u8")
        stream.close()
    assert stream.comes_at_once
    assert not stream.is_recorded


def test_a_clip_on_a_server_is_known_to_have_an_end(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", ClipSpec(count=12))
    with FileServer(tmp_path) as server:
        stream = _connect(f"{server.address}/clip.mp4")
        pictures = list(iter(partial(stream.read), None))
        stream.close()
    assert stream.is_recorded
    assert [number_in(picture.image) for picture in pictures] == list(range(12))
