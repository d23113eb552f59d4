"""A small run on one and on four virtual devices, in a process of its own: a CPU is split only at its start,
on JAX by XLA_FLAGS=--xla_force_host_platform_device_count=4.

Leaves WORK/1 and WORK/4. Run: python -m tests.learning.programs.virtual_devices WORK RECORDS TRAIN
"""

import json
import sys
from pathlib import Path

import keras

from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning.device import Compute
from pawtrace.learning.training import train_classifier

NUM_DEVICES = 4


def split_the_cpu() -> None:
    """TensorFlow's way."""
    import tensorflow as tf

    parts = [tf.config.LogicalDeviceConfiguration()] * NUM_DEVICES
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)


if __name__ == "__main__":
    work, records, train_json = map(Path, sys.argv[1:4])
    on_jax = keras.backend.backend() == "jax"
    if not on_jax:
        split_the_cpu()
    train = TrainParams.model_validate(json.loads(train_json.read_text()))
    for num_devices in (1, NUM_DEVICES):
        of_devices = work / str(num_devices)
        of_devices.mkdir(parents=True)
        keras.utils.set_random_seed(train.seed)
        train_classifier(
            train, open_records(records), of_devices, Compute("cpu", "float32", num_devices, on_jax)
        )
