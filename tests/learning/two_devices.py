"""A small run on two virtual devices, in a process of its own: TensorFlow splits a CPU only at its start.

python -m tests.learning.two_devices WORK RECORDS TRAIN NUM_DEVICES
"""

import json
import sys
from pathlib import Path

import keras
import tensorflow as tf

from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.shards import open_records
from pawtrace.learning.device import Compute
from pawtrace.learning.fit import train_classifier

if __name__ == "__main__":
    work, records, train_json = map(Path, sys.argv[1:4])
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
    train = TrainParams.model_validate(json.loads(train_json.read_text()))
    keras.utils.set_random_seed(train.seed)
    work.mkdir()
    train_classifier(train, open_records(records), work, Compute("cpu", "float32", int(sys.argv[4])))
