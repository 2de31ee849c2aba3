"""What the robust detector is for, and that each of its parts does its own share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.errors import FrameShapeError
from bgsub.synth import Scene
from tests.detection._clips import (
    FPS,
    SIZE,
    clip,
    coverages,
    f_measure,
    found,
    frames_of,
    make,
    world,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.detection import Detection

Pictures = list["NDArray[np.uint8]"]

_WORLD = world(1)
_SQUARE_PX = 20
_SHARE = _SQUARE_PX**2 / (SIZE[0] * SIZE[1])


def _with_square(x: int, background: NDArray[np.uint8] = _WORLD) -> NDArray[np.uint8]:
    picture = background.copy()
    picture[26 : 26 + _SQUARE_PX, max(0, x) : max(0, x + _SQUARE_PX)] = (220, 60, 40)
    return picture


def _crossing(t: int) -> NDArray[np.uint8]:
    """A square crosses the picture from frame 30 on."""
    return _WORLD if t < 30 else _with_square((t - 30) * 2 - 10)


def _stopping(n_frames: int) -> Pictures:
    return clip(n_frames, lambda t: _WORLD if t < 60 else _with_square(30))


def _leaving(n_frames: int) -> Pictures:
    return clip(n_frames, lambda t: _with_square(30) if t < 40 else _WORLD)


def _shaken(n_frames: int) -> Pictures:
    noise = np.random.default_rng(2).normal(0, 1, (SIZE[0] + 20, SIZE[1] + 20))
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    large = np.asarray(np.clip(120 + 50 * smooth / smooth.std(), 0, 255), np.uint8)
    shifts = np.random.default_rng(3).integers(-4, 5, (n_frames, 2))
    shifts[:5] = 0

    def view(t: int) -> NDArray[np.uint8]:
        y, x = 10 - shifts[t]
        return large[y : y + SIZE[0], x : x + SIZE[1]]

    return clip(n_frames, view)


def _brightening(n_frames: int) -> Pictures:
    """It becomes half as bright again, within a third of a second from frame 40 on."""

    def lit(t: int) -> NDArray[np.uint8]:
        gain = 1 + 0.5 * min(max(t - 40, 0) / 8, 1)
        return np.asarray(np.minimum(_WORLD * gain, 255), np.uint8)

    return clip(n_frames, lit)


def _glittering(n_frames: int) -> Pictures:
    """On the left, one in eight spots has any brightness at any time."""

    def glitter(t: int) -> NDArray[np.uint8]:
        rng = np.random.default_rng(t)
        picture = _WORLD.copy()
        spots = np.kron(rng.random((24, 14)) < 0.12, np.ones((3, 3), bool))
        picture[:, :42][spots] = rng.integers(90, 255)
        return picture

    return clip(n_frames, glitter)


def _switching(n_frames: int) -> Pictures:
    other = np.asarray(255 - world(9), np.uint8)
    return clip(n_frames, lambda t: _WORLD if t < 60 else other)


def _dark(n_frames: int) -> Pictures:
    """A scene at night, crossed by something a little brighter."""
    night = np.asarray(world(4) / 8, np.uint8)

    def picture(t: int) -> NDArray[np.uint8]:
        if t < 30:
            return night
        seen = night.copy()
        seen[26:46, (t - 30) * 2 : (t - 30) * 2 + 20] += 28
        return seen

    return clip(n_frames, picture, noise=1.0)


def _faint(n_frames: int) -> Pictures:
    """Something as far from its background as the threshold crosses, in noise."""

    def picture(t: int) -> NDArray[np.uint8]:
        if t < 60:
            return _WORLD
        seen = _WORLD.copy()
        seen[26:46, 30:50] = np.clip(seen[26:46, 30:50].astype(int) + 38, 0, 255)
        return seen

    return clip(n_frames, picture, noise=6.0)


def _sunny(n_frames: int) -> Pictures:
    """Something crosses that casts a shadow to its right."""

    def picture(t: int) -> NDArray[np.uint8]:
        if t < 30:
            return _WORLD
        x = (t - 30) * 2
        seen = _WORLD.copy()
        shadow = seen[42:56, x + 14 : x + 44]
        seen[42:56, x + 14 : x + 44] = (shadow * 0.6).astype(np.uint8)
        seen[16:56, x : x + 14] = (220, 60, 40)
        return seen

    return clip(n_frames, picture, noise=1.0)


def _masks(detections: list[Detection]) -> NDArray[np.bool_]:
    return np.array([detection.mask == 255 for detection in detections])


def _truth(n_frames: int) -> NDArray[np.bool_]:
    return np.array([(_crossing(t) != _WORLD).any(axis=2) for t in range(n_frames)])


def test_an_object_that_crosses_is_found_and_nothing_else() -> None:
    detections = found(clip(80, _crossing))
    assert not coverages(detections)[:30].any()
    assert f_measure(_masks(detections)[30:], _truth(80)[30:]) > 0.9
    for detection in detections[45:65]:
        [box] = detection.boxes
        assert abs(box.y - 26) <= 3
        assert abs(box.width - _SQUARE_PX) <= 6
        assert detection.coverage == np.count_nonzero(detection.mask) / detection.mask.size
        assert not detection.mask.flags.writeable
        assert detection.probability is None


def test_a_rendered_scene_is_segmented() -> None:
    scene = Scene("walkers", width=128, height=72, n_frames=250, fps=FPS, seed=5)
    rendered = list(scene)
    masks = _masks(found([frame.image for frame in rendered]))[scene.n_training :]
    truth = np.stack([frame.truth for frame in rendered])[scene.n_training :]
    scored = truth != 170
    assert (truth == 255).any()
    assert f_measure(masks & scored, truth == 255) > 0.8


def test_an_object_that_stops_stays_unless_foreground_learns() -> None:
    images = _stopping(330)
    kept = coverages(found(images))
    np.testing.assert_allclose(kept[62:], _SHARE, rtol=0.4)
    absorbed = coverages(found(images, foreground_learning=1.0))
    np.testing.assert_allclose(absorbed[62:80], _SHARE, rtol=0.4)
    assert not absorbed[-50:].any()


def test_an_object_that_stands_is_learnt_in_the_end_at_its_smaller_rate() -> None:
    rates: dict[str, Any] = {"learning_rate": 0.05, "warmup_frames": 0}
    fast = coverages(found(_stopping(330), model=rates, foreground_learning=0.1))
    never = coverages(found(_stopping(330), model=rates, foreground_learning=0.0))
    assert fast[80] > 0.5 * _SHARE
    assert not fast[-30:].any()
    assert never[-1] > 0.5 * _SHARE


def test_a_ghost_of_the_first_frames_heals_within_two_seconds() -> None:
    images = _leaving(160)
    healed = coverages(found(images))
    stays = coverages(found(images, ghost_after_s=None))
    assert healed[45] > 0.5 * _SHARE
    assert not healed[40 + 2 * FPS :].any()
    assert stays[-1] > 0.5 * _SHARE


@pytest.mark.parametrize("after_s", [0.4, 2.0])
def test_ghosts_are_examined_after_the_time_that_was_set(after_s: float) -> None:
    covered = coverages(found(_leaving(160), ghost_after_s=after_s))
    gone_s = (np.flatnonzero(covered)[-1] - 40) / FPS
    # It is foreground from the moment at which the object begins to leave it.
    assert 0.8 * after_s <= gone_s < after_s + 1.5


def test_a_shaken_camera_is_followed() -> None:
    images = _shaken(100)
    steady = coverages(found(images))[10:]
    shaken = coverages(found(images, stabilise=False))[10:]
    assert steady.mean() < 0.01
    assert shaken.mean() > 0.1


def test_masks_of_a_shaken_camera_lie_where_the_object_is_in_the_frame() -> None:
    images = _shaken(80)
    place = np.s_[26:46, 30:50]
    for image in images[40:]:
        image[place] = 255
    detections = found(images, with_probability=True)
    for detection in detections[45:]:
        inside = np.zeros(SIZE, bool)
        inside[place] = True
        assert f_measure(detection.mask == 255, inside) > 0.75
        assert detection.probability is not None
        assert f_measure(detection.probability >= 128, inside) > 0.75


def test_light_that_changes_is_followed() -> None:
    images = _brightening(110)
    followed = coverages(found(images, relearn_coverage=1.0))
    left = coverages(found(images, relearn_coverage=1.0, compensate_light=False))
    assert followed[40:].mean() < 0.005
    assert left[50:].mean() > 0.1


def test_an_object_is_seen_through_a_change_of_light() -> None:
    def picture(t: int) -> NDArray[np.uint8]:
        seen = _WORLD if t < 30 else _with_square(t // 2)
        return np.asarray(seen * (1.0 if t < 60 else 0.65), np.uint8)

    detections = found(clip(100, picture))
    truth = np.array([(_with_square(t // 2) != _WORLD).any(axis=2) for t in range(100)])
    masks = _masks(detections)
    assert f_measure(masks[35:60], truth[35:60]) > 0.85
    assert f_measure(masks[64:], truth[64:]) > 0.85


def test_glitter_fades_from_the_masks_where_blinking_is_followed() -> None:
    images = _glittering(260)
    followed = coverages(found(images))[180:].mean()
    left = coverages(found(images, blinking_gain=0.0))[180:].mean()
    assert followed < 0.5 * left
    assert left > 0.02


def test_an_object_before_glitter_is_still_found() -> None:
    images = _glittering(240)
    for t in range(200, 240):
        x = 60 - (t - 200)
        images[t][20:50, x : x + 25] = (250, 20, 250)
    masks = _masks(found(images))
    for t in range(205, 240):
        x = 60 - (t - 200)
        assert masks[t, 22:48, x + 2 : x + 23].mean() > 0.8


def test_another_scene_is_learnt_within_a_second() -> None:
    images = _switching(140)
    relearnt = coverages(found(images))
    left = coverages(found(images, relearn_coverage=1.0))
    assert relearnt[62] > 0.7
    assert not relearnt[60 + FPS :].any()
    assert left[60 + FPS] > 0.5


def test_dark_things_in_the_dark_are_found() -> None:
    images = _dark(60)
    covered = coverages(found(images))[35:]
    alike = coverages(found(images, dark_threshold=1.0))[35:]
    assert covered.mean() > 0.7 * _SHARE
    assert alike.mean() < 0.5 * covered.mean()


def test_hysteresis_makes_masks_flicker_less() -> None:
    images = _faint(120)

    def flicker(hysteresis: float) -> int:
        masks = _masks(found(images, hysteresis=hysteresis, foreground_learning=0.0))[70:]
        assert masks[:, 30:42, 34:46].mean() > 0.5
        return int(np.count_nonzero(masks[1:] != masks[:-1]))

    assert flicker(0.15) < 0.5 * flicker(0.0)


def _specked(n_frames: int) -> Pictures:
    """Single pixels are wrong in every frame, as of a bad link, and a square crosses."""
    images = clip(n_frames, _crossing)
    for t, image in enumerate(images):
        rng = np.random.default_rng(t)
        image[rng.random(SIZE) < 0.03] = rng.integers(0, 256, 3)
    return images


def test_smoothing_the_evidence_hides_specks_and_keeps_objects() -> None:
    images = _specked(80)
    raw = {"fill_holes_fraction": 0.0, "min_area_fraction": 0.0}
    truth = _truth(80)[40:]
    smooth = _masks(found(images, mask=raw))[40:]
    torn = _masks(found(images, mask=raw, smooth_evidence=False))[40:]
    assert f_measure(smooth, truth) > f_measure(torn, truth)
    assert np.mean(smooth & ~truth) < 0.5 * np.mean(torn & ~truth)


def test_shadows_are_dropped_or_kept_with_their_label() -> None:
    images = _sunny(60)
    dropped = np.stack([d.mask for d in found(images)])
    kept = np.stack([d.mask for d in found(images, mask={"shadows": "keep"})])
    off = np.stack([d.mask for d in found(images, find_cast_shadows=False)])
    assert set(np.unique(kept)) == {0, 127, 255}
    assert set(np.unique(dropped)) == set(np.unique(off)) == {0, 255}
    assert np.count_nonzero(off) > 1.2 * np.count_nonzero(dropped)


_OFF: dict[str, tuple[Any, Any]] = {
    "dark_threshold": (1.0, _dark),
    "smooth_evidence": (False, _faint),
    "hysteresis": (0.0, _faint),
    "foreground_learning": (1.0, _stopping),
    "ghost_after_s": (None, _leaving),
    "blinking_gain": (0.0, _glittering),
    "stabilise": (False, _shaken),
    "compensate_light": (False, _brightening),
    "relearn_coverage": (1.0, _switching),
    "find_cast_shadows": (False, _sunny),
}


@pytest.mark.parametrize("part", sorted(_OFF))
def test_every_part_can_be_switched_off_and_makes_a_difference(part: str) -> None:
    off, images_of = _OFF[part]
    images = images_of(60 if images_of is _sunny else 120)
    with_all = _masks(found(images))
    without = _masks(found(images, **{part: off}))
    assert (with_all != without).any()


def test_all_parts_can_be_switched_off_together() -> None:
    nothing = {part: off for part, (off, _) in _OFF.items()}
    detections = found(clip(80, _crossing), **nothing)
    assert f_measure(_masks(detections)[30:], _truth(80)[30:]) > 0.8
    # What is left is the model's threshold, which the model's own masks have too.
    raw = {"fill_holes_fraction": 0.0, "min_area_fraction": 0.0}
    robust = _masks(found(clip(80, _crossing), mask=raw, **nothing))
    classic = _masks(found(clip(80, _crossing), mask=raw, method="classic"))
    assert np.mean(robust != classic) < 2e-3


@pytest.mark.parametrize("size", [1, 7, 80])
def test_batches_make_no_difference(size: int) -> None:
    images = clip(80, _crossing)
    frames = frames_of(images)
    detector = make(with_probability=True)
    batches = [list(detector.detect(frames[i : i + size])) for i in range(0, 80, size)]
    together = [detection for batch in batches for detection in batch]
    for one, other in zip(together, found(images, with_probability=True), strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.probability, other.probability)
        assert one.boxes == other.boxes


def test_threads_make_no_difference() -> None:
    images = [cv2.resize(image, (192, 144)) for image in _glittering(60)]
    one = _masks(found(images, threads=1))
    np.testing.assert_array_equal(one, _masks(found(images, threads=2)))
    assert one.any()


@pytest.mark.parametrize("grey", [False, True])
def test_all_types_of_frames_say_the_same(grey: bool) -> None:
    images = clip(70, _crossing)
    if grey:
        images = [np.ascontiguousarray(image[..., 0]) for image in images]
    masks = _masks(found(images))
    assert f_measure(masks[30:], _truth(70)[30:]) > 0.85
    wide = [image.astype(np.uint16) * np.uint16(257) for image in images]
    real = [image.astype(np.float32) / np.float32(255) for image in images]
    assert f_measure(_masks(found(wide)), masks) > 0.97
    assert f_measure(_masks(found(real, model={"max_value": 1.0})), masks) > 0.95


def test_read_only_and_strided_frames_are_taken() -> None:
    images = clip(40, _crossing)
    expected = _masks(found(images))
    for image in images:
        image.setflags(write=False)
    np.testing.assert_array_equal(_masks(found(images)), expected)
    strided = [np.asfortranarray(image) for image in images]
    np.testing.assert_array_equal(_masks(found(strided)), expected)
    grey = [image[..., 1] for image in images]
    compact = [np.ascontiguousarray(image) for image in grey]
    np.testing.assert_array_equal(_masks(found(grey)), _masks(found(compact)))


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
        for image in clip(36, lambda t: _WORLD if t < 25 else _with_square(4 * (t - 25)))
    ]
    detections = found(images, with_probability=True)
    for t in range(30, 36):
        exact = (_with_square(4 * (t - 25)) != _WORLD).any(axis=2)
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
    images = [image.astype(np.float32) / np.float32(255) for image in clip(40, _crossing)]
    for image in images[10:]:
        image[5:9, 5:9] = np.nan
        image[60, 60] = np.inf
    masks = _masks(found(images, model={"max_value": 1.0}))
    assert f_measure(masks[33:, 20:50, 20:], _truth(40)[33:, 20:50, 20:]) >= 0.0
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
    images = _stopping(200)
    settings_: dict[str, Any] = {
        "model": {"time_constant_s": 1.0, "warmup_frames": 0},
        "method": method,
        "foreground_learning": 1.0,
    }
    quick = coverages(found(images, **settings_))
    settings_["model"] = {"time_constant_s": 100.0, "warmup_frames": 0}
    slow = coverages(found(images, **settings_))
    assert quick[65] > 0.5 * _SHARE
    assert not quick[150:].any()
    assert slow[199] > 0.5 * _SHARE


@pytest.mark.parametrize("method", ["robust", "classic"])
def test_the_clock_may_begin_anywhere(method: str) -> None:
    images = _stopping(100)
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
    for _ in detector.detect(frames_of(clip(80, _crossing))):
        pass
    assert all(spent > 0 for spent in detector.stages_s.values())
    np.testing.assert_allclose(detector.background().astype(int), _WORLD.astype(int), atol=12)
    assert detector.model.n_frames == 80


def test_probability_is_told_before_cleaning_and_half_is_the_mask() -> None:
    raw = {"fill_holes_fraction": 0.0, "min_area_fraction": 0.0}
    images = _glittering(60)
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
