"""A model card tells what a model is, how good, on what, its limits, what it was made from."""

import json
from pathlib import Path

import pytest

from pawtrace.base.files import write_json
from pawtrace.commands import export
from pawtrace.config.params import Params, load_params
from pawtrace.lineage.record.provenance import Sources
from pawtrace.promotion.made_from import DataRecord, DataState
from pawtrace.promotion.model_card import Described, described, model_card
from pawtrace.results.results import Measured
from tests.conftest import WriteParams
from tests.lineage.made_up_provenance import NIGHT, made_up_provenance
from tests.promotion.folders import names, predictions, write_model, write_promoted
from tests.results.finished_project import finish_project

PROVENANCE = made_up_provenance(
    "frozen",
    params={
        "train": {"image_size_px": 224, "learning_rate": 0.25},
        "probe": {},
        "evaluate": {"tta_views": 8},
    },
    data=Sources(raw="aa", splits="bb", records="cc", weights={"data/weights/x.keras": "dd"}),
)
MEASURED = Measured(
    metrics={"train": {"accuracy": 0.99}, "test": {"accuracy": 0.975, "log_loss": 0.0813}},
    intervals={"accuracy": (0.963, 0.983)},
)
COUNTS = {
    "train": {"cat": 1745, "dog": 1790},
    "validation": {"cat": 300, "dog": 310},
    "test": {"cat": 500, "dog": 507},
}
STATE = DataState(photos="aa", split="bb", params="p", review=None, num_archive_bytes=None)
MODEL = Described(
    PROVENANCE, MEASURED, DataRecord(name="pets.zip", num_examples=COUNTS, state=STATE), "overfitting"
)


@pytest.mark.parametrize(
    "words",
    [
        "# frozen, exported",
        "224 x 224 px",
        "A note.",
        "`pets.zip`",
        "| train | 1,745 | 1,790 |",
        "| accuracy | 97.5 % | 96.3 % to 98.3 % |",
        "| log loss | 0.081 |  |",
        "99.0 % on train",
        "The test split has 1,007 pictures",
        "Diagnosis: overfitting: good on the training pictures, clearly worse on new ones.",
        "the mean over 8 views",
        f"commit {NIGHT.git_commit}",
        "photos aa",
        "split bb",
        "records cc",
        "`data/weights/x.keras`, sha256 dd",
        "keras 3.15.1",
        "  learning_rate: 0.25",
    ],
)
def test_a_card_has_data_metrics_limits_and_lineage(words: str) -> None:
    assert words in model_card(MODEL, title="frozen, exported", note="A note.")


def test_a_card_invents_nothing() -> None:
    bare = Described(made_up_provenance("x"), MEASURED, data=None, verdict="healthy")
    card = model_card(bare, title="x")
    assert "Not recorded." in card
    assert "Diagnosis" not in card
    assert "views" not in card
    drawn = MODEL._replace(data=DataRecord(name="sample", num_examples=COUNTS, state=STATE))
    assert "say nothing about photos" in model_card(drawn, title="x")
    assert "say nothing about photos" not in model_card(MODEL, title="x")


def test_uncommitted_edits_are_named() -> None:
    edited = NIGHT.model_copy(update={"uncommitted": ["pawtrace/learning/fit.py"]})
    training = PROVENANCE.training.model_copy(update={"runs": [edited]})
    model = MODEL._replace(provenance=PROVENANCE.model_copy(update={"training": training}))
    assert "with uncommitted edits of pawtrace/learning/fit.py" in model_card(model, title="x")


def test_a_recipes_model_is_described_with_its_verdict_and_the_data_if_it_is_still_that(
    project: Path,
) -> None:
    recipe = finish_project(project)[0]
    write_json(Path(f"reports/diagnosis/{recipe}.json"), {"verdict": "dead"})
    model = Path(f"models/{recipe}/model.keras")
    found = described(model, load_params())
    assert found is not None
    assert (found.provenance.recipe, found.verdict, found.data) == (recipe, "dead", None)
    made_from = {"raw": "raw", "splits": "splits"}  # as the provenance has it
    write_json(Path("data/records/manifest.json"), {"made_from": made_from})
    found = described(model, load_params())
    assert found is not None
    assert found.data is not None


def test_the_promoted_model_is_described_by_its_own_files(write_params: WriteParams) -> None:
    params = write_params()
    folder = write_promoted(Path("models/promoted"), params, predictions(names(0, 100), 20))
    found = described(folder / "model.keras", params)
    assert found is not None
    assert found.measured.metrics["test"]["accuracy"] == 0.8


def test_the_card_lies_beside_the_export(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = finish_project(project)[0]
    export.write_card(
        Path(f"models/{recipe}/model.keras"), "onnx", Path(f"exports/{recipe}.onnx"), load_params()
    )
    card = Path(f"exports/{recipe}.onnx.md")
    assert card.read_text().startswith(f"# {recipe}, exported as onnx\n")
    assert "computes in float32" in card.read_text()
    assert capsys.readouterr().out == f"{card}: the model card\n"


def test_a_file_from_anywhere_has_no_card(write_params: WriteParams) -> None:
    params: Params = write_params()
    write_model(Path("elsewhere"), predictions(names(0, 10), 1))
    assert described(Path("elsewhere/model.keras"), params) is None
    assert json.loads(Path("elsewhere/provenance.json").read_text())
