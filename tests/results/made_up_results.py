"""Results of recipes that nobody trained: a healthy one, from which each disease changes a part."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pawtrace.config.sections import EvaluateParams
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.predictions import Predictions
from pawtrace.results.data_summary import DataSummary, Source, SplitSummary
from pawtrace.results.probe_results import Signals
from pawtrace.results.results import Evaluation, History, Result, Training
from tests.results.made_up_probes import made_up_probes, modes

EVALUATE = EvaluateParams(
    batch_size=64,
    calibration_bins=10,
    num_bootstrap=200,
    bootstrap_seed=0,
    num_worst_errors=12,
    tta_views=1,
)
HOSTILE_NAME = "<script>alert(1)</script> & \"cat\", 'dog'.jpg"
SIZES = {"train": 300, "validation": 80, "test": 80}
GUESSING = math.log(2)


class MadeUp(NamedTuple):
    """What a made-up recipe is like; as it stands, it is healthy."""

    train: float = 2.2  # how far its P(dog) are apart on train ...
    others: float = 2.2  # ... and on the other splits
    wrong_labels: float = 0.0  # share of the examples
    sizes: dict[str, int] = SIZES
    losses: tuple[float, ...] = (0.5, 0.3, 0.2, 0.12, 0.08, 0.06, 0.05, 0.045, 0.045)  # training's
    val_losses: tuple[float, ...] | None = None  # those of training and a hair
    accuracy: float | None = None  # that training climbs to; that of the predictions
    planned_epochs: int = 9
    probes: dict[str, Any] = {}  # changes of `made_up_probes`
    modes: tuple[float, float] | None = None  # accuracy on the same pictures in training and in inference
    test_accuracies: tuple[float, ...] | None = None  # of further seeds
    update_ratio: float = 1e-3  # of the weights, in a step
    penalty_shares: tuple[float, ...] = (
        0.0,
    )  # of what is minimised, in the first epochs; the last one stays


def made_up_predictions(separation: float, num_examples: int, seed: int = 0) -> Predictions:
    """Predictions from logits of normal noise, cats and dogs so far apart; both labels equally often."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_examples) % 2
    logits = (2 * labels - 1) * separation + rng.normal(0, 1, num_examples) + 0.01
    ids = [f"PetImages/{'Dog' if label else 'Cat'}/{number}.jpg" for number, label in enumerate(labels)]
    ids[:2] = [f"Cat/{HOSTILE_NAME}", "Dog/1.jpg"]
    return Predictions(ids, labels, 1 / (1 + np.exp(-logits * 2)))


def mislabelled(predictions: Predictions, share: float) -> Predictions:
    """The same predictions where this share of the examples, evenly spread, has the other label."""
    labels = predictions.labels.copy()
    wrong = np.linspace(0, labels.size - 1, round(share * labels.size)).astype(int)
    labels[wrong] = 1 - labels[wrong]
    return Predictions(predictions.ids, labels, predictions.probabilities)


def worse_by(num_pictures: int, split: str, result: Result) -> Result:
    """The result, but wrong on so many more pictures of a split."""
    predictions = result.predictions[split]
    probabilities = predictions.probabilities.copy()
    right = np.flatnonzero(predictions.predicted == predictions.labels)[:num_pictures]
    probabilities[right] = 1 - probabilities[right]
    worse = replace(predictions, probabilities=probabilities)
    return result._replace(predictions=result.predictions | {split: worse})


def made_up_signals(made: MadeUp, accuracy: float) -> Signals:
    """The signals of a run in good order, or of one whose two modes differ."""
    kept = modes(*(made.modes or (accuracy, accuracy)))
    epochs = [
        {
            "epoch": number,
            "training": kept["training"],
            "inference": kept["inference"],
            "penalty_share": made.penalty_shares[min(number, len(made.penalty_shares)) - 1],
            "blocks": [
                {"name": "head", "update_ratio": made.update_ratio, "gradient_rms": 0.1, "zero_share": 0.4}
            ],
        }
        for number in range(1, len(made.losses) + 1)
    ]
    return Signals.model_validate({"num_examples": 64, "epochs": epochs, "kept": kept})


