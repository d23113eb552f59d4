"""What differs between params, in words that fit a line."""

from typing import Any

import pytest

from pawtrace.lineage.trace.differences import differences


def phase(part: str, num_epochs: int) -> dict[str, Any]:
    return {"trainable": part, "num_epochs": num_epochs, "learning_rate": None}


def flip(p: float) -> dict[str, Any]:
    return {"name": "HorizontalFlip", "arguments": {"p": p}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"phases": [phase("all", 7)]}, {"phases": [phase("none", 6)]}, [("phases", "all x 7", "none x 6")]),
        ({"augmentation": [flip(0.5)]}, {"augmentation": []}, [("augmentation", "HorizontalFlip", "none")]),
        (
            {"augmentation": [flip(0.5), flip(0.1)]},
            {"augmentation": [flip(0.5), flip(0.2)]},
            [("augmentation[1].arguments.p", "0.1", "0.2")],
        ),
        (
            {"train": {"early_stopping": {"patience": 2}}},
            {"train": {"early_stopping": None}},
            [("train.early_stopping", "{patience: 2}", "null")],
        ),
        ({"head": {"units": [256], "dropout": 0.5}}, {"head": {"units": [256], "dropout": 0.0}},
         [("head.dropout", "0.5", "0")]),
        ({"rate": 0.12345678}, {"rate": 0.12345679}, [("rate", "0.12345678", "0.12345679")]),
        ({"seed": 1}, {"shuffle": True}, [("seed", "1", "(none)"), ("shuffle", "(none)", "true")]),
        ({"same": [flip(0.5)]}, {"same": [flip(0.5)]}, []),
    ],
)  # fmt: skip
def test_only_what_differs_is_named(
    old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    assert list(differences(old, new)) == expected
