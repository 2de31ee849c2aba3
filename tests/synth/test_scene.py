from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import pytest

from bgsub.errors import UsageError
from bgsub.synth import SCENES, RenderedFrame, Scene
from bgsub.synth._view import Array

LABELS = {0, 50, 170, 255}
EVERY = pytest.mark.parametrize("name", SCENES)


@functools.cache
def scene(
    name: str,
    *,
    width: int = 160,
    height: int = 90,
    seed: int = 1,
    n_frames: int = 500,
    fps: float = 25.0,
    grey: bool = False,
    noise_sigma: float | None = None,
) -> Scene:
    """Return a scene; painted once for all tests, since rendering does not change it."""
    return Scene(
        name,
        width=width,
        height=height,
        n_frames=n_frames,
        fps=fps,
        seed=seed,
        grey=grey,
        noise_sigma=noise_sigma,
    )


def grown(mask: Array, by: int) -> Array:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1))) > 0)


@EVERY
def test_scene_renders_the_same_bytes_in_any_order_and_at_any_length(name: str) -> None:
    whole = list(scene(name, n_frames=12, fps=1.0))
    other = Scene(name, width=160, height=90, n_frames=1, fps=1.0, seed=1)
    for index in (11, 3, 7):
        again = other.render(index)
        assert again.index == whole[index].index == index
        assert again.timestamp_s == whole[index].timestamp_s == float(index)
        np.testing.assert_array_equal(again.image, whole[index].image)
        np.testing.assert_array_equal(again.truth, whole[index].truth)


@EVERY
def test_scene_can_be_iterated_again(name: str) -> None:
    one = scene(name, n_frames=2, width=64, height=36)
    assert [f.image.tobytes() for f in one] == [f.image.tobytes() for f in one]
    assert len(one) == 2


@EVERY
def test_seeds_differ_in_noise_backdrop_and_movement(name: str) -> None:
    a, b = scene(name, noise_sigma=0.0), scene(name, noise_sigma=0.0, seed=2)
    assert not np.array_equal(a.background(0), b.background(0))
    truths = [np.array_equal(a.render(i).truth, b.render(i).truth) for i in range(130, 480, 50)]
    assert not all(truths)


@EVERY
def test_frame_equals_the_background_wherever_the_truth_is_static(name: str) -> None:
    clean = scene(name, noise_sigma=0.0)
    for index in range(60, 500, 73):
        frame = clean.render(index)
        static = frame.truth == 0
        np.testing.assert_array_equal(frame.image[static], clean.background(index)[static])


@EVERY
def test_moving_label_lies_where_the_picture_differs_from_the_background(name: str) -> None:
    clean = scene(name, noise_sigma=0.0, width=320, height=180)
    moving = seen = 0
    for index in range(110, 490, 54):
        frame = clean.render(index)
        change = cv2.absdiff(frame.image, clean.background(index)).max(axis=2)
        moving += int((frame.truth == 255).sum())
        seen += int((change[frame.truth == 255] > 3).sum())
    assert moving > 0
    # Some of a thing may have the very colour of what is behind it; most has not.
    assert seen > 0.75 * moving


@EVERY
def test_unknown_label_is_a_thin_band_beside_things_and_shadows(name: str) -> None:
    clean = scene(name, width=320, height=180)
    for index in range(130, 480, 70):
        truth = clean.render(index).truth
        core = (truth == 255) | (truth == 50)
        if name == "night":  # headlights fade out over a wide rim
            core |= grown(core, 4)
        unknown = truth == 170
        assert (unknown & ~grown(core, 6)).sum() <= 0.25 * unknown.sum() + 12


@EVERY
def test_truth_holds_cdnet_labels_only_and_frames_are_read_only(name: str) -> None:
    for index in (0, 150, 300, 450):
        frame = scene(name).render(index)
        assert set(np.unique(frame.truth).tolist()) <= LABELS
        assert frame.image.shape == (90, 160, 3)
        assert frame.truth.shape == (90, 160)
        assert frame.image.dtype == frame.truth.dtype == np.uint8
        assert not frame.image.flags.writeable
        assert not frame.truth.flags.writeable


