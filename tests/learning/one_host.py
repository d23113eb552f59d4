"""A small run on one of several hosts, in a process of its own: the variables KERAS_DISTRIBUTION_* say which.

WORK becomes the run's folder, TRAIN is a JSON file of train params.
Run: python -m tests.learning.one_host WORK RECORDS TRAIN
"""

import json
import sys
from pathlib import Path

from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning import fit
from pawtrace.learning.device import prepare_compute
from pawtrace.learning.hosts import leave_hosts
from pawtrace.learning.training import train_classifier


def main(work: Path, records: Path, train_json: Path) -> None:
    """Train, with a checkpoint after nearly every step."""
    fit._CHECKPOINT_INTERVAL_S = 0.0
    fit._CHECKPOINT_SHARE = 0.9
    train = TrainParams.model_validate(json.loads(train_json.read_text()))
    work.mkdir(exist_ok=True)
    train_classifier(train, open_records(records), work, prepare_compute(train))
    leave_hosts()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
