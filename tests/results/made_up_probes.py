"""Probes of a network that nobody trained: it is in good order, and a disease changes a part."""

from typing import Any

from pawtrace.results.probe_results import Probes


def made_up_probes(**changes: Any) -> Probes:
    """The probes of a network in good order; a change replaces a part, of a mapping its keys."""
    probes: dict[str, Any] = {
        "num_examples": 64,
        "initial": modes(0.5, 0.5, 0.71),
        "contrast": {"plain": 50.0, "augmented": 45.0},
        "linear_probe": None,
        "rate_range": {
            "rate": 0.001, "rates": [1e-4, 1e-3, 1e-2, 1e-1], "losses": [0.7, 0.6, 0.3, 2.0],
            "falls_from": 1e-4, "steepest": 1e-3, "blows_up_at": 1e-2,
        },
        "input_range": {
            "received": {"min": -124.0, "max": 151.0, "mean": 1.5, "std": 62.0},
            "expected": {"min": -124.0, "max": 151.0, "mean": 0.0, "std": 60.0},
            "weights": "imagenet",
        },
        "blocks": blocks(0.9, 0.8, 0.6, 0.5, 0.4, 0.4),
        "overfit": {
            "num_examples": 16, "num_steps": 50, "learning_rate": 0.001, "loss": 0.01, "accuracy": 1.0,
        },
    }  # fmt: skip
    for name, change in changes.items():
        mends = isinstance(change, dict) and isinstance(probes[name], dict)
        probes[name] = {**probes[name], **change} if mends else change
    return Probes.model_validate(probes)


def blocks(*stds: float) -> list[dict[str, Any]]:
    """Blocks with activations that spread like this, the last one the head; gradients grow likewise."""
    names = [*(f"block{number}" for number in range(1, len(stds))), "head"]
    return [
        {"name": name, "activation_mean": std / 2, "activation_std": std, "inference_std": std,
         "zero_share": 0.5, "gradient_rms": std / 100}
        for name, std in zip(names, stds, strict=True)
    ]  # fmt: skip


def modes(training: float, inference: float, loss: float = 0.5, num_examples: int = 64) -> dict[str, Any]:
    """The accuracies on the same pictures in both modes."""
    return {
        "num_examples": num_examples,
        "training": {"loss": loss, "accuracy": training},
        "inference": {"loss": loss, "accuracy": inference},
    }
