from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bgsub.errors import SourceOpenError
from bgsub.evaluation import find_sequences
from tests.evaluation._dataset import HEIGHT, WIDTH, write_picture, write_sequence


def test_sequences_are_found_at_any_depth_in_order(tmp_path: Path) -> None:
    for name in ("shadow/bus", "baseline/road", "deep/er/hall", "baseline/alley"):
        write_sequence(tmp_path / name)
    found = find_sequences(tmp_path)
    assert [s.key for s in found] == [
        "baseline/alley",
        "baseline/road",
        "er/hall",
        "shadow/bus",
    ]
    assert [s.key for s in find_sequences(tmp_path / "baseline")] == [
        "baseline/alley",
        "baseline/road",
    ]


def test_a_sequence_itself_can_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sequence(tmp_path / "baseline" / "road")
    (found,) = find_sequences(folder)
    assert (found.category, found.name) == ("baseline", "road")
    assert found.input_dir == folder / "input"
    assert found.truth_dir == folder / "groundtruth"
    monkeypatch.chdir(folder)
    assert find_sequences(Path())[0].key == "baseline/road", "also by a relative path"


def test_hidden_folders_and_files_are_skipped(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one")
    write_sequence(tmp_path / ".trash" / "two")
    (tmp_path / "a" / "one" / "input" / "._in000001.png").write_bytes(b"resource fork")
    (tmp_path / "a" / "one" / "input" / "Thumbs.db").write_bytes(b"thumbs")
    write_picture(
        tmp_path / "a" / "one" / "groundtruth" / "GT_background.png", np.zeros((3, 3, 3))
    )
    (found,) = find_sequences(tmp_path)
    assert found.numbers == tuple(range(1, 11))


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one")
    (tmp_path / "a" / "back").symlink_to(tmp_path, target_is_directory=True)
    assert [s.key for s in find_sequences(tmp_path)] == ["a/one"]


@pytest.mark.parametrize("first", [0, 1, 570])
def test_scored_frames_go_by_the_numbers_in_the_names(tmp_path: Path, first: int) -> None:
    numbers = range(first, first + 10)
    write_sequence(tmp_path / "a" / "one", numbers=numbers, scored=f"{first + 4} {first + 7}")
    (found,) = find_sequences(tmp_path)
    assert found.numbers == tuple(numbers)
    assert (found.first_scored, found.last_scored) == (first + 4, first + 7)
    assert found.scored == set(range(first + 4, first + 8))
    assert found.truth[first + 4].name == f"gt{first + 4:06d}.png"


def test_numbers_without_leading_zeros_are_in_order_of_value(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "a" / "one", numbers=range(8, 12))
    for path in sorted((folder / "input").iterdir()):
        path.rename(path.with_name(f"in{int(path.stem[2:])}.png"))
    assert find_sequences(tmp_path)[0].numbers == (8, 9, 10, 11)


def test_a_range_beyond_the_last_frame_ends_with_it(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one", numbers=range(10), scored="0 10\n")
    assert find_sequences(tmp_path)[0].last_scored == 9


def test_without_a_range_all_frames_with_truth_are_scored(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one", truth=range(3, 99, 3))
    (found,) = find_sequences(tmp_path)
    assert found.scored == {3, 6, 9}
    assert (found.first_scored, found.last_scored) == (3, 9)


@pytest.mark.parametrize(
    "text", ["", "470", "a b", "1 2 3", "9 3", "-1 5", "1.5 4", "\x00\xff", "4 5 "]
)
def test_a_malformed_range_is_an_error(tmp_path: Path, text: str) -> None:
    folder = write_sequence(tmp_path / "a" / "one", scored=text)
    if text == "4 5 ":
        assert find_sequences(tmp_path)[0].scored == {4, 5}
        return
    with pytest.raises(SourceOpenError, match="must hold two numbers"):
        find_sequences(folder)


def test_a_range_without_frames_is_an_error(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one", scored="50 60")
    with pytest.raises(SourceOpenError, match=r"frames 50 to 60 but input/ has 1 to 10"):
        find_sequences(tmp_path)


def test_roi_is_used_in_the_size_of_the_frames_only(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "a" / "one")
    assert find_sequences(tmp_path)[0].roi is None
    roi = np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
    roi[:4] = 0
    write_picture(folder / "ROI.bmp", roi)
    used = find_sequences(tmp_path)[0].roi
    assert used is not None
    np.testing.assert_array_equal(used, roi)
    write_picture(folder / "ROI.bmp", np.pad(roi, 2))
    assert find_sequences(tmp_path)[0].roi is None


def test_unusable_sequences_are_errors_that_name_the_file(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "a" / "one")
    roi = folder / "ROI.bmp"
    roi.write_bytes(b"BM nothing")
    with pytest.raises(SourceOpenError, match=r"ROI\.bmp is not a readable picture"):
        find_sequences(tmp_path)
    write_picture(roi, np.zeros((HEIGHT, WIDTH), dtype=np.uint8))
    with pytest.raises(SourceOpenError, match=r"ROI\.bmp is all black"):
        find_sequences(tmp_path)
    roi.unlink()

    first = folder / "input" / "in000001.png"
    good = first.read_bytes()
    for damaged in (b"", b"text"):
        first.write_bytes(damaged)
        with pytest.raises(SourceOpenError, match=r"in000001\.png is not a readable picture"):
            find_sequences(tmp_path)
    first.write_bytes(good)

    truth = folder / "groundtruth" / "gt000010.png"
    write_picture(truth, np.zeros((HEIGHT, WIDTH + 1), dtype=np.uint8))
    with pytest.raises(SourceOpenError, match=r"gt000010\.png is 25x16 but the frames are"):
        find_sequences(tmp_path)
    truth.unlink()

    write_picture(folder / "input" / "b00001.png", np.zeros((HEIGHT, WIDTH), dtype=np.uint8))
    with pytest.raises(SourceOpenError, match="have the same number"):
        find_sequences(tmp_path)


def test_a_sequence_without_frames_or_labels_is_an_error(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one", numbers=range(0), truth=range(1, 3))
    with pytest.raises(SourceOpenError, match="no numbered pictures"):
        find_sequences(tmp_path)
    write_sequence(tmp_path / "b" / "two", truth=range(0), scored="1 10")
    with pytest.raises(SourceOpenError, match="for none of the scored frames"):
        find_sequences(tmp_path / "b")


def test_a_place_without_sequences_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="does not exist"):
        find_sequences(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(SourceOpenError, match="is not a folder"):
        find_sequences(tmp_path / "file")
    with pytest.raises(SourceOpenError, match="holds no sequence"):
        find_sequences(tmp_path)


def test_two_sequences_of_one_name_are_an_error(tmp_path: Path) -> None:
    for where in ("x", "y"):
        write_sequence(tmp_path / where / "baseline" / "road")
    with pytest.raises(SourceOpenError, match="are both baseline/road"):
        find_sequences(tmp_path)


def test_a_folder_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sequence(tmp_path / "a" / "one")
    iterdir = Path.iterdir

    def refuse(self: Path) -> object:
        if self.name == "input":
            raise PermissionError(13, "Permission denied", str(self))
        return iterdir(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SourceOpenError, match=r"input cannot be read \(Permission denied\)"):
        find_sequences(tmp_path)
