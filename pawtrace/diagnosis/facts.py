"""The measurements that the rules of the verdicts use, each computed once.

Arrives: the result of a recipe, what is known about the data, the recipe's params and the thresholds of
params.yaml. Leaves: `Facts`. Two numbers are compared only if they were measured in the same mode, on
pictures that were sampled in the same way, with the same augmentation.
"""

import math
from functools import cached_property

import numpy as np

from pawtrace.config.sections import SPLITS, DiagnoseParams
from pawtrace.config.train_params import TrainParams
from pawtrace.diagnosis.dying_signal import DyingSignal, dying_signal
from pawtrace.diagnosis.finding import Numbers
from pawtrace.diagnosis.label_quality import Judged, Suspect, judged_by, sure_suspects
from pawtrace.diagnosis.scores import Score, is_above, learned_nothing, score_of
from pawtrace.diagnosis.slices import Slice, slices_of
from pawtrace.evaluation.metrics import log_loss
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.probe_results import LinearProbe
from pawtrace.results.results import Result

_LEARNED_SHARE, _AS_GOOD = 0.9, 0.05  # of the guessing loss; difference of accuracy
# With 40 % wrong labels, who knows everything is right on 60 %; pretrained features are on 90 % without.
_A_TRACE_BY_FEATURES = 0.62


