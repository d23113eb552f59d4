"""The loop: train a classifier through its phases and keep the best epoch.

Arrives: a recipe's params and the checked records. Leaves: a classifier with its best epoch's weights,
the rows of its history and its signals; in the working folder checkpoints/, from which an interrupted run
resumes, on a CPU with the same result to the last digit.
"""

import contextlib
import math
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.dataset.examples.pixels import View
from pawtrace.dataset.examples.shards import Records
from pawtrace.learning.checkpoints import Checkpoint, Checkpoints, assign, values_of
from pawtrace.learning.device import Compute, spread_over_devices
from pawtrace.learning.failures import out_of_memory_named, require_finite
from pawtrace.learning.history import live_history, log_epoch
from pawtrace.learning.hosts import is_chief
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.inputs.phase_input import FeatureInput, ImageInput, PhaseInput
from pawtrace.learning.learner import Learner, numbers_of
from pawtrace.learning.loss import label_weights
from pawtrace.learning.networks.model import Classifier, build_classifier
from pawtrace.learning.networks.phases import begin_phase
from pawtrace.learning.probes.sample import balanced_sample
from pawtrace.learning.progress import Progress
from pawtrace.learning.signals import Meter, is_measured, modes_of, num_examples, num_kept_examples
from pawtrace.learning.steps import MAX_IN_FLIGHT, Metrics

_CHECKPOINT_INTERVAL_S = 5.0  # at least; and never more than a twentieth of the time
_CHECKPOINT_SHARE = 0.05


