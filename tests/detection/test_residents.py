"""What stands in the first frame of a known scene is hidden until it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgsub.app.build import build_detector
from bgsub.config import Config
from bgsub.detection._runs import Regions
from bgsub.detection.residents import Residents
from bgsub.frames import FOREGROUND, StreamInfo
from tests.detection._clips import FPS, SIZE, clip, frames_of, make
from tests.detection._scenes import SHARE, WORLD, with_square

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bgsub.mixture import MixtureModel

_SHAPE = (60, 80)
_CAR = slice(20, 40), slice(30, 60)
_DRIVES_S = 4.0


def _known() -> MixtureModel:
    """Return a model that knows the empty scene."""
    detector = make()
    for _ in detector.detect(frames_of(clip(60, lambda _: WORLD))):
        pass
    return detector.model


def _parked_at(t: int) -> NDArray[np.uint8]:
    driven = t - round(_DRIVES_S * FPS)
    return with_square(30 + max(0, 2 * driven)) if driven < 30 else WORLD


def _coverages(**parts: object) -> NDArray[np.float64]:
    config = Config.model_validate({"detector": parts, "run": {"threads": 1}})
    height, width = SIZE[:2]
    info = StreamInfo(
        name="clip", width=width, height=height, source_width=width, source_height=height
    )
    detector = build_detector(config, info, with_probability=True, model=_known())
    frames = frames_of(clip(160, _parked_at))
    found = []
    for detection in detector.detect(frames):
        assert detection.probability is not None
        assert detection.probability[detection.mask == FOREGROUND].min(initial=255) >= 128
        found.append((detection.coverage, np.mean(detection.probability >= 128)))
    return np.array(found)


def test_what_is_parked_is_hidden_until_it_drives_away_and_leaves_no_ghost() -> None:
    covered = _coverages()
    drives = round(_DRIVES_S * FPS)
    np.testing.assert_allclose(covered[: 2 * FPS - 1, 0], SHARE, rtol=0.4)
    assert not covered[2 * FPS + 1 : drives].any()
    np.testing.assert_allclose(covered[drives + 12 : drives + 20, 0], SHARE, rtol=0.4)
    assert not covered[-20:].any()


def test_it_can_be_switched_off_and_the_time_be_set() -> None:
    drives = round(_DRIVES_S * FPS)
    np.testing.assert_allclose(_coverages(parked_after_s=None)[:drives, 0], SHARE, rtol=0.6)
    later = _coverages(parked_after_s=3.0)[:, 0]
    assert later[3 * FPS - 1] > 0
    assert not later[3 * FPS + 1 : drives].any()


class _Scene:
    """A mask and pictures with a car on even ground; time runs by hand."""

    def __init__(self, seed: int = 0) -> None:
        self.residents = Residents(after_s=2.0)
        self._rng = np.random.default_rng(seed)
        self.car = _CAR
        self.passer: tuple[slice, slice] | None = None
        self.t = 0

    def look(self) -> NDArray[np.bool_]:
        levels = np.full(_SHAPE, 120.0)
        mask = np.zeros(_SHAPE, np.uint8)
        for what, level in ((self.car, 60.0), (self.passer, 220.0)):
            if what is not None:
                levels[what], mask[what] = level, FOREGROUND
        noisy = levels + self._rng.normal(0, 4, _SHAPE)
        luma = np.asarray(np.clip(noisy, 0, 255), np.uint8)
        hidden = self.residents.hidden(Regions(mask), luma, self.t / 10)
        self.t += 1
        return np.zeros(_SHAPE, bool) if hidden is None else hidden

    def run(self, n: int) -> NDArray[np.bool_]:
        looks = [self.look() for _ in range(n)]
        return looks[-1]


def test_it_is_hidden_with_a_rim_after_the_time_and_not_before() -> None:
    scene = _Scene()
    assert not scene.run(20).any()
    hidden = scene.look()
    assert hidden[_CAR].all()
    assert hidden[18:42, 28:62].all()
    assert not hidden[:17].any()
    assert not hidden[43:].any()


def test_who_passes_in_front_is_shown() -> None:
    scene = _Scene()
    scene.run(21)
    scene.passer = slice(15, 45), slice(40, 46)
    hidden = scene.run(5)
    assert not hidden[22:38, 41:45].any()
    assert hidden[22:38, 48:58].all()
    scene.passer = None
    assert scene.look()[_CAR].all()


def test_who_passes_while_it_is_looked_at_changes_nothing() -> None:
    scene = _Scene()
    scene.run(5)
    scene.passer = slice(15, 45), slice(40, 46)
    scene.run(3)
    scene.passer = None
    assert scene.run(13)[_CAR].all()


def test_what_has_moved_is_an_object_for_good() -> None:
    scene = _Scene()
    assert scene.run(21)[_CAR].all()
    scene.car = slice(20, 40), slice(45, 75)
    assert not scene.run(3).any()
    scene.car = _CAR
    assert not scene.run(3).any()


@pytest.mark.parametrize("step", [1, 2])
def test_what_moves_from_the_start_is_no_resident(step: int) -> None:
    scene = _Scene()
    for x in range(0, 25 * step, step):
        scene.car = slice(20, 40), slice(x, x + 20)
        assert not scene.look().any()


def test_what_comes_later_or_is_tiny_is_none() -> None:
    scene = _Scene()
    scene.car = slice(0, 0), slice(0, 0)
    scene.look()
    scene.car = _CAR
    assert not scene.run(40).any()
    tiny = _Scene()
    tiny.car = slice(20, 22), slice(30, 32)
    assert not tiny.run(40).any()
