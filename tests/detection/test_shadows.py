"""Shadows are told from objects, and what measures them agrees with the slow way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.config.detector import DetectorConfig
from bgsub.detection import RobustDetector, RobustParams
from bgsub.detection._regions import measure
from bgsub.detection._runs import Regions
from bgsub.detection._seeds import find_dimmed
from bgsub.detection.pictures import to_luma
from bgsub.detection.shadows import ShadowFinder
from bgsub.frames import FOREGROUND, SHADOW, Frame
from bgsub.masks import MaskCleaner
from bgsub.mixture import MixtureModel, MixtureParams
from tests.reference import shadows as reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHAPE = (120, 160)
# The object stands on row 80; its shadow falls to the right of its foot.
_OBJECT = slice(30, 81), slice(50, 70)
_COMPACT = slice(60, 81), slice(70, 95)
_LONG = slice(72, 81), slice(70, 120)
_LEFT_IN_SHADOW = 0.55

_Box = tuple[slice, slice]


def find_shadows(
    mask: NDArray[np.uint8], picture: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Return where shadows are in a mask, also if there are none."""
    shadows = ShadowFinder().find(Regions(mask), picture, background)
    return np.zeros(mask.shape, bool) if shadows is None else shadows


def _texture(seed: int, amplitude: float) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(0, 1, _SHAPE)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.asarray(amplitude * smooth / smooth.std())


def _ground(amplitude: float) -> NDArray[np.uint8]:
    luma = 130 + _texture(0, amplitude)
    return np.clip(luma[..., None] + (4, 0, -4), 0, 255).astype(np.uint8)


