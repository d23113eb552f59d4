"""The result of a recipe: what its training left in `models/<recipe>/`, read for the report.

Arrives: models/<recipe>/ with history.csv, training.json, predictions.csv, probes.json, signals.json,
worst_errors.csv and the pictures; reports/evaluations/<recipe>.json; data/splits. Leaves: `Result`.
Folders of recipes that params.yaml no longer has are never looked at.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from pawtrace.base.stage_outputs import StageOutput, missing, read_json, read_rows, unexpected
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.config.sections import SPLITS
from pawtrace.dataset.splitting.splits import group_by_id
from pawtrace.evaluation.predictions import Predictions, read_predictions
from pawtrace.results.probe_results import Probes, Signals

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
    num_head_weights: int


class CalibrationBin(StageOutput):
    """A point of the reliability diagram."""

    mean_probability: float
    share_of_dogs: float
    count: int


class SeedMetrics(StageOutput):
    """The metrics on the test split of one run."""

    accuracy: float


class SeedRun(StageOutput):
    """One run of a recipe."""

    seed: int
    metrics: SeedMetrics


class Measured(StageOutput):
    """What a trained model is worth."""

    metrics: dict[str, dict[str, float]]  # by split
    intervals: dict[str, tuple[float, float]]  # of the metrics on test


class Temperature(StageOutput):
    """What temperature scaling does to the metrics."""

    value: float  # by which logits are divided
    test: dict[str, float]  # the metrics on test with it


class Evaluation(Measured):
    """reports/evaluations/<recipe>.json."""

    confusion: dict[str, list[list[int]]]
    roc: list[tuple[float, float]]
    calibration: list[CalibrationBin]
    temperature: Temperature | None = None  # None: params did not ask for it
    seeds: Annotated[list[SeedRun], Field(min_length=1)]  # of each seed's run, the kept one first


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
    signals: Signals
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


def read_results(params: Params) -> dict[str, Result]:
    """Read the result of every recipe of params.yaml, by name.

    Raises:
      DataError: see `read_result`; data/splits is missing or damaged.
    """
    group_of = group_by_id(paths.SPLITS)
    return {name: read_result(name, recipe.question, group_of) for name, recipe in params.recipes.items()}


def read_result(name: str, question: str, group_of: Mapping[str, str]) -> Result:
    """Read the result of a recipe.

    Args:
      name: of the recipe.
      question: that it answers.
      group_of: the group of duplicates of each example, by its id.
    Raises:
      DataError: a file is missing or is not what training or measuring writes; says how to make it again.
    """
    folder, stage = paths.MODELS / name, f"train@{name}"
    preview = folder / "preview.jpg"
    if not preview.is_file():
        raise missing(preview, stage)
    read = read_predictions(folder / "predictions.csv")
    predictions = {split: of_split.grouped(group_of) for split, of_split in read.items()}
    if set(predictions) != set(SPLITS):
        raise unexpected(folder / "predictions.csv", stage, f"splits {', '.join(predictions) or 'none'}")
    evaluation = _read_evaluation(paths.EVALUATIONS / f"{name}.json", f"measure@{name}")
    return Result(
        name=name,
        question=question,
        history=read_history(folder / "history.csv", stage),
        training=read_json(Training, folder / "training.json", stage),
        evaluation=evaluation,
        predictions=predictions,
        probes=read_json(Probes, folder / "probes.json", stage),
        signals=read_json(Signals, folder / "signals.json", stage),
        test_accuracies=tuple(run.metrics.accuracy for run in evaluation.seeds),
        worst_errors=_read_worst_errors(folder / "worst_errors.csv", stage),
        preview=preview,
    )


def _read_evaluation(path: Path, stage: str) -> Evaluation:
    evaluation = read_json(Evaluation, path, stage)
    for split in SPLITS:
        if split not in evaluation.metrics or split not in evaluation.confusion:
            raise unexpected(path, stage, f"nothing about {split}")
    return evaluation


def read_history(path: Path, stage: str) -> History:
    """Read a history.csv.

    Raises:
      DataError: it is missing or is not what the stage writes.
    """
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
