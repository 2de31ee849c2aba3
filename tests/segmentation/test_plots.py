"""What the plots show: every file, true curves, true ellipses, the style left as it was."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import av
import cv2
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.config.segmentation import SegmentationConfig
from bgsub.errors import SinkWriteError
from bgsub.segmentation import animation
from bgsub.segmentation.animation import draw_film, write_film
from bgsub.segmentation.gaussians import Gaussians
from bgsub.segmentation.history import Step
from bgsub.segmentation.plots import plot_names, write_plots
from bgsub.segmentation.plots_colour import draw_ellipses, principal_plane
from bgsub.segmentation.plots_curves import draw_criteria, parameter_changes
from bgsub.segmentation.plots_density import Axis, chosen_iterations, weighted_curves
from bgsub.segmentation.plots_style import class_colours, new_figure, render, save_figure
from bgsub.segmentation.segment import segment
from tests.segmentation._pictures import colour, grey

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

STEP = Step(
    weights=np.array([0.3, 0.7]),
    means=np.array([[60.0], [140.0]]),
    covariances=np.array([[[25.0]], [[400.0]]]),
    log_likelihood=-5.0,
)


def _moved(by: float, wider: float) -> Step:
    return Step(
        weights=STEP.weights,
        means=STEP.means + by,
        covariances=STEP.covariances + wider,
        log_likelihood=-4.0,
    )


@pytest.mark.parametrize(
    ("picture", "options", "animate"),
    [
        (grey(), {"n_components": None, "max_components": 4}, True),
        (grey(), {"n_components": 1}, False),
        (grey().astype(np.uint16) * 257, {"n_components": 9}, False),
        (colour(), {"n_components": 3}, True),
        (colour(), {"n_components": 2, "features": "lab", "position_weight": 0.5}, False),
        (colour(), {"n_components": 3, "smoothing": 2.0, "max_iter": 1}, False),
    ],
    ids=["auto", "one class", "16 bits", "colour", "position", "smoothed"],
)
def test_every_plot_is_written_and_shows_something(
    picture: NDArray[Any], options: dict[str, Any], animate: bool, tmp_path: Path
):
    config = SegmentationConfig(**options)
    found = segment(picture, config)
    write_plots(tmp_path, found, picture, settings=config, animate=animate)
    names = plot_names(found, animate=animate)
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert ("criteria.png" in names) == (len(found.curve) > 1)
    assert ("clusters.png" in names) == (picture.ndim == 3)
    assert ("evolution.mp4" in names) == animate
    for name in names:
        if name.endswith(".png"):
            plot = cv2.imread(str(tmp_path / name))
            assert plot is not None
            assert min(plot.shape[:2]) > 200
            assert plot.std() > 5


def test_a_plot_that_cannot_be_written_is_told(tmp_path: Path):
    with new_figure(2, 1) as figure, pytest.raises(SinkWriteError, match="gone"):
        save_figure(figure, tmp_path / "gone" / "plot.png")


def test_equal_plots_are_equal_files(tmp_path: Path):
    for name in ("a.png", "b.png"):
        with new_figure(3, 2) as figure:
            figure.subplots().plot([1, 2])
            save_figure(figure, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_users_style_neither_matters_nor_changes():
    def drawn() -> NDArray[np.uint8]:
        with new_figure(2, 2) as figure:
            figure.subplots().plot([1, 2])
            return render(figure)

    before = drawn()
    with mpl.rc_context({"lines.linewidth": 9.0}):
        assert (drawn() == before).all()
        assert mpl.rcParams["lines.linewidth"] == 9.0


def test_importing_the_plots_does_not_import_matplotlib():
    code = "import sys, bgsub.segmentation.plots as p; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("n", [1, 7, 8, 64])
def test_classes_have_colours_of_their_own(n: int):
    assert len(set(class_colours(n))) == n


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.integers(2, 60))
def test_the_iterations_shown_begin_and_end_with_the_ends(n: int, at_most: int):
    chosen = chosen_iterations([STEP] * n, at_most)
    assert chosen == sorted(set(chosen))
    assert (chosen[0], chosen[-1]) == (0, n - 1)
    assert len(chosen) == min(n, at_most)


def test_more_iterations_are_shown_where_more_is_gained():
    gains = np.where(np.arange(60) // 5 == 6, 1.0, 1e-4)  # from 30 to 34
    found = [math.nan, *np.cumsum(gains)]
    chosen = chosen_iterations([replace(STEP, log_likelihood=v) for v in found], 8)
    assert sum(30 <= number <= 35 for number in chosen) >= 4


@pytest.mark.parametrize("values", [[3.0, 7.0, 7.0, 9.0], [0.1, 0.25, 0.7], [5.0]])
def test_a_histogram_holds_all_samples(values: list[float]):
    counts = np.arange(1.0, len(values) + 1)
    axis = Axis.of(np.array(values), counts, name="x")
    assert float(axis.density @ np.diff(axis.edges)) == pytest.approx(1.0)


def test_the_curves_have_the_weights_for_areas_and_peak_at_the_means():
    axis = Axis.of(np.array([0.0, 255.0]), np.ones(2), name="x")
    x, curves = weighted_curves(axis, STEP)
    areas = np.trapezoid(curves, x, axis=1)
    np.testing.assert_allclose(areas, STEP.weights, rtol=1e-3)
    np.testing.assert_allclose(x[curves.argmax(axis=1)], STEP.means[:, 0], atol=0.5)


def test_a_curve_too_narrow_for_the_screen_keeps_its_peak():
    axis = Axis.of(np.array([0.0, 255.0]), np.ones(2), name="x")
    narrow = Step(
        weights=np.ones(1),
        means=np.array([[100.0]]),
        covariances=np.array([[[1e-6]]]),
        log_likelihood=0.0,
    )
    _, curves = weighted_curves(axis, narrow)
    assert curves.max() == pytest.approx(1 / np.sqrt(2 * np.pi * 1e-6), rel=1e-3)


def test_changes_are_the_largest_of_any_component():
    steps = [STEP, _moved(3.0, 0.0), _moved(3.0, 8.0)]
    means, covariances = parameter_changes(steps)
    np.testing.assert_allclose(means, [3.0, 0.0])
    np.testing.assert_allclose(covariances, [0.0, 8.0])
    assert [part.shape for part in parameter_changes(steps[:1])] == [(0,), (0,)]


@pytest.mark.parametrize(("radius", "share"), [(2.4477, 0.95), (1.1774, 0.5)])
def test_ellipses_hold_the_share_of_samples_that_they_say(radius: float, share: float):
    mean, covariance = np.array([3.0, -1.0]), np.array([[4.0, 2.5], [2.5, 3.0]])
    samples = np.random.default_rng(2).multivariate_normal(mean, covariance, 4000)
    with new_figure(4, 4) as figure:
        axes = figure.subplots()
        draw_ellipses(axes, mean[None], covariance[None], ["red"], radii_sigmas=[radius])
        (ellipse,) = axes.patches
        path = ellipse.get_path().transformed(ellipse.get_patch_transform())
    assert path.contains_points(samples).mean() == pytest.approx(share, abs=0.02)


def test_the_plane_is_that_of_the_widest_spread():
    random = np.random.default_rng(4)
    values = random.normal(0, 1, (500, 3)) * [1.0, 20.0, 5.0]
    plane = principal_plane(values, np.ones(500))
    np.testing.assert_allclose(np.abs(plane), [[0, 0], [1, 0], [0, 1]], atol=0.1)
    np.testing.assert_allclose(plane.T @ plane, np.eye(2), atol=1e-12)


def test_a_single_number_of_components_has_criteria_too():
    with new_figure(4, 3) as figure:
        draw_criteria(figure, [3], [10.0], [9.0], chosen=3)
        render(figure)


def _frames(n: int) -> list[NDArray[np.uint8]]:
    def draw(axes: Any, step: Step) -> None:
        axes.plot([0, 1], [0, float(step.means[0, 0])])
        axes.set_ylim(0, 100)

    return draw_film([_moved(float(i), 0.0) for i in range(n)], draw)


def test_a_film_has_a_frame_for_each_iteration_and_dwells_on_the_last(tmp_path: Path):
    frames = _frames(5)
    assert len(frames) == 5
    assert {frame.shape for frame in frames} == {frames[0].shape}
    assert all(side % 2 == 0 for side in frames[0].shape[:2])
    assert (frames[0] != frames[4]).any()
    write_film(tmp_path / "a.mp4", frames)
    with av.open(str(tmp_path / "a.mp4")) as container:
        found = list(container.decode(video=0))
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
    times = [frame.time for frame in found]
    assert times == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0, 4.0])
    shown = found[2].to_ndarray(format="rgb24").astype(int)
    assert np.abs(shown - frames[2]).mean() < 4


def test_many_iterations_make_no_endless_film(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(animation, "_MAX_FRAMES", 4)
    assert len(_frames(9)) == 4


def test_the_picture_in_the_film_is_that_of_the_iteration():
    picture = grey(0.0)
    config = SegmentationConfig(n_components=3, max_iter=1)
    found = segment(picture, config)
    from bgsub.segmentation.plots import segmented_at

    shown = segmented_at(found, picture)(found.history[-1])
    labels = Gaussians(
        weights=found.weights, means=found.means, covariances=found.covariances
    ).label(found.features.values)
    assert len(np.unique(labels)) == 3
    assert (shown[:, :, 0] == picture).all()
