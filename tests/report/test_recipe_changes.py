import pytest

from pawtrace.config.params import Params, load_params
from pawtrace.report.recipe_changes import base_of, change_of
from tests.results.finished_project import finish_project


@pytest.fixture(scope="module")
def params(tmp_path_factory) -> Params:
    root = tmp_path_factory.mktemp("finished")
    finish_project(root)
    return load_params(root / "params.yaml")


@pytest.mark.parametrize(
    ("name", "base", "change"),
    [
        ("from_scratch", None, "the baseline"),
        ("finetune_all", "from_scratch", "train.weights: imagenet"),
        ("own_preprocessing", "finetune_all", "train.input_scaling: backbone"),
        ("finetune_augmented", "finetune_all",
         "train.head.dropout: 0.5, train.augmentation: HorizontalFlip, Blur"),
        ("gradual_unfreeze", "own_preprocessing", "train.phases: none x 2, block5 x 3 at 1e-05"),
    ],
)  # fmt: skip
def test_a_change_is_what_differs_from_the_rung_below(params, name, base, change):
    assert (base_of(name, params), change_of(name, params)) == (base, change)


def with_overrides(params: Params, overrides: dict[str, object]) -> Params:
    content = params.model_dump()
    content["recipes"] = {"changed": {"question": "Q?", "overrides": overrides}}
    return Params.model_validate(content)


@pytest.mark.parametrize(
    ("overrides", "change"),
    [
        ({"train": {"early_stopping": None}}, "train.early_stopping: null"),
        ({"train": {"augmentation": []}}, "train.augmentation: none"),
        ({"train": {"batch_normalization": True}}, "train.batch_normalization: true"),
        ({"train": {"head": {"units": [64, 32]}}}, "train.head.units: 64, 32"),
        ({"evaluate": {"tta_views": 4}}, "evaluate.tta_views: 4"),
        ({"train": {"batch_size": 16}}, "the baseline"),  # which has 16, too
    ],
)
def test_values_are_written_in_a_few_characters(params, overrides, change):
    changed = with_overrides(params, overrides)
    assert change_of("changed", changed) == change
    assert base_of("changed", changed) is None  # no recipe is the baseline
