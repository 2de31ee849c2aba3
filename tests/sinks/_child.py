"""Writes masks and an overlay without end and says how far it came, until it is killed."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from bgsub.sinks import MaskVideo, OverlayVideo
from tests.sinks._results import result, stream_info


def main(folder: Path) -> None:
    info = stream_info(160, 120)
    masks = MaskVideo(folder / "mask.mkv", info)
    overlay = OverlayVideo(folder / "overlay.mp4", info, 26)
    with masks, overlay:
        for index in count():
            one = result(index, 160, 120)
            masks.write(one)
            overlay.write(one)
            sys.stdout.write(f"{index}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
