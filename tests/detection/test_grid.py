"""The working grid: how coarse it is, and what pixels and cells have to do with each other."""

from __future__ import annotations

import numpy as np
import pytest

from bgsub.detection._grid import Grid
from tests.reference.evidence import place

_SIZES = [
    (1, 1),
    (1, 9),
    (9, 1),
    (2, 2),
    (31, 17),
    (240, 320),
    (719, 1),
    (721, 733),
    (1080, 1442),
]


@pytest.mark.parametrize(
    ("height", "width", "step"),
    [(1, 1, 1), (240, 320, 1), (719, 1280, 1), (720, 1280, 2), (1280, 720, 2), (1080, 1920, 3)],
)
def test_grid_is_as_fine_as_the_frame_up_to_719_lines(
    height: int, width: int, step: int
) -> None:
    grid = Grid(height, width)
    assert grid.step == step
    assert grid.shape == (height // step, width // step)


@pytest.mark.parametrize(("height", "width"), _SIZES)
def test_places_of_pixels_are_those_worked_out_one_by_one(height: int, width: int) -> None:
    grid = Grid(height, width)
    for y in range(height):
        row, share = place(y, grid.step, grid.height)
        assert grid.rows[y] == row
        assert grid.row_shares[y] == pytest.approx(share, abs=1e-4)


def test_small_frames_are_passed_through() -> None:
    grid = Grid(31, 17)
    picture = np.arange(31 * 17, dtype=np.uint8).reshape(31, 17)
    assert grid.reduce(picture) is picture
    assert grid.average(picture) is picture
    assert grid.enlarge(picture) is picture
    limited = grid.limited(picture, picture % 2 == 1, 20)
    np.testing.assert_array_equal(
        limited, np.where(picture % 2 == 1, np.minimum(picture, 20), picture)
    )


@pytest.mark.parametrize("step", [2, 3, 4, 5])
@pytest.mark.parametrize("left_over", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_cells_have_the_mean_of_their_pixels_and_pixels_the_value_of_their_cell(
    step: int, left_over: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bgsub.detection._grid._LINES", 10)
    height, width = 10 * step + left_over[0], 12 * step + left_over[1]
    grid = Grid(height, width)
    assert grid.step == step
    rng = np.random.default_rng(1)
    values = rng.integers(0, 256, (height, width), np.uint8)
    whole = values[: 10 * step, : 12 * step]
    blocks = whole.reshape(grid.height, grid.step, grid.width, grid.step)
    np.testing.assert_allclose(grid.average(values), blocks.mean(axis=(1, 3)), atol=0.51)
    cells = rng.integers(0, 2, grid.shape, np.uint8)
    # What is left over belongs to the last cells.
    rows = np.minimum(np.arange(height) // step, grid.height - 1)
    columns = np.minimum(np.arange(width) // step, grid.width - 1)
    np.testing.assert_array_equal(grid.enlarge(cells), cells[rows][:, columns])
    colours = np.stack([cells, 1 - cells, cells * 3], axis=2)
    np.testing.assert_array_equal(grid.enlarge(colours), colours[rows][:, columns])
    cells[2:4] = 0
    limited = np.where(cells[rows][:, columns], np.minimum(values, 127), values)
    np.testing.assert_array_equal(grid.limited(values, cells.view(np.bool_), 127), limited)


@pytest.mark.parametrize("shape", [(721, 733), (1081, 1442, 3)])
def test_frames_are_reduced_without_a_shift(shape: tuple[int, ...]) -> None:
    grid = Grid(shape[0], shape[1])
    slope = np.linspace(0, 250, shape[1])
    picture = np.broadcast_to(slope[None, :, *[None] * (len(shape) - 2)], shape).astype(
        np.uint8
    )
    cells = grid.reduce(picture)
    assert cells.shape == (*grid.shape, *shape[2:])
    line = cells.reshape(*grid.shape, -1)[5, :, 0].astype(float)
    at = (np.arange(grid.width) + 0.5) * grid.step - 0.5
    np.testing.assert_allclose(line, np.interp(at, np.arange(shape[1]), slope), atol=1.1)
