"""The facts of a model that pawtrace did not train, for the same rules as a recipe's.

A measurement that is missing is `absent`: a rule that needs it ends as not known, with the reason. There are
no validation photos: the test photos take their place.
"""

from functools import cached_property

import numpy as np

from pawtrace.config.sections import DiagnoseParams
from pawtrace.config.train_params import TrainParams
from pawtrace.diagnosis.dying_signal import DyingSignal, dying_signal
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import NotKnown, Numbers
from pawtrace.diagnosis.label_quality import Judged, Suspect, sure_suspects
from pawtrace.diagnosis.scores import score_of
from pawtrace.evaluation.predictions import Predictions
from pawtrace.foreign.judging.as_results import data_of, objective_of, probes_of, result_of
from pawtrace.foreign.judging.missing import HIDDEN, NO_HISTORY, NO_TRAIN, absent
from pawtrace.foreign.measuring.fit_signals import FitSignals
from pawtrace.foreign.measuring.measure import Measured
from pawtrace.foreign.measuring.trial import cross_entropies
from pawtrace.results.number_words import percent
from pawtrace.results.probe_results import LinearProbe, Signals
from pawtrace.results.results import History

_MIN_JUDGE = 0.7  # accuracy: a worse model says more about itself than about labels
_USUAL_BATCH, _FEW_STEPS = 32, 60  # with fewer steps in all, a network has hardly begun
# Of accuracy: more than moving averages of an epoch, another epoch and augmentation explain. Less, where the
# file is known to be of the last epoch.
_DIFFERENT, _DIFFERENT_AT_LAST = 0.2, 0.1
_SAME_LOSS, _SAME_ACCURACY = 0.01, 0.0126  # of the same photos, resized by another library
_GOOD_FEATURES = 0.8  # accuracy of a linear classifier: the convolutions are not the problem
_MIN_ORDERED = 0.9  # share of different probabilities; of saturated ones many are the same


