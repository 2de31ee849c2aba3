"""What the robust detector is for, and that each of its parts does its own share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bgsub.synth import Scene
from tests.detection._clips import (
    FPS,
    SIZE,
    clip,
    coverages,
    f_measure,
    found,
)
from tests.detection._scenes import (
    SHARE,
    SQUARE_PX,
    WORLD,
    brightening_clip,
    crossing_at,
    dark_clip,
    faint_clip,
    glittering_clip,
    leaving_clip,
    masks_of,
    pale_clip,
    shaken_clip,
    specked_clip,
    stopping_clip,
    sunny_clip,
    switching_clip,
    truth_of_crossing,
    with_square,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_an_object_that_crosses_is_found_and_nothing_else() -> None:
    detections = found(clip(80, crossing_at))
    assert not coverages(detections)[:30].any()
    assert f_measure(masks_of(detections)[30:], truth_of_crossing(80)[30:]) > 0.9
    for detection in detections[45:65]:
        [box] = detection.boxes
        assert abs(box.y - 26) <= 3
        assert abs(box.width - SQUARE_PX) <= 6
        assert detection.coverage == np.count_nonzero(detection.mask) / detection.mask.size
        assert not detection.mask.flags.writeable
        assert detection.probability is None


def test_a_rendered_scene_is_segmented() -> None:
    scene = Scene("walkers", width=128, height=72, n_frames=250, fps=FPS, seed=5)
    rendered = list(scene)
    masks = masks_of(found([frame.image for frame in rendered]))[scene.n_training :]
    truth = np.stack([frame.truth for frame in rendered])[scene.n_training :]
    scored = truth != 170
    assert (truth == 255).any()
    assert f_measure(masks & scored, truth == 255) > 0.8


def test_an_object_that_stops_stays_unless_foreground_learns() -> None:
    images = stopping_clip(330)
    kept = coverages(found(images))
    np.testing.assert_allclose(kept[62:], SHARE, rtol=0.4)
    absorbed = coverages(found(images, foreground_learning=1.0))
    np.testing.assert_allclose(absorbed[62:80], SHARE, rtol=0.4)
    assert not absorbed[-50:].any()


def test_an_object_that_stands_is_learnt_in_the_end_at_its_smaller_rate() -> None:
    rates: dict[str, Any] = {"learning_rate": 0.05, "warmup_frames": 0}
    fast = coverages(found(stopping_clip(330), model=rates, foreground_learning=0.1))
    never = coverages(found(stopping_clip(330), model=rates, foreground_learning=0.0))
    assert fast[80] > 0.5 * SHARE
    assert not fast[-30:].any()
    assert never[-1] > 0.5 * SHARE


def test_a_ghost_of_the_first_frames_heals_within_two_seconds() -> None:
    images = leaving_clip(160)
    healed = coverages(found(images))
    stays = coverages(found(images, ghost_after_s=None))
    assert healed[45] > 0.5 * SHARE
    assert not healed[40 + 2 * FPS :].any()
    assert stays[-1] > 0.5 * SHARE


@pytest.mark.parametrize("after_s", [0.4, 2.0])
def test_ghosts_are_examined_after_the_time_that_was_set(after_s: float) -> None:
    covered = coverages(found(leaving_clip(160), ghost_after_s=after_s))
    gone_s = (np.flatnonzero(covered)[-1] - 40) / FPS
    # It is foreground from the moment at which the object begins to leave it.
    assert 0.8 * after_s <= gone_s < after_s + 1.5


def test_a_shaken_camera_is_followed() -> None:
    images = shaken_clip(100)
    steady = coverages(found(images))[10:]
    shaken = coverages(found(images, stabilise=False))[10:]
    assert steady.mean() < 0.01
    assert shaken.mean() > 0.1


def test_masks_of_a_shaken_camera_lie_where_the_object_is_in_the_frame() -> None:
    images = shaken_clip(80)
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
    images = brightening_clip(110)
    followed = coverages(found(images, relearn_coverage=1.0))
    left = coverages(found(images, relearn_coverage=1.0, compensate_light=False))
    assert followed[40:].mean() < 0.005
    assert left[50:].mean() > 0.1


def test_an_object_is_seen_through_a_change_of_light() -> None:
    def picture(t: int) -> NDArray[np.uint8]:
        seen = WORLD if t < 30 else with_square(t // 2)
        return np.asarray(seen * (1.0 if t < 60 else 0.65), np.uint8)

    detections = found(clip(100, picture))
    truth = np.array([(with_square(t // 2) != WORLD).any(axis=2) for t in range(100)])
    masks = masks_of(detections)
    assert f_measure(masks[35:60], truth[35:60]) > 0.85
    assert f_measure(masks[64:], truth[64:]) > 0.85


def test_glitter_fades_from_the_masks_where_blinking_is_followed() -> None:
    images = glittering_clip(260)
    followed = coverages(found(images))[60:].mean()
    left = coverages(found(images, blinking_gain=0.0))[60:].mean()
    assert followed < 0.5 * left
    assert left > 0.02


def test_an_object_before_glitter_is_still_found() -> None:
    images = glittering_clip(240)
    for t in range(200, 240):
        x = 60 - (t - 200)
        images[t][20:50, x : x + 25] = (250, 20, 250)
    masks = masks_of(found(images))
    for t in range(205, 240):
        x = 60 - (t - 200)
        assert masks[t, 22:48, x + 2 : x + 23].mean() > 0.8


def test_another_scene_is_learnt_within_a_second() -> None:
    images = switching_clip(140)
    relearnt = coverages(found(images))
    left = coverages(found(images, relearn_coverage=1.0))
    assert relearnt[62] > 0.7
    assert not relearnt[60 + FPS :].any()
    assert left[60 + FPS] > 0.5


def test_dark_things_in_the_dark_are_found() -> None:
    images = dark_clip(60)
    covered = coverages(found(images))[35:]
    alike = coverages(found(images, dark_threshold=1.0))[35:]
    assert covered.mean() > 0.7 * SHARE
    assert alike.mean() < 0.5 * covered.mean()


def test_faint_things_are_found_before_a_calm_background() -> None:
    images = pale_clip(320)
    covered = coverages(found(images))[295:]
    alike = coverages(found(images, calm_threshold=1.0))[295:]
    assert covered.mean() > 0.7 * SHARE
    assert alike.mean() < 0.5 * covered.mean()


def test_faint_things_are_noise_before_a_restless_background() -> None:
    restless = np.random.default_rng(8).normal(0, 1, (150, *SIZE, 1))
    images = [
        np.asarray(np.clip(image + 14 * noise, 0, 255), np.uint8)
        for image, noise in zip(clip(150, lambda _: WORLD), restless, strict=True)
    ]
    assert coverages(found(images))[30:].max() < 0.002


def test_hysteresis_makes_masks_flicker_less() -> None:
    images = faint_clip(120)

    def flicker(hysteresis: float) -> int:
        masks = masks_of(found(images, hysteresis=hysteresis, foreground_learning=0.0))[70:]
        assert masks[:, 30:42, 34:46].mean() > 0.5
        return int(np.count_nonzero(masks[1:] != masks[:-1]))

    assert flicker(0.15) < 0.5 * flicker(0.0)


def test_smoothing_the_evidence_hides_specks_and_keeps_objects() -> None:
    images = specked_clip(80)
    raw = {"fill_holes_fraction": 0.0, "min_area_fraction": 0.0}
    truth = truth_of_crossing(80)[40:]
    # Lower thresholds in the dark are another part's affair.
    alike = {"mask": raw, "dark_threshold": 1.0}
    smooth = masks_of(found(images, **alike))[40:]
    torn = masks_of(found(images, smooth_evidence=False, **alike))[40:]
    assert f_measure(smooth, truth) > f_measure(torn, truth)
    assert np.mean(smooth & ~truth) < 0.5 * np.mean(torn & ~truth)


def test_shadows_are_dropped_or_kept_with_their_label() -> None:
    images = sunny_clip(60)
    dropped = np.stack([d.mask for d in found(images)])
    kept = np.stack([d.mask for d in found(images, mask={"shadows": "keep"})])
    off = np.stack([d.mask for d in found(images, find_cast_shadows=False)])
    assert set(np.unique(kept)) == {0, 127, 255}
    assert set(np.unique(dropped)) == set(np.unique(off)) == {0, 255}
    assert np.count_nonzero(off) > 1.2 * np.count_nonzero(dropped)


_OFF: dict[str, tuple[Any, Any]] = {
    "dark_threshold": (1.0, dark_clip),
    "calm_threshold": (1.0, pale_clip),
    "smooth_evidence": (False, faint_clip),
    "hysteresis": (0.0, faint_clip),
    "foreground_learning": (1.0, stopping_clip),
    "ghost_after_s": (None, leaving_clip),
    "blinking_gain": (0.0, glittering_clip),
    "stabilise": (False, shaken_clip),
    "compensate_light": (False, brightening_clip),
    "relearn_coverage": (1.0, switching_clip),
    "find_cast_shadows": (False, sunny_clip),
}


@pytest.mark.parametrize("part", sorted(_OFF))
def test_every_part_can_be_switched_off_and_makes_a_difference(part: str) -> None:
    off, images_of = _OFF[part]
    images = images_of({sunny_clip: 60, pale_clip: 320}.get(images_of, 120))
    with_all = masks_of(found(images))
    without = masks_of(found(images, **{part: off}))
    assert (with_all != without).any()


def test_all_parts_can_be_switched_off_together() -> None:
    nothing = {part: off for part, (off, _) in _OFF.items()}
    detections = found(clip(80, crossing_at), **nothing)
    assert f_measure(masks_of(detections)[30:], truth_of_crossing(80)[30:]) > 0.8
    # What is left is the model's threshold, which the model's own masks have too.
    raw = {"fill_holes_fraction": 0.0, "min_area_fraction": 0.0}
    robust = masks_of(found(clip(80, crossing_at), mask=raw, **nothing))
    classic = masks_of(found(clip(80, crossing_at), mask=raw, method="classic"))
    assert np.mean(robust != classic) < 2e-3
