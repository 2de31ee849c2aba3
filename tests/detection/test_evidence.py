"""Evidence and decisions agree with the slow way, at every size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.detection import evidence as ev
from bgsub.detection._decide import decide
from bgsub.detection._grid import Grid
from bgsub.detection._guided import REACH
from bgsub.detection.pictures import to_luma
from bgsub.jit import as_read_only
from bgsub.mixture import SCORE_UNIT
from bgsub.mixture.workers import Workers
from tests.reference import evidence as reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORKERS = Workers(1)
_SIZES = [(1, 1), (1, 2), (2, 1), (3, 1), (2, 3), (5, 4), (16, 16), (23, 31)]


def _picture(seed: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture with edges: blocks of grey, and some noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 230, tuple(side // 5 + 1 for side in shape), np.uint8)
    large = np.kron(coarse, np.ones((5, 5), np.uint8))[: shape[0], : shape[1]]
    return np.clip(large + rng.normal(0, 5, shape), 0, 255).astype(np.uint8)


def _found(seed: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed + 1000)
    return (3 * rng.random(shape) ** 2).astype(np.float32)


@pytest.mark.parametrize("shape", _SIZES)
@pytest.mark.parametrize("seed", [0, 1])
def test_smoothed_is_the_guided_filter_at_half_resolution(
    shape: tuple[int, int], seed: int
) -> None:
    found, luma = _found(seed, shape), _picture(seed, shape)
    slope, offset = reference.guided(
        found, luma.astype(np.float32), sigma=ev._SIGMA, radius=REACH, flatness=ev._FLATNESS
    )
    result = ev.smoothed(found, luma, _WORKERS)
    np.testing.assert_allclose(result.slope, slope, atol=2e-4)
    np.testing.assert_allclose(result.offset, offset, atol=5e-3)
    np.testing.assert_allclose(result.values, slope * luma + offset, atol=5e-3)


def test_smoothed_evidence_ends_at_the_edge_that_can_be_seen() -> None:
    luma = np.full((40, 40), 60, np.uint8)
    luma[:, 20:] = 180
    rng = np.random.default_rng(3)
    # The distances are noisy and reach two pixels beyond the object's edge.
    found = rng.uniform(0, 0.6, luma.shape).astype(np.float32)
    found[:, 18:] += 1.6
    cut = ev.smoothed(found, luma, _WORKERS).values > 1
    flat = ev.smoothed(found, np.full_like(luma, 60), _WORKERS).values > 1
    truth = luma > 100
    assert np.count_nonzero(cut != truth) < 0.6 * np.count_nonzero(flat != truth)


def test_flat_distances_stay_what_they_are() -> None:
    luma = _picture(4, (20, 30))
    np.testing.assert_allclose(
        ev.smoothed(np.full((20, 30), 1.7, np.float32), luma, _WORKERS).values, 1.7, rtol=1e-5
    )


def test_threads_smooth_as_one_does() -> None:
    shape = (401, 500)
    found, luma = _found(6, shape), _picture(6, shape)
    one, many = (ev.smoothed(found, luma, Workers(n)) for n in (1, 3))
    np.testing.assert_array_equal(one.slope, many.slope)
    np.testing.assert_array_equal(one.offset, many.offset)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("shape", [*_SIZES, (700, 600)])
def test_small_things_are_kept_as_the_slow_way_keeps_them(
    shape: tuple[int, int], n_threads: int
) -> None:
    found, luma = _found(4, shape), _picture(4, shape)
    widening = 1 + _found(5, shape) if n_threads == 1 else None
    evidence = ev.smoothed(found, luma, _WORKERS)
    before = evidence.values
    expected = reference.small_kept(before, found, widening, share=1 / ev._SMALL, least=0.9)
    ev.keep_small(evidence, found, widening, Workers(n_threads))
    np.testing.assert_allclose(evidence.values, expected, atol=1e-4)


def test_a_small_thing_is_kept_and_a_speck_is_not() -> None:
    luma = np.full((30, 40), 100, np.uint8)
    found = np.zeros(luma.shape, np.float32)
    found[10:13, 10:13] = 3
    found[20, 30] = found[20, 25] = 3
    evidence = ev.smoothed(found, luma, _WORKERS)
    assert evidence.values.max() < 1
    ev.keep_small(evidence, found, None, _WORKERS)
    is_foreground = evidence.values > 1
    assert is_foreground[11, 11]
    assert not is_foreground[18:].any()
    assert is_foreground.sum() <= 25


def test_unsmoothed_evidence_is_the_distance() -> None:
    found, luma = _found(5, (9, 8)), _picture(5, (9, 8))
    result = ev.unsmoothed(found, luma)
    np.testing.assert_array_equal(result.values, found)
    assert not result.slope.any()


def test_distances_are_in_match_thresholds_and_have_an_end() -> None:
    scores = np.array([[0, SCORE_UNIT, 2 * SCORE_UNIT, 255]], np.uint8)
    threshold = np.array([[1, 1, 0.5, 0.5]], np.float32)
    np.testing.assert_allclose(ev.distances(scores, threshold, None), [[0, 1, 3, 3]])
    widening = np.array([[1, 2, 3, 1.5]], np.float32)
    np.testing.assert_allclose(ev.distances(scores, threshold, widening), [[0, 0.5, 1, 2]])


def test_thresholds_rise_from_black_to_mid_grey() -> None:
    table = ev.thresholds_of_levels(0.4)
    assert table[0] == pytest.approx(0.4)
    assert table[64] == pytest.approx(0.7)
    np.testing.assert_array_equal(table[128:], 1)
    np.testing.assert_array_equal(ev.thresholds_of_levels(1.0), 1)


@pytest.mark.parametrize("margin", [0.0, 0.15, 0.5])
def test_cells_are_decided_with_hysteresis(margin: float) -> None:
    values = np.linspace(0, 2, 81, dtype=np.float32).reshape(9, 9)
    result = ev.unsmoothed(values, np.zeros(values.shape, np.uint8))
    for was in (0, 255):
        mask, _ = ev.decided_cells(result, np.full((9, 9), was, np.uint8), margin)
        for y, x in np.ndindex(9, 9):
            decision, distance = reference.hysteresis(
                float(values[y, x]), was_foreground=was > 0, margin=margin
            )
            if distance > 1e-5:
                assert mask[y, x] == (255 if decision else 0)


def _compare(
    evidence: ev.Evidence,
    is_near: NDArray[np.bool_],
    luma: NDArray[np.uint8],
    last: NDArray[np.uint8],
    margin: float,
    got: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    step: int = 1,
) -> int:
    """Compare all pixels with the reference; return how many are foreground."""
    lines = evidence.slope, evidence.offset
    expected = reference.evidence_of_pixels(*lines, is_near, luma, step)
    mask, probability = got
    for y, x in np.ndindex(*luma.shape):
        value, was = float(expected[y, x]), bool(last[y, x])
        got_mask, got_level = int(mask[y, x]), int(probability[y, x])
        if np.isnan(value):
            assert got_mask == got_level == 0
            continue
        decision, distance = reference.hysteresis(value, was_foreground=was, margin=margin)
        if distance > 1e-3:
            assert got_mask == (255 if decision else 0), (y, x)
        share = reference.probability(value, was_foreground=was, margin=margin)
        assert abs(got_level - 255 * share) <= 1.5
        assert (got_level >= 128) == (got_mask == 255)
    return int(np.count_nonzero(mask))


@pytest.mark.parametrize("shape", [*_SIZES, (720, 5), (3, 731), (45, 61)])
@pytest.mark.parametrize("margin", [0.0, 0.2])
def test_pixels_are_decided_between_the_cells_one_by_one(
    shape: tuple[int, int], margin: float
) -> None:
    rng = np.random.default_rng(shape[0])
    grid = Grid(*shape)
    luma = _picture(7, shape)
    cells = grid.reduce(luma)
    evidence = ev.smoothed(_found(7, grid.shape), cells, _WORKERS)
    last = rng.choice(np.array([0, 255], np.uint8), shape)
    is_near = reference.near(evidence.values, ev.NEGLIGIBLE)
    _, near = ev.decided_cells(evidence, np.zeros(grid.shape, np.uint8), margin)
    grown = cv2.dilate(near, np.ones((3, 3), np.uint8))
    np.testing.assert_array_equal(np.asarray(grown) > 0, is_near)
    mask, probability = ev.fine_mask(
        evidence, near, luma, last, margin, grid, _WORKERS, with_probability=True
    )
    assert probability is not None
    _compare(evidence, is_near, luma, last, margin, (mask, probability), grid.step)
    alone, none = ev.fine_mask(
        evidence, near, luma, last, margin, grid, _WORKERS, with_probability=False
    )
    np.testing.assert_array_equal(alone, mask)
    assert none is None


def _grid(shape: tuple[int, int], lines: int) -> Grid:
    """Return a grid for a small frame as it is made for a large one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bgsub.detection._grid._LINES", lines)
        return Grid(*shape)


