from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from bgsub.sinks.commands import CommandRunner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHON = sys.executable
WAIT_S = 60.0


@pytest.fixture
def runner() -> Iterator[CommandRunner]:
    one = CommandRunner(max_running=2, limit_s=WAIT_S)
    one.start()
    yield one
    one.stop(0.0)


def wait_for(*paths: Path) -> None:
    end = time.monotonic() + WAIT_S
    while not all(path.exists() for path in paths):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def touch(path: Path) -> list[str]:
    return ["touch", str(path)]


def test_arguments_arrive_as_they_are_without_a_shell(
    runner: CommandRunner, tmp_path: Path
) -> None:
    strange = tmp_path / "a b; touch c $(touch d) 'e\" *"
    assert runner.run(touch(strange), {})
    wait_for(strange)
    assert [path.name for path in tmp_path.iterdir()] == [strange.name]


def test_facts_are_in_the_environment(runner: CommandRunner, tmp_path: Path) -> None:
    code = "import os, pathlib; p = pathlib.Path(os.environ['OUT']); "
    code += "p.write_text(os.environ['BGSUB_EVENT'] + os.environ['HOME'])"
    out = tmp_path / "out"
    runner.run([PYTHON, "-c", code], {"BGSUB_EVENT": "end = 1\n", "OUT": str(out)})
    wait_for(out)
    runner.stop(WAIT_S)
    assert out.read_text() == "end = 1\n" + os.environ["HOME"]


def test_running_takes_no_time_and_only_so_many_run_at_once(
    runner: CommandRunner, tmp_path: Path
) -> None:
    # None ends before all are asked for: whoever waited for one would wait for ever.
    code = "mkdir $0/$$; until [ -e $0/../go ]; do sleep 0.02; done; sleep 0.2; "
    code += "ls $0 | wc -l > $0/../n$$; rmdir $0/$$"
    folder = tmp_path / "running"
    folder.mkdir()
    for _ in range(6):
        assert runner.run(["sh", "-c", code, str(folder)], {})
    (tmp_path / "go").touch()
    runner.stop(WAIT_S)
    counts = [int(path.read_text()) for path in tmp_path.glob("n*")]
    assert len(counts) == 6
    assert max(counts) <= 2


def test_too_many_waiting_are_refused(
    runner: CommandRunner, caplog: pytest.LogCaptureFixture
) -> None:
    taken = [runner.run(["sleep", "30"], {}) for _ in range(120)]
    assert taken[:100] == [True] * 100
    assert not all(taken)
    assert "too many commands wait" in caplog.text
    runner.stop(0.0)
    assert "ended together with this program" in caplog.text


def test_a_program_that_takes_too_long_is_ended_with_its_children(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runner = CommandRunner(max_running=1, limit_s=0.3)
    runner.start()
    pid = tmp_path / "pid"
    # It does not listen to being asked, and neither does its child.
    code = f"trap '' TERM; sh -c 'trap \"\" TERM; sleep 60' & echo $! > {pid}.part; "
    code += f"mv {pid}.part {pid}; wait; sleep 60"
    runner.run(["sh", "-c", code], {})
    wait_for(pid)
    runner.run(touch(tmp_path / "next"), {})
    wait_for(tmp_path / "next")
    runner.stop(WAIT_S)
    assert "is ended after 0.3 s" in caplog.text
    child = int(pid.read_text())
    end = time.monotonic() + WAIT_S
    while _is_running(child):
        assert time.monotonic() < end, "the child goes on"
        time.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - it may be gone
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_failures_are_warned_of_and_do_no_harm(
    runner: CommandRunner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = tmp_path / "plain"
    plain.write_text("not a program")
    for command in (["/not/there"], [str(plain)], ["false"], ["nul\0byte"]):
        runner.run(command, {})
    runner.run(touch(tmp_path / "last"), {})
    wait_for(tmp_path / "last")
    runner.stop(WAIT_S)
    assert "/not/there cannot be run" in caplog.text
    assert f"{plain} cannot be run" in caplog.text
    assert "false failed with exit code 1" in caplog.text
    assert "cannot be run: embedded null byte" in caplog.text


def test_stopping_waits_for_a_short_time_only(tmp_path: Path) -> None:
    runner = CommandRunner(max_running=1, limit_s=WAIT_S)
    runner.start()
    runner.run(touch(tmp_path / "done"), {})
    runner.run(["sleep", "60"], {})
    began = time.perf_counter()
    runner.stop(1.0)
    assert time.perf_counter() - began < 5.0
    assert (tmp_path / "done").exists()
    runner.stop(1.0)
    assert not runner.run(["true"], {}), "it is over"


def test_what_programs_print_is_not_on_the_standard_output(
    runner: CommandRunner, capfd: pytest.CaptureFixture[str]
) -> None:
    runner.run(["echo", "hello"], {})
    runner.stop(WAIT_S)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")
