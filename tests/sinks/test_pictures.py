from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.errors import SinkError
from bgsub.frames import FOREGROUND, SHADOW, Frame, FrameResult
from bgsub.sinks import BackgroundPicture, Heatmap
from tests.sinks._results import result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bgsub.frames import Image, Mask

SHAPE = (40, 60)


class TestBackgroundPicture:
    @pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3)])
    def test_picture_is_what_the_model_says_at_the_end(
        self, tmp_path: Path, shape: tuple[int, ...]
    ):
        now = np.zeros(shape, np.uint8)
        with BackgroundPicture(tmp_path / "b.png", lambda: now) as sink:
            sink.write(result(0, 7, 5))
            now[:] = np.arange(now.size, dtype=np.uint8).reshape(shape)
        read = cv2.imread(str(tmp_path / "b.png"), cv2.IMREAD_UNCHANGED)
        assert read is not None
        assert np.array_equal(read.reshape(shape), now)

    def test_background_is_not_asked_for_without_a_frame(self, tmp_path: Path):
        def background() -> Image:
            message = "there is none"
            raise SinkError(message)

        with BackgroundPicture(tmp_path / "b.png", background):
            pass

    def test_error_of_the_background_does_not_hide_another(self, tmp_path: Path):
        def background() -> Image:
            message = "there is none"
            raise SinkError(message)

        sink = BackgroundPicture(tmp_path / "b.png", background)
        sink.__enter__()
        sink.write(result(0, 7, 5))
        error = RuntimeError("first")
        sink.__exit__(RuntimeError, error, None)
        assert error.__notes__ == ["there is none"]


class TestHeatmap:
    def test_only_what_moved_is_coloured(self, tmp_path: Path):
        mask = np.zeros(SHAPE, np.uint8)
        mask[10:20, 10:20] = FOREGROUND
        mask[30:35, 30:35] = SHADOW
        picture = _heatmap(tmp_path, [mask])
        coloured = picture.max(axis=2) != picture.min(axis=2)
        assert np.array_equal(coloured, mask == FOREGROUND)

    def test_busier_pixels_are_warmer(self, tmp_path: Path):
        masks = []
        for index in range(100):
            mask = np.zeros(SHAPE, np.uint8)
            mask[:, :20] = FOREGROUND
            mask[:, 20:40] = FOREGROUND if index % 10 == 0 else 0
            masks.append(mask)
        picture = _heatmap(tmp_path, masks).astype(int)
        assert picture[5, 5, 2] > picture[5, 5, 0]
        assert picture[5, 25, 0] > picture[5, 25, 2]
        assert np.ptp(picture[5, 50]) == 0

    def test_long_run_counts_as_a_short_one_with_the_same_shares(self, tmp_path: Path):
        rng = np.random.default_rng(1)
        short = list(rng.choice(np.array([0, FOREGROUND], np.uint8), (4, *SHAPE)))
        # 1200 frames: far beyond what a byte counts to.
        assert np.array_equal(_heatmap(tmp_path, short), _heatmap(tmp_path, short * 300))

    def test_nothing_moving_shows_the_dimmed_background(self, tmp_path: Path):
        picture = _heatmap(tmp_path, [np.zeros(SHAPE, np.uint8)])
        assert picture.max() == picture.min() == 66

    def test_colour_bar_tells_the_highest_share(self, tmp_path: Path):
        shape = (240, 320)
        empty, busy = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        busy[20:60, 20:60] = FOREGROUND
        half = _heatmap(tmp_path, [empty, busy])
        tenth = _heatmap(tmp_path, [empty] * 9 + [busy])
        # Only the numbers at the bar differ.
        differs = (half != tenth).any(axis=2)
        assert differs.any()
        assert not differs[:120].any()
        assert not differs[:, :240].any()


def _heatmap(folder: Path, masks: Iterable[Mask]) -> Image:
    image = np.full((*SHAPE, 3), 120, np.uint8)
    with Heatmap(folder / "h.png", lambda: image) as sink:
        for index, mask in enumerate(masks):
            image = np.full((*mask.shape, 3), 120, np.uint8)
            sink.write(
                FrameResult(
                    frame=Frame(index=index, timestamp_s=index / 25, image=image),
                    mask=mask,
                    coverage=0.0,
                    boxes=(),
                    in_event=False,
                )
            )
    picture = cv2.imread(str(folder / "h.png"))
    assert picture is not None
    return np.asarray(picture, np.uint8)
