"""Places that leave their background again and again, and objects that do not."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.detection.blinking import Blinking
from bgsub.detection.pictures import near_foreground

_SHAPE = (30, 40)
_LEFT = np.s_[:, :12]
_NOTHING = np.zeros(_SHAPE, np.uint8)
_ALIKE = np.ones(_SHAPE, np.float32)


def _blinking(gain: float = 20.0, threshold: float = 0.7) -> Blinking:
    return Blinking(_SHAPE, gain=gain, background_threshold=threshold)


def _found(seed: int, share: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Distances of which some on the left are far from the background."""
    rng = np.random.default_rng(seed)
    found = np.full(_SHAPE, 0.3, np.float32)
    found[_LEFT] += 2 * (rng.random((_SHAPE[0], 12)) < share)
    return found


def test_nothing_blinks_at_first_nor_in_a_still_scene() -> None:
    blinking = _blinking()
    for _ in range(100):
        assert blinking.factors() is None
        blinking.update(np.full(_SHAPE, 0.5, np.float32), _ALIKE, _NOTHING)
    assert not blinking.is_restless().any()


def test_blinking_places_need_more_evidence_and_have_more_background() -> None:
    blinking = _blinking()
    for t in range(300):
        blinking.update(_found(t, 0.2), _ALIKE, _NOTHING)
    factors = blinking.factors()
    assert factors is not None
    widening, threshold = factors
    # A fifth is far: three tenths of the pairs of frames differ, less chance.
    rate = 2 * 0.2 * 0.8
    assert widening[_LEFT].mean() == pytest.approx(np.sqrt(1 + 20 * rate), rel=0.15)
    np.testing.assert_array_equal(widening[:, 12:], 1)
    assert widening.max() <= 3.01
    np.testing.assert_array_equal(threshold[:, 12:], round(0.7 * 255))
    assert 0.8 * 255 < threshold[_LEFT].mean() <= 0.95 * 255 + 0.5


def test_more_gain_widens_more_and_no_gain_never() -> None:
    mild, strong, off = _blinking(5.0), _blinking(20.0), _blinking(0.0)
    for t in range(100):
        for blinking in (mild, strong, off):
            blinking.update(_found(t, 0.1), _ALIKE, _NOTHING)
    less, more = mild.factors(), strong.factors()
    assert less is not None
    assert more is not None
    assert 1 < less[0][_LEFT].mean() < more[0][_LEFT].mean()
    assert off.factors() is None
    assert off.is_restless().any() == strong.is_restless().any()


def test_what_blinks_at_an_object_does_not_count() -> None:
    blinking = _blinking()
    mask = _NOTHING.copy()
    mask[:, 3:9] = 255
    for t in range(200):
        blinking.update(_found(t, 0.3), _ALIKE, near_foreground(mask))
    factors = blinking.factors()
    assert factors is None or factors[0].max() == 1
    assert blinking.is_restless()[_LEFT].mean() > 0.9


def test_an_object_that_stands_is_neither_blinking_nor_restless() -> None:
    blinking = _blinking()
    mask = _NOTHING.copy()
    mask[_LEFT] = 255
    for t in range(200):
        blinking.update(
            _found(t, 1.0 if t >= 20 else 0.0), _ALIKE, mask if t >= 20 else _NOTHING
        )
    assert blinking.factors() is None
    assert not blinking.is_restless().any()


def test_it_is_forgotten_when_it_has_stopped() -> None:
    blinking = _blinking()
    for t in range(100):
        blinking.update(_found(t, 0.3), _ALIKE, _NOTHING)
    assert blinking.factors() is not None
    for _ in range(300):
        blinking.update(np.full(_SHAPE, 0.3, np.float32), _ALIKE, _NOTHING)
    assert blinking.factors() is None
    assert not blinking.is_restless().any()


def test_a_background_threshold_above_the_limit_is_not_lowered() -> None:
    blinking = _blinking(threshold=0.98)
    for t in range(100):
        blinking.update(_found(t, 0.3), _ALIKE, _NOTHING)
    factors = blinking.factors()
    assert factors is not None
    np.testing.assert_array_equal(factors[1], round(0.98 * 255))


def test_what_is_far_depends_on_the_share_of_the_threshold() -> None:
    blinking = _blinking()
    share = np.where(np.arange(_SHAPE[1]) < 6, np.float32(1), np.float32(0.4))
    shares = np.broadcast_to(share, _SHAPE).copy()
    for t in range(200):
        blinking.update(_found(t, 0.3), shares, _NOTHING)
    restless = blinking.is_restless()
    assert restless[:, :6].mean() > 0.9
    assert not restless[:, 6:].any()
