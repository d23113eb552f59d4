"""A small run on one of several hosts, in a process of its own: the variables KERAS_DISTRIBUTION_* say which.

WORK becomes the run's folder, which the chief alone may change; TRAIN is a JSON file of train params.
Run: python -m tests.learning.programs.one_host WORK RECORDS TRAIN
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from flows.ending import ends_in_time
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning import fit
from pawtrace.learning.device import prepare_compute
from pawtrace.learning.hosts import is_chief, leave_hosts
from pawtrace.learning.training import train_classifier

_CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"}


def refuse_changes(folder: Path) -> None:
    """Let this process fail where it would write into a folder."""

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (writes or event in _CHANGES) and str(arguments[0]).startswith(str(folder)):
            raise AssertionError(f"{event} of {arguments[0]} by a host that only takes part")

    sys.addaudithook(look)


def main(work: Path, records: Path, train_json: Path) -> None:
    """Train, with a checkpoint after nearly every step."""
    fit._CHECKPOINT_INTERVAL_S = 0.0
    fit._CHECKPOINT_SHARE = 0.9
    train = TrainParams.model_validate(json.loads(train_json.read_text()))
    if is_chief():
        work.mkdir(exist_ok=True)
    else:
        refuse_changes(work)
    train_classifier(train, open_records(records), work, prepare_compute(train))
    leave_hosts()


if __name__ == "__main__":
    with ends_in_time():  # after an error, JAX would wait for the other hosts for minutes
        main(*map(Path, sys.argv[1:]))
