from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bgsub.errors import SinkOpenError
from bgsub.sinks import MaskFolder
from tests.sinks._results import result

if TYPE_CHECKING:
    from pathlib import Path


def test_masks_are_read_back_exactly_and_carry_the_frames_number(tmp_path: Path):
    written = [result(index, 31, 17, noise=True) for index in (0, 3, 1_234_567)]
    with MaskFolder(tmp_path / "masks") as sink:
        for one in written:
            sink.write(one)
    names = ["mask000000.png", "mask000003.png", "mask1234567.png"]
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == names
    for name, one in zip(names, written, strict=True):
        mask = cv2.imread(str(tmp_path / "masks" / name), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert np.array_equal(mask, one.mask)


def test_masks_of_an_earlier_run_are_replaced_and_other_files_stay(tmp_path: Path):
    for name in ("mask000000.png", "mask000009.png", "mask000010.part.png", "note.png"):
        (tmp_path / name).write_bytes(b"old")
    with MaskFolder(tmp_path) as sink:
        assert (tmp_path / "mask000009.png").exists()
        sink.write(result(0, 31, 17))
        sink.write(result(1, 31, 17))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mask000000.png",
        "mask000001.png",
        "note.png",
    ]
    assert (tmp_path / "note.png").read_bytes() == b"old"


def test_file_of_that_name_is_refused(tmp_path: Path):
    (tmp_path / "masks").write_text("")
    with pytest.raises(SinkOpenError, match="there is a file of this name"):
        MaskFolder(tmp_path / "masks").__enter__()
