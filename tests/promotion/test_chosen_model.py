"""Which model is meant, and how it wants to see photos."""

import json
from pathlib import Path

import pytest

from pawtrace.base.errors import PawtraceError
from pawtrace.config.params import Params
from pawtrace.promotion.chosen_model import chosen_model, recipe_input
from tests.conftest import WriteParams

WITH_VIEWS = {
    "recipes": {
        "views": {
            "question": "?",
            "builds_on": None,
            "overrides": {"train": {"seed": 9}, "evaluate": {"tta_views": 3}},
        }
    }
}


@pytest.fixture
def params(write_params: WriteParams) -> Params:
    return write_params(WITH_VIEWS)


def model_in(folder: str) -> Path:
    Path(folder).mkdir(parents=True)
    Path(folder, "model.keras").touch()
    return Path(folder, "model.keras")


def test_without_a_promoted_model_the_line_says_how_to_get_one(params: Params) -> None:
    with pytest.raises(PawtraceError, match="models/promoted/model.keras is missing; run: pawtrace promote"):
        chosen_model(None, params)


def test_the_promoted_model_sees_photos_as_when_it_was_promoted(params: Params) -> None:
    model_in("models/promoted")
    then = recipe_input("views", params)
    then = then.model_copy(update={"preprocess": then.preprocess.model_copy(update={"image_size_px": 99})})
    Path("models/promoted/promoted.json").write_text(json.dumps({"input": then.model_dump()}))
    assert chosen_model(None, params) == (Path("models/promoted/model.keras"), then)


def test_a_damaged_record_of_the_promoted_model_is_named(params: Params) -> None:
    model_in("models/promoted")
    Path("models/promoted/promoted.json").write_text('{"input": {"tta_views": 0}}')
    with pytest.raises(PawtraceError, match=r"promoted.json: expected how .*; run: pawtrace status"):
        chosen_model(None, params)


def test_a_recipes_model_is_seen_as_its_params_say_by_name_and_by_path(params: Params) -> None:
    path = model_in("models/views")
    chosen = chosen_model("views", params)
    assert chosen.path == path
    assert (chosen.input.tta_views, chosen.input.seed) == (3, 9)
    assert [transform.name for transform in chosen.input.augmentation] == ["HorizontalFlip", "Affine"]
    assert chosen.input.preprocess == params.preprocess
    assert chosen_model("models/views", params) == chosen
    assert chosen_model("models/views/model.keras", params) == chosen


def test_a_recipe_without_a_model_names_its_stage(params: Params) -> None:
    with pytest.raises(PawtraceError, match="models/views/model.keras is missing; run: dvc repro train@view"):
        chosen_model("views", params)


def test_a_file_from_anywhere_is_seen_once(params: Params) -> None:
    path = model_in("elsewhere/views")
    chosen = chosen_model(str(path), params)
    assert (chosen.path, chosen.input.tta_views) == (path, 1)


def test_a_name_that_is_nothing_lists_the_recipes(params: Params) -> None:
    with pytest.raises(PawtraceError, match="nope is missing; .* one of: .*views"):
        chosen_model("nope", params)
