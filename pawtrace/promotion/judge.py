"""Whether a candidate may replace the promoted model.

Arrives: the candidate, the folder of the promoted model. Leaves: a `Decision`, with its numbers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import sha256_of
from pawtrace.config.sections import LABELS, PromoteParams
from pawtrace.diagnosis.verdicts import VERDICTS
from pawtrace.evaluation.groups import effective_size
from pawtrace.evaluation.intervals import wilson
from pawtrace.evaluation.predictions import Predictions, read_predictions
from pawtrace.promotion.candidate import PREDICTIONS, Candidate
from pawtrace.promotion.record import BEST_PREDICTIONS, Best, DecisionRecord, changes_by_hand, read_record
from pawtrace.promotion.tracking import read_pointer
from pawtrace.results.number_words import percent, points
from pawtrace.results.paired import Difference, paired_difference

Verdict = Literal["first", "same", "not_worse", "refused", "rolled_back", "incomparable"]
_BySplit = Mapping[str, Predictions]


class Reference(NamedTuple):
    """The model that a candidate is compared with."""

    model: Best
    predictions: Path


class Decision(NamedTuple):
    """Whether to promote, and why."""

    verdict: Verdict
    sentence: str
    comparison: Difference | None = None  # candidate less reference, on the examples that count
    margin: float | None = None
    reference: Reference | None = None

    @property
    def promote(self) -> bool:
        """Whether the candidate should take the promoted model's place."""
        return self.verdict in ("first", "not_worse")

    @property
    def better(self) -> Reference | None:
        """The model that later candidates are still compared with if this one is promoted; None: this one."""
        is_best = self.comparison is None or self.comparison.difference >= 0
        return None if is_best else self.reference

    def recorded(self) -> DecisionRecord:
        """For promoted.json."""
        return DecisionRecord(
            verdict=self.verdict,
            promote=self.promote,
            sentence=self.sentence,
            margin=self.margin,
            comparison=None if self.comparison is None else self.comparison._asdict(),
        )


def judge(candidate: Candidate, promoted: Path | None, params: PromoteParams) -> Decision:
    """Compare a candidate with the best model that was ever promoted, on the same test examples.

    The candidate must be better than always giving the same answer, its diagnosis must not say that it is
    broken, and it must not be worse than the best model by more than the margin (non-inferiority). It is not
    compared with the promoted model, because then each night's model could be a little worse than the last.

    Only examples count that are in the test splits of both models and in the train split of neither.

    Args:
      candidate: see `candidate_of`.
      promoted: the promoted model's folder; None or missing before the first promotion.
      params: the margin that the lower 95 % bound of the difference in accuracy must stay above.
    Raises:
      DataError: the candidate has no predictions.
    """
    ours = {
        split: predictions.grouped(candidate.group_of)
        for split, predictions in read_predictions(candidate.predictions).items()
    }
    compared = _compared(candidate, ours, promoted, params.margin)
    unfit = None if compared.verdict == "same" else _unfit(candidate, ours["test"])
    return compared if unfit is None else compared._replace(verdict="refused", sentence=unfit)


def _compared(candidate: Candidate, ours: _BySplit, promoted: Path | None, margin: float) -> Decision:
    if promoted is None or not promoted.exists():
        return Decision("first", "no model was in use before")
    try:
        changes = changes_by_hand(promoted)
    except PawtraceError as error:
        return Decision("incomparable", str(error))
    if changes:
        return Decision("incomparable", f"{promoted} was changed by hand: {', '.join(changes)}")
    decision = _with_the_best(ours, promoted, margin)
    if candidate.predictions.read_bytes() == (promoted / PREDICTIONS).read_bytes():
        return decision._replace(
            verdict="same", sentence="its predictions are the same as the promoted model's"
        )
    if (pointer := read_pointer()) and pointer.rolled_back == sha256_of(candidate.predictions):
        again = f"to promote it again, run: pawtrace promote {candidate.recipe} --force"
        rolled_back = f"it was rolled back at {pointer.in_use_since}; {again}"
        return decision._replace(verdict="rolled_back", sentence=rolled_back)
    return decision


