"""Where results go: videos, pictures, records.  Siblings of the sources, unknown to them."""

from bgsub.files import part_path, prepare_folder, refuse_existing
from bgsub.sinks.drawing import to_bgr8
from bgsub.sinks.folder import MaskFolder
from bgsub.sinks.pictures import BackgroundPicture, Heatmap
from bgsub.sinks.records import write_events, write_json
from bgsub.sinks.threaded import ThreadedSink
from bgsub.sinks.video import ClipVideo, MaskVideo, OverlayVideo, ProbabilityVideo

__all__ = [
    "BackgroundPicture",
    "ClipVideo",
    "Heatmap",
    "MaskFolder",
    "MaskVideo",
    "OverlayVideo",
    "ProbabilityVideo",
    "ThreadedSink",
    "part_path",
    "prepare_folder",
    "refuse_existing",
    "to_bgr8",
    "write_events",
    "write_json",
]
