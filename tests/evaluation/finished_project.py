"""A project in which every stage before `report` has run, made up but consistent."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pawtrace.config.sections import EvaluateParams
from pawtrace.evaluation.evaluation import evaluate_predictions, worst_errors
from pawtrace.evaluation.predictions import Predictions, write_predictions

EVALUATE = EvaluateParams(
    batch_size=64, calibration_bins=10, num_bootstrap=200, bootstrap_seed=0, num_worst_errors=12
)
HOSTILE_NAME = "<script>alert(1)</script> & \"cat\", 'dog'.jpg"
SIZES = {"train": 300, "validation": 80, "test": 80}
# recipe -> how far its P(dog) are apart on train and on other splits
SEPARATIONS = {"dead": (0.0, 0.0), "overfit": (3.0, 0.8), "healthy": (2.2, 2.2)}


def made_up_predictions(separation: float, num_examples: int, seed: int = 0) -> Predictions:
    """Predictions from logits of normal noise, cats and dogs so far apart; both labels equally often."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_examples) % 2
    logits = (2 * labels - 1) * separation + rng.normal(0, 1, num_examples) + 0.01
    ids = [f"PetImages/{'Dog' if label else 'Cat'}/{number}.jpg" for number, label in enumerate(labels)]
    ids[:2] = [f"Cat/{HOSTILE_NAME}", "Dog/1.jpg"]
    return Predictions(ids, labels, 1 / (1 + np.exp(-logits * 2)))


def finish_project(root: Path) -> list[str]:
    """Write params.yaml, models/, data/ and reports/data.json under a folder; return the recipes."""
    params = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8").split("\nrecipes:")[0]
    recipes = "".join(
        f'  {name}:\n    question: "Is <{name}> | any good?"\n    overrides: {{}}\n' for name in SEPARATIONS
    )
    root.joinpath("params.yaml").write_text(f"{params}\nrecipes:\n{recipes}", encoding="utf-8")
    for name, separations in SEPARATIONS.items():
        _finish_recipe(root / "models" / name, *separations)
    _finish_data(root / "data", root / "reports")
    return list(SEPARATIONS)


def _finish_recipe(folder: Path, on_train: float, on_others: float) -> None:
    by_split = {
        split: made_up_predictions(on_train if split == "train" else on_others, size, seed)
        for seed, (split, size) in enumerate(SIZES.items())
    }
    folder.mkdir(parents=True)
    write_predictions(folder / "predictions.csv", by_split)
    _write_json(folder / "evaluation.json", evaluate_predictions(by_split, EVALUATE))
    _write_history(folder / "history.csv", on_train, on_others)
    training = {
        "recipe": folder.name, "best_epoch": 5, "num_epochs": 9, "duration_s": 61.5, "images_per_s": 153.2,
        "device": "cpu", "precision": "float32", "num_weights": 15109953, "num_trainable_weights": 15109953,
    }  # fmt: skip
    _write_json(folder / "training.json", training)
    _write_picture(folder / "preview.jpg", (6 * 48, 12 * 48))
    rows = []
    for number, error in enumerate(worst_errors(by_split["test"], EVALUATE.num_worst_errors)):
        rows.append((f"{number:02d}.jpg", *error))
        _write_picture(folder / "worst_errors" / rows[-1][0], (96, 72))
    _write_csv(folder / "worst_errors.csv", ("file", "id", "label", "probability"), rows)


def _write_history(path: Path, on_train: float, on_others: float) -> None:
    rows = []
    for epoch in range(1, 10):
        learned = [1 - np.exp(-epoch * separation / 5) for separation in (on_train, on_others)]
        losses = [0.693 * (1 - 0.9 * share) for share in learned]
        losses[1] += 0.01 * epoch * (on_train - on_others)
        accuracies = [0.5 + 0.49 * share for share in learned]
        rows.append((epoch, int(epoch > 3), 0.001, losses[0], accuracies[0], losses[1], accuracies[1]))
    columns = ("epoch", "phase", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy")
    _write_csv(path, columns, rows)


def _finish_data(data: Path, reports: Path) -> None:
    source = {
        "source": "archive", "archive": "pets.zip", "archive_sha256": "0f" * 32,
        "num_examples": {"cat": 232, "dog": 230}, "num_rejected": 3,
    }  # fmt: skip
    _write_json(data / "raw" / "source.json", source)
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
    summary = {
        "splits": {split: {"cat": size // 2, "dog": size // 2} for split, size in SIZES.items()},
        "num_examples": 462, "num_groups": 452, "num_exact_duplicates": 4, "num_near_duplicates": 5,
        "num_rejected": 2,
    }  # fmt: skip
    _write_json(reports / "data.json", summary)


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
