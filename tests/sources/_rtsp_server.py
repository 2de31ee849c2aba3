"""A real RTSP server: GStreamer's. Runs in a process and an interpreter of its own.

Usage: _rtsp_server.py PORT WIDTH HEIGHT [PASSWORD]; or --check to see whether it could.
"""

from __future__ import annotations

import sys

_RATE = 30
_ELEMENTS = ("videotestsrc", "x264enc", "rtph264pay")


def _serve(port: str, width: str, height: str, password: str) -> None:
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(
        f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},"
        f"framerate={_RATE}/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 "
        "! rtph264pay name=pay0 config-interval=1 pt=96 )"
    )
    factory.set_shared(True)
    if password:
        auth = GstRtspServer.RTSPAuth.new()
        token = GstRtspServer.RTSPToken.new()
        token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", password), token)
        server.set_auth(auth)
        role = Gst.Structure.new_from_string(
            "viewer,media.factory.access=true,media.factory.construct=true"
        )
        factory.add_role_from_structure(role)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError):
    sys.exit("GStreamer's RTSP server is not installed")
Gst.init(None)
if sys.argv[1] == "--check":
    sys.exit(any(Gst.ElementFactory.find(name) is None for name in _ELEMENTS))
_serve(sys.argv[1], sys.argv[2], sys.argv[3], "".join(sys.argv[4:]))
