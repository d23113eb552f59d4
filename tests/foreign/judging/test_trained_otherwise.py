"""A model that does best with the expected scaling may have been trained with another one."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pawtrace.evaluation.predictions import Predictions
from pawtrace.foreign.defaults import thresholds
from pawtrace.foreign.judging.trained_otherwise import trained_otherwise
from pawtrace.foreign.measuring.trial import Trial
from pawtrace.foreign.reading.model_file import Compiled

NUM = 400
LABELS = np.arange(NUM) % 2
# Right on 75 %, with a loss of 0.56; while training it saw nearly blank photos: 0.69.
FOUND = np.where(np.arange(NUM) % 4 == 3, 0.5 - 0.25 * (2 * LABELS - 1), 0.5 + 0.25 * (2 * LABELS - 1))
BLANK = Trial("zero_to_one", False, (True, False) * 64, (0.692,) * 128, (0.692,) * 128)
# On the same photos in 0..1: right on 65 %, with a loss of 0.62; few of them do not tell that from 0.56.
IN_UNIT = np.where(np.arange(NUM) % 20 < 13, 0.62, 0.4135)
FEW = Trial("zero_to_one", False, (True, False) * 8, (0.2, 1.1) * 8, (0.7,) * 16)
BAD = {"loss": 0.692, "accuracy": 0.5, "val_loss": 0.693, "val_accuracy": 0.5}
SAME = {"loss": 0.6, "accuracy": 0.7, "val_loss": 0.62, "val_accuracy": 0.65}
WITH_FEW = {"feeding": SimpleNamespace(convention="zero_to_255", others=[FEW]), "scaled_twice": []}


def predictions_of(p_dog: np.ndarray) -> Predictions:
    return Predictions([str(number) for number in range(NUM)], LABELS, p_dog)


def facts(history: dict[str, float] | None, **changes: Any) -> Any:
    predictions = predictions_of(FOUND)
    measured = {
        "feeding": SimpleNamespace(convention="zero_to_255", others=[BLANK]), "made_for": "zero_to_255",
        "network": SimpleNamespace(expected_input=lambda made_for: made_for),
        "file": SimpleNamespace(compiled=Compiled(loss="binary_crossentropy")),
        "output": SimpleNamespace(activation="sigmoid"),
        "scaled_twice": [BLANK], "train": predictions, "test": predictions,
        "test_fed": lambda _: predictions_of(np.where(LABELS == 1, IN_UNIT, 1 - IN_UNIT)),
    }  # fmt: skip
    made_up = {
        "measured": SimpleNamespace(**{name: changes.pop(name, value) for name, value in measured.items()}),
        "head_is_at_fault": True, "knows_train": True, "knows_history": history is not None,
        "thresholds": thresholds(), "level": lambda _: 0.75, "known": None, "features_accuracy": 0.94,
        "test": SimpleNamespace(accuracy=0.75), "train": SimpleNamespace(accuracy=0.75),
        "history": SimpleNamespace(**{name: (loss,) * 5 for name, loss in (history or {}).items()}),
    }  # fmt: skip
    return SimpleNamespace(**made_up | changes)


@pytest.mark.parametrize(
    ("history", "changes", "cause", "said"),
    [
        (BAD, {}, "twice", "trained on RGB 0..1, which its scaling layer scaled again"),
        (BAD, {"scaled_twice": []}, "zero_to_255", "trained on RGB 0..1."),
        (SAME, WITH_FEW, "zero_to_255", "trained on RGB 0..1."),
    ],
)
def test_the_history_tells_that_the_training_saw_other_values(
    history: dict[str, float], changes: dict[str, Any], cause: str, said: str
) -> None:
    finding = trained_otherwise(facts(history, **changes))
    assert finding is not None
    assert (finding.applies, finding.cause) == (True, cause)
    assert (
        f"expects RGB 0..255, but the losses of the history show that the head was {said}" in finding.sentence
    )
    assert "right on 75.0 % of the test photos" in finding.sentence


@pytest.mark.parametrize(
    ("history", "changes"),
    [
        (
            {"loss": 0.56, "accuracy": 0.7, "val_loss": 0.57, "val_accuracy": 0.75},
            {},
        ),  # as found: trained too briefly
        (SAME | {"val_accuracy": 0.7}, WITH_FEW),
        (None, {}),  # nothing tells
        (BAD | {"accuracy": 0.9}, {}),  # learned by heart: other labels
        (
            {"loss": 1.6, "accuracy": 0.7, "val_loss": 1.7, "val_accuracy": 0.7},
            {},
        ),  # of no scaling: the loss is another one
        (
            {
                "loss": float("nan"),
                "accuracy": float("nan"),
                "val_loss": float("nan"),
                "val_accuracy": float("nan"),
            },
            {},
        ),
        (BAD, {"head_is_at_fault": False}),
        (BAD, {"output": SimpleNamespace(activation="number")}),  # clipped in the history
        (BAD, {"file": SimpleNamespace(compiled=Compiled(loss="mean_squared_error"))}),
        (BAD, {"file": SimpleNamespace(compiled=Compiled(loss="binary_crossentropy", label_smoothing=0.1))}),
        (BAD, {"level": lambda _: 0.95}),
        (
            {"loss": 0.45, "accuracy": 0.8, "val_loss": 0.45, "val_accuracy": 0.8},
            {},
        ),  # better than found: the photos are harder
        (BAD, {"made_for": "zero_to_one"}),
    ],
)
def test_nothing_is_said_without_good_reason(
    history: dict[str, float] | None, changes: dict[str, Any]
) -> None:
    assert trained_otherwise(facts(history, **changes)) is None
