"""From files and overrides to one validated configuration, with every mistake named.

Precedence: command line, then file, then the defaults of the schema.
"""

from __future__ import annotations

import difflib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from bgsub.addresses import without_secrets
from bgsub.config.schema import Config
from bgsub.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

__all__ = [
    "LoadedConfig",
    "Override",
    "config_names",
    "find_config",
    "load_config",
    "parse_set",
    "read_yaml",
]


_SET = "--set"
# Every key with its comment takes less than a tenth of this.
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One value from the command line.

    Attributes
    ----------
    path : tuple of str
        The key, section first.
    value : object
        Its value, as YAML would read it.
    origin : str
        The option it came from, for messages and ``config show``.
    """

    path: tuple[str, ...]
    value: object
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """A configuration and where each of its values came from.

    Attributes
    ----------
    config : Config
        The validated values.
    origins : mapping of str to str
        Dotted path to origin, for the values that are not defaults.
    """

    config: Config
    origins: Mapping[str, str]


class _Loader(yaml.SafeLoader):
    """A safe loader that reads ``1e-3`` as a number, and refuses a key given twice.

    Aliases are refused too: a few lines of them stand for more values than memory holds, or
    for a value within itself.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            problem = "aliases (*name) are not taken; write the value out"
            raise yaml.composer.ComposerError(
                None, None, problem, self.current_event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                problem = f"the key {key!r} is given twice"
                raise yaml.constructor.ConstructorError(
                    None, None, problem, key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 takes numbers without a point, such as 1e-3, for text; YAML 1.2 and people do not.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _config_folder() -> Path:
    package = Path(__file__).parents[1]
    installed = package / "configs"
    # A checkout installed in editable mode keeps the files beside the package.
    return installed if installed.is_dir() else package.parent / "configs"


def config_names() -> tuple[str, ...]:
    """Return the names of the configurations installed with the package, sorted."""
    return tuple(sorted(p.stem for p in _config_folder().glob("*.yaml")))


def find_config(name_or_path: str) -> Path:
    """Return the file that a ``--config`` argument stands for.

    Parameters
    ----------
    name_or_path : str
        The name of an installed configuration, such as ``classic``, or a path.

    Raises
    ------
    ConfigError
        If there is neither such a name nor such a file.
    """
    if name_or_path in config_names():
        return _config_folder() / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    # A name too long for the file system is no file either.
    with suppress(OSError):
        if path.is_file():
            return path
    names = ", ".join(config_names())
    problem = f"there is no such file, and no configuration of that name (there are {names})"
    raise ConfigError(name_or_path, [problem])


def parse_set(argument: str) -> Override:
    """Read one ``--set`` argument, ``section.key=value``; the value is read as YAML.

    Raises
    ------
    ConfigError
        If the argument has no ``=`` or its value is no YAML.
    """
    key, sign, text = argument.partition("=")
    if not sign or not key.strip():
        raise ConfigError(_SET, [f"{argument!r} should be section.key=value"])
    try:
        value = _parse(text)
    except yaml.YAMLError as error:
        problem = f"{key.strip()}: {_shown(text)} is not a YAML value"
        raise ConfigError(_SET, [problem]) from error
    # Where a value comes from is shown: not with a password in it.
    origin = f"--set {key}={without_secrets(text)}"
    return Override(path=tuple(key.strip().split(".")), value=value, origin=origin)


def load_config(
    name_or_path: str | None = None,
    overrides: Sequence[Override] = (),
    *,
    defaults: Sequence[Override] = (),
) -> LoadedConfig:
    """Load a configuration.

    Parameters
    ----------
    name_or_path : str or None
        A name or path as for :func:`find_config`; None takes the defaults.
    overrides : sequence of Override
        Values that win over the file's; later ones win over earlier ones.
    defaults : sequence of Override
        A command's own defaults: they win over the schema's, and the file's over them.

    Returns
    -------
    LoadedConfig
        The values and their origins.

    Raises
    ------
    ConfigError
        With all mistakes of the file and the overrides at once.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    where = "configuration"
    if name_or_path is not None:
        path = find_config(name_or_path)
        where = str(path)
        values = _read_config(path)
        origins = dict.fromkeys(_leaves(values), str(path))
    for default in defaults:
        if _is_free(values, default.path):
            _put(values, default)
            origins[".".join(default.path)] = default.origin
    for override in overrides:
        _put(values, override)
        dotted = ".".join(override.path)
        origins = {k: v for k, v in origins.items() if not k.startswith(f"{dotted}.")}
        origins[dotted] = override.origin
    try:
        config = Config.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        problems = [_explain(detail, origins, where) for detail in error.errors()]
        raise ConfigError(_blame(where, overrides, name_or_path), problems) from error
    return LoadedConfig(config=config, origins=origins)


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - YAML is anything
    """Return what a YAML file holds, with ``1e-3`` as a number; None if it is empty.

    Raises
    ------
    ConfigError
        If it cannot be read, is no YAML, gives a key twice, or holds aliases.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(str(path), ["it is too large for a configuration"])
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), ["it is no text file (UTF-8)"]) from error
    except OSError as error:
        raise ConfigError(str(path), [f"it cannot be read: {error.strerror}"]) from error
    try:
        return _parse(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        what = getattr(error, "problem", None) or "it is not valid YAML"
        raise ConfigError(str(path), [f"{place}{what}"]) from error


def _read_config(path: Path) -> dict[str, Any]:
    values = read_yaml(path)
    if values is None:
        raise ConfigError(str(path), ["it is empty; leave --config out to use the defaults"])
    if not isinstance(values, dict):
        kind = "a list" if isinstance(values, list) else "a single value"
        sections = ", ".join(Config.model_fields)
        raise ConfigError(str(path), [f"it holds {kind}, but should have sections: {sections}"])
    return values


def _parse(text: str) -> Any:  # noqa: ANN401 - YAML is anything
    """Read YAML; whatever is wrong with it is a YAMLError."""
    try:
        return yaml.load(text, _Loader)
    except RecursionError as error:
        raise yaml.MarkedYAMLError(problem="it is nested too deeply") from error
    except ValueError as error:
        # Python's own types refuse what has the form of a date or a number.
        raise yaml.MarkedYAMLError(problem=f"it holds no possible value: {error}") from error


def _leaves(values: Mapping[Any, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _put(values: dict[str, Any], override: Override) -> None:
    *sections, key = override.path
    place = values
    for section in sections:
        inner = place.get(section)
        if not isinstance(inner, dict):
            inner = {}
            place[section] = inner
        place = inner
    place[key] = override.value


def _is_free(values: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Tell whether the file leaves the value at `path` to the defaults."""
    place: Any = values
    for name in path:
        if not isinstance(place, dict):
            return False
        if name not in place:
            return True
        place = place[name]
    return False


def _blame(where: str, overrides: Sequence[Override], name: str | None) -> str:
    return where if name is not None or not overrides else "command line"


def _explain(detail: ErrorDetails, origins: Mapping[str, str], where: str) -> str:
    path = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        text = f"{path}: there is no such key{_nearest(detail['loc'])}"
    elif detail["type"] == "value_error":
        text = f"{path}: {detail['ctx']['error']}" if path else str(detail["ctx"]["error"])
    elif detail["type"].startswith("too_short"):
        text = f"{path}: should have at least {detail['ctx']['min_length']} points"
    else:
        message = detail["msg"].removeprefix("Input should be ")
        # JSON's words, which a reader of YAML need not know.
        message = {"an object": "a section", "a valid array": "a list"}.get(message, message)
        text = f"{path}: should be {message}, not {_shown(detail['input'])}"
    origin = next(
        (v for k, v in origins.items() if path == k or path.startswith(f"{k}.")), None
    )
    return text if origin in (None, where) else f"{text} (from {origin})"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


def _nearest(loc: tuple[int | str, ...]) -> str:
    """Suggest the valid name nearest to the last part of a path."""
    section: type[BaseModel] = Config
    for part in loc[:-1]:
        inner = section.model_fields[str(part)].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ""
        section = inner
    wrong = str(loc[-1])
    near = difflib.get_close_matches(wrong, section.model_fields, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    if section is Config:
        for name, field in Config.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and wrong in getattr(inner, "model_fields", {}):
                return f"; did you mean {name}.{wrong}?"
    return f"; there are {', '.join(section.model_fields)}"
