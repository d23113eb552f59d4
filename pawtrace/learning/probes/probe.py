"""Quick measurements of a network before training; each takes seconds.

Arrives: a recipe's params and the checked records. Leaves: the content of probes.json.
Source: Karpathy 2019, "A Recipe for Training Neural Networks": verify the loss at the start, look at
what goes into the network, overfit a few examples, take an input-independent baseline.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import keras

from pawtrace.base.stored_numbers import as_stored_or_null
from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.sections import LABELS, NetworkProbeParams
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.networks.phases import learning_rate_of
from pawtrace.learning.probes.few_pictures import FewPictures
from pawtrace.learning.probes.inputs import input_range, picture_contrast
from pawtrace.learning.probes.linear_probe import linear_probe
from pawtrace.learning.probes.overfit import overfit
from pawtrace.learning.probes.rate_range import rate_range
from pawtrace.learning.probes.sample import Sample, balanced_sample, plain_sample
from pawtrace.learning.probes.signal import measure_blocks
from pawtrace.learning.signals import modes_of

_IN_A_ROW = 5.0  # so many times below the rate at which single steps blow up: many steps in a row
_MAX_AT_ONCE = 32  # examples, with all their activations: a frozen recipe's batch may be larger


def probe(train: TrainParams, params: NetworkProbeParams, records: dict[str, Records]) -> dict[str, Any]:
    """Measure a recipe's untrained network, and print a line for each measurement.

    The result depends only on the arguments. All random generators are seeded and used, so the training
    must seed them again and build a new network.

    Args:
      train: of the recipe.
      params: how much to measure.
      records: of all splits, checked.
    Returns:
      Content for JSON, with six digits a number; null stands for one that is not finite, and for the
      gradient of a block without weights.
        num_examples: of train, as many cats as dogs; what follows is measured on them;
        initial: loss (cross-entropy, nats; guessing has ln 2) and accuracy in both modes, see
          `signals.modes_of`;
        input_range: see `inputs.input_range`;
        contrast: see `inputs.picture_contrast`;
        blocks: see `signal.measure_blocks`;
        linear_probe: see `linear_probe.linear_probe`; null for random weights;
        rate_range: see `rate_range.rate_range`, and `rate`, the first phase's own;
        overfit: see `overfit.overfit`, at a rate that the range test found to work.
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
    content["initial"] = modes_of(classifier.whole, sample.images, sample.labels)
    content["input_range"] = input_range(train, sample.images)
    view = AugmentedView(train.augmentation, train.seed)
    content["contrast"] = picture_contrast(sample.images, view, list(sample.ids))
    say(_about_inputs(content["input_range"], content["contrast"]))

    content["blocks"] = measure_blocks(classifier, train, sample, batch_size)
    say(_about_blocks(content["blocks"]))

    content["linear_probe"] = None
    if content["input_range"]["weights"] != "random":
        samples = _linear_probe_samples(train, params, records)
        content["linear_probe"] = linear_probe(
            classifier.backbone, train, samples, params.num_convention_examples, batch_size
        )
        say(_about_linear_probe(content["linear_probe"]))

    # A training step's batch is what memory is sure to hold.
    num_overfit = max(len(LABELS), min(params.num_overfit_examples, train.batch_size))
    few_pictures = balanced_sample(records["train"], train.image_size_px, num_overfit, train.seed)
    few, rate = FewPictures(classifier, train), learning_rate_of(train.phases[0], train)
    rates = rate_range(few, few_pictures, params.num_rate_steps)
    content["rate_range"] = {"rate": rate, **rates}
    say(_about_rates(content["rate_range"]))

    content["overfit"] = overfit(few, few_pictures, params.num_overfit_steps, _working_rate(rates) or rate)
    say(_about_overfit(content["overfit"]))
    plain: dict[str, Any] = as_stored_or_null(content)
    return plain


def _working_rate(rates: dict[str, Any]) -> float | None:
    """Halfway, in ratios, from where the loss falls fastest to where it blows up, and well below that."""
    steepest, blows_up_at = rates["steepest"], rates["blows_up_at"]
    if blows_up_at is None:
        return None if steepest is None else float(steepest)
    limit = blows_up_at / _IN_A_ROW
    return float(limit if steepest is None else min(limit, math.sqrt(steepest * blows_up_at)))


def _linear_probe_samples(
    train: TrainParams, params: NetworkProbeParams, records: dict[str, Records]
) -> dict[str, Sample]:
    size_px, number = train.image_size_px, params.num_linear_probe_examples
    samples = {"train": balanced_sample(records["train"], size_px, number, train.seed)}
    for split in ("validation", "test"):
        samples[split] = plain_sample(records[split], size_px, number // 4, train.seed)
    return samples


def _narrator() -> Callable[[str], None]:
    """A function that prints what was found and the seconds since it last did."""
    last = time.perf_counter()

    def say(measurement: str) -> None:
        nonlocal last
        now = time.perf_counter()
        print(f"check: {measurement}, {now - last:.1f} s", flush=True)
        last = now

    return say


def _about_inputs(spreads: dict[str, Any], contrast: dict[str, float]) -> str:
    received, expected = (spreads[name]["std"] for name in ("received", "expected"))
    matters = " (only matters for pretrained weights)" if spreads["weights"] == "random" else ""
    return (
        f"input values have a standard deviation of {received:.3g}; the backbone's own scaling would give "
        f"{expected:.3g}{matters}; the pictures' contrast is {contrast['plain']:.0f} of 255, with "
        f"augmentation {contrast['augmented']:.0f}"
    )


def _about_blocks(blocks: list[dict[str, Any]]) -> str:
    first, last = blocks[0], [block for block in blocks if block["gradient_rms"] is not None][-1]
    return (
        f"signal strength {first['activation_std']:.2g} in {first['name']}, "
        f"{last['activation_std']:.2g} in {last['name']}; gradients {first['gradient_rms']:.2g} and "
        f"{last['gradient_rms']:.2g}"
    )


def _about_linear_probe(outcome: dict[str, Any]) -> str:
    received, expected = outcome["received"], outcome["expected"]
    shown = "; ".join(
        f"{outcome['conventions'][name]['num_right'] / outcome['num_examples']:.1%} with "
        f"{CONVENTIONS[name].words} ({of_whom})"
        for name, of_whom in {expected: "the best", received: "the recipe's"}.items()
    )
    return f"a linear classifier on the pretrained features of {outcome['num_examples']} pictures: {shown}"


def _about_rates(outcome: dict[str, Any]) -> str:
    falls_from, blows_up_at = outcome["falls_from"], outcome["blows_up_at"]
    falls = (
        "the loss does not fall at any learning rate"
        if falls_from is None
        else f"the loss begins to fall at {falls_from:.1g}, falls fastest at {outcome['steepest']:.1g}"
    )
    ends = "and never blows up" if blows_up_at is None else f"and blows up at {blows_up_at:.1g}"
    return f"learning rates: {falls}, {ends}; the recipe uses {outcome['rate']:g}"


def _about_overfit(outcome: dict[str, Any]) -> str:
    answer = "yes" if outcome["accuracy"] == 1 else "no"
    return (
        f"can it memorise {outcome['num_examples']} pictures? {answer} (loss {outcome['loss']:.2g} after "
        f"{outcome['num_steps']} steps at most; blank pictures would give 0.69)"
    )
