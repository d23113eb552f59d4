"""Diseases, made up: what a run that has one is like."""

from pawtrace.config.params import load_params
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.diagnosis.diagnosis import Diagnosis, diagnose
from pawtrace.results.data_summary import DataSummary
from tests.conftest import PARAMS
from tests.results.made_up_probes import blocks, modes
from tests.results.made_up_results import (
    GUESSING,
    MadeUp,
    ids_of_test,
    made_up_data,
    made_up_linear_probe,
    made_up_result,
)

_PARAMS = load_params(PARAMS)
THRESHOLDS = _PARAMS.diagnose
TRAIN = _PARAMS.train  # VGG16 from random weights, augmented
FINETUNED = TRAIN.model_copy(update={"weights": "imagenet"})
FROZEN = FINETUNED.model_copy(update={"phases": (Phase(trainable="none", num_epochs=9),)})
CANNOT_LEARN = {"loss": 0.693, "accuracy": 0.5}
DYING = blocks(0.31, 0.06, 0.008, 0.0007, 0.00002, 0.00001)
UNSCALED = {
    "received": {"min": 0.0, "max": 1.0, "mean": 0.48, "std": 0.26},
    "expected": {"min": -124.0, "max": 151.0, "mean": 0.0, "std": 60.0},
}
FLAT = (GUESSING,) * 9

