"""The loop: everything reaches every sink in order, and every ending is clean."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import numpy as np
import pytest

from bgsub.app.build import build_pipeline
from bgsub.config import load_config, parse_set
from bgsub.errors import (
    DecodeError,
    FrameShapeError,
    SinkOpenError,
    SinkWriteError,
    SourceOpenError,
)
from bgsub.frames import Frame, FrameResult, Problem, StreamInfo
from bgsub.pipeline import read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bgsub.pipeline import Pipeline, RunStats

pytestmark = pytest.mark.timeout(60)

_WIDTH, _HEIGHT = 24, 16
_INFO = StreamInfo(
    name="fake", width=_WIDTH, height=_HEIGHT, source_width=_WIDTH, source_height=_HEIGHT
)


class _Source:
    """A still scene in which a square appears from `moves_at` on; may break off."""

    info = _INFO

    def __init__(self, count: int, *, moves_at: int = 10**9, error: Exception | None = None):
        self._count = count
        self._moves_at = moves_at
        self._error = error
        self.problems: Sequence[Problem] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._count):
            image = np.full((_HEIGHT, _WIDTH), 90, np.uint8)
            if index >= self._moves_at:
                image[4:12, 4:12] = 240
            yield Frame(index=index, timestamp_s=index / 10, image=image)
        if self._error is not None:
            raise self._error


class _Sink:
    def __init__(self, *, fails_at: int | None = None, opens: bool = True):
        self.results: list[FrameResult] = []
        self.closed = 0
        self._fails_at = fails_at
        self._opens = opens

    def __enter__(self) -> Self:
        if not self._opens:
            raise SinkOpenError("It cannot be opened.")
        return self

    def __exit__(self, *_: object) -> None:
        self.closed += 1

    def write(self, result: FrameResult) -> None:
        if result.frame.index == self._fails_at:
            raise SinkWriteError("The disk is full.")
        self.results.append(result)


def _pipeline(*sets: str) -> Pipeline:
    sets = ("mask.median_px=3", *sets)
    config = load_config(None, [parse_set(text) for text in sets]).config
    return build_pipeline(config, _INFO, with_probability=False)[0]


def _ignore(_: RunStats) -> None:
    pass


def _run(source: _Source, *sinks: _Sink, pipeline: Pipeline | None = None) -> Pipeline:
    pipeline = pipeline or _pipeline()
    stop = threading.Event()
    with read_ahead(source, stop) as ahead:
        pipeline.run(source, ahead, sinks, stop=stop, on_frames=_ignore)
    return pipeline


def test_every_frame_reaches_every_sink_in_order():
    first, second = _Sink(), _Sink()
    stats = _run(_Source(21), first, second).stats
    for sink in (first, second):
        assert [r.frame.index for r in sink.results] == list(range(21))
        assert sink.closed == 1
    assert (stats.n_frames, stats.first_s, stats.last_s) == (21, 0.0, 2.0)
    assert sum(stats.stages_s.values()) <= stats.wall_s


def test_what_appears_is_in_the_mask_the_boxes_and_the_coverage():
    sink = _Sink()
    _run(_Source(20, moves_at=15), sink)
    before, after = sink.results[14], sink.results[15]
    assert (before.coverage, before.boxes, int(before.mask.max())) == (0.0, (), 0)
    assert after.coverage == np.count_nonzero(after.mask == 255) / after.mask.size > 0.1
    assert (after.boxes[0].x, after.boxes[0].y) == (4, 4)


@pytest.mark.parametrize("batch", [1, 3, 8, 64])
def test_masks_do_not_depend_on_the_batch_length(batch: int):
    one, other = _Sink(), _Sink()
    _run(_Source(30, moves_at=9), one, pipeline=_pipeline("run.batch_frames=5"))
    _run(_Source(30, moves_at=9), other, pipeline=_pipeline(f"run.batch_frames={batch}"))
    for a, b in zip(one.results, other.results, strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)


def test_time_constants_see_the_time_between_frames_across_batches():
    sets = ("model.time_constant_s=2.0", "model.warmup_frames=0")
    one, other = _Sink(), _Sink()
    _run(_Source(40, moves_at=9), one, pipeline=_pipeline(*sets, "run.batch_frames=1"))
    _run(_Source(40, moves_at=9), other, pipeline=_pipeline(*sets, "run.batch_frames=7"))
    for a, b in zip(one.results, other.results, strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)


def test_a_source_that_raises_ends_the_run_after_what_is_good():
    sink = _Sink()
    pipeline = _pipeline("run.batch_frames=4")
    with pytest.raises(DecodeError, match="breaks off"):
        _run(_Source(8, error=DecodeError("It breaks off.", at_s=0.8)), sink, pipeline=pipeline)
    assert (len(sink.results), pipeline.stats.n_frames, sink.closed) == (8, 8, 1)


def test_a_source_that_raises_in_mid_batch_loses_no_good_frame():
    sink = _Sink()
    with pytest.raises(DecodeError):
        _run(_Source(6, error=DecodeError("It breaks off.", at_s=0.6)), sink)
    assert len(sink.results) == 6


def test_a_sink_that_fails_ends_the_run_and_closes_the_others():
    good, bad = _Sink(), _Sink(fails_at=5)
    with pytest.raises(SinkWriteError, match="disk is full"):
        _run(_Source(50), good, bad)
    assert (good.closed, bad.closed) == (1, 1)
    assert len(good.results) == 6


def test_a_sink_that_cannot_open_closes_those_that_did():
    good = _Sink()
    with pytest.raises(SinkOpenError):
        _run(_Source(5), good, _Sink(opens=False))
    assert good.closed == 1


def test_no_frame_at_all_is_an_error():
    with pytest.raises(SourceOpenError, match="no picture"):
        _run(_Source(0), _Sink())


def test_no_frame_for_a_reason_tells_the_reason():
    source = _Source(0)
    source.problems = (Problem(at_s=0.0, what="Every packet is corrupt.", ends_run=True),)
    with pytest.raises(SourceOpenError, match="Every packet is corrupt"):
        _run(source, _Sink())


def test_stop_ends_the_run_in_good_order():
    stop = threading.Event()
    sink = _Sink()
    pipeline = _pipeline("run.batch_frames=4")

    def stop_soon(stats: RunStats) -> None:
        if stats.n_frames >= 12:
            stop.set()

    source = _Source(10**6)
    with read_ahead(source, stop) as ahead:
        pipeline.run(source, ahead, [sink], stop=stop, on_frames=stop_soon)
    assert 12 <= pipeline.stats.n_frames == len(sink.results) <= 16
    assert sink.closed == 1


def test_frames_of_another_size_are_refused_by_name():
    class _Changing(_Source):
        def __iter__(self) -> Iterator[Frame]:
            yield from super().__iter__()
            yield Frame(index=9, timestamp_s=9.0, image=np.zeros((3, 3), np.uint8))

    with pytest.raises(FrameShapeError, match=r"3x3|3×3"):
        _run(_Changing(9), _Sink())
