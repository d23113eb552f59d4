"""One run: train a classifier with one seed, and write its files.

Arrives: a recipe's params and the checked records. Leaves, in a working folder: model.keras,
history.csv, signals.json, dvclive/ and, last of all, training.json, whose presence says that the run
finished.
"""

import math
import shutil
from pathlib import Path
from typing import Any

from pawtrace.base.files import new_file, write_json
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.device import Compute, distributed
from pawtrace.learning.failures import lost_host_named
from pawtrace.learning.fit import Run
from pawtrace.learning.history import write_history
from pawtrace.learning.hosts import is_chief

FINISHED = "training.json"
SIGNALS = "signals.json"


def train_classifier(train: TrainParams, records: dict[str, Records], work: Path, compute: Compute) -> None:
    """Train with one seed and write the results into `work`.

    Args:
      train: the recipe's params; `train.seed` is the run's seed.
      records: of all splits, checked.
      work: a folder: empty, or left by an interrupted run with the same params. Of several hosts, which
        all see it, the chief alone writes there.
      compute: what `prepare_compute` chose.
    Raises:
      TrainingError: the backbone is unusable, or a loss is not finite.
      DeviceError: the device's memory is too small for a batch, or another host is gone.
    """
    with lost_host_named(), distributed(compute):
        run = Run(train, records, work, compute)
        run.fit()
        kept = run.kept_signals()
    if is_chief():
        _write_results(train, run, kept, work)


def _write_results(train: TrainParams, run: Run, kept: dict[str, Any], work: Path) -> None:
    whole, progress = run.classifier.whole, run.progress
    with new_file(work / "model.keras") as partial:
        whole.save(partial)
    write_history(work / "history.csv", progress.rows)
    write_json(work / SIGNALS, {"num_examples": run.num_sampled, "epochs": progress.signals, "kept": kept})
    # Of the time in which images went through the backbone: a head that trains on features is another thing.
    images_per_s = progress.num_images / progress.images_s if progress.images_s else 0.0
    waiting_share = progress.waiting_s / progress.training_s
    print(
        f"trained {len(progress.rows)} epochs in {progress.training_s:.0f} s ({images_per_s:.0f} images/s, "
        f"{waiting_share:.0%} of the time waiting for input); kept epoch {progress.best_epoch}, which has "
        "the lowest validation loss",
        flush=True,
    )
    write_json(
        work / FINISHED,
        {
            "seed": train.seed,
            "best_epoch": progress.best_epoch,
            "num_epochs": len(progress.rows),
            "planned_epochs": [phase.num_epochs for phase in train.phases],
            "duration_s": round(progress.training_s, 3),
            "images_per_s": round(images_per_s, 1),
            "waiting_share": round(waiting_share, 4),
            **run.compute._asdict(),
            "num_weights": whole.count_params(),
            "num_trainable_weights": sum(math.prod(weight.shape) for weight in whole.trainable_weights),
            "num_head_weights": run.classifier.head.count_params(),
        },
    )
    shutil.rmtree(work / "checkpoints", ignore_errors=True)  # only now: until here a kill loses nothing
