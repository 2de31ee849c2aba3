from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.errors import OutputExistsError, SinkOpenError, SinkWriteError, SourceError
from bgsub.evaluation import (
    Counts,
    ScoredFrame,
    ScoringSink,
    Sequence,
    count,
    find_sequences,
)
from bgsub.frames import Mask
from tests.evaluation._dataset import (
    HEIGHT,
    WIDTH,
    labels,
    result,
    write_picture,
    write_sequence,
)
from tests.sinks._disks import mounted


def sequence(root: Path) -> Sequence:
    (found,) = find_sequences(root)
    return found


def moving(number: int) -> Mask:
    return np.where(labels(number) == 255, 255, 0).astype(np.uint8)


def score(
    found: Sequence, masks: dict[int, Mask], save_masks: Path | None = None
) -> ScoringSink:
    """Write a mask for every frame, by number; those not given are all background."""
    with ScoringSink(found, save_masks=save_masks) as sink:
        for index, number in enumerate(found.numbers):
            mask = masks.get(number, np.zeros((HEIGHT, WIDTH), dtype=np.uint8))
            sink.write(result(index, mask))
    return sink


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("first", [0, 1, 471])
def test_each_mask_meets_the_truth_of_its_number(
    tmp_path: Path, channels: int, first: int
) -> None:
    numbers = range(first, first + 10)
    write_sequence(
        tmp_path / "a" / "one",
        numbers=numbers,
        truth=range(first + 4, first + 8),
        scored=f"{first + 4} {first + 7}",
        channels=channels,
    )
    sink = score(sequence(tmp_path), {n: moving(n) for n in numbers})
    assert sink.counts.tp == 4 * 25
    assert (sink.counts.fp, sink.counts.fn) == (0, 0)
    assert sink.n_scored == 4
    assert sink.problems == []


