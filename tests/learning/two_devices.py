"""A small run on one and on two virtual devices, in a process of its own: TensorFlow splits a CPU
only at its start. Leaves WORK/1 and WORK/2.

python -m tests.learning.two_devices WORK RECORDS TRAIN
"""

import json
import sys
from pathlib import Path

import keras
import tensorflow as tf

from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning.device import Compute
from pawtrace.learning.fit import train_classifier

if __name__ == "__main__":
    work, records, train_json = map(Path, sys.argv[1:4])
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
    train = TrainParams.model_validate(json.loads(train_json.read_text()))
    for num_devices in (1, 2):
        of_devices = work / str(num_devices)
        of_devices.mkdir(parents=True)
        keras.utils.set_random_seed(train.seed)
        train_classifier(train, open_records(records), of_devices, Compute("cpu", "float32", num_devices))
