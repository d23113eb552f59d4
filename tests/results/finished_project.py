"""A project in which every stage before `report` has run, made up but consistent."""

import csv
import json
from pathlib import Path

from PIL import Image, ImageDraw

from pawtrace.config.sections import SPLITS
from pawtrace.dataset.splitting.appearance import Appearance
from pawtrace.dataset.splitting.splits import Membership
from pawtrace.evaluation.predictions import worst_errors, write_predictions
from pawtrace.results.results import Result
from tests.conftest import PARAMS
from tests.lineage.made_up_provenance import made_up_provenance
from tests.results.made_up_probes import blocks
from tests.results.made_up_results import (
    EVALUATE,
    GUESSING,
    HOSTILE_NAME,
    SIZES,
    MadeUp,
    made_up_data,
    made_up_result,
)

_DYING = {
    "blocks": blocks(0.31, 0.06, 0.008, 0.0007, 0.00002, 0.00001),
    "overfit": {"loss": 0.693, "accuracy": 0.5},
    "input_range": {
        "received": {"min": 0.0, "max": 1.0, "mean": 0.48, "std": 0.26},
        "weights": "random",
    },
}
_UNSCALED = {"input_range": {**_DYING["input_range"], "weights": "imagenet"}}
RECIPES = {
    "frozen_random": MadeUp(0.0, 0.0, losses=(GUESSING,) * 5, probes=_DYING),
    "from_scratch": MadeUp(0.1, 0.1, losses=(0.9, 0.7, 7.2, 0.8, 0.69), val_losses=(0.7, 0.6, 0.8, 0.7, 0.7)),
    "finetune_all": MadeUp(
        3.0, 0.8, probes=_UNSCALED, val_losses=(0.6, 0.5, 0.45, 0.44, 0.43, 0.46, 0.5, 0.6, 0.7)
    ),
    "finetune_augmented": MadeUp(1.8, 1.6, probes=_UNSCALED, test_accuracies=(0.93, 0.92)),
    "own_preprocessing": MadeUp(),
    "gradual_unfreeze": MadeUp(losses=(0.6, 0.5, 0.4, 0.3, 0.2), planned_epochs=5),
    "mobilenet": MadeUp(wrong_labels=0.06, sizes={**SIZES, "test": 400}),
}  # fmt: skip
_OVERRIDES = """
  frozen_random:
    question: Is <frozen_random> | any good?
    tests_claim: {sentence: It overfits., holds_if: overfits}
    overrides: {train: {phases: [{trainable: none, num_epochs: 5}], learning_rate: 0.0001}}
  from_scratch:
    question: Is <from_scratch> | any good?
    overrides: {}
  finetune_all:
    question: Is <finetune_all> | any good?
    overrides: {train: {weights: imagenet}}
  finetune_augmented:
    question: Is <finetune_augmented> | any good?
    builds_on: finetune_all
    cures: [overfitting]
    tests_claim: {sentence: Augmentation | <helps>., holds_if: better}
    overrides:
      train:
        head: {dropout: 0.5}
        augmentation: [{name: HorizontalFlip, arguments: {p: 0.5}}, {name: Blur}]
  own_preprocessing:
    question: Is <own_preprocessing> | any good?
    builds_on: finetune_all
    tests_claim: {sentence: Inputs should be scaled by 1/255., holds_if: worse}
    overrides: {train: {input_scaling: backbone}}
  gradual_unfreeze:
    question: Is <gradual_unfreeze> | any good?
    builds_on: own_preprocessing
    cures: [dead]
    tests_claim: {sentence: Unfreezing step by step helps., holds_if: better}
    overrides:
      train:
        phases:
          - {trainable: none, num_epochs: 2}
          - {trainable: block5, num_epochs: 3, learning_rate: 0.00001}
  mobilenet:
    question: Is <mobilenet> | any good?
    builds_on: own_preprocessing
    tests_claim: {sentence: A smaller model does better., holds_if: better}
    overrides: {train: {backbone: mobilenet_v2}}
"""


def finish_project(root: Path) -> list[str]:
    """Write params.yaml, models/, data/ and reports/data.json under a folder; return the recipes."""
    params = PARAMS.read_text(encoding="utf-8").split("\nrecipes:")[0]
    root.joinpath("params.yaml").write_text(f"{params}\nrecipes:{_OVERRIDES}", encoding="utf-8")
    for name, made in RECIPES.items():
        write_result(root, made_up_result(made, name))
    _finish_data(root / "data", root / "reports")
    return list(RECIPES)


def write_result(root: Path, result: Result) -> None:
    """Write the files that training and measuring leave of a recipe."""
    folder = root / "models" / result.name
    folder.mkdir(parents=True)
    write_predictions(folder / "predictions.csv", result.predictions)
    _write_json(root / "data/measures" / f"{result.name}.json", EVALUATE.measure.model_dump())
    _write_json(root / "reports/evaluations" / f"{result.name}.json", result.evaluation.model_dump())
    _write_json(folder / "training.json", result.training.model_dump())
    _write_json(folder / "probes.json", result.probes.model_dump())
    _write_json(folder / "signals.json", result.signals.model_dump())
    _write_csv(folder / "history.csv", result.history._fields, list(zip(*result.history, strict=True)))
    _write_json(folder / "provenance.json", made_up_provenance(folder.name).model_dump(mode="json"))
    _write_picture(folder / "preview.jpg", (6 * 48, 12 * 48))
    rows = []
    for number, error in enumerate(worst_errors(result.predictions["test"], EVALUATE.num_worst_errors)):
        files = (f"worst_errors/{number:02d}.jpg", f"worst_errors/{number:02d}_attention.jpg")
        rows.append((files[0], *error, files[1]))
        for file in files:
            _write_picture(folder / file, (96, 72))
    _write_csv(folder / "worst_errors.csv", ("file", "id", "label", "probability", "attention"), rows)


def _finish_data(data: Path, reports: Path) -> None:
    made_up = made_up_data()
    _write_json(data / "raw" / "source.json", made_up.source.model_dump())
    _write_json(reports / "data.json", made_up.split.model_dump())
    for split in SPLITS:  # no example has a duplicate
        _write_csv(data / "splits" / f"{split}.csv", Membership._fields, [])
    _write_csv(data / "splits" / "overlap.csv", ("id", "split", "train_id", "distance", "mirrored"), [])
    _write_csv(data / "splits" / "appearance.csv", Appearance._fields, [])
    rejected = [
        ("Cat/empty.jpg", "empty"),
        (f"Dog/{HOSTILE_NAME}", "too small: 2 x 9"),
        ("Dog/b.jpg", "too small: 1 x 1"),
    ]
    _write_csv(data / "raw" / "rejected.csv", ("file", "reason"), rejected)
    both = [
        ("Cat/7.jpg", "same picture under both labels", "00.jpg"),
        ("Dog/7.jpg", "same picture under both labels", ""),
    ]
    _write_csv(data / "splits" / "rejected.csv", ("file", "reason", "picture"), both)
    _write_picture(data / "splits" / "pictures" / "00.jpg", (128, 96))


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _write_csv(path: Path, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def _write_picture(path: Path, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", size, (226, 214, 196))
    ImageDraw.Draw(picture).ellipse(
        (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill=(120, 84, 60)
    )
    picture.save(path)