class Run:
    """The training of one recipe with one seed."""

    def __init__(self, train: TrainParams, records: dict[str, Records], work: Path, compute: Compute) -> None:
        """Build the model, and give it what the newest checkpoint in `work` holds."""
        self.train, self.records, self.work, self.compute = train, records, work, compute
        self.classifier: Classifier = build_classifier(train)
        for phase in train.phases:
            begin_phase(self.classifier.backbone, phase, train)  # refuses a wrong name before any work
        self.view: View = AugmentedView(train.augmentation, train.seed)
        self.steps_per_epoch = -(-len(records["train"]) // train.batch_size)
        self.progress = Progress()
        size_px, num_sampled = train.image_size_px, num_examples(len(records["train"]))
        self._sample = balanced_sample(records["train"], size_px, num_sampled, train.seed)
        self.best: list[np.ndarray] = []
        self.checkpoints = Checkpoints(work / "checkpoints")
        self._optimizer_state: list[np.ndarray] = []
        self._in_flight: deque[tuple[Metrics, int]] = deque()  # steps, with their numbers of examples
        self._saved_at, self._saving_s = time.perf_counter(), 0.0
        self._resume()

    def fit(self) -> None:
        """Train through all phases; the model ends with its best epoch's weights."""
        phases = self.train.phases
        history = live_history(self.work / "dvclive", self.progress.rows)
        with history if is_chief() else contextlib.nullcontext() as self.live:
            while self.progress.phase < len(phases):
                phase = phases[self.progress.phase]
                if not self.progress.phase_is_over(phase, self.train.early_stopping):
                    self._fit_phase()
                if is_chief():
                    self._features_file.unlink(missing_ok=True)
                self._optimizer_state = []  # a checkpoint may be of the phase's very end
                assign(self.classifier.whole.weights, self.best)
                self.progress.next_phase()

    def _fit_phase(self) -> None:
        train, progress = self.train, self.progress
        phase = train.phases[progress.phase]
        begin_phase(self.classifier.backbone, phase, train)
        with (
            out_of_memory_named(min(train.batch_size, len(self.records["train"])), self.compute.device),
            contextlib.closing(self._input_of(phase)) as source,
        ):
            weights = label_weights(train, self.records["train"].labels)
            settings = (train, phase, self.classifier, source.model, self.steps_per_epoch, self.compute)
            learner = Learner(*settings, weights)
            meter = Meter(learner, source.of_images(self._sample.images), self._sample.labels)
            if self._optimizer_state:  # this phase was broken off
                assign(learner.optimizer.variables, self._optimizer_state)
                self._optimizer_state = []
            while not progress.phase_is_over(phase, train.early_stopping):
                self._fit_epoch(learner, source, meter)

    def _fit_epoch(self, learner: Learner, source: PhaseInput, meter: Meter) -> None:
        progress = self.progress
        num_epochs = self.train.phases[progress.phase].num_epochs
        last = progress.phase_start + num_epochs
        number = progress.epoch + 1 - progress.phase_start
        measured = is_measured(number, num_epochs, reads_images=source.reads_images)
        title = f"epoch {progress.epoch + 1} of {last}"
        batches = source.batches(progress.epoch, progress.step)
        settings = {"unit": " batches", "disable": None, "leave": False}
        with tqdm(total=self.steps_per_epoch, initial=progress.step, desc=title, **settings) as bar:
            for inputs, labels, num_examples in progress.timed(
                spread_over_devices(batches), are_images=source.reads_images
            ):
                is_last = progress.step + len(self._in_flight) + 1 == self.steps_per_epoch
                if is_last and measured:
                    self._finish_steps(learner, 0)
                    meter.before_last_step()
                self._in_flight.append((learner.begin_step(inputs, labels), num_examples))
                if is_last:
                    self._finish_steps(learner, 0)
                elif len(self._in_flight) > MAX_IN_FLIGHT:
                    # Several at once: TensorFlow's copy of one result waits for all steps that were begun.
                    self._finish_steps(learner, MAX_IN_FLIGHT // 2)
                bar.update()
                if progress.num_summed:
                    bar.set_postfix(loss=f"{progress.means()['loss']:.3f}", refresh=False)
                if not is_last:  # the epoch's end needs what was before its last step
                    self._save_now_and_then(learner)
        if measured:
            progress.signals.append({"epoch": progress.epoch + 1, **meter.after_epoch()})
        self._end_epoch(learner, source, title)

    def _finish_steps(self, learner: Learner, num_left: int) -> None:
        """Wait for the oldest steps until so many are left, and take what they gave into the epoch."""
        while len(self._in_flight) > num_left:
            metrics, num_examples = self._in_flight.popleft()
            numbers = numbers_of(metrics)
            self._require_finite(numbers, learner)
            self.progress.add_batch(numbers, num_examples)

    def _require_finite(self, numbers: Mapping[str, float], learner: Learner) -> None:
        if all(map(math.isfinite, numbers.values())):
            return  # the rate is computed on the device, behind the steps in flight
        progress = self.progress
        num_steps = (progress.epoch - progress.phase_start) * self.steps_per_epoch + progress.step
        where = f"epoch {progress.epoch + 1}, step {progress.step + 1}"
        require_finite(numbers, where, learner.learning_rate_at(num_steps), self.checkpoints.newest)

    def _end_epoch(self, learner: Learner, source: PhaseInput, title: str) -> None:
        progress = self.progress
        row: dict[str, Any] = {"learning_rate": learner.learning_rate}
        row |= {name: progress.means()[name] for name in ("loss", "accuracy")}
        with learner.averaged_weights():
            validation = learner.measure(source.validation())
            self._require_finite(validation, learner)
            row |= {f"val_{name}": value for name, value in validation.items()}
            if progress.end_epoch(row, self.train.early_stopping):
                self.best = values_of(self.classifier.whole.weights)
        if self.live is not None:
            log_epoch(self.live, progress.rows[-1])
        shown = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
        print(f"{title}: {shown.replace('_', ' ')}", flush=True)
        self._save_now_and_then(learner)

    def _input_of(self, phase: Phase) -> PhaseInput:
        train, records, view, classifier = self.train, self.records, self.view, self.classifier
        if phase.trainable == "none":
            return FeatureInput(train, records, view, classifier, self.progress, self._features_file)
        return ImageInput(train, phase, records, view, classifier)

    @property
    def num_sampled(self) -> int:
        """How many pictures each epoch's signals were measured on."""
        return len(self._sample.images)

    def kept_signals(self) -> dict[str, Any]:
        """The model that was kept, in both modes; see `signals.modes_of`."""
        train, records = self.train, self.records["train"]
        num_pictures = num_kept_examples(self.progress.num_images)
        sample = balanced_sample(records, train.image_size_px, num_pictures, train.seed)
        return modes_of(self.classifier.whole, sample.images, sample.labels)

    @property
    def _features_file(self) -> Path:
        return self.work / f"features-{self.progress.phase}.npy"

    def _save_now_and_then(self, learner: Learner) -> None:
        """Save by the chief's clock; the others need not know: a replicated weight is read without them."""
        if not is_chief():
            return
        start = time.perf_counter()
        interval_s = max(_CHECKPOINT_INTERVAL_S, self._saving_s / _CHECKPOINT_SHARE)
        if start - self._saved_at < interval_s:
            return
        self._finish_steps(learner, 0)
        learner.settle()
        model = values_of(self.classifier.whole.variables)
        # An update may have broken what the loss before it does not show yet.
        self._require_finite({"weight": sum(map(np.sum, model))}, learner)
        optimizer = values_of(learner.optimizer.variables)
        self.checkpoints.save(Checkpoint(vars(self.progress), model, optimizer, self.best))
        self._saved_at = time.perf_counter()
        self._saving_s = self._saved_at - start

    def _resume(self) -> None:
        checkpoint = self.checkpoints.load()
        if checkpoint is None:
            return
        self.progress = Progress(**checkpoint.state)
        assign(self.classifier.whole.variables, checkpoint.model)
        self.best, self._optimizer_state = checkpoint.best, checkpoint.optimizer
        done = f"step {self.progress.step} of epoch {self.progress.epoch + 1}"
        print(f"resuming after {done}, from {self.checkpoints.newest}", flush=True)
