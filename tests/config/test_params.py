"""params.yaml is refused as a whole, with the key, what was expected and what was found."""

import json
from pathlib import Path
from typing import Any

import pytest

from pawtrace.config.errors import ParamsError
from pawtrace.config.params import load_params, merged
from tests.conftest import ROOT, WriteParams


def refusal(write_params: WriteParams, changes: dict[str, Any]) -> str:
    with pytest.raises(ParamsError) as error:
        write_params(changes)
    message = str(error.value)
    assert "\n" not in message
    return message


def every_key(content: dict[str, Any], prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    keys = []
    for key, value in content.items():
        keys.append((*prefix, key))
        if isinstance(value, dict) and key != "classes":
            keys += every_key(value, (*prefix, key))
    return keys


def nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {path[0]: nested(path[1:], value) if len(path) > 1 else value}


KEYS = [
    path
    for path in every_key(load_params(ROOT / "params.yaml").model_dump())
    if path[0] != "recipes" and path[-1] != "early_stopping"
]


@pytest.mark.parametrize("profile", sorted((ROOT / "profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_profile_is_accepted(profile: Path) -> None:
    assert load_params(profile).recipes


def test_the_committed_params_are_the_sample_profile() -> None:
    assert (ROOT / "params.yaml").read_text() == (ROOT / "profiles/sample.yaml").read_text()


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_every_misspelt_key_is_refused_by_its_path(write_params: WriteParams, path: tuple[str, ...]) -> None:
    misspelt = (*path[:-1], path[-1] + path[-1][-1])
    message = refusal(write_params, nested(misspelt, 1))
    assert f"{'.'.join(misspelt)}: unknown key" in message
    assert f"did you mean {path[-1]}?" in message


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_every_key_refuses_a_value_of_the_wrong_type(
    write_params: WriteParams, path: tuple[str, ...]
) -> None:
    message = refusal(write_params, nested(path, [[]]))
    assert ".".join(path) in message
    assert "expected" in message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.sample_size", 3),
        ("data.limits.max_compression_ratio", 1.0),
        ("data.archive_sha256", "abc"),
        ("data.classes", {"Cat": "cat"}),
        ("split.seed", -1),
        ("split.fractions", {"train": 0.7, "validation": 0.2, "test": 0.2}),
        ("split.fractions", {"train": 1.0, "validation": 0.0, "test": 0.0}),
        ("split.near_duplicate_distance", 300),
        ("preprocess.image_size_px", 0),
        ("preprocess.jpeg_quality", 101),
        ("preprocess.examples_per_shard", 0),
        ("train.learning_rate", "1e-4"),
        ("train.learning_rate", 0.0),
        ("train.learning_rate", float("nan")),
        ("train.batch_size", 0),
        ("train.batch_size", 32.0),
        ("train.device", "tpu"),
        ("train.precision", "float64"),
        ("train.backbone", "vgg19"),
        ("train.head.dropout", 1.0),
        ("train.phases", []),
        ("train.phases", [{"trainable": "all", "num_epochs": 0}]),
        ("train.image_size_px", 512),
        ("evaluate.calibration_bins", 1),
        ("recipes", {}),
    ],
)
def test_an_impossible_value_is_refused(write_params: WriteParams, path: str, value: Any) -> None:
    keys = path.split(".")
    content = write_params().model_dump(mode="json")
    section = content
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] = value
    Path("params.yaml").write_text(json.dumps(content).replace("NaN", ".nan"))  # else, JSON is YAML
    with pytest.raises(ParamsError, match="expected") as error:
        load_params()
    assert keys[-1] in str(error.value)
    assert "\n" not in str(error.value)


def test_a_quoted_number_is_refused_and_an_unquoted_one_means_what_dvc_reads(
    write_params: WriteParams, project: Path
) -> None:
    write_params()
    path = project / "params.yaml"
    text = path.read_text()
    assert "learning_rate: 0.0005" in text
    path.write_text(text.replace("learning_rate: 0.0005", "learning_rate: 1e-4"))
    assert load_params().train.learning_rate == 0.0001
    path.write_text(text.replace("learning_rate: 0.0005", "learning_rate: '1e-4'"))
    with pytest.raises(ParamsError, match="train.learning_rate: .*number, found '1e-4' \\(str\\)"):
        load_params()


def test_fractions_that_do_not_add_up_are_refused_with_their_sum(write_params: WriteParams) -> None:
    message = refusal(write_params, {"split": {"fractions": {"train": 0.5}}})
    assert message == "params.yaml: split.fractions: expected train + validation + test to be 1, found 0.8"


def test_a_missing_key_and_a_missing_file_are_named(project: Path) -> None:
    with pytest.raises(ParamsError, match=r"params.yaml is missing; run: git checkout params.yaml"):
        load_params()
    (project / "params.yaml").write_text("data: {}\n")
    with pytest.raises(ParamsError, match=r"params.yaml: data.source: expected a value, found none"):
        load_params()


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "", "- 1\n", "\tx"])
def test_what_is_not_a_mapping_in_yaml_is_refused_in_one_line(project: Path, text: str) -> None:
    (project / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match="params.yaml: ") as error:
        load_params()
    assert "\n" not in str(error.value)


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


def test_merging_leaves_its_arguments_alone() -> None:
    base = {"a": {"b": 1}, "c": [1]}
    assert merged(base, {"a": {"d": 2}, "c": [3]}) == {"a": {"b": 1, "d": 2}, "c": [3]}
    assert base == {"a": {"b": 1}, "c": [1]}