def made_up_linear_probe(right: str, received_right: str | None = None) -> dict[str, Any]:
    """Pretrained features judged on the unseen pictures of a made-up result.

    Args:
      right: 0 or 1 for each picture, half of validation, half of test; 160 for all that a result has.
      received_right: the same as the recipe feeds them, where that is another convention.
    """
    num_of_split = {"validation": len(right) // 2, "test": len(right) - len(right) // 2}
    parts = [
        made_up_predictions(1.0, num_of_split[split], seed)
        for seed, split in ((1, "validation"), (2, "test"))
    ]
    ids = [id for part in parts for id in part.ids]
    labels = [int(label) for part in parts for label in part.labels]

    def judge(flags: str) -> dict[str, Any]:
        # Rights are ever surer, errors never are.
        sure = [0.6 + 0.3 * n / len(flags) if flag == "1" else 0.55 for n, flag in enumerate(flags)]
        probabilities = [
            p if (label == 1) == (flag == "1") else 1 - p
            for p, label, flag in zip(sure, labels, flags, strict=True)
        ]
        splits = [split for split, number in num_of_split.items() for _ in range(number)]
        return {"ids": ids, "splits": splits, "labels": labels, "probabilities": probabilities}

    received = received_right or right
    known = {"zero_to_one": received, "caffe": right} if received_right else {"caffe": right}
    return {
        "num_examples": len(right),
        "received": "zero_to_one" if received_right else "caffe",
        "expected": "caffe",
        "num_tried": 2,
        "conventions": {
            name: {"num_right": flags.count("1"), "right": flags, "features_std": 2.0}
            for name, flags in known.items()
        },
        "judges": {name: judge(flags) for name, flags in known.items()},
    }


def made_up_data(
    baseline: tuple[int, int] | None = (200, 140), like_train: dict[str, set[str]] | None = None
) -> DataSummary:
    """Data in good order: pictures that labels follow, and nothing of train in another split.

    Args:
      baseline: number of examples, and of those that the linear baseline predicts rightly.
      like_train: by split, ids of the examples that look like one of train.
    """
    like_train = {"validation": set(), "test": set()} | (like_train or {})
    split = {
        "splits": {split: {"cat": size // 2, "dog": size // 2} for split, size in SIZES.items()},
        "num_examples": 462, "num_groups": 450, "num_exact_duplicates": 4, "num_near_duplicates": 5,
        "num_mirrored_duplicates": 3, "num_rejected": 2,
        "num_like_train": {split: len(ids) for split, ids in like_train.items()},
        "baseline": baseline and {"num_examples": baseline[0], "num_right": baseline[1]},
    }  # fmt: skip
    source = {
        "source": "archive", "archive": "pets.zip", "archive_sha256": "0f" * 32,
        "num_examples": {"cat": 232, "dog": 230}, "num_rejected": 3,
    }  # fmt: skip
    return DataSummary(Source.model_validate(source), SplitSummary.model_validate(split), like_train, [])


def ids_of_test(num_examples: int) -> set[str]:
    """The ids of so many test examples, the first of `made_up_predictions`."""
    return set(made_up_predictions(1.0, SIZES["test"]).ids[:num_examples])


def made_up_result(made: MadeUp, name: str = "made_up") -> Result:
    """The result of a recipe like this; its pictures are not there."""
    predictions = {
        split: mislabelled(
            made_up_predictions(made.train if split == "train" else made.others, size, seed),
            made.wrong_labels,
        )
        for seed, (split, size) in enumerate(made.sizes.items())
    }
    evaluation = evaluate_predictions(predictions, EVALUATE)
    accuracies = (evaluation["metrics"]["test"]["accuracy"], *(made.test_accuracies or ()))
    evaluation["seeds"] = [{"seed": n, "metrics": {"accuracy": value}} for n, value in enumerate(accuracies)]
    history = _history(made, evaluation["metrics"])
    return Result(
        name=name,
        question=f"Is <{name}> | any good?",
        history=history,
        training=_training(made, history),
        evaluation=Evaluation.model_validate(evaluation),
        predictions=predictions,
        probes=made_up_probes(**made.probes),
        signals=made_up_signals(made, evaluation["metrics"]["train"]["accuracy"]),
        test_accuracies=accuracies,
        worst_errors=[],
        preview=Path("preview.jpg"),
    )


def _history(made: MadeUp, metrics: dict[str, dict[str, float]]) -> History:
    """Accuracies that climb to those of the predictions as the training loss falls."""
    num_epochs = len(made.losses)
    climbed = [(epoch + 1) / num_epochs for epoch in range(num_epochs)]
    reached = {split: metrics[split]["accuracy"] for split in ("train", "validation")}
    reached["train"] = made.accuracy or reached["train"]
    return History(
        epoch=tuple(range(1, num_epochs + 1)),
        phase=tuple(int(epoch >= 3) for epoch in range(num_epochs)),
        loss=made.losses,
        accuracy=tuple(0.5 + (reached["train"] - 0.5) * share for share in climbed),
        val_loss=made.val_losses or tuple(loss + 0.01 for loss in made.losses),
        val_accuracy=tuple(0.5 + (reached["validation"] - 0.5) * share for share in climbed),
    )


def _training(made: MadeUp, history: History) -> Training:
    return Training(
        best_epoch=history.epoch[history.val_loss.index(min(history.val_loss))],
        num_epochs=len(history.epoch),
        planned_epochs=[3, made.planned_epochs - 3] if made.planned_epochs > 3 else [made.planned_epochs],
        duration_s=61.5,
        images_per_s=153.2,
        waiting_share=0.04,
        device="cpu",
        num_devices=1,
        precision="float32",
        xla=False,
        num_weights=15109953,
        num_trainable_weights=15109953,
        num_head_weights=131329,
    )
