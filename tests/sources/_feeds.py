"""Servers of streams on loopback, some of them bad: what a camera's network can do."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Self

import av
import cv2
import numpy as np

from tests.sources._clips import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RATE = 25
_HOST = "127.0.0.1"
_CHUNK = 188 * 4
_LONG_S = 16
# Debian's bindings of GStreamer belong to the system's own interpreter.
_SYSTEM_PYTHON = "/usr/bin/python3"
_RTSP_SCRIPT = Path(__file__).with_name("_rtsp_server.py")


@cache
def transport_stream(first: int, count: int, size: tuple[int, int] = (96, 64)) -> bytes:
    """Encode numbered pictures as MPEG-TS, a keyframe every fifth."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": "5"}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(first, first + count):
            frame = av.VideoFrame.from_ndarray(picture(number % 256, *size), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@cache
def sound_without_pictures(seconds: int) -> bytes:
    """Encode half a second of pictures and then only silence, as MPEG-TS."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": "5"}
        video = container.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        sound = container.add_stream("aac", rate=16_000)
        silence = np.zeros((1, 1024), np.float32)
        for number in range(seconds * 16_000 // 1024):
            if number < RATE // 2:
                frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                container.mux(video.encode(frame))
            samples = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
            samples.rate, samples.pts = 16_000, number * 1024
            container.mux(sound.encode(samples))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    return file.getvalue()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class BadServer:
    """Sends each client a little good video over TCP, and then breaks off in the next way.

    The ways: ``close`` ends the connection, ``reset`` aborts it, ``stall`` keeps it open and
    silent, ``garbage`` sends noise, ``size`` goes on with pictures of another size, ``more``
    with another programme that has sound, and ``sound`` is a client's whole stream: pictures
    for half a second, then sound only.
    When the ways are used up, the last client is served until the server is closed.
    """

    def __init__(self, ways: Sequence[str], *, good_s: float = 0.4) -> None:
        self._ways = list(ways)
        self._good_s = good_s
        self._good = transport_stream(0, round(good_s * RATE))
        self._small = transport_stream(round(good_s * RATE), 10, (64, 48))
        self._long = transport_stream(0, _LONG_S * RATE)
        self._stop = threading.Event()
        self._listener = socket.create_server((_HOST, 0))
        self._listener.settimeout(0.1)
        self.n_clients = 0
        self._thread = threading.Thread(target=self._serve, name="bad-server")

    @property
    def address(self) -> str:
        return f"tcp://{_HOST}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.n_clients += 1
            with client, suppress(OSError):
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._talk(client, self._ways.pop(0) if self._ways else "")

    def _talk(self, client: socket.socket, way: str) -> None:
        if way in {"", "sound"}:
            whole = sound_without_pictures(6) if way else self._long
            self._send(client, whole, 6.0 if way else _LONG_S)
            return
        self._send(client, self._good, self._good_s / 2)
        if way == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        elif way == "stall":
            # Until the client hangs up.
            client.settimeout(0.1)
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    if not client.recv(1):
                        return
        elif way == "garbage":
            noise = np.random.default_rng(1)
            while not self._stop.wait(0.02):
                client.sendall(noise.bytes(8192))
        elif way in {"size", "more"}:
            more = self._small if way == "size" else sound_without_pictures(1)
            self._send(client, more, 0.3)

    def _send(self, client: socket.socket, data: bytes, seconds: float) -> None:
        began = time.monotonic()
        for at in range(0, len(data), _CHUNK):
            due = began + seconds * at / len(data)
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            client.sendall(data[at : at + _CHUNK])


class FileServer:
    """Serves a folder over HTTP."""

    def __init__(self, folder: Path) -> None:
        handler = partial(_QuietHandler, directory=str(folder))
        self._server = ThreadingHTTPServer((_HOST, 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="file-server")

    @property
    def address(self) -> str:
        return f"http://{_HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class MotionJpegServer:
    """Sends pictures as cameras do in browsers: JPEG after JPEG, without time stamps."""

    def __init__(self, *, every_s: float) -> None:
        self._every_s = every_s
        self._stop = threading.Event()
        self._listener = socket.create_server((_HOST, 0))
        self._listener.settimeout(0.1)
        self._thread = threading.Thread(target=self._serve, name="mjpeg-server")

    @property
    def address(self) -> str:
        return f"http://{_HOST}:{self._listener.getsockname()[1]}/video.mjpg"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError):
                client, _ = self._listener.accept()
                with client:
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        client.recv(4096)
        head = (
            "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n"
        )
        client.sendall(head.encode())
        number = 0
        while not self._stop.wait(self._every_s):
            jpeg = cv2.imencode(".jpg", picture(number % 256))[1].tobytes()
            part = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            client.sendall(part.encode() + jpeg + b"\r\n")
            number += 1


def has_ffmpeg() -> bool:
    return shutil.which("ffmpeg") is not None


@contextmanager
def ffmpeg_server(address: str, *, size: str = "160x120") -> Iterator[subprocess.Popen[bytes]]:
    """Serve a test picture to one client with ffmpeg's listen mode."""
    command = ["ffmpeg", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi"]
    command += ["-i", f"testsrc2=size={size}:rate={RATE}", "-c:v", "libx264"]
    command += ["-preset", "ultrafast", "-tune", "zerolatency", "-g", "10"]
    command += ["-pix_fmt", "yuv420p", "-f", "mpegts"]
    command += (
        ["-listen", "1", address] if address.startswith("http") else [f"{address}?listen"]
    )
    with _killed_at_the_end(subprocess.Popen(command, stderr=subprocess.DEVNULL)) as process:
        yield process


def has_rtsp_server() -> bool:
    """Whether GStreamer's RTSP server, its Python bindings and an encoder are installed."""
    if not Path(_SYSTEM_PYTHON).exists():
        return False
    found = subprocess.run([_SYSTEM_PYTHON, str(_RTSP_SCRIPT), "--check"], capture_output=True)
    return found.returncode == 0


@contextmanager
def rtsp_server(
    port: int, *, size: tuple[int, int] = (160, 120), password: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Serve a test picture as rtsp://127.0.0.1:PORT/live; with a password, to user viewer."""
    command = [_SYSTEM_PYTHON, str(_RTSP_SCRIPT), str(port), *map(str, size), password]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with _killed_at_the_end(process):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


@contextmanager
def _killed_at_the_end(process: subprocess.Popen) -> Iterator[subprocess.Popen]:  # type: ignore[type-arg]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for something to become true, and fail if it does not."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come true")
        time.sleep(0.01)