class Facts:
    """The facts about one result and its data."""

    def __init__(
        self, result: Result, data: DataSummary, thresholds: DiagnoseParams, train: TrainParams
    ) -> None:
        """Collect the facts of a recipe's result; `thresholds` are the limits of the verdicts."""
        self.result, self.data, self.thresholds, self.params = result, data, thresholds, train
        self.history, self.training = result.history, result.training
        self.probes, self.signals = result.probes, result.signals
        self.train, self.validation, self.test = (score_of(result.predictions[split]) for split in SPLITS)
        self.unseen = score_of(result.predictions["validation"], result.predictions["test"])

    @property
    def accuracies(self) -> Numbers:
        """The accuracy on each split, for the numbers of a finding: inference mode, no augmentation."""
        scores = zip(SPLITS, (self.train, self.validation, self.test), strict=True)
        return {f"{split}_accuracy": score.accuracy for split, score in scores}

    @property
    def known_split(self) -> str:
        """The split that the model was trained on, or the nearest one that is known."""
        return "train"

    @cached_property
    def known(self) -> Score:
        """The score on that split."""
        return score_of(self.result.predictions[self.known_split])

    @cached_property
    def is_unbalanced(self) -> bool:
        """Whether accuracy would hide what happens to the rarer label."""
        return self.known.chance > self.thresholds.imbalance_share

    def level(self, score: Score) -> float:
        """How good a score is: its accuracy, or its balanced accuracy where labels are unbalanced."""
        return score.balanced_accuracy if self.is_unbalanced else score.accuracy

    @cached_property
    def guessing_loss(self) -> float:
        """The cross-entropy of always answering the labels' shares: their entropy, ln 2 at most."""
        share = float(self.result.predictions[self.known_split].labels.mean())
        return -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)

    @cached_property
    def learns_by_heart(self) -> bool:
        """Whether the network can memorise a few pictures at a rate that works for it."""
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
        if measured is None:
            return None
        half, right = measured.num_examples // 2, measured.num_right
        return Score((right // 2, right - right // 2), (half, measured.num_examples - half))

    @cached_property
    def train_loss(self) -> float:
        """The mean cross-entropy of the kept model on train, nats: inference mode, no augmentation."""
        known = self.result.predictions[self.known_split]
        return float(log_loss(known.labels, known.probabilities, np.ones(len(known.labels))))

    @cached_property
    def penalties_outweigh(self) -> bool:
        """Whether penalties are most of what is minimised, or were until they had shrunk all weights."""
        shares = [epoch.penalty_share for epoch in self.signals.epochs if epoch.penalty_share is not None]
        has_learned = bool(shares) and self.train_loss < _LEARNED_SHARE * self.guessing_loss
        return max(shares[-1:] if has_learned else shares, default=0.0) > self.thresholds.penalty_share

    @cached_property
    def is_flat_at_chance(self) -> bool:
        """Whether training never got measurably below the loss of guessing, nor above its accuracy."""
        return self.is_flat and learned_nothing(self.train, self.unseen)

    @cached_property
    def is_flat(self) -> bool:
        """Whether no training loss is below that of guessing by more than the margin."""
        # The kept model's too, in inference mode: dropout and augmentation raise that of training.
        lowest = min(*self.history.loss, self.train_loss)
        return lowest >= self.guessing_loss - self.thresholds.dead_loss_margin

    @property
    def can_learn(self) -> bool:
        """Whether it can memorise a few pictures, or its loss falls at some learning rate."""
        return self.learns_by_heart or self.probes.rate_range.falls_from is not None

    @cached_property
    def labels_say_nothing(self) -> bool:
        """Whether neither a linear classifier nor this network finds anything general in the labels.

        Of many pictures, either may find a trace that means as little: 40 % of the labels are wrong.
        """
        if self.baseline is None or self.train.num_examples < self.thresholds.noise_min_examples:
            return False
        judged, others = self.judged_by_features, (self.baseline, self.unseen)
        if judged is not None and judged.score.finds_more_than_a_trace(_A_TRACE_BY_FEATURES):
            return False
        return not any(score.finds_more_than_a_trace() for score in others)

    @cached_property
    def highest_rate(self) -> float:
        """The highest learning rate of any phase."""
        return max(phase.learning_rate or self.params.learning_rate for phase in self.params.phases)

    @cached_property
    def trains_backbone(self) -> bool:
        """Whether any phase changes the backbone."""
        return any(phase.trainable != "none" for phase in self.params.phases)

    @cached_property
    def head_comes_first(self) -> bool:
        """Whether the head has a phase of its own before the backbone changes."""
        return self.params.phases[0].trainable == "none"

    @property
    def linear_probe(self) -> LinearProbe | None:
        """What a linear classifier gets out of the pretrained features; None for random weights."""
        return self.probes.linear_probe

    @property
    def is_pretrained(self) -> bool:
        """Whether training started from published weights, or from those of another network."""
        return self.linear_probe is not None

    def linear_probe_accuracy(self, convention: str) -> float:
        """The accuracy of that classifier under a convention; out of fold, inference mode, plain pictures."""
        assert self.linear_probe is not None
        return self.linear_probe.conventions[convention].num_right / self.linear_probe.num_examples

    @cached_property
    def features_accuracy(self) -> float:
        """The linear classifier's accuracy on features as the recipe feeds them; 0 for random weights."""
        return self.linear_probe_accuracy(self.linear_probe.received) if self.linear_probe else 0.0

    @cached_property
    def features_are_better(self) -> bool:
        """Whether the linear classifier on features is measurably better than the model on new pictures."""
        number = self.linear_probe.num_examples if self.linear_probe else 1
        return is_above(self.features_accuracy, number, self.unseen.accuracy, self.unseen.num_examples)

    @cached_property
    def judged_by_features(self) -> Judged | None:
        """Pictures of all splits, judged by a classifier on pretrained features that saw none of them."""
        return None if self.linear_probe is None else self.judge(self.linear_probe.expected)

    def judge(self, convention: str) -> Judged:
        """The same under a convention: the received or the expected one."""
        assert self.linear_probe is not None
        found = self.linear_probe.judges[convention]
        return Judged(found.ids, found.splits, np.array(found.labels), np.array(found.probabilities))

    @cached_property
    def judged_unseen(self) -> Judged:
        """Validation and test pictures, judged by the recipe's model."""
        return judged_by({split: self.result.predictions[split] for split in ("validation", "test")})

    @cached_property
    def slices(self) -> list[Slice]:
        """Kinds of new pictures with the accuracy on each, the worst first; none where nothing is known."""
        unseen, known = self.judged_unseen, self.data.appearances
        if not all(id in known for id in unseen.ids):
            return []
        return slices_of([known[id] for id in unseen.ids], unseen.labels, unseen.is_right)

    @cached_property
    def best_judge(self) -> Judged | None:
        """Whose accuracy on held-out pictures has the highest lower bound; None if all are at chance.

        A model that memorises is sure of its errors, too: features that are as good judge instead.
        """
        features, own = self.judged_by_features, self.judged_unseen
        as_good = features is not None and features.accuracy + _AS_GOOD >= own.accuracy
        is_too_sure = self.gap >= self.thresholds.overfitting_gap and as_good
        judges = [features, None if self.penalties_outweigh or is_too_sure else own]
        able = [judged for judged in judges if judged is not None and not judged.score.at_chance]
        return max(able, key=lambda judged: judged.accuracy_low, default=None)

    @cached_property
    def suspects(self) -> list[Suspect]:
        """Labels that confident learning doubts, the surest first."""
        confidence = self.thresholds.noise_confidence
        return [] if self.best_judge is None else sure_suspects(self.best_judge, confidence)

    @cached_property
    def stopped_early(self) -> bool:
        """Whether early stopping left out planned epochs of the last phase."""
        last = len(self.training.planned_epochs) - 1
        return self.history.phase.count(last) < self.training.planned_epochs[last]

    @cached_property
    def dying_signal(self) -> DyingSignal | None:
        """Where the signal dies on its way through the untrained network."""
        of_inputs = self.probes.input_range.received.std or 0.0
        return dying_signal(self.probes.blocks, self.thresholds.vanishing_ratio, of_inputs)

    @cached_property
    def seen_in_training(self) -> set[str]:
        """The ids of the test examples that look like one of the train split."""
        return self.data.like_train["test"] & set(self.result.predictions["test"].ids)

    @cached_property
    def gap(self) -> float:
        """Train minus validation and test: the level of the kept model, inference mode, no augmentation."""
        return self.level(self.train) - self.level(self.unseen)

    @cached_property
    def is_good(self) -> bool:
        """Whether it is good on its own training pictures."""
        return self.level(self.known) >= self.thresholds.underfitting_accuracy
