"""The compiled model against the same arithmetic in NumPy: equal bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bgsub.mixture import MixtureModel, MixtureParams
from tests.mixture._clips import WHITE, busy_clip
from tests.reference.mirror import Mirror

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _mirror(params: MixtureParams, frame: NDArray[Any]) -> Mirror:
    return Mirror(
        n_pixels=frame.shape[0] * frame.shape[1],
        n_channels=3 if frame.ndim == 3 else 1,
        n_components=params.n_components,
        background_threshold=params.background_threshold,
        match_sigmas=params.match_sigmas,
        initial_variance=params.initial_variance,
        min_variance=params.min_variance,
        initial_weight=params.initial_weight,
        shadow_min_ratio=params.shadow_min_ratio if params.detect_shadows else None,
    )


def _levels(frame: NDArray[Any]) -> NDArray[np.float32]:
    white = np.float32(WHITE[str(frame.dtype)])
    scale = np.float32(255.0 / WHITE[str(frame.dtype)])
    finite = np.isfinite(frame)
    clipped = np.clip(np.where(finite, frame, 0).astype(np.float32), np.float32(0), white)
    levels = np.where(finite, clipped * scale, np.float32(np.nan)).astype(np.float32)
    return levels.reshape(frame.shape[0] * frame.shape[1], -1)


def _assert_same_bits(
    params: MixtureParams,
    clip: NDArray[Any],
    rates: list[float],
    updates: NDArray[Any] | None = None,
) -> None:
    model = MixtureModel(params, n_threads=2)
    mirror = _mirror(params, clip[0])
    for t, (frame, rate) in enumerate(zip(clip, rates, strict=True)):
        update = None if updates is None else updates[t]
        mask = model.apply(frame, learning_rate=rate, update_mask=update)
        chosen = None if update is None else update.reshape(-1) != 0
        expected = mirror.step(_levels(frame), rate, chosen)
        np.testing.assert_array_equal(mask.reshape(-1), expected, err_msg=f"frame {t}")
    k = params.n_components
    np.testing.assert_array_equal(model.weights.reshape(-1, k), mirror.w.T)
    np.testing.assert_array_equal(model.variances.reshape(-1, k), mirror.v.T)
    means = mirror.m.transpose(2, 0, 1)
    np.testing.assert_array_equal(model.means.reshape(means.shape), means)


@pytest.mark.parametrize("shape", [(41, 67, 3), (41, 67)])
def test_kernel_equals_its_mirror(shape: tuple[int, ...]) -> None:
    clip = busy_clip(60, shape)
    rates = [1.0] + [0.02] * 20 + [0.003] * 30 + [0.0] + [1.0] + [0.1] * 7
    _assert_same_bits(MixtureParams(min_variance=9.0, initial_weight=0.02), clip, rates)


@pytest.mark.parametrize("shape", [(41, 67, 3), (41, 67)])
def test_kernel_with_shadows_equals_its_mirror(shape: tuple[int, ...]) -> None:
    clip = busy_clip(30, shape, seed=1)
    params = MixtureParams(detect_shadows=True, shadow_min_ratio=0.6)
    _assert_same_bits(params, clip, [0.02] * 30)


@pytest.mark.jit_off
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(3, 2, 3), (2, 3)])
def test_kernel_equals_its_mirror_on_tiny_frames(shape: tuple[int, ...], dtype: str) -> None:
    clip = busy_clip(5, shape, dtype=dtype)
    if dtype == "float32":
        clip[2, 0, 0] = np.nan
        clip[3, 1, 1] = np.inf
        clip[4, 0, 1] = -7.0
    updates = np.random.default_rng(2).integers(0, 2, clip.shape[:3]).astype(np.uint8)
    params = MixtureParams(
        n_components=2, detect_shadows=True, max_value=WHITE[dtype], initial_weight=0.2
    )
    _assert_same_bits(params, clip, [0.1] * 5, updates)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(9, 11, 3), (9, 11)])
@pytest.mark.parametrize("n_components", [1, 2, 4, 5, 6, 7, 8])
def test_kernel_equals_its_mirror_for_any_number_of_components(
    n_components: int, shape: tuple[int, ...]
) -> None:
    params = MixtureParams(n_components=n_components, initial_weight=0.05)
    _assert_same_bits(params, busy_clip(40, shape), [0.05] * 40)
