"""The published model with cleaning: probabilities that agree with its masks, and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bgsub.mixture import MixtureModel, MixtureParams
from tests.detection._clips import FPS, SIZE, clip, found, frames_of, make, world

_RAW: dict[str, Any] = {"fill_holes_fraction": 0.0, "min_area_fraction": 0.0}
_WORLD = world(1)


def _picture(t: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A square stands for a while, goes, and spots are as far as the threshold reaches."""
    picture = _WORLD.copy()
    if 20 <= t < 60:
        picture[20:40, 20:40] = (200, 50, 50)
    rng = np.random.default_rng(t)
    picture[50:70, 50:90] = np.clip(
        picture[50:70, 50:90].astype(int) + rng.integers(-60, 60, (20, 40, 1)), 0, 255
    )
    return picture


def test_masks_are_the_models_own() -> None:
    images = clip(80, _picture)
    masks = np.stack([d.mask for d in found(images, method="classic", mask=_RAW)])
    expected = MixtureModel(MixtureParams()).apply_batch(np.stack(images))
    np.testing.assert_array_equal(masks, expected)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("detect_shadows", [False, True])
def test_probability_is_half_or_more_exactly_where_the_mask_is_foreground(
    grey: bool, detect_shadows: bool
) -> None:
    images = clip(80, _picture)
    if grey:
        images = [np.ascontiguousarray(image[..., 0]) for image in images]
    rule: dict[str, Any] = {"method": "classic", "mask": {**_RAW, "shadows": "keep"}}
    rule["model"] = {"detect_shadows": detect_shadows}
    wrong = 0
    for detection in found(images, with_probability=True, **rule):
        assert detection.probability is not None
        assert detection.probability.shape == SIZE
        is_likely = detection.probability >= 128
        wrong += int(np.count_nonzero(is_likely != (detection.mask == 255)))
    assert wrong == 0


@pytest.mark.parametrize("with_probability", [False, True])
@pytest.mark.parametrize("size", [1, 7, 80])
def test_batches_make_no_difference(size: int, with_probability: bool) -> None:
    images = clip(80, _picture)
    frames = frames_of(images)
    rule: dict[str, Any] = {"method": "classic", "model": {"time_constant_s": 3.0}}
    detector = make(with_probability=with_probability, **rule)
    masks = [d.mask for i in range(0, 80, size) for d in detector.detect(frames[i : i + size])]
    whole = list(make(with_probability=False, **rule).detect(frames))
    np.testing.assert_array_equal(masks, [d.mask for d in whole])


def test_stages_and_background_are_told() -> None:
    detector = make(method="classic")
    for _ in detector.detect(frames_of(clip(2 * FPS, lambda _: _WORLD))):
        pass
    assert set(detector.stages_s) == {"model", "clean"}
    assert detector.stages_s["model"] > 0
    np.testing.assert_allclose(detector.background().astype(int), _WORLD.astype(int), atol=8)
    assert detector.model.n_frames == 2 * FPS
