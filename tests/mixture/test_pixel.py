"""Looking into the model: one pixel, and the background of a small view."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.errors import FrameShapeError
from bgsub.mixture import MixtureModel, MixtureParams
from tests.mixture._clips import busy_clip


@pytest.mark.parametrize("shape", [(5, 7), (9, 11, 3)])
@pytest.mark.parametrize("threshold", [0.3, 0.7, 0.95])
def test_pixel_tells_what_the_whole_state_holds(
    shape: tuple[int, ...], threshold: float
) -> None:
    model = MixtureModel(MixtureParams(warmup_frames=0, background_threshold=threshold))
    model.apply_batch(busy_clip(30, shape), learning_rate=0.05)
    weights, means, variances = model.weights, model.means, model.variances
    for y, x in [(0, 0), (4, 3), (shape[0] - 1, shape[1] - 1)]:
        pixel = model.pixel(y, x)
        used = weights[y, x] > 0
        np.testing.assert_array_equal(pixel.weights, weights[y, x][used])
        np.testing.assert_array_equal(pixel.means, means[y, x][used])
        np.testing.assert_allclose(pixel.sigmas**2, variances[y, x][used], rtol=1e-6)
        fewest = 1 + int(np.searchsorted(np.cumsum(pixel.weights), threshold, side="right"))
        assert pixel.n_background == min(fewest, len(pixel.weights))


def test_pixel_matches_as_the_mask_says() -> None:
    model = MixtureModel(MixtureParams(warmup_frames=0))
    clip = busy_clip(40, (8, 9))
    model.apply_batch(clip[:-1], learning_rate=0.05)
    pixels = [[model.pixel(y, x) for x in range(9)] for y in range(8)]
    mask = model.apply(clip[-1], learning_rate=0.0)
    assert 0 < np.count_nonzero(mask) < mask.size
    for y in range(8):
        for x in range(9):
            match = pixels[y][x].matched([float(clip[-1][y, x])])
            background = match is not None and match < pixels[y][x].n_background
            assert background == (mask[y, x] == 0)


def test_pixel_outside_the_frame_or_before_it_is_refused() -> None:
    model = MixtureModel()
    with pytest.raises(FrameShapeError, match="not seen a frame"):
        model.pixel(0, 0)
    model.apply(np.zeros((3, 4), np.uint8))
    for y, x in [(3, 0), (0, 4), (-1, 0), (0, -1)]:
        with pytest.raises(IndexError, match="3 rows, 4 columns"):
            model.pixel(y, x)


def test_pixel_that_never_learnt_has_no_gaussians() -> None:
    model = MixtureModel()
    model.apply(np.full((2, 2), 9, np.uint8), update_mask=np.array([[0, 1], [1, 1]]))
    assert len(model.pixel(0, 0).weights) == 0
    assert model.pixel(0, 0).n_background == 0
    assert model.pixel(0, 0).matched([9.0]) is None
    assert model.pixel(0, 1).matched([9.0]) == 0


@pytest.mark.parametrize("shape", [(5, 7), (9, 11, 3), (1, 1)])
def test_background_of_every_third_row_and_column(shape: tuple[int, ...]) -> None:
    model = MixtureModel(MixtureParams(warmup_frames=0))
    model.apply_batch(busy_clip(20, shape), learning_rate=0.1)
    whole = model.background()
    expected = np.rint(model.means[:, :, 0].astype(np.float64)).reshape(shape)
    np.testing.assert_array_equal(whole, expected)
    np.testing.assert_array_equal(model.background(3), whole[::3, ::3])