class ForeignFacts(Facts):
    """The facts of one model."""

    def __init__(
        self,
        measured: Measured,
        history: History | None,
        thresholds: DiagnoseParams,
        params: TrainParams,
        fit: FitSignals | None = None,
    ) -> None:
        """Look at what was measured.

        `params` say in our words what is known of the training, `fit` what was recorded of it.
        """
        self.measured, self.thresholds, self.params = measured, thresholds, params
        predictions = {"validation": measured.test, "test": measured.test}
        if measured.train is not None:
            predictions["train"] = measured.train
        self.knows_train, self.knows_history = measured.train is not None, history is not None
        self.result = result_of(predictions)
        self.data = data_of(measured)
        self.test = self.validation = self.unseen = score_of(measured.test)
        self.train = score_of(measured.train) if measured.train is not None else absent(NO_TRAIN)
        self.history = history if history is not None else absent(NO_HISTORY)
        self.training = absent("the model file does not record the epochs")
        self.signals = Signals.model_construct(
            num_examples=measured.modes.num_examples if measured.modes else 0,
            epochs=list(fit.epochs) if fit else [],
            kept=measured.modes or absent(HIDDEN),
        )
        self.initial_loss = objective_of(fit.initial) if fit and fit.initial else None
        self.not_recorded = fit.missing if fit else ""
        self.probes = probes_of(measured, self.initial_loss)

    @property
    def known_split(self) -> str:
        """`train`, or `test` if the training photos are not known."""
        return "train" if self.knows_train else "test"

    @property
    def accuracies(self) -> Numbers:
        """The accuracy on train (if the photos are known) and on test."""
        known = {"train_accuracy": self.train.accuracy} if self.knows_train else {}
        return {**known, "test_accuracy": self.test.accuracy}

    @property
    def largest_update(self) -> float | None:
        """The largest change of a block's weights in a step, as a share of them; None: not measured."""
        blocks = [block for epoch in self.signals.epochs for block in epoch.blocks]
        return max((block.update_ratio for block in blocks if block.update_ratio is not None), default=None)

    @cached_property
    def labels_say_nothing(self) -> bool:
        """Whether neither a linear classifier nor this network finds anything general in the labels."""
        return self.knows_train and bool(super().labels_say_nothing)

    @cached_property
    def dying_signal(self) -> DyingSignal | None:
        """Where the signal dies on its way through the trained network.

        The inputs are not counted: a `.keras` file may scale them in any layer.
        """
        return dying_signal(self.probes.blocks, self.thresholds.vanishing_ratio)

    @property
    def num_train(self) -> int:
        """How many training photos there are, measured or not.

        Raises:
          NotKnown: they were not given.
        """
        if self.measured.train_photos is None:
            raise NotKnown(NO_TRAIN)
        return self.measured.train_photos.num_found

    @property
    def has_hardly_begun(self) -> bool:
        """Whether the history holds so few steps that they show nothing of what the model can learn."""
        if not self.knows_history:
            return False
        num_epochs = len(self.history.epoch)
        num_steps = num_epochs * -(-self.num_train // _USUAL_BATCH) if self.knows_train else _FEW_STEPS
        return num_epochs == 1 or num_steps < _FEW_STEPS

    @property
    def may_be_scaled_twice(self) -> bool:
        """Whether the model divides by 255 itself, and fits photos that are divided already as well."""
        measured = self.measured
        divides = measured.inner_scaling and measured.made_for == "zero_to_255"
        return divides and bool(measured.feeding.equals)

    def require_no_contradiction(self) -> None:
        """End a rule if the history tells of a much better model than was measured.

        Raises:
          NotKnown: then the script prepares its photos in a way that pawtrace does not try.
        """
        if not (self.knows_history and self.knows_train):
            return
        modes = self.measured.modes  # the history's accuracy is that of training mode
        found = max(self.known.accuracy, modes.training.accuracy or 0.0 if modes else 0.0)
        told = self.history.accuracy[-1]
        limit = _DIFFERENT_AT_LAST if is_of_epoch(-1, self.history, self.measured.test) else _DIFFERENT
        if told - found > limit:
            raise NotKnown(
                f"the training accuracy is {percent(told)} at the end of the history and {percent(found)} "
                "here, so the script prepares the photos in another way, or had other photos or labels; use "
                "pawtrace.DiagnoseCallback in it"
            )

    @property
    def learns_by_heart(self) -> bool:
        """Not known; false, so that no rule takes it for granted."""
        return False

    @cached_property
    def best_judge(self) -> Judged | None:
        """The most accurate judge of the test photos' labels, if it is accurate.

        Raises:
          NotKnown: there is an accurate one, but its probabilities cannot rank the labels.
        """
        judges = [judge for judge in (self.judged_by_features, self.judged_unseen) if judge is not None]
        accurate = [judge for judge in judges if judge.accuracy >= _MIN_JUDGE and not judge.score.at_chance]
        able = [judge for judge in accurate if _can_rank(judge)]
        if accurate and not able:
            raise NotKnown("most probabilities are exactly 0 or 1, so they cannot rank the labels")
        return max(able, key=lambda judge: judge.accuracy_low, default=None)

    @cached_property
    def features_accuracy(self) -> float:
        """The linear classifier's accuracy on the features, as the model is fed or, if unknown, at best."""
        if self.linear_probe is None:
            return 0.0
        names = {self.linear_probe.received}
        names |= set() if self.measured.feeding.is_certain else {self.linear_probe.expected}
        return max(self.linear_probe_accuracy(name) for name in names)

    @property
    def head_is_at_fault(self) -> bool:
        """Whether a linear classifier on the trunk's features is good, and better than the model."""
        return self.features_accuracy >= _GOOD_FEATURES and self.features_are_better

    @cached_property
    def judged_train(self) -> Judged | None:
        """The training photos' labels, judged by a linear classifier on the trunk's features of test photos.

        None unless that classifier is accurate on test photos that it has not seen.
        """
        judge, others = self.measured.judged_train, self.judged_by_features
        is_able = others is not None and others.accuracy >= _GOOD_FEATURES
        return judge if judge is not None and is_able and _can_rank(judge) else None

    @cached_property
    def suspects_in_train(self) -> list[Suspect]:
        """The training photos whose labels that judge doubts, the surest first."""
        confidence = self.thresholds.noise_confidence
        return [] if self.judged_train is None else sure_suspects(self.judged_train, confidence)

    @cached_property
    def penalties_outweigh(self) -> bool:
        """Whether the penalties on the weights are most of the objective, of epochs or of the saved model."""
        objective = self.measured.penalty + self.train_loss
        is_large = self.measured.penalty > self.thresholds.penalty_share * objective
        return is_large or bool(super().penalties_outweigh)

    @cached_property
    def stopped_early(self) -> bool:
        """Not known; assumed false, as nobody stops a training whose loss still falls."""
        return False

    @property
    def linear_probe(self) -> LinearProbe | None:
        """What a linear classifier gets out of the trunk's features; None for untrained weights."""
        return self.measured.linear_probe

    @property
    def is_pretrained(self) -> bool:
        """Whether the network is a published one; what another one started from is not known."""
        return self.linear_probe is not None and self.measured.network.family is not None


def is_of_epoch(epoch: int, history: History, test: Predictions) -> bool:
    """Whether predictions of the test photos have the validation loss and accuracy of an epoch."""
    loss = float(cross_entropies(test.probabilities, test.labels).mean())
    accuracy = float(np.mean(test.predicted == test.labels))
    is_same_loss = abs(loss - history.val_loss[epoch]) < _SAME_LOSS
    return is_same_loss and abs(accuracy - history.val_accuracy[epoch]) < _SAME_ACCURACY


def _can_rank(judge: Judged) -> bool:
    return len(np.unique(judge.probabilities)) >= _MIN_ORDERED * len(judge.probabilities)
