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
from bgsub.detection._seeds import find_dimmed, find_seeds
from bgsub.detection.pictures import to_luma
from bgsub.detection.shadows import ShadowFinder
from bgsub.frames import FOREGROUND, SHADOW, Frame
from bgsub.masks import MaskCleaner
from bgsub.mixture import MixtureModel, MixtureParams
from tests.detection._shadows import (
    COMPACT,
    LEFT_IN_SHADOW,
    LONG,
    OBJECT,
    SHAPE,
    Box,
    ground,
    scene,
    texture,
)
from tests.reference import shadows as reference

if TYPE_CHECKING:
    from numpy.typing import NDArray


def find_shadows(
    mask: NDArray[np.uint8], picture: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Return where shadows are in a mask, also if there are none."""
    shadows = ShadowFinder().find(Regions(mask), picture, background)
    return np.zeros(mask.shape, bool) if shadows is None else shadows


def _enlarged(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    size = picture.shape[1] * factor, picture.shape[0] * factor
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _blurred(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.blur(picture, (3, 3)), np.uint8).reshape(picture.shape)


def _found_in(box: Box, shadows: NDArray[np.bool_]) -> float:
    return float(shadows[box].mean())


class TestShadowsAreFound:
    """Regions that show the ground, darker."""

    @pytest.mark.parametrize(
        ("amplitude", "shadow"), [(12.0, COMPACT), (12.0, LONG), (0.5, LONG)]
    )
    def test_shadow_at_the_foot_is_found_and_the_object_is_not(
        self, amplitude: float, shadow: Box
    ) -> None:
        """Texture tells a compact one; a long one needs none."""
        shadows = find_shadows(*scene(amplitude, shadow))
        assert _found_in(shadow, shadows) > 0.8
        assert _found_in((OBJECT[0], slice(50, 67)), shadows) == 0

    def test_texture_alone_tells_a_compact_shadow_in_front_of_the_object(self) -> None:
        """It is not long, and the object is above it; on smooth ground it could be anything."""
        shadow, standing = (slice(62, 81), slice(50, 76)), (slice(30, 62), slice(48, 78))
        assert _found_in(shadow, find_shadows(*scene(12.0, shadow, standing=standing))) > 0.8
        mask, picture, background = scene(0.0, shadow, standing=standing)
        assert not find_shadows(mask, picture, background).any()

    def test_length_alone_tells_a_shadow_in_front_of_the_object(self) -> None:
        """On smooth ground, and with the object above it."""
        shadow, standing = (slice(69, 81), slice(30, 110)), (slice(30, 69), slice(30, 110))
        assert _found_in(shadow, find_shadows(*scene(0.0, shadow, standing=standing))) > 0.7

    def test_shadow_that_sticks_out_needs_hardly_any_texture(self) -> None:
        """There is no object above it, and what can be seen does not contradict."""
        shadow, standing = (slice(60, 81), slice(70, 94)), (slice(10, 81), slice(50, 70))
        mask, picture, background = scene(2.0, shadow, standing=standing)
        noise = texture(5, 4)[..., None]
        picture[shadow] = np.clip(picture[shadow] + noise[shadow], 0, 255)
        assert _found_in(shadow, find_shadows(mask, picture, background)) > 0.8
        mask[30:60, 68:96] = FOREGROUND
        picture[30:60, 68:96] = 220
        assert not find_shadows(mask, picture, background).any()

    def test_shadow_is_told_from_a_dark_object(self) -> None:
        """Both are darker than the ground; the step between them parts them."""
        mask, picture, background = scene(12.0, LONG, gain=0.75)
        picture[OBJECT] = np.clip(58 + texture(3, 2)[OBJECT], 0, 255)[..., None]
        shadows = find_shadows(mask, picture, background)
        assert _found_in(LONG, shadows) > 0.8
        assert _found_in((OBJECT[0], slice(50, 67)), shadows) == 0

    @pytest.mark.parametrize(("rows", "is_found"), [(4, True), (12, False)])
    def test_object_may_reach_a_little_below_its_shadow(
        self, rows: int, is_found: bool
    ) -> None:
        """As feet and wheels do; further up nothing is on the ground."""
        mask, picture, background = scene(12.0, LONG)
        below = slice(81, 81 + rows), slice(50, 120)
        mask[below] = FOREGROUND
        picture[below] = 220
        assert find_shadows(mask, picture, background)[LONG].any() == is_found

    def test_grey_pictures_are_searched_too(self) -> None:
        """Their shadows are found as those of colour pictures."""
        mask, picture, background = scene(12.0, COMPACT)
        shadows = find_shadows(mask, picture[..., 1], background[..., 1])
        assert _found_in(COMPACT, shadows) > 0.8

    def test_lengths_grow_with_the_picture(self) -> None:
        """The same scene in four times as many lines has the same shadow."""
        mask, picture, background = (_enlarged(a, 4) for a in scene(12.0, COMPACT))
        mask = np.where(mask > 127, np.uint8(255), np.uint8(0))
        shadows = find_shadows(mask, picture, background)
        assert shadows[240:324, 280:380].mean() > 0.8
        assert not shadows[120:320, 200:268].any()

    @pytest.mark.parametrize(("factor", "is_found"), [(1, True), (4, False)])
    def test_what_is_small_depends_on_the_picture(self, factor: int, is_found: bool) -> None:
        """A part of 126 pixels is a shadow in 120 lines, and too small for one in 480."""
        _, picture, background = (_enlarged(a, factor) for a in scene(12.0, LONG))
        mask = np.zeros(picture.shape[:2], np.uint8)
        top, left = 73 * factor, 80 * factor
        mask[top : top + 7, left : left + 18] = FOREGROUND
        assert find_shadows(mask, picture, background).any() == is_found

    def test_rim_of_a_shadow_is_said_to_be_shadow(self) -> None:
        """A finer mask may have foreground there; what is further away is not touched."""
        mask, picture, background = scene(12.0, COMPACT)
        shadows = find_shadows(mask, picture, background)
        beyond = shadows & (mask == 0)
        assert beyond.any()
        assert not (beyond & (cv2.dilate(mask, np.ones((5, 5), np.uint8)) == 0)).any()


class TestObjectsStay:
    """What is dark but is no shadow."""

    @pytest.mark.parametrize("amplitude", [0.5, 12.0])
    def test_dark_object_with_a_texture_of_its_own_is_none(self, amplitude: float) -> None:
        """It is as dark as a shadow, and lies where one would."""
        mask, picture, background = scene(amplitude, COMPACT)
        own = 72 + texture(2, 8)[COMPACT]
        picture[COMPACT] = np.clip(own[..., None], 0, 255)
        assert not find_shadows(mask, picture, background).any()

    def test_shadow_on_what_is_above_the_foot_is_none(self) -> None:
        """The upper half of an object is not on the ground, whatever it shows."""
        above = slice(30, 50), slice(50, 70)
        below = slice(50, 100), slice(50, 70)
        assert not find_shadows(*scene(12.0, above, standing=below)).any()

    def test_another_colour_is_none(self) -> None:
        """A shadow darkens all channels."""
        shadows = find_shadows(*scene(12.0, COMPACT, gain=(0.75, 0.55, 0.45)))
        assert not shadows.any()

    @pytest.mark.parametrize("gain", [0.1, 0.95, 1.3])
    def test_too_dark_and_too_bright_are_none(self, gain: float) -> None:
        """Nothing can be seen in what is nearly black; a shadow is not bright."""
        assert not find_shadows(*scene(12.0, LONG, gain=gain)).any()

    def test_small_things_are_not_examined(self) -> None:
        """Below fifty pixels nothing can be told."""
        mask, picture, background = scene(12.0, LONG)
        mask[:] = 0
        mask[74:78, 80:90] = FOREGROUND
        assert not find_shadows(mask, picture, background).any()

    def test_empty_mask_has_none(self) -> None:
        """And the answer has the mask's shape."""
        background = ground(12.0)
        shadows = find_shadows(np.zeros(SHAPE, np.uint8), background, background)
        assert shadows.shape == SHAPE
        assert shadows.dtype == bool
        assert not shadows.any()


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

    @pytest.mark.parametrize("shape", [(30, 40), (1, 9), (9, 1), (2, 2), (1, 1)])
    def test_find_seeds_opens(self, shape: tuple[int, int]) -> None:
        """As OpenCV does, up to the edges of the picture."""
        rng = np.random.default_rng(5)
        for share in (0.5, 0.8, 0.95, 1.0):
            dimmed = (rng.random(shape) < share).astype(np.uint8)
            dimmed[:5] &= shape[0] < 10
            expected = cv2.morphologyEx(dimmed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
            found = find_seeds(dimmed, Regions(dimmed).runs)
            assert (found is None) == (not expected.any())
            if found is not None:
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
    background = ground(12.0)
    rng = np.random.default_rng(9)
    frames = []
    for i in range(n):
        image = background.copy()
        if i >= 20:
            x = 10 + 4 * (i - 20)
            shadow = slice(66, 81), slice(x + 12, x + 40)
            image[shadow] = (background[shadow] * LEFT_IN_SHADOW).astype(np.uint8)
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
