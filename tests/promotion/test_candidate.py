"""Which models can be promoted at all: those that DVC recorded, as they were made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pawtrace.base.errors import ParamsError, PawtraceError
from pawtrace.config.params import Params
from pawtrace.promotion.candidate import candidate_of
from pawtrace.promotion.judge import judge
from pawtrace.promotion.promote import promote
from pawtrace.promotion.status import promoted_status
from tests.conftest import WriteParams
from tests.promotion.dvc_project import GOOD, POOR, PROMOTED, command, run, use
from tests.promotion.folders import MARGIN

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluate": {"tta_views": 3}},
        {"train": {"batch_size": 17}},
        {"probe": {"num_overfit_steps": 16}},
        {"preprocess": {"jpeg_quality": 30}},
        {"split": {"seed": 5}},
        {"data": {"sample_size": 90}},
    ],
)
@pytest.mark.usefixtures("params")
def test_a_model_of_other_params_is_not_promoted(write_params: WriteParams, changes: dict[str, Any]) -> None:
    ((section, values),) = changes.items()
    (key,) = values
    with pytest.raises(ParamsError, match=rf"params.yaml: {section}.{key}.*dvc repro measure@{POOR}"):
        use(POOR, write_params(changes))
    assert not PROMOTED.exists()


def test_params_that_no_model_was_made_from_may_be_edited(params: Params, write_params: WriteParams) -> None:
    use(POOR, write_params({"promote": {"margin": 0.3}, "rebuild": {"num_retries": 1}}))
    model_input = json.loads((PROMOTED / "promoted.json").read_text())["input"]
    assert model_input["preprocess"] == params.preprocess.model_dump()
    assert [transform["name"] for transform in model_input["augmentation"]] == ["HorizontalFlip", "Affine"]


@pytest.mark.parametrize(
    ("path", "spoil"),
    [
        (f"models/{POOR}/model.keras", lambda path: path.write_bytes(b"")),
        (f"models/{POOR}/predictions.csv", lambda path: path.write_text("split,id,label,probability")),
        (f"models/{POOR}/notes.txt", lambda path: path.touch()),
        (f"reports/evaluations/{POOR}.json", lambda path: path.write_text('{"metrics": {}}')),
    ],
)
def test_what_dvc_did_not_record_is_not_promoted_even_by_force(
    params: Params, capsys: pytest.CaptureFixture[str], path: str, spoil: Callable[[Path], object]
) -> None:
    Path(path).unlink(missing_ok=True)  # it may be a link to DVC's cache
    spoil(Path(path))
    with pytest.raises(PawtraceError, match="dvc.lock.*run: pawtrace verify"):
        use(POOR, params)
    assert command("promote", POOR, "--force") == 2
    assert "dvc.lock" in capsys.readouterr().err
    assert not PROMOTED.exists()


def test_a_model_of_records_that_were_replaced_since_is_not_promoted(params: Params) -> None:
    Path("data/records/made").unlink()
    Path("data/records/made").write_text("other records")
    run("dvc", "commit", "-f", "preprocess")
    with pytest.raises(PawtraceError, match=rf"data/records: .*run: dvc repro measure@{POOR}"):
        use(POOR, params)


def test_a_diagnosis_of_another_training_is_none(params: Params) -> None:
    evaluation = Path(f"reports/evaluations/{GOOD}.json")
    content = evaluation.read_text()
    evaluation.unlink()
    evaluation.write_text(content.replace("0.98", "0.97"))
    run("dvc", "commit", "-f", f"measure@{GOOD}")
    candidate = candidate_of(GOOD, params)
    assert candidate.verdict is None
    assert judge(candidate, PROMOTED, MARGIN).verdict == "refused"


def test_a_file_that_changes_while_it_is_promoted_is_not_in_use(params: Params) -> None:
    use(POOR, params)
    candidate = candidate_of(GOOD, params)
    decision = judge(candidate, PROMOTED, MARGIN)
    model = Path(f"models/{GOOD}/model.keras")
    model.unlink()
    model.write_bytes(b"of a stage that ended meanwhile")
    with pytest.raises(PawtraceError, match="expected the file that dvc.lock recorded"):
        promote(candidate, decision)
    assert json.loads((PROMOTED / "promoted.json").read_text())["recipe"] == POOR
    assert promoted_status().problems == []