@EVERY
@pytest.mark.parametrize("seed", [1, 2])
def test_scored_part_has_a_plausible_share_of_moving_pixels(name: str, seed: int) -> None:
    one = scene(name, seed=seed)
    first = one.n_training
    last = round(one.spec.duration_s * one.fps)
    shares = [(one.render(i).truth == 255).mean() for i in range(first, last, 20)]
    assert 0.001 < float(np.mean(shares)) < 0.25
    assert max(shares) < 0.5


@EVERY
@pytest.mark.parametrize(("width", "height"), [(16, 16), (57, 33)])
def test_scene_renders_odd_and_tiny_sizes(name: str, width: int, height: int) -> None:
    one = scene(name, width=width, height=height)
    for index in (0, 200, 330):
        frame = one.render(index)
        assert frame.image.shape == (height, width, 3)
        assert frame.truth.shape == (height, width)


@pytest.mark.slow
def test_scene_renders_ultra_high_definition() -> None:
    one = Scene("bag", width=3840, height=2160, n_frames=1, fps=25.0, seed=1)
    assert one.render(140).image.shape == (2160, 3840, 3)


@EVERY
def test_other_size_shows_the_same_thing(name: str) -> None:
    large = scene(name, width=320, height=180, noise_sigma=0.0)
    small = scene(name, width=160, height=90, noise_sigma=0.0)
    for index in (150, 290):
        a, b = large.render(index), small.render(index)
        halved = cv2.resize(a.image, (160, 90), interpolation=cv2.INTER_AREA)
        assert cv2.absdiff(halved, b.image).mean() < 6.0
        share_a, share_b = ((f.truth >= 170).mean() for f in (a, b))
        assert share_b == pytest.approx(share_a, rel=0.35, abs=0.003)


@EVERY
def test_grey_scene_is_the_grey_of_the_coloured_one(name: str) -> None:
    colour = scene(name, noise_sigma=0.0).render(200)
    grey = scene(name, noise_sigma=0.0, grey=True).render(200)
    assert grey.image.shape == (90, 160)
    np.testing.assert_array_equal(grey.truth, colour.truth)
    expected = cv2.cvtColor(colour.image, cv2.COLOR_BGR2GRAY)
    assert cv2.absdiff(grey.image, expected).max() <= 1


@EVERY
def test_noise_has_the_declared_deviation_and_changes_with_every_frame(name: str) -> None:
    one = scene(name, width=320, height=180)
    rest: list[Array] = []
    for index in (100, 101):
        frame, clean = one.render(index), one.background(index)
        dull = (frame.truth == 0) & (clean.min(axis=2) > 40) & (clean.max(axis=2) < 215)
        if dull.sum() < 2000:  # the night scene is dark nearly everywhere
            dull = (frame.truth == 0) & (clean.min(axis=2) > 14)
        difference = frame.image.astype(float) - clean
        assert difference[dull].std() == pytest.approx(one.noise_sigma, rel=0.12)
        assert abs(difference[dull].mean()) < 0.25
        rest.append(np.where(dull[..., None], difference, 0.0))
    both = (rest[0] != 0) & (rest[1] != 0)
    assert abs(np.corrcoef(rest[0][both], rest[1][both])[0, 1]) < 0.05


def test_thermal_scene_has_no_colour() -> None:
    image = scene("thermal").render(150).image
    assert np.ptp(image, axis=2).max() == 0


def test_walkers_come_in_separate_visits_after_an_empty_start() -> None:
    for seed in range(3):
        one = scene("walkers", seed=seed, fps=5.0)
        busy = [bool((one.render(i).truth == 255).sum() > 0.001 * 160 * 90) for i in range(170)]
        assert not any(busy[:10])
        # Two visits are events of their own when the pause exceeds 3.5 s.
        gaps = "".join("x" if b else "." for b in busy).split("x")
        assert sum(len(gap) > 17 for gap in gaps[1:-1]) >= 2


