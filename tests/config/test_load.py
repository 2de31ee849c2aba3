"""Loading: precedence, origins, and every mistake named at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bgsub.config import (
    Config,
    Override,
    config_names,
    find_config,
    load_config,
    parse_set,
)
from bgsub.config.document import template_yaml
from bgsub.errors import ConfigError

_OWN = ("scale", "image_fps", "start_s")


def _write(folder: Path, text: str) -> str:
    path = folder / "scene.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_defaults_load_without_a_file():
    loaded = load_config()
    assert loaded.config == Config()
    assert loaded.origins == {}


@pytest.mark.parametrize("name", config_names())
def test_every_installed_configuration_loads(name: str):
    assert load_config(name).origins


def test_a_configuration_is_found_by_name_before_path():
    assert find_config("classic").name == "classic.yaml"


def test_command_line_wins_over_file_and_file_over_default(tmp_path: Path):
    path = _write(tmp_path, "model: {n_components: 4, match_sigmas: 3.0}\n")
    loaded = load_config(path, [parse_set("model.n_components=5")])
    assert loaded.config.model.n_components == 5
    assert loaded.config.model.match_sigmas == 3.0
    assert loaded.config.model.background_threshold == 0.7
    assert loaded.origins == {
        "model.n_components": "--set model.n_components=5",
        "model.match_sigmas": path,
    }


def test_numbers_may_be_written_without_a_point():
    assert (
        load_config(None, [parse_set("model.learning_rate=1e-3")]).config.model.learning_rate
        == 1e-3
    )


def test_the_last_set_wins():
    sets = [parse_set("run.threads=1"), parse_set("run.threads=2")]
    assert load_config(None, sets).config.run.threads == 2


def test_all_mistakes_are_named_at_once(tmp_path: Path):
    text = "model: {n_components: 9, learning_rat: 0.1}\nmask: {median_px: 4}\nevent: {}\n"
    with pytest.raises(ConfigError) as caught:
        load_config(_write(tmp_path, text))
    problems = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    assert "model.n_components: should be less than or equal to 8, not 9" in problems
    assert "model.learning_rat: there is no such key; did you mean learning_rate?" in problems
    assert "mask.median_px: should be odd" in problems
    assert "event: there is no such key; did you mean events?" in problems


def test_a_key_in_the_wrong_section_is_pointed_to_the_right_one(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"did you mean model\.learning_rate"):
        load_config(_write(tmp_path, "learning_rate: 0.1\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("# only a comment\n", "it is empty"),
        ("- model\n- mask\n", "it holds a list"),
        ("model", "it holds a single value"),
        ("model: [unclosed\n", "line 2"),
        ("model: {n_components: 3}\nmodel: {n_components: 4}\n", "given twice"),
        ("model: {learning_rate: yes}\n", "should be a valid number, not true"),
        ("model: {learning_rate: '0.01'}\n", 'should be a valid number, not "0.01"'),
        ("model: {learning_rate: .nan}\n", "should be a finite number"),
        ("model: 3\n", "model: should be a section, not 3"),
        ("model: {n_components: 2.5}\n", "should be a valid integer"),
        ("input: {start_s: 5.0, end_s: 5.0}\n", "should be after"),
        ("regions: {include: [[[0, 0], [1, 1]]]}\n", "at least 3 points"),
        ("1: 2\n", "1: there is no such key"),
        ("model: {1: 2}\n", "model.1: there is no such key"),
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path: Path, text: str, message: str):
    with pytest.raises(ConfigError) as caught:
        load_config(_write(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ConfigError, match="no text file"):
        load_config(str(path))


def test_a_missing_file_names_the_installed_configurations(tmp_path: Path):
    with pytest.raises(ConfigError, match="classic"):
        load_config(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("argument", ["model.n_components", "=3", "run.threads=[1"])
def test_a_bad_set_is_an_error(argument: str):
    with pytest.raises(ConfigError, match="--set"):
        parse_set(argument)


def test_a_bad_value_tells_the_set_it_came_from(tmp_path: Path):
    path = _write(tmp_path, "model: {n_components: 4}\n")
    with pytest.raises(ConfigError, match=r"from --set model\.n_components=many"):
        load_config(path, [parse_set("model.n_components=many")])


def test_a_set_below_a_value_is_an_error():
    with pytest.raises(ConfigError, match=r"model\.n_components"):
        load_config(None, [parse_set("model.n_components.deeper=1")])


def test_the_template_is_the_defaults(tmp_path: Path):
    assert load_config(_write(tmp_path, template_yaml())).config == Config()


@given(
    n_components=st.integers(1, 8),
    rate=st.floats(0, 1, allow_nan=False),
    end=st.none() | st.floats(0.5, 1e6),
)
def test_what_is_dumped_loads_again(n_components: int, rate: float, end: float | None):
    sets = [
        f"model.n_components={n_components}",
        f"model.learning_rate={rate!r}",
        f"input.end_s={'null' if end is None else repr(end)}",
    ]
    config = load_config(None, [parse_set(text) for text in sets]).config
    assert Config.model_validate_json(config.model_dump_json()) == config
    assert (config.model.n_components, config.input.end_s) == (n_components, end)


def test_defaults_of_a_command_yield_to_the_file_and_to_overrides(tmp_path: Path):
    own = [Override(path=("input", key), value=1 / 4, origin="bgsub x") for key in _OWN]
    name = _write(tmp_path, "input:\n  scale: 0.5\n")
    loaded = load_config(name, [parse_set("input.image_fps=9")], defaults=own)
    part = loaded.config.input
    assert (part.scale, part.image_fps, part.start_s) == (0.5, 9.0, 0.25)
    assert loaded.origins["input.start_s"] == "bgsub x"
    assert loaded.origins["input.scale"] == name
    assert load_config(None, defaults=own).config.input.scale == 0.25


def test_defaults_of_a_command_do_not_mend_a_wrong_file(tmp_path: Path):
    own = [Override(path=("input", "scale"), value=0.25, origin="bgsub x")]
    with pytest.raises(ConfigError, match="input"):
        load_config(_write(tmp_path, "input: 3\n"), defaults=own)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["model", "mask", "n_components", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_whatever_yaml_holds_the_only_error_is_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, value: object
):
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    try:
        load_config(str(path))
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - the point is that no other error comes


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &a [1, 2]\nb: [*a, *a]\n", "line 2: aliases (*name) are not taken"),
        ("model: &a {n_components: *a}\n", "line 1: aliases (*name) are not taken"),
        ("model: {n_components: 2001-99-99}\n", "it holds no possible value: month"),
        (f"model: {{n_components: {'9' * 5000}}}\n", "it holds no possible value"),
        ("- " * 5000, "it is nested too deeply"),
        ("#" * 1_000_001, "it is too large for a configuration"),
    ],
)
def test_a_hostile_file_is_refused_at_once(tmp_path: Path, text: str, problem: str):
    with pytest.raises(ConfigError) as caught:
        load_config(_write(tmp_path, text))
    assert caught.value.problems[0].startswith(problem)


def test_a_hostile_value_is_refused_and_not_repeated_at_length():
    with pytest.raises(ConfigError) as caught:
        parse_set("run.threads=" + "[" * 5000)
    assert len(str(caught.value)) < 200


def test_a_name_too_long_for_a_file_is_no_configuration():
    with pytest.raises(ConfigError, match="there is no such file"):
        find_config("x" * 300)


def test_what_the_model_would_refuse_is_no_good_configuration():
    with pytest.raises(ConfigError, match=r"match_sigmas: should be less than 1000"):
        load_config(None, [parse_set("model.match_sigmas=1e9")])