@pytest.mark.parametrize(
    ("shape", "cells"),
    [((21, 33), (7, 11)), ((20, 31), (6, 10)), ((13, 18), (6, 9)), ((26, 47), (6, 11))],
)
def test_pixels_are_decided_on_a_coarser_grid(
    shape: tuple[int, int], cells: tuple[int, int]
) -> None:
    grid = _grid(shape, 6)
    assert grid.shape == cells
    luma = _picture(8, shape)
    evidence = ev.smoothed(_found(8, cells), grid.reduce(luma), _WORKERS)
    last = np.where(_picture(9, shape) < 128, np.uint8(0), np.uint8(255))
    is_near = reference.near(evidence.values, ev.NEGLIGIBLE)
    got = ev.fine_mask(
        evidence,
        is_near.astype(np.uint8),
        luma,
        last,
        0.15,
        grid,
        _WORKERS,
        with_probability=True,
    )
    assert got[1] is not None
    n = _compare(evidence, is_near, luma, last, 0.15, (got[0], got[1]), grid.step)
    assert 0.1 < n / luma.size < 0.9


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000),
    cells=st.tuples(st.integers(1, 3), st.integers(1, 140)),
    step=st.integers(1, 5),
    left_over=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    margin=st.sampled_from([0.0, 0.15, 0.9]),
    share=st.sampled_from([0.0, 0.01, 0.5, 1.0]),
)
def test_decide_agrees_with_the_slow_way_on_anything(
    seed: int,
    cells: tuple[int, int],
    step: int,
    left_over: tuple[int, int],
    margin: float,
    share: float,
) -> None:
    rng = np.random.default_rng(seed)
    height, width = (
        n * step + min(more, step - 1) for n, more in zip(cells, left_over, strict=True)
    )
    at = (np.arange(height) + 0.5) / step - 0.5
    rows = np.clip(np.floor(at), 0, cells[0] - 1)
    slope = rng.normal(0, 0.02, cells).astype(np.float32)
    offset = rng.normal(1, 2, cells).astype(np.float32)
    luma = rng.integers(0, 256, (height, width), np.uint8)
    last = rng.choice(np.array([0, 255], np.uint8), luma.shape)
    is_near = rng.random(cells) < share
    mask, probability = np.zeros_like(luma), np.zeros_like(luma)
    for first, last_row in ((0, height // 2), (height // 2, height)):
        decide(
            slope,
            offset,
            is_near.astype(np.uint8),
            as_read_only(luma[..., None]),
            step,
            rows.astype(np.int32),
            np.clip(at - rows, 0, 1).astype(np.float32),
            np.float32(margin),
            as_read_only(last),
            mask,
            probability,
            first,
            last_row,
        )
    evidence = ev.Evidence(slope, offset, luma)
    _compare(evidence, is_near, luma, last, margin, (mask, probability), step)


def test_colour_is_decided_by_the_luma_that_opencv_makes() -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (24, 40, 3), np.uint8)
    luma = to_luma(picture)
    grid = _grid((24, 40), 8)
    slope, offset = rng.normal(size=(2, *grid.shape)).astype(np.float32)
    evidence = ev.Evidence(slope, offset, grid.reduce(luma))
    near, last = np.ones(grid.shape, np.uint8), np.zeros_like(luma)
    colour, grey = (
        ev.fine_mask(evidence, near, p, last, 0.15, grid, _WORKERS, with_probability=True)
        for p in (picture, luma)
    )
    np.testing.assert_array_equal(colour[0], grey[0])
    np.testing.assert_array_equal(colour[1], grey[1])


def test_probability_is_128_or_more_exactly_where_the_mask_is_foreground() -> None:
    # Evidence at, just above and just below each threshold, where rounding could betray it.
    values = np.nextafter(
        np.repeat(np.array([0.85, 1.0, 1.15], np.float32), 3), np.tile([0, 1, 2], 3)
    ).astype(np.float32)
    values = np.tile(values, (2, 1))
    grid = Grid(*values.shape)
    last = np.array([[0], [255]], np.uint8) * np.ones(values.shape, np.uint8)
    result = ev.unsmoothed(values, np.zeros(values.shape, np.uint8))
    for margin in (0.0, 0.15):
        luma = np.zeros(values.shape, np.uint8)
        near = np.ones(values.shape, np.uint8)
        mask, probability = ev.fine_mask(
            result, near, luma, last, margin, grid, _WORKERS, with_probability=True
        )
        assert probability is not None
        np.testing.assert_array_equal(probability >= 128, mask == 255)
        assert mask.any()
        assert not mask.all()
