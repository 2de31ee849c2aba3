"""How dark a scene's shadows are is learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bgsub.detection._runs import Regions
from bgsub.detection.shadows import ShadowFinder
from tests.detection._shadows import LONG, scene

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TestTone:
    """Shadows without texture, after those with it."""

    @staticmethod
    def _plain(gain: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Return a scene whose shadow lies below the object, on ground without texture."""
        shadow, standing = (slice(62, 81), slice(45, 85)), (slice(30, 62), slice(48, 78))
        return scene(0.0, shadow, gain=gain, standing=standing)

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
            assert self._find(finder, scene(12.0, LONG, gain=0.55)) is not None
        assert (self._find(finder, self._plain(gain)) is not None) == is_found

    def test_shadows_of_many_tones_tell_nothing(self) -> None:
        """Where no tone prevails, each shadow has to be one by itself."""
        finder = ShadowFinder()
        for gain in (0.45, 0.55, 0.65, 0.75) * 2:
            assert self._find(finder, scene(12.0, LONG, gain=gain)) is not None
        assert self._find(finder, self._plain(0.55)) is None

    def test_what_is_found_by_its_tone_does_not_teach_it(self) -> None:
        """Else one mistake would lead to the next."""
        finder = ShadowFinder()
        for _ in range(3):
            self._find(finder, scene(12.0, LONG, gain=0.55))
        for _ in range(60):
            self._find(finder, self._plain(0.575))
        assert self._find(finder, self._plain(0.53)) is not None
        assert self._find(finder, self._plain(0.6)) is None

    def test_another_tone_is_learnt_as_the_light_changes(self) -> None:
        """Under a clouded sky shadows are fainter; what was learnt fades."""
        finder = ShadowFinder()
        for _ in range(20):
            self._find(finder, scene(12.0, LONG, gain=0.45))
        for _ in range(200):
            self._find(finder, scene(12.0, LONG, gain=0.6))
        assert self._find(finder, self._plain(0.6)) is not None
        assert self._find(finder, self._plain(0.45)) is None