def still_suitcase(frames: list[RenderedFrame]) -> Array:
    return np.asarray(np.logical_and.reduce([frame.truth == 255 for frame in frames]))


def test_left_suitcase_is_labelled_moving_until_it_is_taken() -> None:
    one = scene("bag", width=320, height=180)
    standing = still_suitcase([one.render(i) for i in range(290, 340, 10)])
    assert standing.sum() > 40
    assert (one.render(100).truth[standing] != 255).all()
    assert (one.render(560).truth[standing] == 0).all()


def test_parked_car_is_static_until_it_drives_off_and_its_place_is_static_after() -> None:
    one = scene("bootstrap", width=320, height=180, noise_sigma=0.0)
    before, after = one.background(0), one.background(400)
    place = grown(cv2.absdiff(before, after).max(axis=2) > 12, 0)
    assert place.sum() > 200
    frames = {i: one.render(i) for i in (0, 195, 400)}
    assert (frames[0].truth[place] == 0).mean() > 0.5
    assert (frames[195].truth[place] == 255).mean() > 0.3
    assert (frames[400].truth[place] == 0).mean() > 0.8
    assert (frames[0].truth == 255).sum() > 100  # people are there from the first frame


@pytest.mark.parametrize(
    ("name", "least", "between"), [("switch", 40.0, (150, 300)), ("gradual", 25.0, (0, 480))]
)
def test_change_of_light_alone_is_labelled_static(
    name: str, least: float, between: tuple[int, int]
) -> None:
    one = scene(name)
    levels = [float(one.background(i).mean()) for i in range(*between, 10)]
    assert max(levels) - min(levels) > least
    shares = [(one.render(i).truth == 0).mean() for i in range(*between, 10)]
    assert min(shares) > 0.9


def test_shaking_camera_moves_by_several_pixels_and_by_fractions_of_one() -> None:
    one = scene("shake", width=640, height=360, noise_sigma=0.0, grey=True)
    first = one.background(0)[:, 400:].astype(np.float32)
    shifts = [
        cv2.phaseCorrelate(first.copy(), one.background(i)[:, 400:].astype(np.float32))[0]
        for i in range(5, 400, 30)
    ]
    along = np.array(shifts)
    assert np.ptp(along[:, 0]) > 3.0
    assert np.ptp(along[:, 1]) > 2.0
    assert (np.abs(along - np.rint(along)) > 0.2).any()


@pytest.mark.parametrize("name", ["trees", "water", "snow"])
def test_moving_background_changes_but_is_labelled_static(name: str) -> None:
    one = scene(name, noise_sigma=0.0, width=320, height=180)
    change = cv2.absdiff(one.background(10), one.background(20)).max(axis=2)
    assert (change > 10).mean() > 0.02
    frame = one.render(10)
    if name != "snow":
        assert (frame.truth == 0).all()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"width": 15}, "15×90"),
        ({"height": 9000}, "160×9000"),
        ({"n_frames": 0}, "at least 1"),
        ({"fps": 0.0}, "positive rate"),
        ({"fps": float("nan")}, "positive rate"),
        ({"seed": -1}, "0 or more"),
    ],
)
def test_scene_refuses_what_cannot_be_rendered(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        scene("walkers", **changes)


def test_scene_names_what_there_is_when_asked_for_another() -> None:
    with pytest.raises(UsageError, match=r"no scene 'walker'.*walkers, traffic"):
        scene("walker")
    with pytest.raises(UsageError, match="numbered from 0"):
        scene("walkers").render(-1)


def test_catalogue_describes_at_least_ten_scenes_in_a_sentence_each() -> None:
    assert len(SCENES) >= 10
    for name, spec in SCENES.items():
        assert spec.name == name
        assert spec.description.endswith(".")
        assert spec.elements
        assert 0 < spec.training_s < spec.duration_s
