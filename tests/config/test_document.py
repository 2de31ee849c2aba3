"""What is written for people is made from the schema, and says all of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import yaml

from bgsub.config import Config, load_config, parse_set
from bgsub.config.document import effective_yaml, markdown_table, template_yaml
from bgsub.config.schema import ModelConfig
from bgsub.mixture.params import MixtureParams

_ROOT = Path(__file__).parents[2]


def _keys() -> list[str]:
    return [f"{s}.{k}" for s, inner in Config().model_dump().items() for k in inner]


def test_core_parameters_and_configuration_have_the_same_names_and_defaults():
    assert dataclasses.asdict(MixtureParams()) == ModelConfig().model_dump()


def test_values_reach_the_core():
    config = load_config(None, [parse_set("model.n_components=7")]).config
    assert config.model.to_params() == MixtureParams(n_components=7)


def test_every_key_has_a_meaning():
    for section in Config().model_dump():
        model = type(getattr(Config(), section))
        for name, field in model.model_fields.items():
            assert field.description, name
            assert field.description.endswith("."), name


def test_the_table_has_every_key():
    table = markdown_table()
    assert all(f"| `{key}` |" in table for key in _keys())


def test_the_readme_holds_the_table():
    assert markdown_table() in (_ROOT / "README.md").read_text(encoding="utf-8")


def test_the_template_has_every_key():
    values = yaml.safe_load(template_yaml())
    assert sorted(f"{s}.{k}" for s, inner in values.items() for k in inner) == sorted(_keys())


def test_effective_values_are_yaml_and_name_their_origin():
    text = effective_yaml(
        load_config("classic", [parse_set("regions.exclude=[[[0,0],[1,0],[1,1]]]")])
    )
    values = yaml.safe_load(text)
    assert values["model"]["warmup_frames"] == 0
    assert values["regions"]["exclude"] == [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]]
    of_clips = text.partition("segmentation:")[0]
    lines = {line.split(":")[0].strip(): line for line in of_clips.splitlines()}
    assert lines["warmup_frames"].endswith("classic.yaml")
    assert lines["exclude"].endswith("# --set regions.exclude=[[[0,0],[1,0],[1,1]]]")
    assert lines["n_components"].endswith("classic.yaml")
    assert lines["threads"].endswith("# default")
