"""Light that changes in a part of the picture, told from objects by its missing edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgsub.detection._runs import Regions
from bgsub.detection.shading import ShadingFinder

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEIGHT, _WIDTH = 90, 120
_GROUND = np.random.default_rng(3).integers(90, 130, (_HEIGHT, _WIDTH)).astype(np.uint8)


def _bump(*, is_soft: bool) -> NDArray[np.float64]:
    """Return 60 grey levels in the middle: a cloud's shadow, or an object's."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    distance = np.hypot(y - _HEIGHT / 2, x - _WIDTH / 2)
    shape: NDArray[np.float64] = (distance < 20).astype(np.float64)
    if is_soft:
        shape = np.exp(-((distance / 25) ** 2))
    return 60 * shape


def _found(*, is_soft: bool, seconds: float) -> NDArray[np.bool_] | None:
    finder = ShadingFinder((_HEIGHT, _WIDTH))
    change = _bump(is_soft=is_soft)
    picture = np.clip(_GROUND + change, 0, 255).astype(np.uint8)
    mask = np.where(change > 25, np.uint8(255), np.uint8(0))
    for number in range(int(seconds * 25)):
        found = finder.find(Regions(mask), picture, _GROUND, number / 25)
        if found is not None:
            return found
    return None


def test_what_fades_out_is_light_and_is_found_with_its_surroundings():
    found = _found(is_soft=True, seconds=1)
    assert found is not None
    mask = _bump(is_soft=True) > 25
    assert found[mask].all()
    assert np.count_nonzero(found) > np.count_nonzero(mask)


def test_light_that_moves_on_is_left_alone():
    finder = ShadingFinder((_HEIGHT, _WIDTH))
    for number in range(25):
        change = np.roll(_bump(is_soft=True), 2 * number - 25, axis=1)
        picture = np.clip(_GROUND + change, 0, 255).astype(np.uint8)
        mask = np.where(change > 25, np.uint8(255), np.uint8(0))
        assert finder.find(Regions(mask), picture, _GROUND, number / 25) is None


def test_what_has_an_edge_is_an_object():
    assert _found(is_soft=False, seconds=1) is None


def test_light_is_found_after_a_while_only():
    assert _found(is_soft=True, seconds=0.15) is None


def test_an_object_beside_the_light_is_left_alone():
    finder = ShadingFinder((_HEIGHT, _WIDTH))
    change = _bump(is_soft=True)
    mask = np.where(change > 25, np.uint8(255), np.uint8(0))
    picture = np.clip(_GROUND + change, 0, 255).astype(np.uint8)
    cv2.rectangle(picture, (4, 4), (16, 30), 250, cv2.FILLED)
    cv2.rectangle(mask, (4, 4), (16, 30), 255, cv2.FILLED)
    found = None
    for number in range(25):
        found = finder.find(Regions(mask), picture, _GROUND, number / 25)
        if found is not None:
            break
    assert found is not None
    assert not found[4:31, 4:17].any()
    assert found[_HEIGHT // 2, _WIDTH // 2]


def test_an_empty_mask_has_no_light():
    finder = ShadingFinder((_HEIGHT, _WIDTH))
    nothing = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    assert all(
        finder.find(Regions(nothing), _GROUND, _GROUND, t / 25) is None for t in range(25)
    )
