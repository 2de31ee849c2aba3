"""The plot of a pixel's Gaussians."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bgsub.frames import Box
from bgsub.mixture.pixel import PixelMixture
from bgsub.sinks.window_plot import draw_mixture, mixture_size
from bgsub.sinks.window_text import ACCENT, GOOD, WARN, Lettering

_LETTERING = Lettering(15)


def _drawn(pixel: PixelMixture, value: tuple[float, ...]) -> NDArray[np.uint8]:
    width, height = mixture_size(_LETTERING, len(value), 3)
    canvas = np.full((height + 20, width + 20, 3), 200, np.uint8)
    area = Box(x=10, y=10, width=width, height=height)
    draw_mixture(canvas, area, pixel, place=(12, 34), value=value, lettering=_LETTERING)
    for side in (canvas[:10], canvas[-10:], canvas[:, :10], canvas[:, -10:]):
        assert (side == 200).all(), "it draws beyond its area"
    return canvas[10:-10, 10:-10]


def _mixture(*means: tuple[float, ...], n_background: int, n_channels: int = 1) -> PixelMixture:
    weights = np.array([0.7, 0.2, 0.1][: len(means)], np.float32)
    return PixelMixture(
        weights=weights / max(weights.sum(), 1),
        means=np.array(means, np.float32).reshape(len(means), n_channels),
        sigmas=np.full(len(means), 8.0, np.float32),
        n_background=n_background,
        match_sigmas=2.5,
    )


def _columns(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.intp]:
    """Return in which grey levels of the plot there is a colour, above the numbers below."""
    strips = picture[2 * _LETTERING.line_px : 7 * _LETTERING.line_px]
    found = np.flatnonzero((strips == colour).all(axis=2).any(axis=0))
    left = 2 * _LETTERING.pad_px
    levels: NDArray[np.intp] = np.rint(
        (found - left) * 255 / (picture.shape[1] - 2 * left - 1)
    ).astype(np.intp)
    return levels


def test_humps_stand_at_their_means_in_the_colour_of_their_kind() -> None:
    picture = _drawn(_mixture((60,), (200,), n_background=1), (61.0,))
    peak = picture[2 * _LETTERING.line_px : 4 * _LETTERING.line_px]
    left = 2 * _LETTERING.pad_px
    scale = (picture.shape[1] - 2 * left - 1) / 255
    green = np.flatnonzero((peak == GOOD).all(axis=2).any(axis=0))
    assert abs((green.mean() - left) / scale - 60) < 3
    amber = _columns(picture, WARN)
    assert abs(amber.mean() - 200) < 3
    foot = picture[8 * _LETTERING.line_px - 6]
    fills = [foot[round(left + mean * scale)].astype(int) for mean in (57, 203)]
    assert fills[0][1] > fills[0][2], "background is filled green"
    assert fills[1][2] > fills[1][1], "foreground is filled amber"
    value = _columns(picture, ACCENT)
    assert value.min() >= 60
    assert value.max() <= 62


def test_heavier_hump_is_higher() -> None:
    picture = _drawn(_mixture((60,), (200,), n_background=2), (0.0,))
    left = 2 * _LETTERING.pad_px
    scale = (picture.shape[1] - 2 * left - 1) / 255
    tops = []
    for mean in (60, 200):
        column = picture[
            2 * _LETTERING.line_px : 8 * _LETTERING.line_px, round(left + mean * scale)
        ]
        tops.append(int(np.flatnonzero((column == GOOD).all(axis=1)).min()))
    assert tops[0] < tops[1] - 20


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_plot_stays_in_its_area(channels: int, n: int) -> None:
    means = [(255.0,) * channels, (0.0,) * channels, (128.0,) * channels][:n]
    mixture = _mixture(*means, n_background=min(1, n), n_channels=channels)
    _drawn(mixture, (255.0,) * channels)
    _drawn(mixture, (0.0,) * channels)


def test_verdict_and_mark_follow_the_value() -> None:
    mixture = _mixture((60,), (200,), n_background=1)
    pictures = [_drawn(mixture, (value,)) for value in (60.0, 200.0, 128.0)]
    verdict = slice(_LETTERING.line_px, 2 * _LETTERING.line_px)
    shown = [picture[verdict] for picture in pictures]
    assert (shown[0] == GOOD).all(axis=2).any()
    assert not (shown[1] == GOOD).all(axis=2).any()
    assert (shown[1] != shown[2]).any()
