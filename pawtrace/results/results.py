"""The result of a recipe: what its training left in `models/<recipe>/`, read for the report.

Arrives: history.csv, training.json, evaluation.json, predictions.csv, probes.json, seeds.json,
worst_errors.csv and the pictures. Leaves: `Result`. Folders of recipes that params.yaml no longer
has are never looked at.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from pawtrace.base.stage_outputs import StageOutput, missing, read_json, read_rows, unexpected
from pawtrace.config.sections import SPLITS
from pawtrace.evaluation.predictions import Predictions, read_predictions
from pawtrace.results.probe_results import Probes

Curve = tuple[float, ...]


class Training(StageOutput):
    """How a recipe was trained: training.json."""

    best_epoch: int  # 1-based over all phases; its weights are the model's
    num_epochs: int
    planned_epochs: list[int]  # of each phase; early stopping may leave some out
    duration_s: float
    images_per_s: float
    waiting_share: float  # of the training time, spent waiting for input
    device: str
    num_devices: int
    precision: str
    xla: bool
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


class SeedMetrics(StageOutput):
    """The metrics on the test split of one run."""

    accuracy: float


class SeedRun(StageOutput):
    """One run of a recipe."""

    seed: int
    metrics: SeedMetrics


class Seeds(StageOutput):
    """The runs of a recipe, the one that was kept first: seeds.json."""

    seeds: Annotated[list[SeedRun], Field(min_length=1)]


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
    attention: Path | None  # the same picture with what the model looked at; where that can be drawn
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
    predictions: dict[str, Predictions]  # by split
    probes: Probes
    test_accuracies: tuple[float, ...]  # of each seed's run, the kept one first
    worst_errors: list[ErrorPicture]
    preview: Path

    def metric(self, split: str, name: str) -> float:
        """A metric on a split."""
        return self.evaluation.metrics[split][name]


def best_result(results: Iterable[Result]) -> Result:
    """The result with the best validation accuracy; of equals, the one with the lowest log loss there.

    Chosen on validation, so that its test accuracy, and the interval of that, are no winner's luck.
    """
    return max(
        results,
        key=lambda result: (
            result.metric("validation", "accuracy"),
            -result.metric("validation", "log_loss"),
        ),
    )


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
    predictions = read_predictions(folder / "predictions.csv")
    if set(predictions) != set(SPLITS):
        raise unexpected(folder / "predictions.csv", stage, f"splits {', '.join(predictions) or 'none'}")
    seeds = read_json(Seeds, folder / "seeds.json", stage)
    return Result(
        name=folder.name,
        question=question,
        history=_read_history(folder / "history.csv", stage),
        training=read_json(Training, folder / "training.json", stage),
        evaluation=evaluation,
        predictions=predictions,
        probes=read_json(Probes, folder / "probes.json", stage),
        test_accuracies=tuple(run.metrics.accuracy for run in seeds.seeds),
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
    for row in read_rows(path, ("file", "id", "label", "probability", "attention"), stage):
        picture = _picture(path, row["file"], stage)
        attention = _picture(path, row["attention"], stage) if row["attention"] else None
        try:
            probability = float(row["probability"])
        except ValueError as error:
            raise unexpected(path, stage, str(error)) from None
        errors.append(ErrorPicture(picture, attention, row["id"], row["label"], probability))
    return errors


def _picture(table: Path, file: str, stage: str) -> Path:
    # Only the name: a picture of this recipe, whatever the file says.
    picture = table.with_suffix("") / Path(file).name
    if not picture.is_file():
        raise missing(picture, stage)
    return picture
