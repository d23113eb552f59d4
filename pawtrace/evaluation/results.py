"""The result of a recipe: what its training left in `models/<recipe>/`, read for the report.

Arrives: history.csv, training.json, evaluation.json, worst_errors.csv and the pictures.
Leaves: `Result`. Folders of recipes that params.yaml no longer has are never looked at.
"""

from pathlib import Path
from typing import NamedTuple

from pawtrace.config.sections import SPLITS
from pawtrace.evaluation.stage_outputs import StageOutput, missing, read_json, read_rows, unexpected

Curve = tuple[float, ...]


class Training(StageOutput):
    """How a recipe was trained: training.json."""

    best_epoch: int  # 1-based over all phases; its weights are the model's
    num_epochs: int
    duration_s: float
    images_per_s: float
    device: str
    precision: str
    num_weights: int
    num_trainable_weights: int


class CalibrationBin(StageOutput):
    """A point of the reliability diagram."""

    mean_probability: float
    share_of_dogs: float
    count: int


class Evaluation(StageOutput):
    """What a trained model is worth: evaluation.json, as `evaluate_predictions` makes it."""

    metrics: dict[str, dict[str, float]]
    intervals: dict[str, tuple[float, float]]
    confusion: dict[str, list[list[int]]]
    roc: list[tuple[float, float]]
    calibration: list[CalibrationBin]


class History(NamedTuple):
    """The metrics of each epoch, in order; phases are counted from 0."""

    epoch: tuple[int, ...]
    phase: tuple[int, ...]
    loss: Curve
    accuracy: Curve
    val_loss: Curve
    val_accuracy: Curve


class ErrorPicture(NamedTuple):
    """One of the worst errors."""

    picture: Path
    id: str
    label: str
    probability: float  # P(dog)


class Result(NamedTuple):
    """Everything the report shows of one recipe."""

    name: str
    question: str
    history: History
    training: Training
    evaluation: Evaluation
    worst_errors: list[ErrorPicture]
    preview: Path

    def metric(self, split: str, name: str) -> float:
        """A metric on a split."""
        return self.evaluation.metrics[split][name]


def read_result(folder: Path, question: str) -> Result:
    """Read the result of the recipe that a folder is named after.

    Raises:
      DataError: a file is missing or is not what training writes; says how to make it again.
    """
    stage = f"train@{folder.name}"
    preview = folder / "preview.jpg"
    if not preview.is_file():
        raise missing(preview, stage)
    evaluation = read_json(Evaluation, folder / "evaluation.json", stage)
    for split in SPLITS:
        if split not in evaluation.metrics or split not in evaluation.confusion:
            raise unexpected(folder / "evaluation.json", stage, f"nothing about {split}")
    return Result(
        name=folder.name,
        question=question,
        history=_read_history(folder / "history.csv", stage),
        training=read_json(Training, folder / "training.json", stage),
        evaluation=evaluation,
        worst_errors=_read_worst_errors(folder / "worst_errors.csv", stage),
        preview=preview,
    )


def _read_history(path: Path, stage: str) -> History:
    rows = read_rows(path, History._fields, stage)
    if not rows:
        raise unexpected(path, stage, "no epoch")
    try:
        columns = {name: tuple(float(row[name]) for row in rows) for name in History._fields[2:]}
        return History(
            epoch=tuple(int(row["epoch"]) for row in rows),
            phase=tuple(int(row["phase"]) for row in rows),
            **columns,
        )
    except ValueError as error:
        raise unexpected(path, stage, str(error)) from None


def _read_worst_errors(path: Path, stage: str) -> list[ErrorPicture]:
    errors = []
    for row in read_rows(path, ("file", "id", "label", "probability"), stage):
        # Only the name: a picture of this recipe, whatever the file says.
        picture = path.with_suffix("") / Path(row["file"]).name
        if not picture.is_file():
            raise missing(picture, stage)
        try:
            errors.append(ErrorPicture(picture, row["id"], row["label"], float(row["probability"])))
        except ValueError as error:
            raise unexpected(path, stage, str(error)) from None
    return errors
