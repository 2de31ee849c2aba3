from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from bgsub.errors import OutputExistsError, SinkOpenError, SinkWriteError
from bgsub.files import (
    PartFile,
    part_path,
    prepare_folder,
    refuse_existing,
    write_bytes,
    write_error,
)
from tests.sinks._disks import fake_small_disk, mounted


def test_part_path_keeps_the_folder_and_the_suffix(tmp_path: Path):
    assert part_path(tmp_path / "mask.mkv") == tmp_path / "mask.part.mkv"


class TestPrepareFolder:
    def test_folder_is_created_with_its_parents_and_stays_empty(self, tmp_path: Path):
        folder = tmp_path / "a" / "b"
        prepare_folder(folder)
        prepare_folder(folder)
        assert folder.is_dir()
        assert list(folder.iterdir()) == []

    def test_file_in_the_way_is_named(self, tmp_path: Path):
        path = tmp_path / "out"
        path.write_text("")
        with pytest.raises(SinkOpenError, match=r"out cannot be created because there is a f"):
            prepare_folder(path)

    def test_too_long_a_name_is_refused(self, tmp_path: Path):
        with pytest.raises(SinkOpenError, match="the name is too long; choose a shorter one"):
            prepare_folder(tmp_path / ("x" * 300))

    def test_read_only_disk_is_refused(self, tmp_path: Path):
        with mounted(tmp_path / "disk", "ro") as disk:
            with pytest.raises(SinkOpenError, match="the disk is read-only"):
                prepare_folder(disk / "out")
            with pytest.raises(SinkOpenError, match="the disk is read-only"):
                prepare_folder(disk)


class TestRefuseExisting:
    def test_nothing_there_is_fine(self, tmp_path: Path):
        refuse_existing([tmp_path / "a", tmp_path / "b"], overwrite=False)

    def test_one_output_there_is_named(self, tmp_path: Path):
        (tmp_path / "b").write_text("")
        with pytest.raises(OutputExistsError, match=r"/b already exists: add --overwrite .*-o"):
            refuse_existing([tmp_path / "a", tmp_path / "b"], overwrite=False)

    @pytest.mark.parametrize(
        ("n_files", "counted"), [(2, "1 more output"), (3, "2 more outputs")]
    )
    def test_more_outputs_are_counted(self, tmp_path: Path, n_files: int, counted: str):
        paths = [tmp_path / str(number) for number in range(n_files)]
        for path in paths:
            path.write_text("")
        with pytest.raises(OutputExistsError, match=f"/0 and {counted} already exist: "):
            refuse_existing(paths, overwrite=False)

    def test_overwriting_is_allowed_when_asked_for(self, tmp_path: Path):
        refuse_existing([tmp_path], overwrite=True)

    def test_folder_counts_only_if_something_is_in_it(self, tmp_path: Path):
        folder = tmp_path / "masks"
        folder.mkdir()
        refuse_existing([folder], overwrite=False)
        (folder / "mask000000.png").write_text("")
        with pytest.raises(OutputExistsError):
            refuse_existing([folder], overwrite=False)

    def test_dangling_link_counts_as_there(self, tmp_path: Path):
        (tmp_path / "link").symlink_to(tmp_path / "nowhere")
        with pytest.raises(OutputExistsError):
            refuse_existing([tmp_path / "link"], overwrite=False)


