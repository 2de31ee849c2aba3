"""Frames of all kinds and sizes, batches, threads and clocks: all are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.errors import FrameShapeError
from tests.detection._clips import (
    SIZE,
    clip,
    coverages,
    f_measure,
    found,
    frames_of,
    make,
)
from tests.detection._scenes import (
    SHARE,
    WORLD,
    crossing_at,
    glittering_clip,
    masks_of,
    stopping_clip,
    truth_of_crossing,
    with_square,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.mark.parametrize("size", [1, 7, 80])
def test_batches_make_no_difference(size: int) -> None:
    images = clip(80, crossing_at)
    frames = frames_of(images)
    detector = make(with_probability=True)
    batches = [list(detector.detect(frames[i : i + size])) for i in range(0, 80, size)]
    together = [detection for batch in batches for detection in batch]
    for one, other in zip(together, found(images, with_probability=True), strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.probability, other.probability)
        assert one.boxes == other.boxes


# Large enough to be shared by stages, and small enough for only the model to be shared.
@pytest.mark.parametrize(("size", "n_frames"), [((680, 500), 30), ((192, 144), 60)])
def test_threads_make_no_difference(size: tuple[int, int], n_frames: int) -> None:
    images = [cv2.resize(image, size) for image in glittering_clip(n_frames)]
    one = masks_of(found(images, threads=1))
    np.testing.assert_array_equal(one, masks_of(found(images, threads=2)))
    assert one.any()


@pytest.mark.parametrize("grey", [False, True])
def test_all_types_of_frames_say_the_same(grey: bool) -> None:
    images = clip(70, crossing_at)
    if grey:
        images = [np.ascontiguousarray(image[..., 0]) for image in images]
    masks = masks_of(found(images))
    assert f_measure(masks[30:], truth_of_crossing(70)[30:]) > 0.85
    wide = [image.astype(np.uint16) * np.uint16(257) for image in images]
    real = [image.astype(np.float32) / np.float32(255) for image in images]
    assert f_measure(masks_of(found(wide)), masks) > 0.97
    assert f_measure(masks_of(found(real, model={"max_value": 1.0})), masks) > 0.95


def test_read_only_and_strided_frames_are_taken() -> None:
    images = clip(40, crossing_at)
    expected = masks_of(found(images))
    for image in images:
        image.setflags(write=False)
    np.testing.assert_array_equal(masks_of(found(images)), expected)
    strided = [np.asfortranarray(image) for image in images]
    np.testing.assert_array_equal(masks_of(found(strided)), expected)
    grey = [image[..., 1] for image in images]
    compact = [np.ascontiguousarray(image) for image in grey]
    np.testing.assert_array_equal(masks_of(found(grey)), masks_of(found(compact)))


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (7, 1), (1, 40), (3, 5), (17, 31), (721, 33)]
)
def test_frames_of_any_size_are_taken(
    shape: tuple[int, int], channels: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    images = list(rng.integers(0, 256, (8, *shape, *channels), np.uint8))
    for detection in found(images, with_probability=True):
        assert detection.mask.shape == shape
        assert detection.probability is not None
        assert detection.probability.shape == shape


def test_large_frames_are_worked_on_more_coarsely_and_found_as_well() -> None:
    images = [
        cv2.resize(image, (960, 720), interpolation=cv2.INTER_NEAREST)
        for image in clip(36, lambda t: WORLD if t < 25 else with_square(4 * (t - 25)))
    ]
    detections = found(images, with_probability=True)
    for t in range(30, 36):
        exact = (with_square(4 * (t - 25)) != WORLD).any(axis=2)
        inside = np.kron(exact, np.ones((10, 10), bool))
        assert f_measure(detections[t].mask == 255, inside) > 0.9
    assert not coverages(detections)[:25].any()


def test_noise_alone_is_background() -> None:
    rng = np.random.default_rng(0)
    still = [
        np.asarray(np.clip(rng.normal(120, 6, (*SIZE, 3)), 0, 255), np.uint8) for _ in range(60)
    ]
    assert not coverages(found(still)).any()


def test_values_that_are_no_numbers_are_survived() -> None:
    images = [image.astype(np.float32) / np.float32(255) for image in clip(40, crossing_at)]
    for image in images[10:]:
        image[5:9, 5:9] = np.nan
        image[60, 60] = np.inf
    masks = masks_of(found(images, model={"max_value": 1.0}))
    assert f_measure(masks[33:, 20:50, 20:], truth_of_crossing(40)[33:, 20:50, 20:]) >= 0.0
    assert masks[35].any()


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((5, 4), np.uint8),
        np.zeros((3, 3), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.uint16),
        np.zeros((4, 4), np.int32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4), np.uint8),
    ],
    ids=lambda image: f"{image.shape}-{image.dtype}",
)
@pytest.mark.parametrize("method", ["robust", "classic"])
@pytest.mark.parametrize("together", [False, True])
def test_frames_of_another_kind_are_refused_by_name(
    method: str, other: NDArray[Any], together: bool
) -> None:
    first, second, third = frames_of(
        [np.full((4, 4), 9, np.uint8), other, np.full((4, 4), 9, np.uint8)]
    )
    detector = make((4, 4), method=method)
    batches = [[first, second]] if together else [[first], [second]]
    *good, bad = batches
    for batch in good:
        list(detector.detect(batch))
    with pytest.raises(FrameShapeError):
        list(detector.detect(bad))
    [detection] = detector.detect([third])
    assert not detection.mask.any(), "what was refused has left no trace"


def test_float_frames_without_the_value_of_white_are_refused() -> None:
    with pytest.raises(FrameShapeError, match="max_value"):
        found([np.zeros((4, 4), np.float32)])


@pytest.mark.parametrize("method", ["robust", "classic"])
def test_time_constants_see_stream_time_not_frames(method: str) -> None:
    images = stopping_clip(200)
    settings_: dict[str, Any] = {
        "model": {"time_constant_s": 1.0, "warmup_frames": 0},
        "method": method,
        "foreground_learning": 1.0,
    }
    quick = coverages(found(images, **settings_))
    settings_["model"] = {"time_constant_s": 100.0, "warmup_frames": 0}
    slow = coverages(found(images, **settings_))
    assert quick[65] > 0.5 * SHARE
    assert not quick[150:].any()
    assert slow[199] > 0.5 * SHARE


@pytest.mark.parametrize("method", ["robust", "classic"])
def test_the_clock_may_begin_anywhere(method: str) -> None:
    images = stopping_clip(100)
    rule: dict[str, Any] = {"model": {"time_constant_s": 2.0}, "method": method}
    from_zero = list(make(**rule).detect(frames_of(images)))
    later = list(make(**rule).detect(frames_of(images, start_s=-5000.0)))
    differing = [
        np.count_nonzero(a.mask != b.mask) for a, b in zip(from_zero, later, strict=True)
    ]
    assert max(differing) <= 0.01 * images[0][..., 0].size


def test_stages_and_background_are_told() -> None:
    detector = make()
    assert set(detector.stages_s) == {"align", "model", "decide", "feedback", "clean"}
    assert sum(detector.stages_s.values()) == 0
    for _ in detector.detect(frames_of(clip(80, crossing_at))):
        pass
    assert all(spent > 0 for spent in detector.stages_s.values())
    np.testing.assert_allclose(detector.background().astype(int), WORLD.astype(int), atol=12)
    assert detector.model.n_frames == 80


def test_probability_is_told_before_cleaning_and_half_is_the_mask() -> None:
    raw = {"fill_holes_fraction": 0.0, "min_area_fraction": 0.0}
    images = glittering_clip(60)
    settings_: dict[str, Any] = {"stabilise": False, "find_cast_shadows": False}
    for detection in found(images, with_probability=True, mask=raw, **settings_):
        assert detection.probability is not None
        np.testing.assert_array_equal(detection.probability >= 128, detection.mask == 255)
    cleaned = found(images, with_probability=True, **settings_)
    told = found(images, with_probability=False, **settings_)
    for one, other in zip(cleaned, told, strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    grey=st.booleans(),
    how=st.sampled_from(["noise", "flat", "extremes", "mixed"]),
    keep=st.sampled_from(["keep", "drop"]),
    step_s=st.sampled_from([0.001, 0.04, 100.0]),
)
def test_no_frames_crash_it_and_masks_have_three_values(
    seed: int, shape: tuple[int, int], grey: bool, how: str, keep: str, step_s: float
) -> None:
    rng = np.random.default_rng(seed)
    full = shape if grey else (*shape, 3)
    detector = make(shape, with_probability=True, mask={"shadows": keep})
    for t in range(15):
        kind = rng.choice(["noise", "flat", "extremes"]) if how == "mixed" else how
        if kind == "noise":
            image = rng.integers(0, 256, full, np.uint8)
        elif kind == "flat":
            image = np.full(full, rng.integers(0, 256), np.uint8)
        else:
            image = rng.choice(np.array([0, 255], np.uint8), full)
        frame = frames_of([image], start_s=t * step_s)
        [detection] = detector.detect(frame)
        assert set(np.unique(detection.mask)) <= {0, 127, 255}
        assert detection.mask.shape == shape
        assert detection.probability is not None
        assert 0 <= detection.coverage <= 1
