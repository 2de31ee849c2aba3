"""What a recorded clip shows later is known before its first frame."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np
import pytest

from bgsub.app.build import build_detector
from bgsub.app.looking_ahead import known_before, looking_ahead, sample_frames
from bgsub.config import load_config, parse_set
from bgsub.frames import Frame, StreamInfo
from bgsub.sources import open_source
from tests.sources._clips import ClipSpec, number_in, write_clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bgsub.config import Config
    from bgsub.frames import Problem, RecordedSource

_HEIGHT, _WIDTH, _FPS = 72, 96, 10
_STANDS = np.s_[20:50, 30:50]
_LEAVES_AT = 40
_N_FRAMES = 160


def _config(*settings: str) -> Config:
    return load_config(
        None, [parse_set(one) for one in ("input.image_fps=10", *settings)]
    ).config


def _picture(number: int) -> NDArray[np.uint8]:
    """Return a wall before which somebody in red stands at first."""
    wall = np.random.default_rng(5).integers(60, 160, (_HEIGHT, _WIDTH, 3), np.uint8)
    wall = np.asarray(cv2.GaussianBlur(wall, (0, 0), 1.5), np.uint8)
    if number < _LEAVES_AT:
        wall[_STANDS] = (40, 40, 220)
    noise = np.random.default_rng(number).integers(0, 4, wall.shape, np.uint8)
    return np.asarray(wall + noise, np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yard")
    for number in range(_N_FRAMES):
        cv2.imwrite(str(folder / f"{number:04d}.png"), _picture(number))
    return folder


def _open(path: Path) -> RecordedSource:
    return open_source(path, start_s=0.0, end_s=None, scale=1.0, image_fps=_FPS)


def _never() -> bool:
    return False


def _masks(pictures: Path, config: Config) -> NDArray[np.uint8]:
    model = known_before(partial(_open, pictures), config, _never)
    info = StreamInfo(
        name="yard", width=_WIDTH, height=_HEIGHT, source_width=_WIDTH, source_height=_HEIGHT
    )
    detector = build_detector(config, info, with_probability=False, model=model)
    frames = [
        Frame(index=number, timestamp_s=number / _FPS, image=_picture(number))
        for number in range(60)
    ]
    return np.stack([found.mask for found in detector.detect(frames)])


def test_what_stands_there_first_is_seen_and_leaves_no_ghost(pictures: Path) -> None:
    masks = _masks(pictures, _config("detector.parked_after_s=null")) > 0
    inside = masks[(slice(None), *_STANDS)].mean(axis=(1, 2))
    assert inside[:_LEAVES_AT].min() > 0.8
    assert masks[:_LEAVES_AT].mean() < 1.6 * (30 * 20) / (_HEIGHT * _WIDTH)
    assert not masks[_LEAVES_AT + 2 :].any()


def test_what_does_not_stir_is_part_of_the_scene_until_it_leaves(pictures: Path) -> None:
    settled = round(2 * _FPS) + 1
    masks = _masks(pictures, _config()) > 0
    assert masks[(slice(settled - 2), *_STANDS)].mean() > 0.8
    assert not masks[settled:].any()


def test_without_looking_ahead_it_is_taken_for_background(pictures: Path) -> None:
    masks = _masks(pictures, _config("detector.look_ahead_s=0")) > 0
    assert not masks[:_LEAVES_AT].any()
    assert masks[_LEAVES_AT + 1].any()


@pytest.mark.parametrize(
    "settings", [("detector.look_ahead_s=0",), ("detector.method=classic",)]
)
def test_nothing_is_read_when_it_is_not_wanted(settings: tuple[str, ...]) -> None:
    def refuse() -> RecordedSource:
        pytest.fail("the clip was opened")

    assert known_before(refuse, _config(*settings), _never) is None


def test_frames_are_from_all_over_the_first_seconds(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", ClipSpec(count=250))
    frames = sample_frames(_open(clip), 8.0, _never)
    numbers = [number_in(frame.image) for frame in frames]
    assert 30 <= len(numbers) <= 60
    assert numbers[0] == 0
    assert 190 <= numbers[-1] <= 200
    assert len(set(np.diff(numbers))) == 1


def test_of_a_clip_that_breaks_off_what_can_be_read_is_used(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", ClipSpec(count=100))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert 5 < len(sample_frames(_open(clip), 30.0, _never)) < 60


def test_of_a_clip_that_is_no_clip_nothing_is_known(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"no clip")
    assert known_before(partial(_open, clip), _config(), _never) is None


def test_looking_ends_when_the_run_does(pictures: Path) -> None:
    asked: list[None] = []

    def soon() -> bool:
        asked.append(None)
        return len(asked) > 3

    assert len(sample_frames(_open(pictures), 30.0, soon)) == 3


def test_the_same_frames_are_looked_at_however_long_the_clip_says_it_is(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", ClipSpec(count=250))
    known = [frame.index for frame in sample_frames(_open(clip), 30.0, _never)]
    source = _Unsure(_open(clip))
    assert [frame.index for frame in sample_frames(source, 30.0, _never)] == known
    assert source.asked_for == [1]


class _Unsure:
    """A clip that does not know how long it is."""

    def __init__(self, source: RecordedSource) -> None:
        self._source = source
        self.asked_for: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    @property
    def info(self) -> StreamInfo:
        return replace(self._source.info, n_frames=None)

    @property
    def problems(self) -> Sequence[Problem]:
        return self._source.problems

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._source.__exit__(*error)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._source)

    def sampled(self, every: int) -> Iterator[Frame]:
        self.asked_for.append(every)
        return self._source.sampled(every)


def test_what_is_read_beside_the_loading_teaches_the_same(pictures: Path) -> None:
    config = _config()
    model = known_before(partial(_open, pictures), config, _never)
    with looking_ahead(partial(_open, pictures), config, _never) as known:
        beside = known()
    assert model is not None
    assert beside is not None
    assert np.array_equal(model.means, beside.means)
    assert np.array_equal(model.weights, beside.weights)


def test_reading_ahead_ends_when_nobody_waits_for_it(pictures: Path) -> None:
    opened: list[_Unsure] = []

    def open_again() -> RecordedSource:
        opened.append(_Unsure(_open(pictures)))
        return opened[0]

    def fail() -> None:
        with looking_ahead(open_again, _config(), _never):
            msg = "not loaded"
            raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="not loaded"):
        fail()
    # It was left: nothing more comes.
    assert not list(opened[0])
