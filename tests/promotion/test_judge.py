"""A model is promoted only where it is shown not to be worse, on examples that neither was trained on."""

import math
from pathlib import Path

import numpy as np
import pytest

from pawtrace.base.errors import DataError
from pawtrace.config.params import Params
from pawtrace.config.sections import PromoteParams
from pawtrace.evaluation.predictions import Predictions
from pawtrace.promotion.candidate import Candidate
from pawtrace.promotion.judge import Decision, judge
from pawtrace.promotion.record import BEST_PREDICTIONS, Best, digests, read_record
from tests.conftest import WriteParams
from tests.promotion.folders import MARGIN, candidate_in, names, predictions, write_model, write_promoted

NUM_TEST = 1000
CANDIDATE, PROMOTED = Path("models/candidate"), Path("promoted")


@pytest.fixture
def params(write_params: WriteParams) -> Params:
    return write_params()


def candidate_with(params: Params, test: Predictions, **changes: object) -> Candidate:
    return candidate_in(write_model(CANDIDATE, test), params, **changes)


def judged(params: Params, num_wrong: int, promoted_num_wrong: int, **changes: object) -> Decision:
    """Judge a candidate; what it has wrong, the promoted model has right."""
    ids = names(0, NUM_TEST)
    write_promoted(PROMOTED, params, predictions(ids, promoted_num_wrong))
    return judge(
        candidate_with(params, predictions(ids, num_wrong, first_wrong=500), **changes), PROMOTED, MARGIN
    )


@pytest.mark.parametrize("none", [None, Path("promoted")])
def test_the_first_candidate_is_welcome_if_it_is_better_than_guessing(
    params: Params, none: Path | None
) -> None:
    decision = judge(candidate_with(params, predictions(names(0, 100), 20)), none, MARGIN)
    assert (decision.verdict, decision.promote) == ("first", True)


@pytest.mark.parametrize(("num_examples", "num_wrong"), [(9, 7), (100, 45), (20, 6)])
def test_a_model_that_may_be_guessing_is_refused_the_first_one_too(
    params: Params, num_examples: int, num_wrong: int
) -> None:
    decision = judge(candidate_with(params, predictions(names(0, num_examples), num_wrong)), None, MARGIN)
    assert (decision.verdict, decision.promote) == ("refused", False)
    assert "guessing" in decision.sentence


def test_guessing_is_always_answering_the_commoner_class(params: Params) -> None:
    labels = np.r_[np.zeros(90, int), np.ones(10, int)]
    cats = Predictions(names(0, 100), labels, np.r_[np.full(95, 0.1), np.full(5, 0.9)])  # 95 % right
    decision = judge(candidate_with(params, cats), None, MARGIN)
    assert decision.verdict == "refused"
    assert "always answering cat gives 90.0 %" in decision.sentence


def test_copies_of_one_picture_do_not_show_that_a_model_is_better_than_guessing(params: Params) -> None:
    test = predictions(names(0, 100), 20)
    pictures = {id: f"picture {number % 10}" for number, id in enumerate(test.ids)}
    assert judge(candidate_with(params, test), None, MARGIN).promote
    assert not judge(candidate_with(params, test, group_of=pictures), None, MARGIN).promote


@pytest.mark.parametrize("verdict", ["dead", "leaking", "unstable"])
def test_a_model_whose_diagnosis_says_that_it_is_broken_is_refused(params: Params, verdict: str) -> None:
    first = judge(candidate_with(params, predictions(names(0, 100), 1), verdict=verdict), None, MARGIN)
    better = judged(params, 20, 60, verdict=verdict)
    for decision in (first, better):
        assert (decision.verdict, decision.promote) == ("refused", False)
        assert verdict in decision.sentence


@pytest.mark.parametrize("verdict", [None, "a verdict of an older version"])
def test_a_model_whose_diagnosis_is_of_another_one_is_refused(params: Params, verdict: str | None) -> None:
    decision = judged(params, 20, 60, verdict=verdict)
    assert decision.verdict == "refused"
    assert "dvc repro report" in decision.sentence


