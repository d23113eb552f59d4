"""What the rules of the verdicts look at: scores, the loss of guessing, probes, confident errors.

Arrives: the result of a recipe, what is known about the data and the thresholds of params.yaml. Leaves:
`Facts`, each computed once.
"""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pawtrace.config.sections import LABELS, SPLITS, DiagnoseParams
from pawtrace.diagnosis.dying_signal import DyingSignal, dying_signal
from pawtrace.diagnosis.scores import Score, score_of
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.number_words import percent, plural
from pawtrace.results.results import Result

Numbers = dict[str, float | str]


class Finding(NamedTuple):
    """Why a verdict applies."""

    numbers: Numbers  # the evidence by name; shares 0..1
    sentence: str


class Suspect(NamedTuple):
    """An example for whose label the model is sure of the other one."""

    id: str
    split: str
    label: str
    probability: float  # P(dog)


class Facts:
    """The facts about one result and its data."""

    def __init__(self, result: Result, data: DataSummary, thresholds: DiagnoseParams) -> None:
        """Look at a result; `thresholds` say what counts as passed, sure or dying."""
        self.result, self.data, self.thresholds = result, data, thresholds
        self.history, self.training, self.probes = result.history, result.training, result.probes
        self.train, self.validation, self.test = (score_of(result.predictions[split]) for split in SPLITS)
        self.unseen = score_of(result.predictions["validation"], result.predictions["test"])

    @property
    def accuracies(self) -> Numbers:
        """The accuracy on each split, for the numbers of a finding."""
        scores = zip(SPLITS, (self.train, self.validation, self.test), strict=True)
        return {f"{split}_accuracy": score.accuracy for split, score in scores}

    @property
    def by_heart_words(self) -> str:
        """How many of a few pictures the network can learn by heart, in words."""
        probe = self.probes.overfit
        return f"{percent(probe.accuracy or 0.0)} of {plural(probe.num_examples, 'picture')} by heart"

    @cached_property
    def guessing_loss(self) -> float:
        """The cross-entropy of always answering the train labels' shares: their entropy, ln 2 at most."""
        share = float(self.result.predictions["train"].labels.mean())
        return -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)

    @cached_property
    def learns_by_heart(self) -> bool:
        """Whether the network can learn a few pictures at all; a number that is not finite is a no."""
        probe = self.probes.overfit
        return (
            probe.accuracy is not None
            and probe.loss is not None
            and probe.accuracy >= self.thresholds.overfit_probe_accuracy
            and probe.loss <= self.thresholds.overfit_probe_loss_share * self.guessing_loss
        )

    @cached_property
    def baseline(self) -> Score | None:
        """The score of a linear classifier on edges, on train; None if there were too few examples."""
        measured = self.data.split.baseline
        return None if measured is None else Score(measured.num_right, measured.num_examples, chance=0.5)

    @cached_property
    def is_flat_at_chance(self) -> bool:
        """Whether training never got measurably below the loss of guessing, nor above its accuracy."""
        lowest = min(self.history.loss)
        return self.train.at_chance and lowest >= self.guessing_loss - self.thresholds.dead_loss_margin

    @cached_property
    def labels_say_nothing(self) -> bool:
        """Whether neither a linear classifier nor this network finds anything general in the labels."""
        enough = self.train.num_examples >= self.thresholds.noise_min_examples
        linear_finds_nothing = self.baseline is not None and self.baseline.at_chance
        return enough and self.unseen.at_chance and linear_finds_nothing

    @cached_property
    def stopped_early(self) -> bool:
        """Whether early stopping left out planned epochs of the last phase."""
        last = len(self.training.planned_epochs) - 1
        return self.history.phase.count(last) < self.training.planned_epochs[last]

    @cached_property
    def dying_signal(self) -> DyingSignal | None:
        """Where the signal dies on its way through the untrained network."""
        return dying_signal(self.probes.blocks, self.thresholds.vanishing_ratio)

    @cached_property
    def seen_in_training(self) -> set[str]:
        """The ids of the test examples that look like one of the train split."""
        return self.data.like_train["test"] & set(self.result.predictions["test"].ids)

    @cached_property
    def gap(self) -> float:
        """Train minus validation accuracy of the model that was kept, unaugmented."""
        return self.train.accuracy - self.validation.accuracy

    def confident_errors(self, *splits: str) -> list[Suspect]:
        """The examples for which P(other label) is at least `noise_confidence`, the surest first."""
        suspects = [suspect for split in splits for suspect in self._confident_errors(split)]
        return sorted(suspects, key=lambda suspect: (-_wrongness(suspect), suspect.id))

    def _confident_errors(self, split: str) -> Iterator[Suspect]:
        predictions = self.result.predictions[split]
        wrongness = np.abs(predictions.probabilities - predictions.labels)
        for number in np.flatnonzero(wrongness >= self.thresholds.noise_confidence):
            label = LABELS[int(predictions.labels[number])]
            yield Suspect(predictions.ids[number], split, label, float(predictions.probabilities[number]))


def _wrongness(suspect: Suspect) -> float:
    return abs(suspect.probability - LABELS.index(suspect.label))