class TestPartFile:
    def test_file_has_its_name_only_when_complete(self, tmp_path: Path):
        file = PartFile(tmp_path / "a.bin")
        file.open()
        assert file.write(b"one") == 3
        assert (tmp_path / "a.part.bin").read_bytes() == b"one"
        assert not file.path.exists()
        file.complete()
        file.complete()
        assert file.path.read_bytes() == b"one"
        assert not file.part.exists()

    def test_discarding_leaves_nothing(self, tmp_path: Path):
        file = PartFile(tmp_path / "a.bin")
        file.open()
        file.write(b"one")
        file.discard()
        file.discard()
        assert list(tmp_path.iterdir()) == []

    def test_file_cut_short_is_left_as_it_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        fake_small_disk(monkeypatch, 5)
        file = PartFile(tmp_path / "a.bin")
        file.open()
        assert file.write(b"one") == 3
        with pytest.raises(OSError, match="No space left"):
            file.write(b"two")
        file.seek(0)
        assert file.write(b"three") == 5
        file.keep()
        assert file.part.read_bytes() == b"onetw"
        assert file.error is not None
        assert file.error.errno == errno.ENOSPC

    def test_folder_of_that_name_is_refused(self, tmp_path: Path):
        (tmp_path / "a.bin").mkdir()
        with pytest.raises(SinkOpenError, match="there is a folder of this name"):
            PartFile(tmp_path / "a.bin").open()


class TestWriteBytes:
    def test_older_file_is_replaced(self, tmp_path: Path):
        for content in (b"old and long", b"new"):
            write_bytes(tmp_path / "a", content, kept="")
        assert (tmp_path / "a").read_bytes() == b"new"

    def test_full_disk_keeps_the_older_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        path = tmp_path / "a"
        path.write_bytes(b"old")
        fake_small_disk(monkeypatch, 2)
        with pytest.raises(
            SinkWriteError, match=r"^The disk is full: .*/a could .* it is old; "
        ):
            write_bytes(path, b"new", kept="it is old")
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_missing_folder_is_a_write_error(self, tmp_path: Path):
        with pytest.raises(SinkWriteError, match="cannot be created"):
            write_bytes(tmp_path / "no" / "a", b"", kept="")


@pytest.mark.parametrize(
    "number",
    [
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.ENAMETOOLONG,
        errno.EFBIG,
        errno.EIO,
        None,
    ],
)
def test_write_error_is_one_sentence(number: int | None, tmp_path: Path):
    error = OSError("odd") if number is None else OSError(number, "Input/output error")
    text = str(write_error(error, tmp_path / "mask", "nothing is kept"))
    assert text.endswith(".")
    assert text[0].isupper()
    assert ". " not in text


class TestSpecialFiles:
    def test_a_pipe_is_written_to_and_stays_a_pipe(self, tmp_path: Path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
        reader.start()
        write_bytes(pipe, b"scores", kept="")
        reader.join(timeout=60)
        assert got == [b"scores"]
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert list(tmp_path.iterdir()) == [pipe]

    @pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}"])
    def test_an_open_file_goes_on_where_it_is(self, tmp_path: Path, name: str):
        with (tmp_path / "log").open("wb", buffering=0) as log:
            log.write(b"before ")
            write_bytes(Path(name.format(log.fileno())), b"now ", kept="")
            log.write(b"after")
        assert (tmp_path / "log").read_bytes() == b"before now after"

    def test_a_link_to_an_open_file_is_not_replaced(self, tmp_path: Path):
        link = tmp_path / "stdout"
        with (tmp_path / "log").open("wb", buffering=0) as log:
            link.symlink_to(f"/proc/self/fd/{log.fileno()}")
            write_bytes(link, b"scores", kept="")
        assert link.is_symlink()
        assert (tmp_path / "log").read_bytes() == b"scores"

    def test_a_video_does_not_replace_a_pipe(self, tmp_path: Path):
        os.mkfifo(tmp_path / "pipe.mkv")
        with pytest.raises(SinkOpenError, match="there is a file of this name"):
            PartFile(tmp_path / "pipe.mkv").open()

    def test_a_link_under_the_temporary_name_is_not_followed(self, tmp_path: Path):
        (tmp_path / "precious").write_text("kept")
        path = tmp_path / "mask.mkv"
        part_path(path).symlink_to(tmp_path / "precious")
        write_bytes(path, b"mask", kept="")
        assert (tmp_path / "precious").read_text() == "kept"
        assert (path.read_bytes(), path.is_symlink()) == (b"mask", False)
