"""The benchmark put together: frames from rendered scenes, from a clip or made up."""

from __future__ import annotations

import platform
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgsub import __version__
from bgsub.app.build import build_detector
from bgsub.config import load_config
from bgsub.cores import count_cores
from bgsub.errors import FrameShapeError
from bgsub.evaluation.benchmark import WARM_UP_FRAMES, Footage, SpeedResult, measure_speed
from bgsub.evaluation.contenders import BLOCK
from bgsub.evaluation.contents import CONTENTS
from bgsub.frames import StreamInfo
from bgsub.sources import open_source
from bgsub.synth import Scene

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from bgsub.detection import Detector

__all__ = ["SURVEILLANCE", "Content", "bench"]

SURVEILLANCE = "surveillance"
"""The rendered content of its own: swaying trees beside a street with traffic."""

_COMPONENTS = (3, 5)
# Configurations of which all that is done to a frame is measured.
_DETECTORS = ("robust", "classic")
_MAX_FRAMES = 48
_MAX_BYTES = 400 * 2**20
_FPS = 25.0
# A stretch in which 3 % of the picture are moving things, however many frames are taken of it:
# sizes can be compared.
_SEED, _FIRST_FRAME = 2, 210


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the frames show.

    Attributes
    ----------
    name : str
        A scene, a made-up content, or the clip's name.
    footage : Footage
        The frames.
    foreground_fraction : float or None
        Mean share of moving things by the rendered truth; None where there is no truth.
    """

    name: str
    footage: Footage
    foreground_fraction: float | None


def bench(
    sizes: Sequence[tuple[int, int]],
    content: str,
    clip: Path | None,
    *,
    n_threads: int,
    seconds: float,
    on_progress: Callable[[str, float], None],
    stop: threading.Event,
) -> list[dict[str, Any]]:
    """Measure the model's speed beside OpenCV's.

    Parameters
    ----------
    sizes : sequence of (int, int)
        Widths and heights to render at; not used with a clip.
    content : str
        A scene's name, :data:`SURVEILLANCE`, or a made-up content; not used with a clip.
    clip : Path or None
        A clip whose first frames are used, at its own size.
    n_threads : int
        Threads for each contender, at least 1.
    seconds : float
        How long to measure at each size.
    on_progress : callable
        Called with what goes on and its share that is done, 0 to 1.
    stop : threading.Event
        Set to end early.

    Returns
    -------
    list of dict
        One record for each size.

    Raises
    ------
    SourceError
        If the clip cannot be read.
    KeyboardInterrupt
        If `stop` was set.
    """
    makers: list[Callable[[], Content]] = [
        partial(_made, content, size, on_progress, stop) for size in sizes
    ]
    if clip is not None:
        makers = [partial(_from_clip, clip)]
    records = []
    for make in makers:
        shown = make()
        result = measure_speed(
            shown.footage,
            n_threads=n_threads,
            seconds=seconds,
            components=_COMPONENTS,
            detectors={name: partial(_detector, name) for name in _DETECTORS},
            on_progress=on_progress,
            stop=stop,
        )
        records.append(_record(result, shown))
        # Frames of one size are gone before those of the next are made.
        del shown
    return records


def _detector(config_name: str, shape: tuple[int, ...], n_threads: int) -> Detector:
    config = load_config(config_name).config
    run = config.run.model_copy(update={"threads": n_threads})
    height, width = shape[:2]
    info = StreamInfo(
        name="bench", width=width, height=height, source_width=width, source_height=height
    )
    return build_detector(config.model_copy(update={"run": run}), info, with_probability=False)


def _record(result: SpeedResult, content: Content) -> dict[str, Any]:
    record = asdict(result)
    cases = record.pop("cases")
    return record | {
        "content": content.name,
        "foreground_fraction": content.foreground_fraction,
        "n_frames": len(content.footage.frames),
        "warm_up_frames": WARM_UP_FRAMES,
        "batch_frames": BLOCK,
        "cpu": _cpu(),
        "cores": count_cores(),
        "versions": {
            "bgsub": __version__,
            "opencv": cv2.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "cases": cases,
    }


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _n_frames(width: int, height: int) -> int:
    affordable = _MAX_BYTES // (width * height * 3)
    return max(2 * BLOCK, min(_MAX_FRAMES, affordable))


def _from_clip(path: Path) -> Content:
    source = open_source(
        path,
        start_s=0.0,
        end_s=None,
        scale=1.0,
        image_fps=_FPS,
    )
    with source:
        limit = _n_frames(source.info.width, source.info.height)
        frames = [frame.image for frame in islice(source, limit)]
    if frames[0].dtype != np.uint8:
        msg = f"{path} holds {frames[0].dtype} pictures; the benchmark takes 8-bit footage"
        raise FrameShapeError(msg)
    footage = Footage(frames=frames, bounces=True)
    return Content(name=path.name, footage=footage, foreground_fraction=None)


def _made(
    name: str,
    size: tuple[int, int],
    on_progress: Callable[[str, float], None],
    stop: threading.Event,
) -> Content:
    width, height = size
    n_frames = _n_frames(width, height)
    if name in CONTENTS:
        footage = CONTENTS[name](width, height, n_frames)
        return Content(name=name, footage=footage, foreground_fraction=None)
    scenes = _scenes(name, width, height, n_frames)
    frames: list[NDArray[np.uint8]] = []
    moving = 0
    for number in range(n_frames):
        if stop.is_set():
            raise KeyboardInterrupt
        on_progress(f"rendering {width}×{height}", number / n_frames)
        rendered = [scene.render(_FIRST_FRAME + number) for scene in scenes]
        frames.append(np.hstack([part.image for part in rendered]))
        moving += sum(int(np.count_nonzero(part.truth == 255)) for part in rendered)
    return Content(
        name=name,
        footage=Footage(frames=frames, bounces=True),
        foreground_fraction=moving / (n_frames * width * height),
    )


def _scenes(name: str, width: int, height: int, n_frames: int) -> list[Scene]:
    parts = {name: width}
    if name == SURVEILLANCE:
        parts = {"trees": width // 3, "traffic": width - width // 3}
    return [
        Scene(part, width=part_width, height=height, n_frames=n_frames, fps=_FPS, seed=_SEED)
        for part, part_width in parts.items()
    ]
