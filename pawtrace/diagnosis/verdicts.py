"""The table of verdicts: what each is called, its rule, its colour, its cause, its cure.

A new verdict is a row here, its module in `rules`, its name and its thresholds in
`pawtrace.config.sections`.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from pawtrace.config.sections import VerdictName
from pawtrace.diagnosis.facts import Facts, Finding
from pawtrace.diagnosis.rules import (
    dead,
    healthy,
    label_noise,
    leaking,
    overfitting,
    underfitting,
    undertrained,
    unstable,
)


class Verdict(NamedTuple):
    """A row of the table."""

    name: VerdictName
    rule: Callable[[Facts], Finding | None]  # None: the verdict does not apply
    tone: Literal["good", "fair", "bad"]  # how urgent it is: the colour in which it is shown
    cause: str  # what it means
    cure: str | None  # what to do if no recipe of params.yaml names the verdict in `cures`; None: nothing
    notes: tuple[str, ...] = ()  # the notes that the finding's sentence contains already
    shows_suspects: bool = False  # whether the labels of the confident errors are worth a look

    @property
    def words(self) -> str:
        """The name as readers see it: `label noise`."""
        return self.name.replace("_", " ")


_ROWS = (  # in the order in which the rules are asked; the first that applies is the verdict
    Verdict(
        "leaking",
        leaking.rule,
        tone="bad",
        cause="test pictures, or their mirror images, were also trained on",
        cure="Raise split.near_duplicate_distance to probe.overlap_distance or more: pictures that look "
        "the same, or mirrored, then share a split.",
        notes=("overlap",),
    ),
    Verdict(
        "unstable",
        unstable.rule,
        tone="bad",
        cause="the training loss jumps and does not recover",
        cure="Lower train.learning_rate, or begin with train.schedule.warmup_epochs.",
    ),
    Verdict(
        "dead",
        dead.rule,
        tone="bad",
        cause="never better than guessing, not even on the training pictures",
        cure="Start from pretrained weights (train.weights), or let random ones keep the signal alive: "
        "train.initializer he_normal with train.batch_normalization.",
        notes=("dying_signal",),
    ),
    Verdict(
        "label_noise",
        label_noise.rule,
        tone="fair",
        cause="some or all labels are wrong; the most suspicious ones are listed",
        cure="Look at the suspects in the report and correct the labels that are wrong.",
        shows_suspects=True,
    ),
    Verdict(
        "overfitting",
        overfitting.rule,
        tone="fair",
        cause="good on the training pictures, clearly worse on new ones",
        cure="Train on more pictures, or use train.augmentation, dropout or a smaller head.",
    ),
    Verdict(
        "undertrained",
        undertrained.rule,
        tone="fair",
        cause="still improving when training ended",
        cure="Give train.phases more epochs, or raise train.learning_rate.",
    ),
    Verdict(
        "underfitting",
        underfitting.rule,
        tone="fair",
        cause="not good on its own training pictures",
        cure="Make more of the backbone trainable, start from pretrained weights, or weaken "
        "augmentation and regularisation.",
    ),
    Verdict("healthy", healthy.rule, tone="good", cause="no other verdict applies", cure=None),
)
VERDICTS: dict[str, Verdict] = {verdict.name: verdict for verdict in _ROWS}
