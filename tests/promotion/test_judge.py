"""A model is promoted only where it is shown not to be worse, on examples that neither was trained on."""

from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.config.params import Params
from pawtrace.promotion.judge import Decision, judge
from pawtrace.results.paired import paired_interval
from tests.conftest import WriteParams
from tests.promotion.folders import MARGIN, names, predictions, write_model, write_promoted

NUM_TEST = 1000
CANDIDATE, PROMOTED = Path("models/candidate"), Path("promoted")


@pytest.fixture
def params(write_params: WriteParams) -> Params:
    return write_params()


def judged(params: Params, num_wrong: int, promoted_num_wrong: int) -> Decision:
    """Judge a candidate; what it has wrong, the promoted model has right."""
    ids = names(0, NUM_TEST)
    write_model(CANDIDATE, predictions(ids, num_wrong, first_wrong=500))
    write_promoted(PROMOTED, params, predictions(ids, promoted_num_wrong))
    return judge(CANDIDATE, PROMOTED, MARGIN)


@pytest.mark.usefixtures("project")
def test_the_first_candidate_is_welcome() -> None:
    write_model(CANDIDATE, predictions(names(0, 10), 5))
    for none in (None, Path("promoted")):
        decision = judge(CANDIDATE, none, MARGIN)
        assert (decision.verdict, decision.promote) == ("first", True)


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
    low, _ = paired_interval(promoted_num_wrong, num_wrong, NUM_TEST)
    assert decision.comparison.low == low
    assert (low > -MARGIN.margin) == (verdict == "not_worse")
    assert (decision.verdict, decision.promote) == (verdict, verdict == "not_worse")


def test_the_decision_says_its_numbers(params: Params) -> None:
    decision = judged(params, 60, 20)
    assert decision.sentence.startswith("94.0 % against 98.0 % on 1,000 test examples: -4.0 (")
    assert decision.sentence.endswith("points, where the lower bound must be above -1.0")
    assert decision.comparison is not None
    assert decision.recorded().comparison == decision.comparison._asdict()


def test_what_either_was_trained_on_does_not_count(params: Params) -> None:
    # The promoted model knows 500 of the candidate's test examples by heart.
    write_model(CANDIDATE, predictions(names(0, 1500), 300))
    write_promoted(PROMOTED, params, predictions(names(500, 1500), 100), train=names(0, 500))
    decision = judge(CANDIDATE, PROMOTED, MARGIN)
    assert decision.comparison is not None
    assert decision.comparison.num_examples == 1000
    assert decision.comparison.difference == pytest.approx(0.1)  # the candidate's errors are not among them
    assert "1,000 test examples that both have (of 1,500 and 1,500)" in decision.sentence


def test_a_test_example_that_is_also_in_a_train_split_does_not_count(params: Params) -> None:
    ids = names(0, 1000)
    write_model(CANDIDATE, predictions(ids, 100, first_wrong=500))
    write_promoted(PROMOTED, params, predictions(ids, 0), train=ids[500:700])
    decision = judge(CANDIDATE, PROMOTED, MARGIN)
    assert decision.comparison is not None
    assert (decision.comparison.num_examples, decision.comparison.difference) == (800, 0)


def test_an_example_with_another_label_is_another_example(params: Params) -> None:
    relabelled = predictions(names(0, 1001)[1:], 0)  # one place on, so all labels are turned
    write_model(CANDIDATE, predictions(names(0, 1000), 0))
    write_promoted(PROMOTED, params, relabelled)
    assert judge(CANDIDATE, PROMOTED, MARGIN).verdict == "incomparable"


def test_models_without_a_common_test_example_cannot_be_compared(params: Params) -> None:
    write_model(CANDIDATE, predictions(names(0, 100), 0))
    write_promoted(PROMOTED, params, predictions(names(100, 100), 50))
    decision = judge(CANDIDATE, PROMOTED, MARGIN)
    assert (decision.verdict, decision.promote) == ("incomparable", False)


def test_the_same_predictions_need_no_promotion(params: Params) -> None:
    decision = judge(
        write_model(CANDIDATE, predictions(names(0, 100), 3)),
        write_promoted(PROMOTED, params, predictions(names(0, 100), 3)),
        MARGIN,
    )
    assert (decision.verdict, decision.promote) == ("same", False)


def test_a_promoted_model_that_was_changed_by_hand_is_no_measure(params: Params) -> None:
    judged(params, 20, 60)
    (PROMOTED / "model.keras").write_bytes(b"another")
    decision = judge(CANDIDATE, PROMOTED, MARGIN)
    assert (decision.verdict, decision.promote) == ("incomparable", False)
    assert "changed by hand: model.keras: changed" in decision.sentence


@pytest.mark.usefixtures("project")
def test_a_candidate_without_predictions_names_its_stage() -> None:
    with pytest.raises(DataError, match="run: dvc repro train@candidate"):
        judge(CANDIDATE, None, MARGIN)
