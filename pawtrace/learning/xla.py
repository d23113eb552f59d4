"""Whether XLA is worth it here: a short trial of training steps, compiled and not."""

import json
import time
from pathlib import Path

import keras
import numpy as np

from pawtrace.base.files import write_json
from pawtrace.config.train_params import TrainParams
from pawtrace.learning.device import Compute, distributed, spread_over_devices
from pawtrace.learning.failures import out_of_memory_named
from pawtrace.learning.inputs.batches import untuned
from pawtrace.learning.learner import Learner
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.networks.phases import set_trainable

_NUM_STEPS = 5
_WORTH_IT = 1.1  # times as fast: less is within what a machine wavers, and compiling takes its time


def choose_xla(train: TrainParams, compute: Compute, remembered: Path) -> Compute:
    """Settle `train.xla` for this recipe on this machine.

    Args:
      train: of the recipe.
      compute: without XLA.
      remembered: a JSON file that keeps what a trial found: the same machine decides the same way
        again, and so the same run gives the same digits again.
    Returns:
      `compute` with `xla` set.
    """
    if train.xla != "auto":
        return compute._replace(xla=train.xla == "always")
    if all(phase.trainable == "none" for phase in train.phases):
        return compute  # a head's steps are too short to be worth compiling
    if not remembered.exists():
        write_json(remembered, _trial(train, compute))
    return compute._replace(xla=json.loads(remembered.read_text(encoding="utf-8"))["xla"])


def _trial(train: TrainParams, compute: Compute) -> dict[str, float | bool]:
    with out_of_memory_named(train.batch_size, compute.device):
        plain_s = _step_s(train, compute)
    try:
        compiled_s = _step_s(train, compute._replace(xla=True))
    except Exception as error:  # what XLA cannot compile, each backend says in its own way
        print(f"XLA trial: off, as it fails here: {' '.join(str(error).split())[:120]}", flush=True)
        return {"xla": False}
    helps = plain_s / compiled_s >= _WORTH_IT
    print(
        f"XLA trial: a step takes {1000 * plain_s:.0f} ms without, {1000 * compiled_s:.0f} ms with: "
        f"{'on' if helps else 'off'}",
        flush=True,
    )
    return {"xla": helps, "plain_step_s": plain_s, "xla_step_s": compiled_s}


def _step_s(train: TrainParams, compute: Compute) -> float:
    """The fastest of a few training steps of the phase that learns most, in seconds."""
    import tensorflow as tf

    phase = max(train.phases, key=lambda phase: phase.trainable != "none")
    size_px, batch_size = train.image_size_px, train.batch_size
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (batch_size, size_px, size_px, 3), np.uint8)
    labels = (np.arange(batch_size) % 2).astype(np.float32)[:, None]
    batches = untuned(tf.data.Dataset.from_tensors((images, labels)).repeat(_NUM_STEPS + 1))
    with distributed(compute):
        classifier = build_classifier(train)
        set_trainable(classifier.backbone, phase.trainable)
        learner = Learner(train, phase, classifier, classifier.whole, _NUM_STEPS, compute)
        times = []
        for inputs, targets, _ in spread_over_devices(batches):
            start = time.perf_counter()
            learner.train_on(inputs, targets)
            times.append(time.perf_counter() - start)
    keras.backend.clear_session()
    return min(times[1:])  # the first one compiles
