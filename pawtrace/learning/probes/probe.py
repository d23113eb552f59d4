"""What can be said of a network before it trains: seconds each.

Arrives: a recipe's params and the checked records. Leaves: the content of probes.json.
Source: Karpathy 2019, "A Recipe for Training Neural Networks": verify the loss at the start, look at
what goes into the network, overfit a few examples, take an input-independent baseline.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import keras

from pawtrace.config.sections import LABELS, NetworkProbeParams
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.probes.overfit import overfit
from pawtrace.learning.probes.sample import balanced_sample, loss_and_accuracy, outputs_of
from pawtrace.learning.probes.signal import input_range, measure_blocks

_MAX_AT_ONCE = 32  # examples, with all their activations: a frozen recipe's batch may be larger
_DIGITS = 6  # what float32 has


def probe(train: TrainParams, params: NetworkProbeParams, records: dict[str, Records]) -> dict[str, Any]:
    """Measure a recipe's untrained network, and say so line by line.

    The result depends on the arguments alone. All random generators are seeded anew and used, so
    whoever trains next must seed them again and build a network of its own.

    Args:
      train: of the recipe.
      params: how much to measure.
      records: of all splits, checked.
    Returns:
      Content for JSON, with six digits a number; null stands for one that is not finite, and for the
      gradient of a block without weights.
        num_examples: of train, as many cats as dogs; what follows is measured on them;
        initial_loss: cross-entropy in inference mode, nats; guessing has ln 2;
        input_range: see `signal.input_range`;
        blocks: see `signal.measure_blocks`;
        overfit: see `overfit.overfit`.
    Raises:
      DataError: train lacks a label.
      TrainingError: the backbone's file or weights are unusable.
      ParamsError: the first phase names no layer.
    """
    say = _narrator()
    batch_size = min(train.batch_size, _MAX_AT_ONCE)
    sample = balanced_sample(records["train"], train.image_size_px, params.num_examples, train.seed)
    keras.utils.set_random_seed(train.seed)
    classifier = build_classifier(train)
    content: dict[str, Any] = {"num_examples": len(sample.images)}
    probabilities = outputs_of(classifier.whole, sample.images, batch_size)
    content["initial_loss"], _ = loss_and_accuracy(sample.labels, probabilities)
    say(f"loss at the start {content['initial_loss']:.3f} (guessing is {math.log(2):.3f})")

    content["input_range"] = input_range(train, sample.images)
    say(_about_inputs(content["input_range"]))

    content["blocks"] = measure_blocks(classifier, train, sample, batch_size)
    say(_about_blocks(content["blocks"]))

    # A training step's batch is what memory is sure to hold.
    num_overfit = max(len(LABELS), min(params.num_overfit_examples, train.batch_size))
    few = balanced_sample(records["train"], train.image_size_px, num_overfit, train.seed)
    content["overfit"] = overfit(classifier, train, few, params.num_overfit_steps)
    say(_about_overfit(content["overfit"]))
    return {name: _plain(value) for name, value in content.items()}


def _narrator() -> Callable[[str], None]:
    """A function that prints what was found and the seconds since it last did."""
    last = time.perf_counter()

    def say(measurement: str) -> None:
        nonlocal last
        now = time.perf_counter()
        print(f"probe: {measurement}, {now - last:.1f} s", flush=True)
        last = now

    return say


def _about_inputs(spreads: dict[str, Any]) -> str:
    received, expected = (spreads[name]["std"] for name in ("received", "expected"))
    return (
        f"inputs spread by {received:.3g}; the backbone ({spreads['weights']} weights) expects {expected:.3g}"
    )


def _about_blocks(blocks: list[dict[str, Any]]) -> str:
    first, last = blocks[0], [block for block in blocks if block["gradient_rms"] is not None][-1]
    return (
        f"activations spread by {first['activation_std']:.2g} in {first['name']} and "
        f"{last['activation_std']:.2g} in {last['name']}, gradients there are "
        f"{first['gradient_rms']:.2g} and {last['gradient_rms']:.2g}"
    )


def _about_overfit(outcome: dict[str, Any]) -> str:
    answer = "yes" if outcome["accuracy"] == 1 else "no"
    return (
        f"{outcome['num_examples']} examples by heart: {answer}, loss {outcome['loss']:.2g} after at most "
        f"{outcome['num_steps']} steps ({outcome['blank_loss']:.2g} without looking)"
    )


def _plain(value: Any) -> Any:
    """The same for JSON: rounded, and nothing that is not finite."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
