"""What is allowed and hardly meant gets a line that names the value; ordinary params get none."""

from typing import Any

import pytest

from pawtrace.config.odd_values import odd_values, odd_values_by_recipe
from pawtrace.config.params import load_params, merged
from pawtrace.config.train_params import TrainParams
from tests.conftest import PARAMS, ROOT, WriteParams


def train(changes: dict[str, Any]) -> TrainParams:
    return TrainParams.model_validate(merged(load_params(PARAMS).train.model_dump(), changes))


FROZEN = {"trainable": "none", "num_epochs": 4}
UNFROZEN = {"trainable": "all", "num_epochs": 4}


@pytest.mark.parametrize(
    ("changes", "named", "also"),
    [
        ({"num_views": 4, "augmentation": []}, "train.num_views: 4 ", "augmentation"),
        ({"num_views": 9, "phases": [FROZEN]}, "train.num_views: of 9 views, 5 ", "4 epochs"),
        ({"schedule": {"warmup_epochs": 6.0}, "phases": [UNFROZEN]}, "train.phases.0: 4 epochs ", "6"),
        (
            {"schedule": {"warmup_epochs": 5.0}, "phases": [{**UNFROZEN, "num_epochs": 9}, UNFROZEN]},
            "train.phases.1: 4 epochs ",
            "0.001",
        ),
        ({"label_smoothing": 0.95}, "train.label_smoothing: 0.95 ", "0.475"),
        ({"head": {"dropout": 0.9}}, "train.head.dropout: 0.9 ", "90%"),
        ({"mixup_alpha": 0.2, "phases": [FROZEN, UNFROZEN]}, "train.mixup_alpha: 0.2 ", "features"),
        ({"batch_size": 64}, "train.batch_size: 64 ", "50"),
        (
            {"weights": "imagenet", "freeze_normalization": True, "phases": [UNFROZEN]},
            "train.freeze_normalization: ",
            "vgg16 has no batch normalisation",
        ),
        (
            {"backbone": "mine.keras", "freeze_normalization": True, "phases": [FROZEN]},
            "train.freeze_normalization: ",
            "no phase trains the backbone",
        ),
        ({"ema_momentum": 0.999}, "train.ema_momentum: 0.999 ", "1,000"),
    ],
)
def test_an_odd_value_is_one_line_that_names_it(changes: dict[str, Any], named: str, also: str) -> None:
    lines = [line for line in odd_values(train(changes), 50) if line.startswith(named)]
    assert len(lines) == 1
    assert also in lines[0]
    assert "\n" not in lines[0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_views": 4, "phases": [FROZEN]},
        {"mixup_alpha": 0.2, "phases": [UNFROZEN]},
        {"label_smoothing": 0.1},
        {"head": {"dropout": 0.5}},
        {"head": {"dropout": 0.9, "units": []}},  # nothing to switch off
        {"batch_size": 50},
        {"schedule": {"warmup_epochs": 4.0}, "phases": [UNFROZEN]},
    ],
)
def test_an_ordinary_value_is_none(changes: dict[str, Any]) -> None:
    assert odd_values(train(changes), 50) == []


def test_sizes_are_judged_only_where_the_pictures_are_counted() -> None:
    assert odd_values(train({"batch_size": 1_000_000})) == []


def test_recipes_that_share_an_odd_value_share_its_line(write_params: WriteParams) -> None:
    smooth = {"question": "?", "overrides": {"train": {"label_smoothing": 0.9}}}
    (line,) = odd_values_by_recipe(write_params({"recipes": {"one": smooth, "two": smooth}}))
    assert line.startswith("one, two: train.label_smoothing: 0.9 ")


@pytest.mark.parametrize("profile", ["sample", "cats_vs_dogs", "own_photos"])
def test_the_profiles_have_no_odd_values(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pawtrace.setup.profiles import profile_params

    monkeypatch.chdir(ROOT)
    assert odd_values_by_recipe(profile_params(profile)) == []
