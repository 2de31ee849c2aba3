"""Human segmentations as people have them: BSDS files, label images, and what is neither."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from bgsub.errors import SourceOpenError, UsageError
from bgsub.segmentation.truth import find_truth, read_truth

SHAPE = (6, 8)
LABELS = np.arange(48).reshape(SHAPE) // 10
BSDS = Path(__file__).parents[2] / ".." / "shared" / "data" / "stills" / "bsds"


def _bsds(path: Path, maps: list[np.ndarray]) -> Path:
    cells = np.empty((1, len(maps)), object)
    for number, labels in enumerate(maps):
        cells[0, number] = {"Segmentation": labels, "Boundaries": labels > 1}
    savemat(path, {"groundTruth": cells})
    return path


def _same_regions(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = np.stack([first.ravel(), second.ravel()])
    n_pairs = np.unique(pairs, axis=1).shape[1]
    return bool(n_pairs == len(np.unique(first)) == len(np.unique(second)))


def test_every_human_of_a_bsds_file_is_read(tmp_path: Path):
    maps: list[np.ndarray] = [
        LABELS.astype(np.uint16) + 1,
        LABELS.T.reshape(SHAPE).astype(np.float64),
    ]
    truths = read_truth([_bsds(tmp_path / "a.mat", maps)], shape=SHAPE)
    assert len(truths) == 2
    assert all((found == given).all() for found, given in zip(truths, maps, strict=True))


@pytest.mark.parametrize("factor", [1, 300])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_label_images_of_any_depth_keep_their_regions(factor: int, suffix: str, tmp_path: Path):
    path = tmp_path / f"a{suffix}"
    assert cv2.imwrite(
        str(path), (LABELS * factor).astype(np.uint16 if factor > 1 else np.uint8)
    )
    (truth,) = read_truth([path], shape=SHAPE)
    assert (truth == LABELS * factor).all()


@pytest.mark.parametrize("channels", [3, 4])
def test_each_colour_is_a_region(channels: int, tmp_path: Path):
    colours = np.random.default_rng(1).integers(0, 256, (5, channels)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), colours[LABELS])
    (truth,) = read_truth([tmp_path / "a.png"], shape=SHAPE)
    assert _same_regions(truth, LABELS)


def test_indices_count_where_two_have_one_colour(tmp_path: Path):
    picture = Image.fromarray(LABELS.astype(np.uint8))
    picture.putpalette([9, 9, 9] * 256)
    picture.save(tmp_path / "a.png")
    (truth,) = read_truth([tmp_path / "a.png"], shape=SHAPE)
    assert (truth == LABELS).all()


def test_several_label_images_are_several_humans(tmp_path: Path):
    folder = tmp_path / "a"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), (LABELS // (number + 1)).astype(np.uint8))
    truths = read_truth(find_truth(tmp_path, "a"), shape=SHAPE)
    assert [int(t.max()) for t in truths] == [4, 2, 1]


def test_truth_is_found_by_the_stem(tmp_path: Path):
    mat = _bsds(tmp_path / "12.mat", [LABELS])
    image = tmp_path / "123.png"
    cv2.imwrite(str(image), LABELS.astype(np.uint8))
    assert find_truth(tmp_path, "12") == (mat,)
    assert find_truth(tmp_path, "123") == (image,)
    assert find_truth(image, "anything") == (image,)
    with pytest.raises(UsageError, match="no truth for 1:"):
        find_truth(tmp_path, "1")
    with pytest.raises(UsageError, match=r"no truth .*nowhere"):
        find_truth(tmp_path / "nowhere", "12")


def test_truth_of_another_picture_is_refused(tmp_path: Path):
    path = _bsds(tmp_path / "a.mat", [LABELS])
    with pytest.raises(SourceOpenError, match="8x6 pixels but the picture is 6x8"):
        read_truth([path], shape=(8, 6))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no truth",
        b"\x89PNG\r\n\x1a\n",
        b"MATLAB 5.0 MAT-file, cut off".ljust(124) + b"\x00\x01IM" + b"\x0e\0\0\0\x40\0\0\0x",
    ],
)
@pytest.mark.parametrize("name", ["a.mat", "a.png"])
def test_what_is_no_truth_is_refused(content: bytes, name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceOpenError, match=r"a\.(mat|png) is no "):
        read_truth([tmp_path / name], shape=SHAPE)


@pytest.mark.parametrize(
    "content",
    [
        {"other": LABELS},
        {"groundTruth": LABELS},
        {"groundTruth": np.empty((1, 0), object)},
        {"groundTruth": "text"},
        {"groundTruth": {"Segmentation": np.full(SHAPE, 1.5)}},
        {"groundTruth": {"Segmentation": np.full(SHAPE, np.nan)}},
        {"groundTruth": {"Segmentation": np.zeros((0, 0))}},
    ],
)
def test_mat_files_of_other_content_are_refused(content: dict[str, object], tmp_path: Path):
    savemat(tmp_path / "a.mat", content)
    with pytest.raises(SourceOpenError, match="groundTruth"):
        read_truth([tmp_path / "a.mat"], shape=SHAPE)


def test_a_picture_of_fractions_is_no_truth(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.tif"), (LABELS + 0.5).astype(np.float32))
    with pytest.raises(SourceOpenError, match="no label image"):
        read_truth([tmp_path / "a.tif"], shape=SHAPE)


@pytest.mark.footage
@pytest.mark.skipif(not BSDS.is_dir(), reason="needs the real pictures")
def test_real_truth_is_read():
    truths = read_truth(find_truth(BSDS / "groundTruth", "12084"), shape=(321, 481))
    assert len(truths) >= 4
    assert all(2 <= len(np.unique(truth)) < 200 for truth in truths)
