"""The Markov random field: what it computes, and that it keeps regions whole under noise."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from bgsub.config.segmentation import SegmentationConfig
from bgsub.segmentation.features import extract
from bgsub.segmentation.noise import add_noise
from bgsub.segmentation.segment import segment
from bgsub.segmentation.smoothing import calm, estimate_noise, smooth_labels
from tests.reference import em
from tests.segmentation._pictures import colour, grey, stripes

STILLS = Path(__file__).parents[2] / ".." / "shared" / "data" / "stills"


def _mean_field_step(
    picture: np.ndarray, labels: np.ndarray, k: int, strength: float
) -> np.ndarray:
    """One step of mean field from the textbook, pixel by pixel: posteriors (H, W, K)."""
    height, width = labels.shape
    samples = picture.reshape(-1, 1).astype(float)
    shares = np.eye(k)[labels.ravel()]
    p = em.update(samples, shares, "full", 1e-6)
    result = np.empty((height, width, k))
    for y in range(height):
        for x in range(width):
            logs = []
            for j in range(k):
                agree = 0
                for dy in (-1, 0, 1):
                    for dx in (-1, 0, 1):
                        # Beyond the edge lies the picture's mirror, the edge not repeated.
                        v = height - 1 - abs(height - 1 - abs(y + dy))
                        u = width - 1 - abs(width - 1 - abs(x + dx))
                        agree += (dy != 0 or dx != 0) and int(labels[v, u] == j)
                density = em.log_density(
                    picture[y, x].reshape(1).astype(float), p.means[j], p.covariances[j]
                )
                logs.append(density + strength * agree / 8)
            top = max(logs)
            terms = [math.exp(value - top) for value in logs]
            result[y, x] = np.array(terms) / sum(terms)
    return result


def test_one_iteration_is_the_textbooks_mean_field():
    picture = grey(25.0)[:11, :17]
    config = SegmentationConfig(n_components=3)
    start = segment(picture, config)
    field = smooth_labels(
        start.features,
        start.mixture,
        start.labels,
        strength=3.0,
        covariance_type="full",
        max_iter=1,
        reg_covar=1e-6,
    )
    right = _mean_field_step(picture, start.labels, 3, 3.0)
    np.testing.assert_allclose(field.posteriors.transpose(1, 2, 0), right, atol=1e-4)
    # and the parameters are the M-step's over those posteriors
    p = em.update(picture.reshape(-1, 1).astype(float), right.reshape(-1, 3), "full", 1e-6)
    np.testing.assert_allclose(field.mixture.means, p.means, rtol=1e-4)
    np.testing.assert_allclose(field.mixture.covariances, p.covariances, rtol=1e-3)
    np.testing.assert_allclose(field.mixture.weights, p.weights, rtol=1e-4)


@pytest.mark.parametrize("picture", [grey(60.0), colour(70.0)])
def test_smoothing_restores_regions_under_noise(picture: np.ndarray):
    right = stripes().ravel()

    def agreement(smoothing: float) -> float:
        found = segment(picture, SegmentationConfig(n_components=3, smoothing=smoothing))
        return float(adjusted_rand_score(right, found.labels.ravel()))

    rough, smooth = agreement(0.0), agreement(8.0)
    assert smooth > 0.9
    assert 1 - smooth < (1 - rough) / 2


def test_no_strength_leaves_the_picture_to_its_values():
    start = segment(grey(), SegmentationConfig(n_components=3))
    field = smooth_labels(
        start.features,
        start.mixture,
        start.labels,
        strength=0.0,
        covariance_type="full",
        max_iter=50,
        reg_covar=1e-6,
    )
    np.testing.assert_array_equal(field.labels, start.labels)


def test_result_is_the_same_bits_whatever_the_threads():
    picture = np.tile(colour(40.0), (12, 10, 1))
    start = segment(picture, SegmentationConfig(n_components=3))
    one, three = (
        smooth_labels(
            start.features,
            start.mixture,
            start.labels,
            strength=5.0,
            covariance_type="full",
            max_iter=2,
            reg_covar=1e-6,
            n_threads=n,
        )
        for n in (1, 3)
    )
    assert one.mixture.means.tobytes() == three.mixture.means.tobytes()
    assert one.posteriors.tobytes() == three.posteriors.tobytes()


def test_a_class_that_no_pixel_begins_in_does_no_harm():
    start = segment(grey(), SegmentationConfig(n_components=3))
    field = smooth_labels(
        start.features,
        start.mixture,
        np.where(start.labels == 1, 0, start.labels).astype(np.uint8),
        strength=4.0,
        covariance_type="full",
        max_iter=3,
        reg_covar=1e-6,
    )
    assert np.isfinite(field.mixture.means).all()
    assert np.isfinite(field.posteriors).all()


@pytest.mark.parametrize("sigma", [5.0, 20.0])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_noise_is_estimated_in_the_pictures_levels(sigma: float, depth: type):
    scale = 257 if depth == np.uint16 else 1
    ramp = np.tile(np.linspace(90, 160, 200), (150, 1)) * scale
    noisy = add_noise(np.rint(ramp).astype(depth), sigma, seed=3)
    assert estimate_noise(noisy) == pytest.approx(sigma * scale, rel=0.1)


def test_calming_takes_noise_and_leaves_edges():
    clean = grey(0.0)
    calmed = calm(add_noise(clean, 15.0, seed=0)).astype(int)
    assert np.abs(calmed - clean).mean() < 6
    np.testing.assert_array_equal(calm(clean), clean)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (9, 1)])
def test_tiny_pictures_are_smoothed_too(shape: tuple[int, int]):
    picture = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape) * 20
    found = segment(picture, SegmentationConfig(n_components=1, smoothing=2.0))
    assert found.labels.shape == shape


@pytest.mark.footage
@pytest.mark.skipif(not STILLS.exists(), reason="the stills are not there")
@pytest.mark.parametrize("sigma", [25.0, 50.0])
def test_smoothing_halves_the_loss_on_a_noisy_photograph(sigma: float):
    picture = cv2.imread(str(STILLS / "cameraman.png"), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    clean = segment(picture, SegmentationConfig()).labels.ravel()
    noisy = add_noise(np.asarray(picture, np.uint8), sigma, seed=0)

    def loss(smoothing: float) -> float:
        found = segment(noisy, SegmentationConfig(smoothing=smoothing))
        return 1 - float(adjusted_rand_score(clean, found.labels.ravel()))

    assert loss(8.0) < loss(0.0) / 2


def test_features_of_smoothed_pictures_are_the_pictures_own():
    picture = grey(30.0)
    found = segment(picture, SegmentationConfig(n_components=3, smoothing=8.0))
    np.testing.assert_array_equal(found.features.values, extract(picture).values)
