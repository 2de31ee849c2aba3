"""The benchmark: fair turns, settled models, figures that mean what they say."""

from __future__ import annotations

import threading
import time
from itertools import groupby
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest

from bgsub.evaluation import benchmark
from bgsub.evaluation.benchmark import WARM_UP_FRAMES, Footage, measure_speed
from bgsub.evaluation.contenders import BLOCK, contenders
from bgsub.evaluation.contents import CONTENTS
from bgsub.mixture import MixtureModel, MixtureParams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bgsub.detection import Detector
    from bgsub.evaluation.benchmark import SpeedResult
    from bgsub.frames import Frame


def _counted(n: int, *, bounces: bool) -> Footage:
    frames = [np.full((2, 3), number, np.uint8) for number in range(n)]
    return Footage(frames=frames, bounces=bounces)


def _order(footage: Footage, n: int) -> list[int]:
    block = np.empty((n, 2, 3), np.uint8)
    footage.copy_block(0, block)
    return [int(frame[0, 0]) for frame in block]


def test_frames_go_forwards_and_backwards_so_that_nothing_jumps():
    assert _order(_counted(4, bounces=True), 10) == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    assert _order(_counted(1, bounces=True), 3) == [0, 0, 0]


def test_frames_that_do_not_bounce_begin_again():
    assert _order(_counted(4, bounces=False), 6) == [0, 1, 2, 3, 0, 1]


def test_blocks_follow_one_another():
    footage = _counted(5, bounces=True)
    block = np.empty((4, 2, 3), np.uint8)
    footage.copy_block(4, block)
    assert [int(frame[0, 0]) for frame in block] == _order(footage, 8)[4:]


class _Fake:
    """Takes a set time for a block, and keeps what it was shown."""

    mode = "frame"
    state_bytes: int | None = 600

    def __init__(self, name: str, ms_per_frame: float, log: list[str]) -> None:
        self.name = name
        self.shown: list[int] = []
        self._ms = ms_per_frame
        self._log = log

    def __enter__(self) -> _Fake:
        return self

    def __exit__(self, *_: object) -> None:
        self._log.append("closed")

    def learn(self, block: NDArray[np.uint8]) -> None:
        self._log.append(self.name)
        self.shown += [int(frame[0, 0].max()) for frame in block]
        if len(self.shown) > WARM_UP_FRAMES:
            time.sleep(self._ms * len(block) / 1000)


def _measure(
    monkeypatch: pytest.MonkeyPatch, fakes: list[_Fake], footage: Footage
) -> SpeedResult:
    monkeypatch.setattr(benchmark, "contenders", lambda *_, **__: iter(fakes))
    return measure_speed(
        footage,
        n_threads=1,
        seconds=0.05,
        components=(),
        detectors={},
        on_progress=lambda *_: None,
        stop=threading.Event(),
    )


def test_ratios_are_to_mog2_and_times_are_for_a_frame(monkeypatch: pytest.MonkeyPatch):
    log: list[str] = []
    fakes = [_Fake("copy", 0.5, log), _Fake("MOG2", 6.0, log), _Fake("mixture", 2.0, log)]
    result = _measure(monkeypatch, fakes, _counted(9, bounces=True))
    reference, mixture = result.cases
    assert (reference.name, reference.ratio_to_mog2) == ("MOG2 grey", 1.0)
    assert reference.ms_per_frame == pytest.approx(6.0, rel=0.5)
    assert mixture.ratio_to_mog2 == reference.ms_per_frame / mixture.ms_per_frame
    assert mixture.ratio_to_mog2 == pytest.approx(3.0, rel=0.5)
    assert mixture.state_bytes_per_pixel == 100
    assert result.floor_ms["grey"] == pytest.approx(0.5, rel=0.9)


