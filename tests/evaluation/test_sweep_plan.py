from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from bgsub.config import Config, load_config, parse_set
from bgsub.errors import ConfigError
from bgsub.evaluation.sweep_file import MAX_CANDIDATES
from bgsub.evaluation.sweep_plan import SweepPlan, read_plan

Reader = Callable[..., SweepPlan]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    def reader(text: str, *sets: str) -> SweepPlan:
        path = tmp_path / "sweep.yaml"
        path.write_text(text)
        base = load_config("classic", [parse_set(one) for one in sets]).config
        return read_plan(path, base)

    return reader


def random_plan(keys: str, samples: int = 50, seed: int = 1) -> str:
    return f"method: random\nsamples: {samples}\nseed: {seed}\nkeys:\n  {keys}\n"


def values_of(plan: SweepPlan, key: str) -> list[float]:
    return [one.values[key] for one in plan.candidates[1:]]


def test_a_grid_is_all_combinations_after_the_one_it_begins_with(read: Reader) -> None:
    plan = read("keys: {mask.median_px: [3, 5], model.n_components: [2, 4]}")
    assert plan.keys == ("mask.median_px", "model.n_components")
    combinations = [tuple(one.values.values()) for one in plan.candidates]
    assert combinations == [(9, 3), (3, 2), (3, 4), (5, 2), (5, 4)]
    assert [one.number for one in plan.candidates] == list(range(5))
    for one in plan.candidates:
        pair = (one.config.mask.median_px, one.config.model.n_components)
        assert pair == tuple(one.values.values())


def test_what_it_begins_with_is_not_tried_twice(read: Reader) -> None:
    plan = read("keys: {mask.median_px: [5, 9, 5]}")
    assert values_of(plan, "mask.median_px") == [5]


def test_other_keys_keep_the_values_that_were_given(read: Reader) -> None:
    plan = read("keys: {mask.median_px: [5]}", "model.n_components=4", "mask.median_px=7")
    assert [one.config.mask.median_px for one in plan.candidates] == [7, 5]
    assert {one.config.model.n_components for one in plan.candidates} == {4}


def test_numbers_are_read_as_in_configurations(read: Reader) -> None:
    plan = read("keys: {model.learning_rate: [1e-3, 2e-3], model.time_constant_s: [null, 5]}")
    assert len(plan.candidates) == 4
    assert plan.candidates[-1].config.model.time_constant_s == 5.0


def test_a_random_search_is_the_same_for_the_same_seed(read: Reader) -> None:
    keys = "model.learning_rate: {low: 1e-4, high: 1e-2, log: true}"
    first, again, other = (read(random_plan(keys, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(first.candidates) == 51


def test_drawn_values_fill_their_range_and_do_not_leave_it(read: Reader) -> None:
    key = "model.background_threshold"
    values = values_of(read(random_plan(f"{key}: {{low: 0.5, high: 0.9}}", 200)), key)
    assert 0.5 <= min(values) < 0.52
    assert 0.88 < max(values) <= 0.9
    assert sum(value < 0.7 for value in values) == pytest.approx(100, abs=25)


def test_log_draws_as_many_in_each_decade(read: Reader) -> None:
    key = "model.learning_rate"
    plan = read(random_plan(f"{key}: {{low: 1e-4, high: 1e-2, log: true}}", 200))
    values = values_of(plan, key)
    assert all(1e-4 <= value <= 1e-2 for value in values)
    assert sum(value < 1e-3 for value in values) == pytest.approx(100, abs=25)


@pytest.mark.parametrize("log", ["", ", log: true"])
def test_whole_numbers_are_drawn_for_keys_that_take_no_other(read: Reader, log: str) -> None:
    key = "model.n_components"
    values = values_of(read(random_plan(f"{key}: {{low: 2, high: 5{log}}}")), key)
    assert sorted(values) == [2, 4, 5], "each once; 3 is what the sweep begins with"
    assert all(isinstance(value, int) for value in values)


def test_a_random_search_takes_from_lists_too_and_ends_when_nothing_is_new(
    read: Reader,
) -> None:
    plan = read(random_plan("mask.median_px: [3, 5, 9]\n  model.detect_shadows: [true]"))
    tried = {
        (one.config.mask.median_px, one.config.model.detect_shadows) for one in plan.candidates
    }
    assert tried == {(9, False), (3, True), (5, True), (9, True)}
    assert len(plan.candidates) == 4


def test_sequences_may_be_named(read: Reader) -> None:
    plan = read("keys: {mask.median_px: [5]}\nsequences: [a/b, c/d]")
    assert plan.sequences == ("a/b", "c/d")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "should hold keys"),
        ("[1, 2]", "should hold keys"),
        ("keys: {}", "keys: "),
        ("method: grid", "keys: is missing"),
        ("keys: {mask.median_px: [5]}\nmethods: grid", "methods: there is no such entry"),
        ("keys: {mask.median_px: [5]}\nmethod: bayes", "method: "),
        ("keys: {mask.median_px: [5]}\nsamples: 3", "samples: a grid tries all"),
        ("keys: {mask.median_px: [5]}\nmethod: random", "samples: should be"),
        ("keys: {mask.median_px: 5}", "mask.median_px: should be a list"),
        ("keys: {mask.median_px: []}", "mask.median_px: should be a list"),
        ("keys: {mask.median: [5]}", "did you mean median_px"),
        ("keys: {mask: [5]}", "mask: should be section.key"),
        ("keys: {model.n_components: {low: 2, high: 3}}", "for method: random"),
        ("keys: {events.merge_gap_s: [1, 2]}", "changes no mask"),
        ("keys: {run.threads: [1, 2]}", "changes no mask"),
        ("keys: {input.scale: [0.5]}", "changes the size"),
        (random_plan("model.learning_rate: {low: 1, high: 0.5}"), "high (0.5) should be above"),
        (random_plan("model.learning_rate: {low: 0, high: 1, log: true}"), "above 0"),
        (
            random_plan("model.learning_rate: {low: 0.1}"),
            "model.learning_rate.high: is missing",
        ),
        (random_plan("model.learning_rate: {low: .nan, high: 1}"), "learning_rate.low"),
        (random_plan("model.n_components: {low: 2, high: 50}"), "n_components: should be less"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(read: Reader, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert said in str(caught.value)
    assert "sweep.yaml" in str(caught.value)


def test_all_values_that_are_wrong_are_told_at_once(read: Reader) -> None:
    with pytest.raises(ConfigError) as caught:
        read("keys: {mask.median_px: [4, 5, 6], model.n_components: [0, 3]}")
    assert len(caught.value.problems) == 3
    assert all("sweep.yaml" not in problem for problem in caught.value.problems)


def test_a_grid_that_would_never_end_is_refused(read: Reader) -> None:
    side = math.isqrt(MAX_CANDIDATES) + 1
    rates = [round(0.001 + 0.0001 * n, 6) for n in range(side)]
    with pytest.raises(ConfigError, match="combinations, more than"):
        read(f"keys: {{model.learning_rate: {rates}, model.initial_weight: {rates}}}")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml", Config())