def _unfit(candidate: Candidate, test: Predictions) -> str | None:
    """Why a candidate must not be used, whatever the comparison says; None if there is no reason."""
    verdict = VERDICTS.get(candidate.verdict or "")
    if verdict is None:
        return "its diagnosis is out of date; run: dvc repro report"
    if verdict.tone == "bad":
        return f"its verdict is {verdict.words}: {verdict.cause}"
    size = effective_size(test.groups)
    accuracy = float(np.mean(test.predicted == test.labels))
    low, high = wilson(accuracy * size, size)
    counts = np.bincount(test.labels, minlength=len(LABELS))
    chance, commoner = int(counts.max()) / test.labels.size, LABELS[int(counts.argmax())]
    if low > chance:
        return None
    return (
        f"it is not measurably better than guessing: its test accuracy is {percent(accuracy)} (95 % interval "
        f"{percent(low)} to {percent(high)}), and always answering {commoner} gives {percent(chance)}"
    )


def _with_the_best(ours: _BySplit, promoted: Path, margin: float) -> Decision:
    record = read_record(promoted)
    itself = Reference(Best(recipe=record.recipe, promoted_at=record.promoted_at), promoted / PREDICTIONS)
    if record.best is None:
        return _with(itself, ours, margin)
    decision = _with(Reference(record.best, promoted / BEST_PREDICTIONS), ours, margin)
    # The best one cannot be a measure any more where all photos were replaced since.
    return _with(itself, ours, margin) if decision.verdict == "incomparable" else decision


def _with(reference: Reference, ours: _BySplit, margin: float) -> Decision:
    theirs = read_predictions(reference.predictions)
    counting = _counting(ours, theirs)
    if not counting:
        return Decision(
            "incomparable", "it has no test examples (with the same labels) in common with the best model"
        )
    on_both = [_only(by_split["test"], counting) for by_split in (ours, theirs)]
    found = paired_difference(*on_both)
    assert found is not None  # as both hold the same examples
    accuracies = [percent(float(np.mean(of.predicted == of.labels))) for of in on_both]
    verdict: Verdict = "not_worse" if found.low > -margin else "refused"
    sentence = (
        f"{accuracies[0]} against {accuracies[1]} of the best promoted model ({reference.model.recipe}) on "
        f"{_which(len(counting), ours, theirs)}: {found.words} points; "
        f"{_limit(verdict, found, margin)}"
    )
    return Decision(verdict, sentence, found, margin, reference)


def _limit(verdict: Verdict, found: Difference, margin: float) -> str:
    """What the interval of the difference is compared with."""
    limit = points(margin).lstrip("+")
    if verdict != "refused":
        return f"the interval stays above -{limit} points (promote.margin)"
    reaches = f"the interval reaches below -{limit} points (promote.margin)"
    if found.difference < 0:
        return reaches
    few = "the models share too few test examples to tell"
    return f"{reaches}: {few}; to promote the model all the same, use `pawtrace promote` with --force"


def _counting(ours: _BySplit, theirs: _BySplit) -> set[tuple[str, int]]:
    """The examples, by id and label, that are in both test splits and in neither train split."""
    trained_on = {id for by_split in (ours, theirs) for id in by_split["train"].ids}
    tested = [set(zip(of["test"].ids, of["test"].labels.tolist(), strict=True)) for of in (ours, theirs)]
    return {(id, label) for id, label in tested[0] & tested[1] if id not in trained_on}


def _only(predictions: Predictions, examples: set[tuple[str, int]]) -> Predictions:
    pairs = zip(predictions.ids, predictions.labels.tolist(), strict=True)
    numbers = [number for number, pair in enumerate(pairs) if pair in examples]
    return Predictions(
        [predictions.ids[number] for number in numbers],
        predictions.labels[numbers],
        predictions.probabilities[numbers],
        predictions.group_of,
    )


def _which(num_counting: int, ours: _BySplit, theirs: _BySplit) -> str:
    of_either = len(ours["test"].ids), len(theirs["test"].ids)
    if of_either == (num_counting, num_counting):
        return f"{num_counting:,} test examples"
    return f"{num_counting:,} shared test examples (of {of_either[0]:,} and {of_either[1]:,})"