DEAD = MadeUp(0, 0, losses=FLAT, probes={"overfit": CANNOT_LEARN, "blocks": DYING})
DATA = made_up_data()
NO_RELATION = made_up_data(baseline=(200, 101))
SHUFFLED = MadeUp(
    1.2,
    0,
    val_losses=(0.69, 0.7, 0.72, 0.75, 0.8, 0.9, 1.0, 1.1, 1.2),
    planned_epochs=20,
)
SHUFFLED_AND_STOPPED = MadeUp(0, 0, losses=FLAT[:4], planned_epochs=20)
TINY = MadeUp(3, 0, sizes={"train": 40, "validation": 80, "test": 80}, planned_epochs=20)
TINY_KEPT_EARLY = TINY._replace(
    train=0, accuracy=1.0, val_losses=(0.69, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4)
)
TOO_FAST = MadeUp(0, 0, losses=(35.2, 0.9, 0.72, 0.7, 0.7))
JUMPING = MadeUp(0.6, 0.6, losses=(0.6, 0.4, 0.3, 0.7, 0.3, 0.2, 0.2, 0.2, 0.2))
ONE_EPOCH = MadeUp(0.9, 0.9, losses=(0.45,), val_losses=(0.50,), planned_epochs=1)
SLOW_RATES = {"rate_range": {"rate": 1e-3, "falls_from": 0.02, "steepest": 0.05, "blows_up_at": 1.0}}
BARELY_MOVING = (0.80, 0.799, 0.798, 0.797, 0.796)
MOST, FEW = "1" * 150 + "0" * 10, "10" * 50 + "1" * 60  # right on 150 and on 110 of 160 unseen pictures
CASES = {
    "healthy": ("healthy", MadeUp()),
    "healthy, improving by a hair": (
        "healthy", MadeUp(losses=(0.3, 0.1, 0.05, 0.04, 0.035), planned_epochs=5)
    ),
    "healthy, stopped early": ("healthy", MadeUp(planned_epochs=30)),
    "healthy, still improving though good": (
        "healthy", MadeUp(losses=(0.6, 0.5, 0.4, 0.3, 0.2), planned_epochs=5)
    ),
    "healthy with dropout: training mode is worse": ("healthy", MadeUp(modes=(0.7, 0.97))),
    "dead": ("dead", DEAD),
    "dead, no finite accuracy": (
        "dead", DEAD._replace(probes={**DEAD.probes, "overfit": {**CANNOT_LEARN, "accuracy": None}})
    ),
    "at chance for many epochs though it could learn": ("dead", MadeUp(0, 0, losses=FLAT)),
    "at chance, rate beyond the edge": (
        "unstable",
        MadeUp(0, 0, losses=FLAT, probes={"rate_range": {"steepest": 1e-5, "blows_up_at": 2e-4}}),
    ),
    "rate far too low": (
        "stalled", MadeUp(0.1, 0.1, losses=BARELY_MOVING, probes=SLOW_RATES, update_ratio=1e-6)
    ),
    "rate far too low, at chance": (
        "stalled", MadeUp(0, 0, losses=FLAT, probes=SLOW_RATES, update_ratio=1e-6)
    ),
    "rate far too low, and nothing memorised in so few steps": (
        "stalled",
        MadeUp(0, 0, losses=FLAT, probes={**SLOW_RATES, "overfit": CANNOT_LEARN}, update_ratio=1e-6),
    ),
    "blank after augmentation": (
        "blank_inputs", MadeUp(0, 0, losses=FLAT, probes={"contrast": {"augmented": 1.0}})
    ),
    "all pictures alike": (
        "blank_inputs", MadeUp(0, 0, losses=FLAT, probes={"contrast": {"plain": 0.5, "augmented": 0.5}})
    ),
    "moving averages lag": ("normalization_lag", MadeUp(0.1, 0.1, modes=(0.98, 0.52))),
    "shuffled labels": ("label_noise", SHUFFLED, NO_RELATION),
    "shuffled labels, stopped early": ("label_noise", SHUFFLED_AND_STOPPED, NO_RELATION),
    "some labels wrong": ("label_noise", MadeUp(wrong_labels=0.08)),
    "tiny training set": ("too_few", TINY),
    "tiny training set, an early epoch kept": ("too_few", TINY_KEPT_EARLY),
    "gap": ("overfitting", MadeUp(3, 0.8, planned_epochs=20)),
    "gap after the kept epoch": (
        "overfitting",
        MadeUp(0.7, 0.6, accuracy=0.99, val_losses=(0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)),
    ),
    "learning rate far too high": ("unstable", TOO_FAST),
    "loss jumps up": ("unstable", JUMPING),
    "no finite loss at the start": ("unstable", MadeUp(probes={"initial": modes(0.5, 0.5, None)})),
    "no finite loss in the probe": ("unstable", MadeUp(probes={"overfit": {"loss": None}})),
    "one epoch": ("undertrained", ONE_EPOCH),
    "still improving": ("undertrained", MadeUp(0.8, 0.8, losses=(0.6, 0.5, 0.4, 0.3, 0.2), planned_epochs=5)),
    "two epochs, near chance": (
        "undertrained",
        MadeUp(0.1, 0.1, losses=(0.71, 0.69), val_losses=(0.687, 0.689), planned_epochs=2),
    ),
    "two epochs, still falling, and not quite memorised": (
        "undertrained",
        MadeUp(
            0.2, 0.2, losses=(0.704, 0.685), val_losses=(0.692, 0.684), planned_epochs=2,
            probes={"overfit": {"loss": 0.21, "accuracy": 0.875}},
        ),
    ),
    "at chance after one epoch though it could learn": (
        "undertrained", MadeUp(0, 0, losses=FLAT[:1], planned_epochs=1)
    ),
    "got over a jump": ("healthy", JUMPING._replace(train=MadeUp().train, others=MadeUp().others)),
    "cannot do more": ("underfitting", MadeUp(0.6, 0.6, losses=(0.6, 0.5, 0.5, 0.5), planned_epochs=4)),
    "duplicates across splits": ("leaking", MadeUp(), made_up_data(like_train={"test": ids_of_test(8)})),
    "inputs by 1/255": ("healthy", MadeUp(probes={"input_range": UNSCALED})),
}  # fmt: skip
GOOD_FEATURES = {"linear_probe": made_up_linear_probe(MOST)}
PRETRAINED = {
    "frozen, inputs as the weights want them": (
        "healthy", MadeUp(probes=GOOD_FEATURES), FROZEN
    ),
    "frozen, inputs scaled otherwise": (
        "input_scaling", MadeUp(0.7, 0.6, probes={"linear_probe": made_up_linear_probe(MOST, FEW)}), FROZEN
    ),
    "frozen, inputs scaled otherwise without harm": (
        "healthy", MadeUp(probes={"linear_probe": made_up_linear_probe(MOST, MOST)}), FROZEN
    ),
    "fine-tuned, as good as its features": (
        "healthy", MadeUp(probes=GOOD_FEATURES), FINETUNED
    ),
    "fine-tuned, worse than its features": (
        "forgetting", MadeUp(0.7, 0.6, probes=GOOD_FEATURES), FINETUNED
    ),
    "fine-tuned to chance": ("forgetting", MadeUp(0, 0, losses=FLAT, probes=GOOD_FEATURES), FINETUNED),
    "shaken at the start, and worse than its features": (
        "forgetting",
        MadeUp(0.7, 0.6, losses=(2.5, 0.6, 0.5, 0.45, 0.4), probes=GOOD_FEATURES),
        FINETUNED,
    ),
}  # fmt: skip


def diagnosis_of(made: MadeUp, data: DataSummary = DATA, train: TrainParams = TRAIN) -> Diagnosis:
    return diagnose(made_up_result(made), data, THRESHOLDS, train)