def paired_low(num_gained: int, num_lost: int) -> float:
    """Agresti & Min's lower bound, by hand."""
    total = NUM_TEST + 2
    centre = (num_gained - num_lost) / total
    variance = num_gained + num_lost + 1 - (num_gained - num_lost) ** 2 / total
    return centre - 1.959964 * math.sqrt(variance) / total


@pytest.mark.parametrize(
    ("num_wrong", "promoted_num_wrong", "verdict"),
    [
        (20, 60, "not_worse"),  # clearly better
        (4, 4, "not_worse"),  # as good, and shown to be
        (40, 40, "refused"),  # as good perhaps: they disagree too often to tell
        (60, 20, "refused"),
    ],
)
def test_the_lower_bound_of_the_paired_difference_decides(
    params: Params, num_wrong: int, promoted_num_wrong: int, verdict: str
) -> None:
    decision = judged(params, num_wrong, promoted_num_wrong)
    assert decision.comparison is not None
    low = paired_low(promoted_num_wrong, num_wrong)
    assert decision.comparison.low == pytest.approx(low, abs=1e-6)
    assert (low > -MARGIN.margin) == (verdict == "not_worse")
    assert (decision.verdict, decision.promote) == (verdict, verdict == "not_worse")


def test_the_decision_says_its_numbers(params: Params) -> None:
    decision = judged(params, 60, 20)
    for part in (
        "94.0 % against 98.0 % of the best promoted model (from_scratch)",
        "1,000 test examples: -4.0 (",
        "below -1.0 points (promote.margin)",
    ):
        assert part in decision.sentence
    assert decision.comparison is not None
    assert decision.recorded().comparison == decision.comparison._asdict()


def test_what_either_was_trained_on_does_not_count(params: Params) -> None:
    # The promoted model knows 500 of the candidate's test examples by heart.
    write_promoted(PROMOTED, params, predictions(names(500, 1500), 100), train=names(0, 500))
    decision = judge(candidate_with(params, predictions(names(0, 1500), 300)), PROMOTED, MARGIN)
    assert decision.comparison is not None
    assert decision.comparison.num_examples == 1000
    assert decision.comparison.difference == pytest.approx(0.1)  # the candidate's errors are not among them
    assert "1,000 shared test examples (of 1,500 and 1,500)" in decision.sentence


def test_a_test_example_that_is_also_in_a_train_split_does_not_count(params: Params) -> None:
    ids = names(0, 1000)
    write_promoted(PROMOTED, params, predictions(ids, 0), train=ids[500:700])
    decision = judge(candidate_with(params, predictions(ids, 100, first_wrong=500)), PROMOTED, MARGIN)
    assert decision.comparison is not None
    assert (decision.comparison.num_examples, decision.comparison.difference) == (800, 0)


def test_an_example_with_another_label_is_another_example(params: Params) -> None:
    relabelled = predictions(names(0, 1001)[1:], 0)  # one place on, so all labels are turned
    write_promoted(PROMOTED, params, relabelled)
    candidate = candidate_with(params, predictions(names(0, 1000), 0))
    assert judge(candidate, PROMOTED, MARGIN).verdict == "incomparable"


def test_models_without_a_common_test_example_cannot_be_compared(params: Params) -> None:
    write_promoted(PROMOTED, params, predictions(names(100, 100), 50))
    decision = judge(candidate_with(params, predictions(names(0, 100), 0)), PROMOTED, MARGIN)
    assert (decision.verdict, decision.promote) == ("incomparable", False)


def test_the_same_predictions_need_no_promotion(params: Params) -> None:
    promoted = write_promoted(PROMOTED, params, predictions(names(0, 100), 3))
    decision = judge(candidate_with(params, predictions(names(0, 100), 3)), promoted, MARGIN)
    assert (decision.verdict, decision.promote) == ("same", False)


def test_a_promoted_model_that_was_changed_by_hand_is_no_measure(params: Params) -> None:
    judged(params, 20, 60)
    (PROMOTED / "model.keras").write_bytes(b"another")
    decision = judge(candidate_in(CANDIDATE, params), PROMOTED, MARGIN)
    assert (decision.verdict, decision.promote) == ("incomparable", False)
    assert "changed by hand: model.keras: changed" in decision.sentence


