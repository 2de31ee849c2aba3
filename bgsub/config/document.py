"""The configuration written out for people: template, table, effective values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel

from bgsub.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from pydantic.fields import FieldInfo

    from bgsub.config.load import LoadedConfig

__all__ = ["changed_yaml", "effective_yaml", "markdown_table", "template_yaml"]


def template_yaml() -> str:
    """Return a YAML file with every key at its default, each explained in a comment."""
    lines = [
        "# bgsub configuration: every key with its default.  Delete what you do not change.",
        "# Use it with --config FILE, and check it with: bgsub config check FILE",
    ]
    for section, model in _sections():
        lines += ["", f"# {_summary(model)}", f"{section}:"]
        for name, field in model.model_fields.items():
            lines += _explained(name, field, field.get_default(call_default_factory=True))
    return "\n".join(lines) + "\n"


def changed_yaml(config: Config, *, head: Sequence[str], leave_out: Container[str]) -> str:
    """Return a YAML file with the keys that are not at their defaults, each explained.

    Parameters
    ----------
    config : Config
        The values.
    head : sequence of str
        Lines of the comment at its beginning.
    leave_out : container of str
        Dotted paths that are not written.
    """
    lines = [f"# {line}" for line in head]
    for section, model in _sections():
        values = getattr(config, section)
        changed = [
            line
            for name, field in model.model_fields.items()
            if getattr(values, name) != field.get_default(call_default_factory=True)
            and f"{section}.{name}" not in leave_out
            for line in _explained(name, field, getattr(values, name))
        ]
        if changed:
            lines += ["", f"# {_summary(model)}", f"{section}:", *changed]
    if len(lines) == len(head):
        # A file without any key would be refused as empty.
        lines += ["", "model: {}"]
    return "\n".join(lines) + "\n"


def effective_yaml(loaded: LoadedConfig) -> str:
    """Return the effective values as YAML, each that is not a default with its origin."""
    lines: list[str] = []
    for section, model in _sections():
        lines.append(f"{section}:")
        # As records of a run hold them, without passwords.
        values = getattr(loaded.config, section).model_dump()
        for name in model.model_fields:
            text = f"  {name}: {_yaml(values[name])}"
            origin = _origin(loaded, f"{section}.{name}")
            lines.append(f"{text:<44} # {origin}")
    return "\n".join(lines) + "\n"


def markdown_table() -> str:
    """Return the table of all keys for the README, in Markdown."""
    rows = [
        "| key | default | meaning | raising it | OpenCV |",
        "| --- | --- | --- | --- | --- |",
    ]
    for section, model in _sections():
        for name, field in model.model_fields.items():
            extra = _extra(field)
            default = _yaml(field.get_default(call_default_factory=True))
            rows.append(
                f"| `{section}.{name}` | {default} | {field.description} "
                f"| {extra['raising']} | {extra['opencv']} |"
            )
    return "\n".join(rows) + "\n"


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Config.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield name, model


def _explained(name: str, field: FieldInfo, value: object) -> list[str]:
    raising = _extra(field)["raising"]
    return [
        f"  # {(field.description or '').rstrip('.')}{_limits(field)}.",
        *([f"  # Raising it: {raising}."] if raising else []),
        f"  {name}: {_yaml(value)}",
    ]


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _extra(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {"raising": "", "opencv": ""}


def _limits(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    found = [
        f"{word} {getattr(limit, name):g}"
        for limit in field.metadata
        for name, word in words.items()
        if getattr(limit, name, None) is not None
    ]
    return f" ({', '.join(found)})" if found else ""


def _yaml(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return json.dumps(value)
    if isinstance(value, str) and _reads_as_itself(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _reads_as_itself(text: str) -> bool:
    """Tell whether YAML takes a word for a word, without quotation marks."""
    try:
        return bool(yaml.safe_load(text) == text)
    except yaml.YAMLError:
        return False


def _origin(loaded: LoadedConfig, path: str) -> str:
    for key, origin in loaded.origins.items():
        if key == path or key.startswith(f"{path}."):
            return origin
    return "default"
