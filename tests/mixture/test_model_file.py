"""Saved models: going on as if never stopped, and every way a file can be wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bgsub.errors import ModelFileError
from bgsub.mixture import MixtureModel, MixtureParams
from bgsub.mixture import _model_file as model_file
from tests.mixture._clips import busy_clip

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = MixtureModel(MixtureParams(n_components=2))
    model.apply_batch(busy_clip(5, (4, 5, 3)))
    path = tmp_path / "scene.npz"
    model.save(path)
    return path


def _contents(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _rewrite(path: Path, **changes: Any) -> None:
    contents: dict[str, Any] = _contents(path) | changes
    with path.open("wb") as file:
        np.savez(file, **{k: v for k, v in contents.items() if v is not None})


def _rewrite_header(path: Path, **changes: Any) -> None:
    header = json.loads(str(_contents(path)["header"])) | changes
    _rewrite(path, header=np.array(json.dumps(header)))


@pytest.mark.parametrize(("shape", "dtype"), [((5, 7, 3), "uint8"), ((37, 31), "float32")])
def test_loaded_model_goes_on_as_if_never_stopped(
    tmp_path: Path, shape: tuple[int, ...], dtype: str
) -> None:
    clip = busy_clip(12, shape, dtype=dtype)
    params = MixtureParams(
        warmup_frames=9, detect_shadows=True, max_value=None if dtype == "uint8" else 1.0
    )
    model = MixtureModel(params)
    model.apply_batch(clip[:6])
    model.save(tmp_path / "m.npz")
    loaded = MixtureModel.load(str(tmp_path / "m.npz"), n_threads=1)
    assert loaded.params == params
    assert loaded.n_frames == 6
    assert loaded.frame_shape == shape
    np.testing.assert_array_equal(loaded.apply_batch(clip[6:]), model.apply_batch(clip[6:]))
    for name in ("weights", "means", "variances"):
        assert getattr(loaded, name).tobytes() == getattr(model, name).tobytes()
    np.testing.assert_array_equal(loaded.background(), model.background())


def test_fresh_model_can_be_saved(tmp_path: Path) -> None:
    MixtureModel(MixtureParams(n_components=4)).save(tmp_path / "m.npz")
    loaded = MixtureModel.load(tmp_path / "m.npz")
    assert loaded.params.n_components == 4
    assert loaded.frame_shape is None


def test_file_is_named_as_asked_and_nothing_else_is_left(tmp_path: Path) -> None:
    MixtureModel().save(tmp_path / "model.state")
    MixtureModel().save(tmp_path / "model.state")
    assert [p.name for p in tmp_path.iterdir()] == ["model.state"]


def test_file_that_cannot_be_written_leaves_the_old_one(saved: Path) -> None:
    before = saved.read_bytes()
    model = MixtureModel.load(saved)
    with pytest.raises(ModelFileError, match="cannot save the model"):
        model.save(saved.parent / "missing" / "m.npz")
    blocked = saved.parent / "folder"
    blocked.mkdir()
    (blocked / "file").touch()
    with pytest.raises(ModelFileError, match="cannot save the model"):
        model.save(blocked)
    assert saved.read_bytes() == before
    assert sorted(p.name for p in saved.parent.iterdir()) == ["folder", "scene.npz"]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.npz: No such file"):
        MixtureModel.load(tmp_path / "none.npz")
    with pytest.raises(ModelFileError, match="directory"):
        MixtureModel.load(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused(saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ModelFileError, match="not a saved model"):
        MixtureModel.load(saved)


def test_flipped_bits_are_refused(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    position = len(whole) // 2
    whole[position] ^= 0xFF
    saved.write_bytes(bytes(whole))
    with pytest.raises(ModelFileError):
        MixtureModel.load(saved)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("hello")
    with pytest.raises(ModelFileError, match="not a saved model"):
        MixtureModel.load(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ModelFileError, match="not a saved model"):
        MixtureModel.load(path)
    with path.open("wb") as file:
        np.savez(file, header=np.array([{"format": 1}], dtype=object))
    with pytest.raises(ModelFileError, match="not a saved model"):
        MixtureModel.load(path)
    with path.open("wb") as file:
        np.savez(file, header=np.array("[1, 2]"))
    with pytest.raises(ModelFileError, match="not a saved model"):
        MixtureModel.load(path)


def test_other_version_is_named(saved: Path) -> None:
    _rewrite_header(saved, version=99)
    with pytest.raises(ModelFileError, match="format 99"):
        MixtureModel.load(saved)
    _rewrite_header(saved, version=1, engine="quantum")
    with pytest.raises(ModelFileError, match="another version"):
        MixtureModel.load(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "something else"},
        {"params": {"n_components": 99}},
        {"params": {"colour": "red"}},
        {"params": None},
        {"n_frames": "many"},
        {"n_frames": -1},
        {"frame_shape": [4, 5]},
        {"frame_shape": [4, 5, 2]},
        {"frame_shape": [-4, -5, 3]},
        {"frame_shape": "wide"},
        {"frame_dtype": "complex64"},
        {"frame_dtype": "no type"},
        {"frame_dtype": "float32"},
    ],
)
def test_header_that_does_not_fit_is_refused(saved: Path, changes: dict[str, Any]) -> None:
    _rewrite_header(saved, **changes)
    with pytest.raises(ModelFileError):
        MixtureModel.load(saved)


def test_state_that_does_not_fit_is_refused(saved: Path) -> None:
    good = _contents(saved)["state"]
    for bad in (None, good[1:], good[:, 1:], good.astype(np.float64)):
        _rewrite(saved, state=bad)
        with pytest.raises(ModelFileError):
            MixtureModel.load(saved)


@pytest.mark.parametrize("bad", [None, np.array(-1), np.array([3]), np.array(0.5)])
def test_count_that_does_not_fit_is_refused(saved: Path, bad: np.ndarray | None) -> None:
    _rewrite(saved, n_learnt=bad)
    with pytest.raises(ModelFileError):
        MixtureModel.load(saved)


def test_pickles_are_never_read(saved: Path) -> None:
    _rewrite(saved, state=np.array([print], dtype=object))
    with pytest.raises(ModelFileError):
        model_file.read(saved)
