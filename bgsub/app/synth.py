"""Rendered scenes on disk: as a CDnet sequence and as a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bgsub.frames import Frame, FrameResult, StreamInfo
from bgsub.sinks import ClipVideo, refuse_existing
from bgsub.synth import Scene, write_sequence

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from bgsub.synth import RenderedFrame

__all__ = ["CLIP_NAME", "synthesize"]

CLIP_NAME = "clip.mp4"


def synthesize(
    scene: Scene,
    folder: Path,
    *,
    on_frame: Callable[[int], None],
    stop: threading.Event,
) -> None:
    """Write a scene as a CDnet sequence and as a clip of the same frames.

    Parameters
    ----------
    scene : Scene
        What to render.
    folder : Path
        Gets ``input/``, ``groundtruth/``, ``ROI.bmp``, ``temporalROI.txt`` and the clip.
    on_frame : callable
        Called with the number of frames done.
    stop : threading.Event
        Set to end early; KeyboardInterrupt is raised once the clip is complete.

    Raises
    ------
    BgsubError
        If something is there already or cannot be written.
    """
    clip = folder / CLIP_NAME
    refuse_existing([clip], overwrite=False)
    info = StreamInfo(
        name=scene.name,
        width=scene.width,
        height=scene.height,
        source_width=scene.width,
        source_height=scene.height,
        fps=scene.fps,
        n_frames=scene.n_frames,
    )
    nothing = np.zeros((scene.height, scene.width), np.uint8)
    with ClipVideo(clip, info) as video:

        def keep(rendered: RenderedFrame) -> None:
            if stop.is_set():
                raise KeyboardInterrupt
            frame = Frame(
                index=rendered.index, timestamp_s=rendered.timestamp_s, image=rendered.image
            )
            video.write(
                FrameResult(frame=frame, mask=nothing, coverage=0.0, boxes=(), in_event=False)
            )
            on_frame(rendered.index + 1)

        write_sequence(scene, folder, keep)
