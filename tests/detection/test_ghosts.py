"""Tests of telling ghosts from objects, on made-up pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.detection._runs import Regions
from bgsub.detection.ghosts import GhostFinder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from bgsub.frames import Mask

SHAPE = (80, 120)
BOX = (slice(30, 50), slice(40, 70))
FPS = 25


@pytest.fixture
def empty() -> NDArray[np.uint8]:
    """Return ground with soft texture."""
    noise = np.random.default_rng(3).normal(0, 25, SHAPE)
    return np.clip(128 + cv2.GaussianBlur(noise, (0, 0), 2), 0, 255).astype(np.uint8)


@pytest.fixture
def occupied(empty: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the same ground with a bright box on it."""
    picture = empty.copy()
    picture[BOX] = 230
    return picture


def box_mask() -> Mask:
    mask = np.zeros(SHAPE, np.uint8)
    mask[BOX] = 255
    return mask


def looks(
    finder: GhostFinder,
    frames: Iterable[tuple[Mask, NDArray[np.uint8]]],
    background: NDArray[np.uint8],
    start_s: float = 0.0,
) -> list[tuple[float, NDArray[np.bool_]]]:
    """Return what was found, and when, at 25 frames a second."""
    found = []
    for i, (mask, picture) in enumerate(frames):
        where = finder.find(Regions(mask), picture, background, start_s + i / FPS)
        if where is not None:
            found.append((start_s + i / FPS, where))
    return found


@pytest.mark.parametrize("after_s", [0.6, 1.5])
def test_finder_finds_a_ghost_of_the_first_frame_in_time(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8], after_s: float
) -> None:
    finder = GhostFinder(SHAPE, after_s=after_s)

    found = looks(finder, [(box_mask(), empty)] * FPS * 2, occupied)

    at_s, where = found[0]
    assert 0.5 * after_s < at_s <= after_s + 0.05
    assert where[BOX].all()
    assert where.sum() < 1.5 * where[BOX].size


def test_finder_leaves_an_object_that_stands_still(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8]
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)

    assert not looks(finder, [(box_mask(), occupied)] * FPS * 6, empty)


@pytest.mark.parametrize("gain", [0.4, 0.7])
def test_finder_leaves_an_object_in_a_picture_that_is_dimmer_than_the_background(
    empty: NDArray[np.uint8], gain: float
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)
    # The background has a weak outline of its own where the object stands.
    background = empty.copy()
    background[BOX] = background[BOX] - 60
    standing = empty.copy()
    standing[BOX] = standing[BOX] + 60
    dimmed = cv2.convertScaleAbs(standing, alpha=gain).astype(np.uint8)

    assert not looks(finder, [(box_mask(), dimmed)] * FPS * 4, background)


def test_finder_sees_outlines_through_the_texture_of_a_wall() -> None:
    rng = np.random.default_rng(5)
    wall = np.clip(rng.normal(120, 25, SHAPE), 0, 255).astype(np.uint8)
    smooth = wall.copy()
    smooth[BOX] = 150
    [ghost, *_] = looks(GhostFinder(SHAPE, after_s=0.6), [(box_mask(), wall)] * FPS, smooth)
    assert ghost[1][BOX].all()
    assert not looks(GhostFinder(SHAPE, after_s=0.6), [(box_mask(), smooth)] * FPS * 4, wall)


def seen_and_covered(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8], seen_frames: int
) -> list[tuple[Mask, NDArray[np.uint8]]]:
    """Return a background that is seen for some frames, and what stands on it for 4 s."""
    nothing = np.zeros(SHAPE, np.uint8)
    return [(nothing, empty)] * seen_frames + [(box_mask(), occupied)] * FPS * 4


def test_what_keeps_still_after_a_first_glimpse_is_the_background(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8]
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)
    [(when_s, where)] = looks(finder, seen_and_covered(empty, occupied, 5), empty)
    assert 2.0 <= when_s <= 2.5
    np.testing.assert_array_equal(where, box_mask() > 0)


def test_what_stands_before_a_background_that_was_seen_longer_is_an_object(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8]
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)
    assert not looks(finder, seen_and_covered(empty, occupied, 20), empty)


def test_a_glimpse_counts_in_the_first_seconds_only(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8]
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)
    looks(finder, [(box_mask(), occupied)] * 12 * FPS, empty)
    assert not looks(finder, seen_and_covered(empty, occupied, 5), empty, 12.0)


def test_finder_finds_a_ghost_that_touches_what_moves(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8]
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)
    generator = np.random.default_rng(5)

    def frames() -> Iterable[tuple[Mask, NDArray[np.uint8]]]:
        mask = box_mask()
        mask[10:75, 70:110] = 255
        for _ in range(FPS):
            picture = empty.copy()
            picture[10:75, 70:110] = generator.integers(0, 255, (65, 40))
            yield mask, picture

    at_s, where = looks(finder, frames(), occupied)[0]

    assert at_s <= 0.65
    assert where[BOX][2:-2, 2:-3].all()
    assert not where[10:75, 75:110].any()


def test_finder_waits_longer_where_the_background_is_known(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8]
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)
    assert not looks(finder, [(np.zeros(SHAPE, np.uint8), occupied)] * FPS * 4, occupied)

    at_s, where = looks(finder, [(box_mask(), empty)] * FPS * 2, occupied, start_s=4.0)[0]

    assert 4.9 < at_s <= 5.25
    np.testing.assert_array_equal(where, box_mask() > 0)


def test_finder_remembers_the_look_of_a_ghost_that_something_passes(
    empty: NDArray[np.uint8], occupied: NDArray[np.uint8]
) -> None:
    finder = GhostFinder(SHAPE, after_s=0.6)
    passing = empty.copy()
    passing[20:60, 30:80] = 20
    mask = box_mask()
    mask[20:60, 30:80] = 255
    quiet = [(box_mask(), empty)]
    frames = [*quiet * 9, *[(mask, passing)] * 3, *quiet * 8]

    [(at_s, where)] = looks(finder, frames, occupied)

    assert at_s > 12 / FPS - 1e-6
    assert where[BOX].all()