def test_all_take_turns_with_the_same_frames(monkeypatch: pytest.MonkeyPatch):
    log: list[str] = []
    names = ["copy", "MOG2", "one", "two"]
    fakes = [_Fake(name, 0.0, log) for name in names]
    result = _measure(monkeypatch, fakes, _counted(20, bounces=True))
    assert log[-4:] == ["closed"] * 4
    turns = [name for name, _ in groupby(log[:-4])]
    assert turns == names * (len(turns) // 4)
    assert all(fake.shown == fakes[0].shown for fake in fakes)
    # The frames are so small that eight blocks make a turn.
    assert len(fakes[0].shown) == WARM_UP_FRAMES + result.n_rounds * 8 * BLOCK


def test_a_turn_with_large_frames_is_one_block(monkeypatch: pytest.MonkeyPatch):
    log: list[str] = []
    frames = [np.zeros((2000, 2000), np.uint8)] * 2
    fakes = [_Fake("copy", 0.0, log), _Fake("MOG2", 0.0, log)]
    result = _measure(monkeypatch, fakes, Footage(frames=frames, bounces=True))
    assert len(fakes[0].shown) == WARM_UP_FRAMES + result.n_rounds * BLOCK


def test_threads_of_opencv_are_restored(monkeypatch: pytest.MonkeyPatch):
    seen = []

    class _Asks(_Fake):
        def learn(self, block: NDArray[np.uint8]) -> None:
            seen.append(cv2.getNumThreads())
            super().learn(block)

    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        _measure(
            monkeypatch,
            [_Asks("copy", 0, []), _Fake("MOG2", 0.1, [])],
            _counted(9, bounces=True),
        )
        assert cv2.getNumThreads() == 2
        assert set(seen) == {1}
    finally:
        cv2.setNumThreads(before)


def test_a_stop_ends_it():
    stop = threading.Event()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        measure_speed(
            CONTENTS["still"](32, 24, 8),
            n_threads=1,
            seconds=60.0,
            components=(3,),
            detectors={},
            on_progress=lambda *_: None,
            stop=stop,
        )


@pytest.fixture(scope="module")
def result() -> SpeedResult:
    return measure_speed(
        CONTENTS["still"](64, 36, 8),
        n_threads=1,
        seconds=0.2,
        components=(3, 5),
        detectors={},
        on_progress=lambda *_: None,
        stop=threading.Event(),
    )


def test_every_model_and_mode_is_measured_in_both_kinds(result: SpeedResult):
    expected = [
        (f"{name} {kind}", mode)
        for kind in ("BGR", "grey")
        for name, modes in (
            ("MOG2", ("opencv",)),
            ("KNN", ("opencv",)),
            ("mixture K=3", ("frame", "batch")),
            ("mixture K=5", ("frame", "batch")),
        )
        for mode in modes
    ]
    assert [(case.name, case.mode) for case in result.cases] == expected
    assert all(case.ms_per_frame > 0 < case.ratio_to_mog2 for case in result.cases)
    assert set(result.floor_ms) == {"bgr", "grey"}


def test_memory_grows_with_components_and_channels(result: SpeedResult):
    states = {
        case.name: case.state_bytes_per_pixel for case in result.cases if case.mode == "batch"
    }
    assert all(state is not None and state > 3 for state in states.values())
    assert (states["mixture K=5 BGR"] or 0) > (states["mixture K=3 BGR"] or 0)
    assert (states["mixture K=3 BGR"] or 0) > (states["mixture K=3 grey"] or 0)


class _Keeps:
    """A detector that keeps its frames, as some do to compare them with later ones."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def detect(self, frames: Sequence[Frame]) -> Iterator[None]:
        for frame in frames:
            self.frames.append(frame)
            yield None


def test_a_whole_detector_gets_the_frames_of_a_run_and_may_keep_them():
    detector = _Keeps()
    asked: list[tuple[tuple[int, ...], int]] = []

    def make(shape: tuple[int, ...], n_threads: int) -> Detector:
        asked.append((shape, n_threads))
        return cast("Detector", detector)

    result = measure_speed(
        _counted(9, bounces=True),
        n_threads=2,
        seconds=0.01,
        components=(),
        detectors={"keeps": make},
        on_progress=lambda *_: None,
        stop=threading.Event(),
    )
    assert asked == [((2, 3), 2)]
    assert [(c.name, c.mode) for c in result.cases][-1] == ("all of keeps grey", "keeps")
    frames = detector.frames
    assert len(frames) == WARM_UP_FRAMES + result.n_rounds * 8 * BLOCK
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert np.allclose(np.diff([frame.timestamp_s for frame in frames]), 1 / 25)
    shown = [int(frame.image[0, 0]) for frame in frames]
    assert shown == [
        number % 16 if number % 16 < 9 else 16 - number % 16 for number in range(len(frames))
    ]


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("shape", [(5, 7), (300, 401, 3)])
def test_the_floor_reads_every_byte_and_writes_one_for_each_pixel(
    shape: tuple[int, ...], n_threads: int
):
    block = np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)
    with next(contenders(shape, n_threads=n_threads, components=(), detectors={})) as copy:
        copy.learn(block)
        written = copy._out  # type: ignore[attr-defined]
    expected = np.bitwise_xor.reduce(block[0].reshape(-1, written.size), axis=0)
    np.testing.assert_array_equal(written, expected)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    # With 5 Gaussians some of the levels are remembered, and background in the end.
    [("still", 0.0, 0.05), ("noise", 0.3, 1.0), ("all-foreground", 0.8, 1.0)],
)
def test_made_up_contents_are_what_their_names_say(name: str, low: float, high: float):
    footage = CONTENTS[name](48, 32, 30)
    block = np.empty((1, *footage.frames[0].shape), np.uint8)
    for n_components in (3, 5):
        model = MixtureModel(MixtureParams(n_components=n_components), n_threads=1)
        shares = []
        for number in range(120):
            footage.copy_block(number, block)
            shares.append(np.count_nonzero(model.apply(block[0])) / (48 * 32))
        assert low <= np.mean(shares[60:]) <= high
