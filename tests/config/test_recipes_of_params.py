"""A recipe's params: what it overrides, what it builds on, and what is refused."""

from typing import Any

import pytest

from pawtrace.base.errors import ParamsError
from pawtrace.config.params import merged
from tests.config.refusal import refusal
from tests.conftest import WriteParams


def test_a_recipe_overrides_the_baseline_key_by_key(write_params: WriteParams) -> None:
    overrides = {"train": {"head": {"dropout": 0.5}, "phases": [{"trainable": "none", "num_epochs": 2}]}}
    params = write_params({"recipes": {"mine": {"question": "?", "overrides": overrides}}})
    mine, baseline = params.recipe("mine").train, params.train
    assert mine.head.dropout == 0.5
    assert mine.head.units == baseline.head.units
    assert [phase.trainable for phase in mine.phases] == ["none"]
    assert mine.model_copy(update={"head": baseline.head, "phases": baseline.phases}) == baseline


def test_a_wrong_override_is_refused_by_its_path_before_anything_is_trained(
    write_params: WriteParams,
) -> None:
    overrides = {"train": {"batch_sise": 8}}
    message = refusal(write_params, {"recipes": {"mine": {"question": "?", "overrides": overrides}}})
    assert message == (
        "params.yaml: recipes.mine.overrides.train.batch_sise: unknown key; did you mean batch_size?"
    )


def test_an_unknown_recipe_is_refused_with_the_known_ones(write_params: WriteParams) -> None:
    with pytest.raises(
        ParamsError, match="no such recipe; did you mean from_scratch.*there are: from_scratch"
    ):
        write_params().recipe("from_scrach")


def rung(builds_on: str | None = None, **overrides: dict[str, Any]) -> dict[str, Any]:
    return {"question": "?", "builds_on": builds_on, "overrides": overrides}


def test_a_recipe_inherits_along_the_whole_chain_and_the_nearest_wins(write_params: WriteParams) -> None:
    recipes = {
        "low": rung(train={"head": {"dropout": 0.1, "l2": 0.1}}, evaluate={"num_bootstrap": 200}),
        "middle": rung("low", train={"head": {"dropout": 0.2}}),
        "high": rung("middle", train={"batch_size": 8}),
    }
    params = write_params({"recipes": recipes})
    high = params.recipe("high")
    assert params.lineage("high") == ["low", "middle", "high"]
    assert (high.train.head.l2, high.train.head.dropout, high.train.batch_size) == (0.1, 0.2, 8)
    assert high.evaluate.num_bootstrap == 200
    assert params.recipe("low").train.batch_size == params.train.batch_size


def test_building_on_no_recipe_is_refused_with_the_nearest(write_params: WriteParams) -> None:
    message = refusal(write_params, {"recipes": {"mine": rung("from_scrach")}})
    assert message.startswith(
        "params.yaml: recipes.mine.builds_on: no such recipe; did you mean from_scratch?; there are: "
    )


def test_building_in_a_circle_is_refused_with_the_circle(write_params: WriteParams) -> None:
    message = refusal(write_params, {"recipes": {"a": rung("b"), "b": rung("a")}})
    assert message == "params.yaml: recipes.b.builds_on: expected no cycle, found a -> b -> a"


def test_an_override_that_is_wrong_only_on_top_of_another_is_refused(write_params: WriteParams) -> None:
    recipes = {
        "normalized": rung(train={"batch_normalization": True}),
        "pretrained": rung("normalized", train={"weights": "imagenet"}),
    }
    message = refusal(write_params, {"recipes": recipes})
    assert message.startswith(
        "params.yaml: recipes.pretrained.overrides.train.batch_normalization: expected false"
    )


def test_test_time_augmentation_needs_augmentation(write_params: WriteParams) -> None:
    mine = rung(evaluate={"tta_views": 4})
    assert write_params({"recipes": {"mine": mine}}).recipe("mine").evaluate.tta_views == 4
    message = refusal(write_params, {"recipes": {"mine": mine}, "train": {"augmentation": []}})
    assert message == (
        "params.yaml: recipes.mine.overrides.evaluate.tta_views: expected 1, because train.augmentation is "
        "empty, so all views are equal, found 4"
    )


def test_merging_leaves_its_arguments_alone() -> None:
    base = {"a": {"b": 1}, "c": [1]}
    assert merged(base, {"a": {"d": 2}, "c": [3]}) == {"a": {"b": 1, "d": 2}, "c": [3]}
    assert base == {"a": {"b": 1}, "c": [1]}
