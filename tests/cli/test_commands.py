"""The program as a whole: help, version, configurations, and the last resorts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

import bgsub
from bgsub.cli import commands
from bgsub.config import config_names
from tests.cli._run import run

_ROOT = Path(__file__).parents[2]
_COMMANDS = (
    "process",
    "scan",
    "live",
    "evaluate",
    "bench",
    "synth",
    "segment",
    "study",
    "demo",
    "config",
)
_PARTS = {"config": ("show", "check", "init"), "demo": ("em-1d", "em-2d")}


def test_all_public_names_can_be_had():
    assert sorted(bgsub.__all__) == bgsub.__all__
    assert all(getattr(bgsub, name) is not None for name in bgsub.__all__)
    assert set(bgsub.__all__) <= set(dir(bgsub))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bgsub.nothing  # noqa: B018 - asking is the test


def test_importing_the_package_loads_nothing_heavy():
    heavy = "{'numba', 'cv2', 'av', 'pydantic'}"
    code = f"import bgsub, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_module_is_the_program():
    command = [sys.executable, "-m", "bgsub", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"bgsub {bgsub.__version__}"


def test_the_version_is_that_of_the_project():
    assert f'version = "{bgsub.__version__}"' in (_ROOT / "pyproject.toml").read_text()
    assert f"[{bgsub.__version__}]" in (_ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_explains_itself_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
):
    for name in _PARTS.get(command, ("",)):
        words = [word for word in (command, name) if word]
        outcome = run(capsys, *words, "--help")
        assert outcome.code == 0
        assert f"bgsub {' '.join(words)}" in outcome.out
        assert "Example" in outcome.out


@pytest.mark.parametrize("command", _COMMANDS)
def test_the_readme_tells_of_every_command(command: str):
    assert f"bgsub {command}" in (_ROOT / "README.md").read_text(encoding="utf-8")


def test_every_option_of_the_readme_exists(capsys: pytest.CaptureFixture[str]):
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", readme))
    helps = "".join(
        run(capsys, command, *([part] if part else []), "--help").out
        for command in _COMMANDS
        for part in ("", *_PARTS.get(command, ()))
    )
    helps += run(capsys, "--help").out
    assert {o for o in options if o not in helps} == set()


def test_config_show_prints_values_and_origins(capsys: pytest.CaptureFixture[str]):
    outcome = run(capsys, "config", "show", "--config", "classic", "--set", "run.threads=2")
    assert outcome.code == 0
    assert yaml.safe_load(outcome.out)["model"]["warmup_frames"] == 0
    assert "# --set run.threads=2" in outcome.out


@pytest.mark.parametrize("name", config_names())
def test_config_check_finds_installed_configurations_good(
    name: str, capsys: pytest.CaptureFixture[str]
):
    assert run(capsys, "config", "check", name).code == 0


def test_config_init_writes_a_template_that_checks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "yard.yaml"
    assert run(capsys, "config", "init", path).code == 0
    assert run(capsys, "config", "check", path).code == 0
    assert run(capsys, "config", "init").out == path.read_text(encoding="utf-8")


def test_config_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "yard.yaml"
    path.write_text("precious")
    outcome = run(capsys, "config", "init", path)
    assert outcome.code == 2
    assert outcome.is_one_sentence, outcome.err
    assert path.read_text() == "precious"
    outcome = run(capsys, "config", "init", tmp_path / "none" / "yard.yaml")
    assert outcome.code == 1
    assert outcome.is_one_sentence, outcome.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), 1),
        (RuntimeError("odd"), 1),
        (RuntimeError("Failed to allocate 99 bytes"), 1),
        (OSError(13, "Permission denied", "x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_even_what_nobody_foresaw_is_one_sentence(
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    broken = typer.Typer()

    @broken.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(commands, "program", lambda _: broken)
    outcome = run(capsys)
    assert outcome.code == code
    assert "Traceback" not in outcome.err
    if code == 1:
        assert outcome.is_one_sentence, outcome.err
