"""The table of verdicts: the name, the rule, the colour and the meaning of each.

A new verdict is a row here, its module in `rules`, its cures in `cures`, its name and its thresholds in
`pawtrace.config.sections`.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from pawtrace.config.sections import VerdictName
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.diagnosis.rules import (
    blank_inputs,
    dead,
    forgetting,
    healthy,
    imbalance,
    input_scaling,
    label_noise,
    leaking,
    normalization_lag,
    overfitting,
    stalled,
    too_few,
    underfitting,
    undertrained,
    unstable,
)


class Verdict(NamedTuple):
    """A row of the table."""

    name: VerdictName
    rule: Callable[[Facts], Finding]
    tone: Literal["good", "fair", "bad"]  # how urgent it is: the colour in which it is shown
    cause: str  # what the verdict means
    notes: tuple[str, ...] = ()  # the notes that the finding's sentence contains already

    @property
    def words(self) -> str:
        """The name as readers see it: `label noise`."""
        return self.name.replace("_", " ")


_ROWS = (  # in the order of the rules; the first rule that applies gives the verdict
    Verdict(
        "leaking",
        leaking.rule,
        tone="bad",
        cause="the model was also trained on test pictures, or on their mirror images",
        notes=("overlap",),
    ),
    Verdict("unstable", unstable.rule, tone="bad", cause="the training loss jumps and does not recover"),
    Verdict(
        "blank_inputs",
        blank_inputs.rule,
        tone="bad",
        cause="the training pictures are blank, by augmentation or from the start",
    ),
    Verdict(
        "input_scaling",
        input_scaling.rule,
        tone="bad",
        cause="the inputs are not scaled as they were when the weights were pretrained",
        notes=("input_range",),
    ),
    Verdict(
        "dead",
        dead.rule,
        tone="bad",
        cause="hardly better than guessing, even on the training pictures",
        notes=("dying_signal",),
    ),
    Verdict(
        "stalled", stalled.rule, tone="bad", cause="the learning rate is so low that the loss hardly moves"
    ),
    Verdict(
        "normalization_lag",
        normalization_lag.rule,
        tone="bad",
        cause="good in training mode, bad in inference mode: batch normalisation's averages lag behind",
    ),
    Verdict("too_few", too_few.rule, tone="bad", cause="too few training pictures to learn from"),
    Verdict(
        "imbalance",
        imbalance.rule,
        tone="fair",
        cause="one label is so frequent that the model neglects the other one",
        notes=("class_imbalance",),
    ),
    Verdict("label_noise", label_noise.rule, tone="fair", cause="some or all labels are wrong"),
    Verdict(
        "forgetting",
        forgetting.rule,
        tone="fair",
        cause="fine-tuning has destroyed the pretrained features",
    ),
    Verdict(
        "overfitting",
        overfitting.rule,
        tone="fair",
        cause="good on the training pictures, clearly worse on new ones",
    ),
    Verdict("undertrained", undertrained.rule, tone="fair", cause="still improving when training ended"),
    Verdict("underfitting", underfitting.rule, tone="fair", cause="not good on its own training pictures"),
    Verdict("healthy", healthy.rule, tone="good", cause="no other verdict applies"),
)
VERDICTS: dict[str, Verdict] = {verdict.name: verdict for verdict in _ROWS}
