"""params.yaml is refused as a whole, with the key, what was expected and what was found."""

import json
from pathlib import Path
from typing import Any

import pytest

from pawtrace.base.errors import ParamsError
from pawtrace.config.params import load_params
from tests.config.refusal import refusal
from tests.conftest import PARAMS, WriteParams


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
    for path in every_key(load_params(PARAMS).model_dump())
    if path[0] != "recipes" and path[-1] != "early_stopping"
]

KEYS_OF_RECIPES = [("recipes", "from_scratch", key) for key in ("question", "overrides", "cures")] + [
    ("recipes", "from_scratch", "overrides", key) for key in ("train", "evaluate")
]


@pytest.mark.parametrize("path", KEYS_OF_RECIPES + KEYS, ids=".".join)
def test_every_misspelt_key_is_refused_by_its_path(write_params: WriteParams, path: tuple[str, ...]) -> None:
    content = write_params().model_dump(mode="json")
    section = content
    for key in path[:-1]:
        section = section[key]
    misspelt = path[-1] + path[-1][-1]
    section[misspelt] = section.pop(path[-1])  # so the right key is missing as well
    Path("params.yaml").write_text(json.dumps(content))  # which is YAML
    with pytest.raises(ParamsError) as error:
        load_params()
    assert f"{'.'.join((*path[:-1], misspelt))}: unknown key" in str(error.value)
    assert f"did you mean {path[-1]}?" in str(error.value)
    assert "more)" not in str(error.value)  # the right key, which is missing, is no second mistake


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
        ("data.archive", ""),  # else the whole project would be read
        ("data.archive", "s3://pets/photos.zip"),
        ("data.archive_sha256", "abc"),
        ("data.classes", {"Cat": "cat"}),
        ("data.classes", {"K\u00e4tzchen": "cat", "Ka\u0308tzchen": "cat", "Dog": "dog"}),  # one name, twice
        ("data.label_pattern", {"cat": "cat"}),
        ("data.label_pattern", {"cat": "(cat", "dog": "dog"}),
        ("data.given_splits.a", "train"),
        ("data.follow_links", "yes"),
        ("data.limits.max_files", 0),
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
        ("train.num_seeds", 0),
        ("train.num_views", 1_000_000_000),
        ("train.xla", "sometimes"),
        ("train.batch_size", 10**12),
        ("train.head.units", [10**12]),
        ("train.head.units", [10**6, 10**6]),
        ("train.head.units", [10**30]),
        ("train.weights", ""),
        ("train.weights", "a\0b.h5"),
        ("train.weights", "x" * 300),
        ("train.backbone", "two\nlines.keras"),
        ("data.archive", "x/" * 600),
        ("train.phases", [{"trainable": "all", "num_epochs": 10**400}]),
        ("train.augmentation", [{"name": "Rotate", "arguments": {"limit": [float("nan"), 1]}}]),
        ("train.mixup_alpha", -0.1),
        ("train.label_smoothing", 1.0),
        ("train.schedule.warmup_epochs", -1.0),
        ("train.schedule.decay", "linear"),
        ("train.layerwise_decay", 0.0),
        ("train.ema_momentum", 1.0),
        ("probe.num_examples", 1),
        ("evaluate.tta_views", 0),
        ("diagnose.noise_confidence", 0.4),
        ("recipes.from_scratch.cures", ["boredom"]),
        ("recipes.from_scratch.tests_claim", {"sentence": "It helps.", "holds_if": "better"}),
        ("recipes.from_scratch_normalized.tests_claim", {"sentence": "It helps.", "holds_if": "good"}),
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


def test_a_head_that_no_machine_holds_is_named_with_its_weights_and_bytes(write_params: WriteParams) -> None:
    message = refusal(write_params, {"train": {"head": {"units": [10**12]}}})
    assert message.startswith("params.yaml: train.head.units: expected a head that fits ")
    assert "3,000,000,000,001 weights" in message
    assert "60,000 GB" in message
    assert "batch_size" not in message


def test_an_ordinary_head_is_counted_as_keras_counts_it(write_params: WriteParams) -> None:
    head = write_params({"train": {"head": {"units": [1024, 256]}}}).train.head
    assert head.num_weights(512) == (512 + 1) * 1024 + (1024 + 1) * 256 + (256 + 1)


@pytest.mark.parametrize("key", ['"two\\nlines"', "5", "null", "2026-01-31", "[a]", "x" * 1000])
def test_a_key_that_is_no_word_stays_in_the_line(write_params: WriteParams, project: Path, key: str) -> None:
    write_params()
    path = project / "params.yaml"
    path.write_text(f"? {key}\n: 1\n" + path.read_text())
    with pytest.raises(ParamsError, match=r"^params\.yaml: ") as error:
        load_params()
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


def test_a_quoted_number_is_refused_and_an_unquoted_one_means_what_dvc_reads(
    project: Path,
) -> None:
    path, text = project / "params.yaml", PARAMS.read_text()
    assert "learning_rate: 0.001" in text
    path.write_text(text.replace("learning_rate: 0.001", "learning_rate: 1e-4"))
    assert load_params().train.learning_rate == 0.0001
    path.write_text(text.replace("learning_rate: 0.001", "learning_rate: '1e-4'"))
    with pytest.raises(ParamsError, match="train.learning_rate: .*number, found '1e-4' \\(str\\)"):
        load_params()


def test_fractions_that_do_not_add_up_are_refused_with_their_sum(write_params: WriteParams) -> None:
    message = refusal(write_params, {"split": {"fractions": {"train": 0.5}}})
    assert message == "params.yaml: split.fractions: expected train + validation + test to be 1, found 0.8"


def test_a_missing_key_and_a_missing_file_are_named(project: Path) -> None:
    with pytest.raises(ParamsError, match="found none; run the command in the project's folder"):
        load_params()
    (project / "dvc.yaml").write_text("")
    with pytest.raises(ParamsError, match=r"params.yaml is missing; run: git checkout params.yaml"):
        load_params()
    (project / "params.yaml").write_text("data: {}\n")
    with pytest.raises(ParamsError, match=r"params.yaml: data.source: expected a value, found none"):
        load_params()


def test_an_empty_file_and_an_empty_section_are_called_so_in_words_of_yaml(
    write_params: WriteParams, project: Path
) -> None:
    assert refusal(write_params, {"split": None}) == "params.yaml: split: expected a mapping, found null"
    (project / "params.yaml").write_text("")
    with pytest.raises(ParamsError, match=r"^params.yaml: expected a mapping, found null$"):
        load_params()


def test_a_date_among_arguments_is_refused_before_any_work(write_params: WriteParams, project: Path) -> None:
    write_params({"train": {"augmentation": [{"name": "Rotate", "arguments": {"limit": 45}}]}})
    path = project / "params.yaml"
    path.write_text(path.read_text().replace('"limit": 45', '"limit": 2026-01-01'))
    with pytest.raises(ParamsError, match=r"train.augmentation.0.arguments: expected finite numbers.* date"):
        load_params()


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "", "- 1\n", "\tx"])
def test_what_is_not_a_mapping_in_yaml_is_refused_in_one_line(project: Path, text: str) -> None:
    (project / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match="params.yaml: ") as error:
        load_params()
    assert "\n" not in str(error.value)
