"""A small run in a process of its own, to be killed.

WORK becomes the run's folder; TRAIN is a JSON file of train params.
Run: python -m tests.learning.programs.one_run WORK RECORDS TRAIN
"""

import json
import sys
from pathlib import Path

from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning import fit
from pawtrace.learning.device import prepare_compute
from pawtrace.learning.training import train_classifier


def main(work: Path, records: Path, train_json: Path) -> None:
    """Train, with a checkpoint after nearly every step."""
    fit._CHECKPOINT_INTERVAL_S = 0.0
    fit._CHECKPOINT_SHARE = 0.9
    train = TrainParams.model_validate(json.loads(train_json.read_text()))
    work.mkdir(exist_ok=True)
    train_classifier(train, open_records(records), work, prepare_compute(train))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
