"""Where frames come from: recorded clips and folders of pictures."""

from __future__ import annotations

from bgsub.sources._names import image_files, is_image
from bgsub.sources._stills import read_image
from bgsub.sources.clip import ClipSource
from bgsub.sources.images import ImageFolderSource
from bgsub.sources.inputs import expand_inputs, open_source
from bgsub.sources.read_ahead import ReadAhead

__all__ = [
    "ClipSource",
    "ImageFolderSource",
    "ReadAhead",
    "expand_inputs",
    "image_files",
    "is_image",
    "open_source",
    "read_image",
]