def _scene(
    amplitude: float,
    shadow: _Box,
    gain: float | tuple[float, float, float] = _LEFT_IN_SHADOW,
    standing: _Box = _OBJECT,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return mask, picture and background: a bright object and its shadow on the ground."""
    background = _ground(amplitude)
    picture = background.copy()
    picture[shadow] = (background[shadow] * np.asarray(gain)).astype(np.uint8)
    picture[standing] = np.clip(220 + _texture(1, 10)[standing], 0, 255)[..., None]
    mask = np.zeros(_SHAPE, np.uint8)
    mask[shadow] = mask[standing] = FOREGROUND
    return mask, picture, background


def _enlarged(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    size = picture.shape[1] * factor, picture.shape[0] * factor
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _blurred(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.blur(picture, (3, 3)), np.uint8).reshape(picture.shape)


def _found_in(box: _Box, shadows: NDArray[np.bool_]) -> float:
    return float(shadows[box].mean())


class TestShadowsAreFound:
    """Regions that show the ground, darker."""

    @pytest.mark.parametrize(
        ("amplitude", "shadow"), [(12.0, _COMPACT), (12.0, _LONG), (0.5, _LONG)]
    )
    def test_shadow_at_the_foot_is_found_and_the_object_is_not(
        self, amplitude: float, shadow: _Box
    ) -> None:
        """Texture tells a compact one; a long one needs none."""
        shadows = find_shadows(*_scene(amplitude, shadow))
        assert _found_in(shadow, shadows) > 0.8
        assert _found_in((_OBJECT[0], slice(50, 67)), shadows) == 0

    def test_texture_alone_tells_a_compact_shadow_in_front_of_the_object(self) -> None:
        """It is not long, and the object is above it; on smooth ground it could be anything."""
        shadow, standing = (slice(62, 81), slice(50, 76)), (slice(30, 62), slice(48, 78))
        assert _found_in(shadow, find_shadows(*_scene(12.0, shadow, standing=standing))) > 0.8
        mask, picture, background = _scene(0.0, shadow, standing=standing)
        assert not find_shadows(mask, picture, background).any()

    def test_length_alone_tells_a_shadow_in_front_of_the_object(self) -> None:
        """On smooth ground, and with the object above it."""
        shadow, standing = (slice(69, 81), slice(30, 110)), (slice(30, 69), slice(30, 110))
        assert _found_in(shadow, find_shadows(*_scene(0.0, shadow, standing=standing))) > 0.7

    def test_shadow_that_sticks_out_needs_hardly_any_texture(self) -> None:
        """There is no object above it, and what can be seen does not contradict."""
        shadow, standing = (slice(60, 81), slice(70, 94)), (slice(10, 81), slice(50, 70))
        mask, picture, background = _scene(2.0, shadow, standing=standing)
        noise = _texture(5, 4)[..., None]
        picture[shadow] = np.clip(picture[shadow] + noise[shadow], 0, 255)
        assert _found_in(shadow, find_shadows(mask, picture, background)) > 0.8
        mask[30:60, 68:96] = FOREGROUND
        picture[30:60, 68:96] = 220
        assert not find_shadows(mask, picture, background).any()

    def test_shadow_is_told_from_a_dark_object(self) -> None:
        """Both are darker than the ground; the step between them parts them."""
        mask, picture, background = _scene(12.0, _LONG, gain=0.75)
        picture[_OBJECT] = np.clip(58 + _texture(3, 2)[_OBJECT], 0, 255)[..., None]
        shadows = find_shadows(mask, picture, background)
        assert _found_in(_LONG, shadows) > 0.8
        assert _found_in((_OBJECT[0], slice(50, 67)), shadows) == 0

    @pytest.mark.parametrize(("rows", "is_found"), [(4, True), (12, False)])
    def test_object_may_reach_a_little_below_its_shadow(
        self, rows: int, is_found: bool
    ) -> None:
        """As feet and wheels do; further up nothing is on the ground."""
        mask, picture, background = _scene(12.0, _LONG)
        below = slice(81, 81 + rows), slice(50, 120)
        mask[below] = FOREGROUND
        picture[below] = 220
        assert find_shadows(mask, picture, background)[_LONG].any() == is_found

    def test_grey_pictures_are_searched_too(self) -> None:
        """Their shadows are found as those of colour pictures."""
        mask, picture, background = _scene(12.0, _COMPACT)
        shadows = find_shadows(mask, picture[..., 1], background[..., 1])
        assert _found_in(_COMPACT, shadows) > 0.8

    def test_lengths_grow_with_the_picture(self) -> None:
        """The same scene in four times as many lines has the same shadow."""
        mask, picture, background = (_enlarged(a, 4) for a in _scene(12.0, _COMPACT))
        mask = np.where(mask > 127, np.uint8(255), np.uint8(0))
        shadows = find_shadows(mask, picture, background)
        assert shadows[240:324, 280:380].mean() > 0.8
        assert not shadows[120:320, 200:268].any()

    @pytest.mark.parametrize(("factor", "is_found"), [(1, True), (4, False)])
    def test_what_is_small_depends_on_the_picture(self, factor: int, is_found: bool) -> None:
        """A part of 126 pixels is a shadow in 120 lines, and too small for one in 480."""
        _, picture, background = (_enlarged(a, factor) for a in _scene(12.0, _LONG))
        mask = np.zeros(picture.shape[:2], np.uint8)
        top, left = 73 * factor, 80 * factor
        mask[top : top + 7, left : left + 18] = FOREGROUND
        assert find_shadows(mask, picture, background).any() == is_found

    def test_rim_of_a_shadow_is_said_to_be_shadow(self) -> None:
        """A finer mask may have foreground there; what is further away is not touched."""
        mask, picture, background = _scene(12.0, _COMPACT)
        shadows = find_shadows(mask, picture, background)
        beyond = shadows & (mask == 0)
        assert beyond.any()
        assert not (beyond & (cv2.dilate(mask, np.ones((5, 5), np.uint8)) == 0)).any()


class TestObjectsStay:
    """What is dark but is no shadow."""

    @pytest.mark.parametrize("amplitude", [0.5, 12.0])
    def test_dark_object_with_a_texture_of_its_own_is_none(self, amplitude: float) -> None:
        """It is as dark as a shadow, and lies where one would."""
        mask, picture, background = _scene(amplitude, _COMPACT)
        own = 72 + _texture(2, 8)[_COMPACT]
        picture[_COMPACT] = np.clip(own[..., None], 0, 255)
        assert not find_shadows(mask, picture, background).any()

    def test_shadow_on_what_is_above_the_foot_is_none(self) -> None:
        """The upper half of an object is not on the ground, whatever it shows."""
        above = slice(30, 50), slice(50, 70)
        below = slice(50, 100), slice(50, 70)
        assert not find_shadows(*_scene(12.0, above, standing=below)).any()

    def test_another_colour_is_none(self) -> None:
        """A shadow darkens all channels."""
        shadows = find_shadows(*_scene(12.0, _COMPACT, gain=(0.75, 0.55, 0.45)))
        assert not shadows.any()

    @pytest.mark.parametrize("gain", [0.1, 0.95, 1.3])
    def test_too_dark_and_too_bright_are_none(self, gain: float) -> None:
        """Nothing can be seen in what is nearly black; a shadow is not bright."""
        assert not find_shadows(*_scene(12.0, _LONG, gain=gain)).any()

    def test_small_things_are_not_examined(self) -> None:
        """Below fifty pixels nothing can be told."""
        mask, picture, background = _scene(12.0, _LONG)
        mask[:] = 0
        mask[74:78, 80:90] = FOREGROUND
        assert not find_shadows(mask, picture, background).any()

    def test_empty_mask_has_none(self) -> None:
        """And the answer has the mask's shape."""
        background = _ground(12.0)
        shadows = find_shadows(np.zeros(_SHAPE, np.uint8), background, background)
        assert shadows.shape == _SHAPE
        assert shadows.dtype == bool
        assert not shadows.any()


class TestTone:
    """How dark a scene's shadows are is learnt."""

    @staticmethod
    def _plain(gain: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Return a scene whose shadow lies below the object, on ground without texture."""
        shadow, standing = (slice(62, 81), slice(45, 85)), (slice(30, 62), slice(48, 78))
        return _scene(0.0, shadow, gain=gain, standing=standing)

    @staticmethod
    def _find(
        finder: ShadowFinder, scene: tuple[NDArray[np.uint8], ...]
    ) -> NDArray[np.bool_] | None:
        return finder.find(Regions(scene[0]), *scene[1:])

    @pytest.mark.parametrize(("gain", "is_found"), [(0.55, True), (0.45, False), (0.65, False)])
    def test_what_is_as_dark_as_other_shadows_needs_no_texture(
        self, gain: float, is_found: bool
    ) -> None:
        """What is darker or brighter than they are is still an object."""
        finder = ShadowFinder()
        assert self._find(finder, self._plain(gain)) is None
        for _ in range(3):
            assert self._find(finder, _scene(12.0, _LONG, gain=0.55)) is not None
        assert (self._find(finder, self._plain(gain)) is not None) == is_found

    def test_shadows_of_many_tones_tell_nothing(self) -> None:
        """Where no tone prevails, each shadow has to be one by itself."""
        finder = ShadowFinder()
        for gain in (0.45, 0.55, 0.65, 0.75) * 2:
            assert self._find(finder, _scene(12.0, _LONG, gain=gain)) is not None
        assert self._find(finder, self._plain(0.55)) is None

    def test_what_is_found_by_its_tone_does_not_teach_it(self) -> None:
        """Else one mistake would lead to the next."""
        finder = ShadowFinder()
        for _ in range(3):
            self._find(finder, _scene(12.0, _LONG, gain=0.55))
        for _ in range(60):
            self._find(finder, self._plain(0.575))
        assert self._find(finder, self._plain(0.53)) is not None
        assert self._find(finder, self._plain(0.6)) is None

    def test_another_tone_is_learnt_as_the_light_changes(self) -> None:
        """Under a clouded sky shadows are fainter; what was learnt fades."""
        finder = ShadowFinder()
        for _ in range(20):
            self._find(finder, _scene(12.0, _LONG, gain=0.45))
        for _ in range(200):
            self._find(finder, _scene(12.0, _LONG, gain=0.6))
        assert self._find(finder, self._plain(0.6)) is not None
        assert self._find(finder, self._plain(0.45)) is None


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), grey=st.booleans(), blocks=st.integers(1, 12))
def test_find_shadows_stays_near_the_foreground_and_changes_nothing(
    seed: int, grey: bool, blocks: int
) -> None:
    """For any picture, also objects at the edges."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 70, 2))
    coarse = rng.integers(0, 2, (blocks, blocks), np.uint8) * np.uint8(255)
    size = shape[1], shape[0]
    mask = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    background = rng.integers(90, 140, shape if grey else (*shape, 3), np.uint8)
    picture = (background * rng.uniform(0.4, 1.1)).astype(np.uint8)
    before = mask.copy(), picture.copy(), background.copy()
    shadows = find_shadows(mask, picture, background)
    assert shadows.shape == shape
    assert not (shadows & (cv2.dilate(mask, np.ones((5, 5), np.uint8)) == 0)).any()
    for now, then in zip((mask, picture, background), before, strict=True):
        np.testing.assert_array_equal(now, then)


class TestMeasurements:
    """The kernels against the slow way."""

    _LOGARITHMS = np.log(np.arange(256) + 4.0).astype(np.float32)

    def _regions(self, seed: int) -> tuple[Regions, Regions]:
        """Return objects, and regions within them."""
        rng = np.random.default_rng(seed)
        blobs = cv2.GaussianBlur(rng.normal(0, 1, (40, 50)), (0, 0), 2.5)
        seeds = (blobs > 0.06).astype(np.uint8)
        inside = (cv2.dilate(seeds, np.ones((9, 3), np.uint8)) > 0).astype(np.uint8)
        inside[:, 20:23] = 1
        inside[:, 30:33] = seeds[:, 30:33] = 0
        return Regions(inside), Regions(seeds, diagonal=False)

    @pytest.mark.parametrize("n_channels", [1, 3])
    def test_find_dimmed_agrees(self, n_channels: int) -> None:
        """Means, ratios, their spread and their gradient, with and without colour."""
        rng = np.random.default_rng(n_channels)
        background = rng.integers(100, 115, (30, 40, n_channels), np.uint8)
        background = _blurred(background)
        gain = cv2.GaussianBlur(rng.normal(0.6, 1.2, (30, 40)), (0, 0), 2)[..., None]
        tint = rng.choice([0, 0.05, 0.2], (30, 40, n_channels))
        picture = np.clip(background * (gain + tint), 0, 255).astype(np.uint8)
        mask = np.ones((30, 40), np.uint8)
        mask[:, 25:29] = mask[10:12, :25] = 0
        objects = Regions(mask)
        is_object = np.arange(len(objects) + 1) < 3
        inside = objects.chosen(is_object).view(np.uint8)
        assert 0 < inside.sum() < mask.sum()
        limits = (-1.0, -0.15, 0.18, 0.35)
        found = find_dimmed(
            objects.runs,
            is_object,
            picture,
            background,
            self._LOGARITHMS,
            darkest=limits[0],
            brightest=limits[1],
            most_spread=limits[2],
            most_gradient=limits[3],
        )
        smooth = _blurred(picture), _blurred(background)
        expected = reference.dimmed(*smooth, inside, limits, 4.0)
        assert 0.05 < expected.mean() < 0.9
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize("seed", range(4))
    def test_measure_agrees(self, seed: int) -> None:
        """Every region's object, columns and moments."""
        objects, regions = self._regions(seed)
        shape = regions.mask.shape
        picture, background = np.random.default_rng(seed).integers(
            0, 256, (2, *shape, 3 if seed % 2 else 1), np.uint8
        )
        assert len(regions) > 4
        assert len(objects) > 1
        sums, owners = measure(objects, regions, picture, background, self._LOGARITHMS, 3)
        lumas = [to_luma(np.squeeze(levels)) for levels in (picture, background)]
        logs = [self._LOGARITHMS[luma].astype(np.float64) for luma in lumas]
        for label in range(1, len(regions) + 1):
            region = regions.labels == label
            assert set(objects.labels[region]) == {owners[label]}
            inside = (objects.labels == owners[label]).astype(np.uint8)
            np.testing.assert_allclose(sums[label, :11], reference.sums(region, *logs))
            inner = reference.inner(region)
            np.testing.assert_allclose(sums[label, 11:22], reference.sums(inner, *logs))
            assert tuple(sums[label, 22:]) == reference.columns(region, inside, 3)


def _frames(n: int, scale: int) -> list[Frame]:
    """Return a clip: twenty pictures of the ground, then an object that walks to the right."""
    background = _ground(12.0)
    rng = np.random.default_rng(9)
    frames = []
    for i in range(n):
        image = background.copy()
        if i >= 20:
            x = 10 + 4 * (i - 20)
            shadow = slice(66, 81), slice(x + 12, x + 40)
            image[shadow] = (background[shadow] * _LEFT_IN_SHADOW).astype(np.uint8)
            image[30:81, x : x + 12] = 220
        noisy = np.clip(image + rng.normal(0, 1.5, image.shape), 0, 255).astype(np.uint8)
        frames.append(Frame(index=i, timestamp_s=i / 25, image=_enlarged(noisy, scale)))
    return frames


def _masks(frames: list[Frame], *, find_cast_shadows: bool) -> list[NDArray[np.uint8]]:
    settled = DetectorConfig(find_cast_shadows=find_cast_shadows)
    params = RobustParams(**settled.model_dump(exclude={"method", "look_ahead_s"}))
    cleaner = MaskCleaner(
        frame_shape=frames[0].image.shape[:2],
        median_px=1,
        fill_holes_fraction=0,
        min_area_fraction=0,
        keep_shadows=True,
        region=None,
    )
    detector = RobustDetector(
        model=MixtureModel(MixtureParams(), n_threads=1),
        cleaner=cleaner,
        params=params,
        with_probability=False,
    )
    return [detection.mask for detection in detector.detect(frames)]


@pytest.mark.parametrize("scale", [1, 6])
def test_detector_labels_shadows_and_learns_the_same(scale: int) -> None:
    """With a working grid as fine as the frame, and a coarser one."""
    frames = _frames(34, scale)
    without = _masks(frames, find_cast_shadows=False)
    labelled = _masks(frames, find_cast_shadows=True)
    for plain, mask in zip(without, labelled, strict=True):
        assert not (plain == SHADOW).any()
        np.testing.assert_array_equal(mask > 0, plain > 0)
    x = 10 + 4 * 13
    last = labelled[-1][scale // 2 :: scale, scale // 2 :: scale]
    assert (last[68:79, x + 15 : x + 38] == SHADOW).mean() > 0.8
    assert (last[32:64, x + 2 : x + 10] == FOREGROUND).mean() > 0.95