def test_frames_outside_the_range_are_not_scored(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one", scored="5 6")
    everything = np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
    found = sequence(tmp_path)
    sink = score(found, {n: everything for n in found.numbers if n not in (5, 6)})
    assert sink.counts == count(np.zeros_like(everything), labels(5), None) + count(
        np.zeros_like(everything), labels(6), None
    )


def test_skipped_frames_keep_their_truth(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one")
    with ScoringSink(sequence(tmp_path), save_masks=None) as sink:
        sink.write(result(7, moving(8)))
    assert sink.counts.fp == sink.counts.fn == 0
    assert sink.counts.tp == 25


def test_what_is_black_in_the_roi_is_not_counted(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "a" / "one")
    roi = np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
    roi[:9] = 0
    write_picture(folder / "ROI.bmp", roi)
    sink = score(sequence(tmp_path), {})
    assert sink.counts.fn == 0
    # 7 rows of 21 columns, without the lower edge of the unknown margin
    assert sink.counts == Counts(tn=10 * (7 * 21 - 7))


class Notes:
    """A follower that notes what it is shown."""

    def __init__(self) -> None:
        self.frames: list[ScoredFrame] = []

    def take(self, frame: ScoredFrame) -> None:
        self.frames.append(frame)


def test_followers_see_the_scored_frames_in_order_beside_their_truth(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "a" / "one", scored="3 8")
    (folder / "groundtruth" / "gt000004.png").unlink()
    roi = np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
    roi[:9] = 0
    write_picture(folder / "ROI.bmp", roi)
    found = sequence(tmp_path)
    notes = Notes()
    with ScoringSink(found, save_masks=None, followers=[notes, notes]) as sink:
        for index, number in enumerate(found.numbers):
            sink.write(result(index, moving(number)))
    seen = notes.frames[::2]
    assert [frame.number for frame in seen] == [3, 5, 6, 7, 8]
    assert [round(frame.position * 6) for frame in seen] == [0, 2, 3, 4, 5]
    assert notes.frames[1::2] == seen
    assert sum((frame.counts for frame in seen), Counts()) == sink.counts
    for frame in seen:
        np.testing.assert_array_equal(frame.mask, moving(frame.number))
        assert (frame.labels[:9] == 85).all(), "outside the region of interest"
        np.testing.assert_array_equal(frame.labels[9:], labels(frame.number)[9:])


def test_missing_damaged_and_odd_truth_are_problems(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "a" / "one", scored="3 8")
    (folder / "groundtruth" / "gt000004.png").unlink()
    (folder / "groundtruth" / "gt000005.png").write_bytes(b"text")
    write_picture(folder / "groundtruth" / "gt000006.png", np.zeros((3, 3), dtype=np.uint8))
    found = sequence(tmp_path)
    (folder / "groundtruth" / "gt000007.png").unlink()
    sink = score(found, {n: moving(n) for n in found.numbers})
    assert sink.n_scored == 2
    assert [problem.at_s for problem in sink.problems] == [3 / 25, 4 / 25, 5 / 25, 6 / 25]
    missing, damaged, odd, gone = (problem.what for problem in sink.problems)
    assert "gt000007.png is not a readable picture" in gone
    assert "groundtruth has no labels for frame 4" in missing
    assert "gt000005.png is not a readable picture" in damaged
    assert "gt000006.png is not of the frames' size" in odd
    assert not any(problem.ends_run for problem in sink.problems)


def test_masks_are_kept_as_cdnet_takes_results(tmp_path: Path) -> None:
    write_sequence(tmp_path / "data" / "a" / "one", numbers=range(4))
    mask = moving(2)
    mask[0, :5] = 127
    score(sequence(tmp_path / "data"), {2: mask}, tmp_path / "results")
    kept = sorted(p.name for p in (tmp_path / "results" / "a" / "one").iterdir())
    assert kept == [f"bin{n:06d}.png" for n in range(4)]
    saved = cv2.imread(
        str(tmp_path / "results" / "a" / "one" / "bin000002.png"), cv2.IMREAD_UNCHANGED
    )
    np.testing.assert_array_equal(saved, moving(2))


def test_without_a_frame_no_folder_is_made(tmp_path: Path) -> None:
    write_sequence(tmp_path / "data" / "a" / "one")
    with ScoringSink(sequence(tmp_path / "data"), save_masks=tmp_path / "results"):
        pass
    assert not (tmp_path / "results").exists()


def test_masks_of_another_run_are_not_overwritten(tmp_path: Path) -> None:
    write_sequence(tmp_path / "data" / "a" / "one")
    found = sequence(tmp_path / "data")
    score(found, {}, tmp_path / "results")
    with pytest.raises(OutputExistsError, match="already holds files"):
        score(found, {}, tmp_path / "results")


def test_a_place_that_cannot_take_masks_is_an_error(tmp_path: Path) -> None:
    write_sequence(tmp_path / "data" / "a" / "one")
    found = sequence(tmp_path / "data")
    (tmp_path / "results" / "a").mkdir(parents=True)
    (tmp_path / "results" / "a" / "one").touch()
    with pytest.raises(SinkOpenError, match="cannot be used for masks"):
        score(found, {}, tmp_path / "results")
    (tmp_path / "file").touch()
    with pytest.raises(SinkOpenError, match="one cannot be created"):
        score(found, {}, tmp_path / "file")


def test_a_full_disk_leaves_only_complete_masks(tmp_path: Path) -> None:
    write_sequence(tmp_path / "data" / "a" / "one")
    # Room for the disk's root, two folders and two files.
    with mounted(tmp_path / "disk", "nr_inodes=5") as disk:
        with pytest.raises(SinkWriteError, match="disk is full"):
            score(sequence(tmp_path / "data"), {}, disk)
        kept = sorted(p.name for p in (disk / "a" / "one").iterdir())
    assert kept == ["bin000001.png", "bin000002.png"]


def test_more_frames_than_the_folder_had_are_an_error(tmp_path: Path) -> None:
    write_sequence(tmp_path / "a" / "one")
    with (
        ScoringSink(sequence(tmp_path), save_masks=None) as sink,
        pytest.raises(SourceError, match="changed while it was read"),
    ):
        sink.write(result(10, moving(1)))
