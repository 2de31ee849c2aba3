"""The model over a restart."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgsub import MixtureModel, MixtureParams
from bgsub.app.live_state import StateKeeper, load_state
from tests.sources._feeds import wait_until

if TYPE_CHECKING:
    from pathlib import Path

_PARAMS = MixtureParams(n_components=3)


def _learnt(*, shape: tuple[int, ...] = (8, 12, 3), n_frames: int = 5) -> MixtureModel:
    model = MixtureModel(_PARAMS, n_threads=1)
    for number in range(n_frames):
        model.apply(np.full(shape, 100 + number, np.uint8))
    return model


def _load(
    path: Path,
    *,
    params: MixtureParams = _PARAMS,
    frame_shape: tuple[int, ...] = (8, 12, 3),
) -> MixtureModel | None:
    return load_state(path, params=params, frame_shape=frame_shape, n_threads=1)


def test_a_model_is_saved_at_the_end_and_goes_on_after_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "model.npz"
    model = _learnt()
    StateKeeper(path, every_s=1e9).finish(model)
    loaded = _load(path, params=MixtureParams(n_components=3, match_sigmas=4.0))
    assert loaded is not None
    np.testing.assert_array_equal(loaded.means, model.means)
    assert loaded.n_frames == 5
    assert loaded.params.match_sigmas == 4.0


def test_a_model_is_saved_beside_the_loop_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    keeper, model = StateKeeper(path, every_s=1.0), _learnt()
    keeper.keep(model)
    assert not path.exists()
    time.sleep(1.0)
    keeper.keep(model)
    wait_until(path.exists)
    first = path.stat().st_mtime_ns
    keeper.keep(model)
    keeper.finish(model)
    assert path.stat().st_mtime_ns > first
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


def test_without_a_file_or_a_frame_nothing_is_saved(tmp_path: Path) -> None:
    StateKeeper(None, every_s=0.0).finish(_learnt())
    StateKeeper(tmp_path / "m.npz", every_s=0.0).finish(MixtureModel(_PARAMS, n_threads=1))
    assert list(tmp_path.iterdir()) == []
    assert _load(tmp_path / "m.npz") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is not used"), (b"\0" * 3000, "is not used"), (b"PK\3\4 rest", "is not used")],
)
def test_a_damaged_model_is_told_of_and_ignored(
    content: bytes, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    assert _load(path) is None
    assert [said in record.message for record in caplog.records] == [True]


def test_a_model_cut_off_anywhere_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "model.npz"
    _learnt().save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), len(whole) // 20):
        path.write_bytes(whole[:length])
        assert _load(path) is None
    assert all(record.levelno == logging.WARNING for record in caplog.records)


@pytest.mark.parametrize("frame_shape", [(8, 12), (12, 8, 3), (16, 24, 3)])
def test_a_model_of_another_stream_is_told_of_and_ignored(
    frame_shape: tuple[int, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "model.npz"
    _learnt().save(path)
    assert _load(path, frame_shape=frame_shape) is None
    assert "another size or kind (8x12x3 instead of" in caplog.text


def test_a_model_with_another_number_of_gaussians_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "model.npz"
    _learnt().save(path)
    assert _load(path, params=MixtureParams(n_components=5)) is None
    assert "n_components" in caplog.text


def test_a_disk_that_refuses_the_model_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    keeper, model = StateKeeper(tmp_path / "file" / "model.npz", every_s=0.0), _learnt()
    for _ in range(3):
        keeper.finish(model)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
