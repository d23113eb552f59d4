"""Whether a candidate may take the place of the promoted model.

Arrives: the folders of both, each with its predictions. Leaves: a `Decision`, with its numbers.
"""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import sha256_of
from pawtrace.config.sections import PromoteParams
from pawtrace.evaluation.predictions import Predictions, read_predictions
from pawtrace.promotion.record import DecisionRecord, changes_by_hand
from pawtrace.promotion.tracking import read_pointer
from pawtrace.results.number_words import percent, points
from pawtrace.results.paired import Difference, paired_difference

PREDICTIONS = "predictions.csv"
Verdict = Literal["first", "same", "not_worse", "refused", "incomparable"]


class Decision(NamedTuple):
    """Whether to promote, and why."""

    verdict: Verdict
    sentence: str
    comparison: Difference | None = None  # candidate less promoted, on the examples that count
    margin: float | None = None

    @property
    def promote(self) -> bool:
        """Whether the candidate should take the promoted model's place."""
        return self.verdict in ("first", "not_worse")

    def recorded(self) -> DecisionRecord:
        """For promoted.json."""
        compared = None if self.comparison is None else self.comparison._asdict()
        return DecisionRecord(**{**self._asdict(), "comparison": compared}, promote=self.promote)


def judge(candidate: Path, promoted: Path | None, params: PromoteParams) -> Decision:
    """Compare a candidate with the promoted model: non-inferiority on the same test examples.

    An example counts where it is in the test splits of both and in the train split of neither: what a
    model was trained on says nothing about it.

    Args:
      candidate: models/<recipe>.
      promoted: the promoted model's folder; where it is None or missing, any candidate is welcome.
      params: the margin that the lower 95 % bound of the difference in accuracy must stay above.
    Raises:
      DataError: the candidate has no predictions.
    """
    ours = read_predictions(candidate / PREDICTIONS)
    if promoted is None or not promoted.exists():
        return Decision("first", "it is the first one")
    try:
        changes = changes_by_hand(promoted)
    except PawtraceError as error:
        return Decision("incomparable", str(error))
    if changes:
        return Decision("incomparable", f"{promoted} was changed by hand: {', '.join(changes)}")
    if (candidate / PREDICTIONS).read_bytes() == (promoted / PREDICTIONS).read_bytes():
        return Decision("same", "it predicts exactly what the promoted model predicts")
    if (pointer := read_pointer()) and pointer.rolled_back == sha256_of(candidate / PREDICTIONS):
        return Decision("refused", f"it was rolled back at {pointer.in_use_since}; --force takes it again")
    return _compare(ours, read_predictions(promoted / PREDICTIONS), params.margin)


def _compare(ours: dict[str, Predictions], theirs: dict[str, Predictions], margin: float) -> Decision:
    counting = _counting(ours, theirs)
    if not counting:
        return Decision(
            "incomparable", "no test example of the one is a test example, under the same label, of the other"
        )
    on_both = [_only(by_split["test"], counting) for by_split in (ours, theirs)]
    found = paired_difference(*on_both)
    assert found is not None  # as both hold the same examples
    accuracies = [percent(float(np.mean(of.predicted == of.labels))) for of in on_both]
    verdict: Verdict = "not_worse" if found.low > -margin else "refused"
    sentence = (
        f"{accuracies[0]} against {accuracies[1]} on {_which(len(counting), ours, theirs)}: "
        f"{found.words} points, where the lower bound must be above {points(-margin)}"
    )
    return Decision(verdict, sentence, found, margin)


def _counting(ours: dict[str, Predictions], theirs: dict[str, Predictions]) -> set[tuple[str, int]]:
    """The examples, by id and label, that are in both test splits and in neither train split."""
    trained_on = {id for by_split in (ours, theirs) for id in by_split["train"].ids}
    tested = [set(zip(of["test"].ids, of["test"].labels.tolist(), strict=True)) for of in (ours, theirs)]
    return {(id, label) for id, label in tested[0] & tested[1] if id not in trained_on}


def _only(predictions: Predictions, examples: set[tuple[str, int]]) -> Predictions:
    pairs = zip(predictions.ids, predictions.labels.tolist(), strict=True)
    numbers = [number for number, pair in enumerate(pairs) if pair in examples]
    ids = [predictions.ids[number] for number in numbers]
    return Predictions(ids, predictions.labels[numbers], predictions.probabilities[numbers])


def _which(num_counting: int, ours: dict[str, Predictions], theirs: dict[str, Predictions]) -> str:
    of_either = len(ours["test"].ids), len(theirs["test"].ids)
    if of_either == (num_counting, num_counting):
        return f"{num_counting:,} test examples"
    return f"{num_counting:,} test examples that both have (of {of_either[0]:,} and {of_either[1]:,})"
