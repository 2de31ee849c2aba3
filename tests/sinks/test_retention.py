from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from bgsub.sinks.recorder_keeper import Keeper
from bgsub.sinks.recorder_names import MARK, NameTemplate
from bgsub.sinks.retention import Retention, own_files
from tests.sinks._recording import feed, moments, recorder, rules

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 86_400.0
NOW_S = 1_700_000_000.0
TEMPLATE = "%Y-%m-%d/%H-%M-%S-{event}"


def put(
    folder: Path, name: str, *, age_days: float, n_bytes: int = 1000, own: bool = True
) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((MARK if own else b"").ljust(n_bytes, b"x"))
    then_s = NOW_S - age_days * DAY_S
    os.utime(path, (then_s, then_s))
    return path


def keep(folder: Path, *, days: float | None = None, n_bytes: int | None = None) -> Retention:
    names = NameTemplate(folder, TEMPLATE, "yard")
    return Retention(names, keep_days=days, keep_bytes=n_bytes)


def left(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_what_is_older_is_removed_with_its_empty_folder(tmp_path: Path) -> None:
    old = put(tmp_path, "2026-01-01/10-00-00-0001.mkv", age_days=11)
    put(tmp_path, "2026-01-01/10-00-00-0001.mask.mkv", age_days=11)
    put(tmp_path, "2026-01-02/10-00-00-0002.mkv", age_days=9)
    removed = keep(tmp_path, days=10).apply(NOW_S, ())
    assert old in removed
    assert left(tmp_path) == ["2026-01-02/10-00-00-0002.mkv"]
    assert not old.parent.exists()
    assert tmp_path.exists()


def test_the_oldest_go_until_the_rest_is_small_enough(tmp_path: Path) -> None:
    for number in range(10):
        put(tmp_path, f"2026-01-01/10-00-00-{number:04d}.mkv", age_days=10 - number)
    put(tmp_path, "2026-01-01/10-00-00-0000.jpg", age_days=10.5)
    removed = keep(tmp_path, n_bytes=4000).apply(NOW_S, ())
    assert len(removed) == 7
    assert left(tmp_path) == [f"2026-01-01/10-00-00-{n:04d}.mkv" for n in range(6, 10)]
    assert keep(tmp_path, n_bytes=4000).apply(NOW_S, ()) == ()


def test_what_is_not_ours_stays_whatever_its_name_or_content(tmp_path: Path) -> None:
    day = "2026-01-01"
    foreign = [
        put(tmp_path, f"{day}/10-00-00-0001.mkv", age_days=99, own=False),
        put(tmp_path, f"{day}/holiday.mkv", age_days=99),
        put(tmp_path, "10-00-00-0001.mkv", age_days=99),
        put(tmp_path, f"{day}/deeper/10-00-00-0001.mkv", age_days=99),
        put(tmp_path, f"{day}/10-00-00-0001.mkv.bak", age_days=99),
    ]
    outside = put(tmp_path.parent, f"{tmp_path.name}-outside.mkv", age_days=99)
    link = tmp_path / day / "10-00-00-0002.mkv"
    link.symlink_to(outside)
    (tmp_path / "2026-01-03").symlink_to(tmp_path.parent)
    (tmp_path / day / "10-00-00-0009.mkv").mkdir()
    assert keep(tmp_path, days=1, n_bytes=1).apply(NOW_S, ()) == ()
    assert all(path.exists() for path in [*foreign, outside, link])


def test_foreign_files_do_not_count(tmp_path: Path) -> None:
    put(tmp_path, "2026-01-01/10-00-00-0001.mkv", age_days=1, n_bytes=10**6, own=False)
    put(tmp_path, "2026-01-01/10-00-00-0002.mkv", age_days=1)
    assert keep(tmp_path, n_bytes=2000).apply(NOW_S, ()) == ()


def test_what_is_being_written_stays_but_counts(tmp_path: Path) -> None:
    current = put(tmp_path, "2026-01-01/10-00-00-0001.mkv", age_days=3, n_bytes=5000)
    other = put(tmp_path, "2026-01-01/11-00-00-0002.mkv", age_days=2)
    assert keep(tmp_path, days=1, n_bytes=3000).apply(NOW_S, (current,)) == (other,)


def test_nothing_is_removed_unless_asked_to(tmp_path: Path) -> None:
    put(tmp_path, "2026-01-01/10-00-00-0001.mkv", age_days=9999)
    assert keep(tmp_path).apply(NOW_S, ()) == ()


def test_what_cannot_be_removed_or_read_does_no_harm(tmp_path: Path) -> None:
    assert keep(tmp_path / "not there", days=1).apply(NOW_S, ()) == ()


def test_recordings_are_known_as_ours(tmp_path: Path) -> None:
    settings = rules(mask=True, overlay=True, name="%Y-%m-%d/%H-%M-%S-{event}")
    with recorder(tmp_path, settings) as sink:
        feed(sink, moments(60, (30, 35)))
    names = NameTemplate(tmp_path, settings.name, "clip")
    assert sorted(own.path for own in own_files(names)) == sorted(tmp_path.rglob("*.mkv"))
    assert len(left(tmp_path)) == 3


def test_a_recorder_removes_old_recordings(tmp_path: Path) -> None:
    name = "%Y%m%d-{event}"
    put(tmp_path, "20200101-0001.mkv", age_days=99)
    with recorder(tmp_path, rules(keep_days=1.0, name=name)) as sink:
        feed(sink, moments(30, (20, 25)))
    assert [path.name for path in tmp_path.iterdir()] == ["20261122-0000.mkv"]


def test_the_keeper_ends_at_once_and_starts_again(tmp_path: Path) -> None:
    keeper = Keeper(keep(tmp_path))
    path = put(tmp_path, "file", age_days=0)
    for _ in range(2):
        keeper.start()
        keeper.start()
        keeper.writing([path])
        keeper.finished([path, tmp_path / "gone"])
        began = time.perf_counter()
        keeper.stop()
        keeper.stop()
        assert time.perf_counter() - began < 5.0