def test_a_candidate_without_predictions_names_its_stage(params: Params) -> None:
    with pytest.raises(DataError, match="run: dvc repro train@candidate"):
        judge(candidate_in(CANDIDATE, params), None, MARGIN)


def test_the_duplicates_of_one_picture_count_as_one(params: Params) -> None:
    """100 lost pictures of 1,000 that are copies of one may be chance."""
    ids = names(0, NUM_TEST)
    burst = dict.fromkeys(ids[500:540], "a burst")
    alone, together = (judged(params, 40, 0, group_of=group_of) for group_of in ({}, burst))
    assert alone.comparison is not None
    assert together.comparison is not None
    assert alone.comparison.p_value < 1e-6
    assert together.comparison.p_value == 1
    assert together.comparison.low < alone.comparison.low


def promote_without_dvc(decision: Decision) -> None:
    """What `promote` does to the folder."""
    better = decision.better
    best = None if better is None else better.predictions.read_bytes()
    model, record = None if better is None else better.model, read_record(PROMOTED)
    (PROMOTED / "predictions.csv").write_bytes((CANDIDATE / "predictions.csv").read_bytes())
    (PROMOTED / BEST_PREDICTIONS).unlink(missing_ok=True)
    if best is not None:
        (PROMOTED / BEST_PREDICTIONS).write_bytes(best)
    record = record.model_copy(update={"best": model, "recipe": "candidate", "sha256": digests(PROMOTED)})
    (PROMOTED / "promoted.json").write_text(record.model_dump_json())


def test_many_nights_of_small_losses_do_not_add_up(params: Params) -> None:
    # DEFECTS N4: each night loses 50 more of 8,000, 0.6 points, which is within the margin of one point.
    ids, verdicts = names(0, 8000), []
    write_promoted(PROMOTED, params, predictions(ids, 240))
    for night in range(1, 11):
        test = predictions(ids, 240 + 50 * night)
        decision = judge(candidate_with(params, test), PROMOTED, MARGIN)
        verdicts.append(decision.verdict)
        if decision.promote:
            promote_without_dvc(decision)
    assert verdicts == ["not_worse", *["refused"] * 9]
    record = read_record(PROMOTED)
    assert record.best == Best(recipe="from_scratch", promoted_at=record.promoted_at)


def test_a_better_model_is_what_later_ones_are_compared_with(params: Params) -> None:
    ids = names(0, 8000)
    write_promoted(PROMOTED, params, predictions(ids, 400))
    better = predictions(ids, 240)
    promote_without_dvc(judge(candidate_with(params, better), PROMOTED, MARGIN))
    assert read_record(PROMOTED).best is None
    decision = judge(candidate_with(params, predictions(ids, 340)), PROMOTED, MARGIN)
    assert decision.verdict == "refused"  # better than the first one, not than the best one
    assert "97.0 % of the best promoted model (candidate)" in decision.sentence


def test_where_all_photos_were_replaced_the_promoted_model_is_the_measure(params: Params) -> None:
    old, new = names(0, 8000), names(8000, 8000)
    promoted = write_promoted(PROMOTED, params, predictions(new, 240))
    write_model(Path("models/old"), predictions(old, 0))
    (promoted / BEST_PREDICTIONS).write_bytes(Path("models/old/predictions.csv").read_bytes())
    record = read_record(promoted)
    best = Best(recipe="old", promoted_at="2025-01-01T00:00:00+00:00")
    changed = record.model_copy(update={"best": best, "sha256": digests(promoted)})
    (promoted / "promoted.json").write_text(changed.model_dump_json())
    decision = judge(candidate_with(params, predictions(new, 290)), promoted, MARGIN)
    assert decision.verdict == "not_worse"
    assert decision.better is not None
    assert decision.better.model.recipe == "from_scratch"  # from which the next night's loss is counted


def test_a_larger_margin_lets_a_worse_model_in(params: Params) -> None:
    ids = names(0, 8000)
    write_promoted(PROMOTED, params, predictions(ids, 240))
    candidate = candidate_with(params, predictions(ids, 400))
    assert judge(candidate, PROMOTED, MARGIN).verdict == "refused"
    assert judge(candidate, PROMOTED, PromoteParams(margin=0.03)).verdict == "not_worse"
