"""The state of a run without its weights, ready for a checkpoint."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pawtrace.config.train_params import EarlyStopping, Phase

Batch = TypeVar("Batch", bound=tuple[Any, Any, int])


@dataclass
class Progress:
    """A run's place in its phases, its history, its best epoch, its early stopping and its clock.

    All of it is numbers, so that JSON brings it back to the last digit.
    """

    phase: int = 0
    phase_start: int = 0  # epochs before the current phase
    epoch: int = 0  # epochs finished, over all phases
    step: int = 0  # batches of the epoch after those
    sums: dict[str, float] = field(default_factory=dict)  # of that epoch's metrics, times examples
    num_summed: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)  # a row an epoch, as in history.csv
    signals: list[dict[str, Any]] = field(default_factory=list)  # of the epochs that were measured
    best_epoch: int = 0  # from 1 on; 0: none yet
    best_loss: float | None = None
    num_waited: int = 0  # epochs of this phase without a better validation loss
    wait_for: float | None = None  # what the next loss must be below, to be better
    num_images: int = 0  # that went through the backbone
    images_s: float = 0.0  # the time that those took
    training_s: float = 0.0  # without validation
    waiting_s: float = 0.0  # of those, for input

    def add_batch(self, metrics: dict[str, float], num_examples: int) -> None:
        """Take a batch's mean metrics into the epoch's."""
        for name, value in metrics.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value) * num_examples
        self.num_summed += num_examples
        self.step += 1

    def means(self) -> dict[str, float]:
        """The epoch's metrics so far."""
        return {name: total / self.num_summed for name, total in self.sums.items()}

    def end_epoch(self, row: dict[str, Any], early_stopping: EarlyStopping | None) -> bool:
        """Keep an epoch's row.

        Returns:
          Whether its validation loss is the lowest so far.
        """
        self.epoch += 1
        self.step, self.num_summed, self.sums = 0, 0, {}
        loss = row["val_loss"]
        self.rows.append({"epoch": self.epoch, "phase": self.phase, **row})
        if early_stopping is not None:
            better = self.wait_for is None or loss < self.wait_for
            self.num_waited = 0 if better else self.num_waited + 1
            self.wait_for = loss - early_stopping.min_delta if better else self.wait_for
        if self.best_loss is not None and loss >= self.best_loss:
            return False
        self.best_loss, self.best_epoch = loss, self.epoch
        return True

    def phase_is_over(self, phase: Phase, early_stopping: EarlyStopping | None) -> bool:
        """Whether the current phase has had its epochs, or has waited long enough for a better one."""
        patience = math.inf if early_stopping is None else early_stopping.patience
        return self.epoch - self.phase_start >= phase.num_epochs or self.num_waited >= patience

    def next_phase(self) -> None:
        """Begin the next phase; waiting begins anew, the best epoch stays."""
        self.phase, self.phase_start = self.phase + 1, self.epoch
        self.num_waited, self.wait_for = 0, None

    def timed(self, batches: Iterable[Batch], *, are_images: bool) -> Iterator[Batch]:
        """Pass batches of (inputs, labels, number of examples) on; note how long they took.

        Args:
          batches: waited for, one by one.
          are_images: whether they go through the backbone, and count for images/s.
        """
        source = iter(batches)
        while True:
            start = time.perf_counter()
            try:
                batch = next(source)
            except StopIteration:
                return
            arrived = time.perf_counter()
            self.waiting_s += arrived - start
            yield batch
            spent = time.perf_counter() - start
            self.training_s += spent
            if are_images:
                self.images_s += spent
                self.num_images += batch[-1]
