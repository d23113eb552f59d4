"""What looks like a fault and is none: noise of training, large steps, a short training."""

from typing import Literal

import pytest

from pawtrace.config.train_params import Phase
from pawtrace.diagnosis.diagnosis import Diagnosis
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.rules.overfitting import is_unusual
from pawtrace.diagnosis.scores import Score, learned_nothing
from tests.diagnosis.made_up_diseases import (
    BARELY_MOVING,
    DATA,
    FLAT,
    SLOW_RATES,
    THRESHOLDS,
    TRAIN,
    diagnosis_of,
)
from tests.results.made_up_results import MadeUp, made_up_result


def state_of(found: Diagnosis, verdict: str) -> str:
    return next(check.state for check in found.checks if check.verdict == verdict)


NOISY = (4.0, 5.0, 3.0, 9.0, 5.0, 4.0, 6.0, 3.0, 4.0)
FALLING = (3.2, 3.1, 3.0, 2.9, 2.85, 2.8, 2.75, 2.7, 2.65)


@pytest.mark.parametrize(("val_losses", "state"), [(FALLING, "passed"), (NOISY, "failed")])
def test_a_jump_of_the_training_loss_that_validation_does_not_share_is_noise(
    val_losses: tuple[float, ...], state: str
) -> None:
    assert state_of(diagnosis_of(MadeUp(0.5, 0.5, losses=NOISY, val_losses=val_losses)), "unstable") == state


def test_averages_that_lag_are_named_in_a_good_model_too() -> None:
    made = MadeUp(1.5, 1.5, modes=(1.0, 0.85))
    assert Facts(made_up_result(made), DATA, THRESHOLDS, TRAIN).is_good
    found = diagnosis_of(made)
    assert found.verdict == "normalization_lag"


@pytest.mark.parametrize(("update_ratio", "state"), [(1e-6, "failed"), (0.05, "passed")])
def test_steps_that_change_the_weights_a_lot_do_not_stall(update_ratio: float, state: str) -> None:
    made = MadeUp(0.1, 0.1, losses=BARELY_MOVING, probes=SLOW_RATES, update_ratio=update_ratio)
    assert state_of(diagnosis_of(made), "stalled") == state


@pytest.mark.parametrize(("blows_up_at", "state"), [(8e-4, "passed"), (1e-4, "failed")])
def test_the_edge_of_the_range_test_is_known_within_a_factor_of_three(blows_up_at: float, state: str) -> None:
    made = MadeUp(0, 0, losses=FLAT, probes={"rate_range": {"steepest": 2e-5, "blows_up_at": blows_up_at}})
    assert state_of(diagnosis_of(made), "unstable") == state


@pytest.mark.parametrize(("val_losses", "state"), [((0.7, 0.695), "failed"), ((0.68, 0.72), "passed")])
def test_two_epochs_in_which_the_training_loss_falls_are_too_short(
    val_losses: tuple[float, ...], state: str
) -> None:
    made = MadeUp(0.3, 0.3, losses=(0.73, 0.64), val_losses=val_losses, planned_epochs=2)
    assert state_of(diagnosis_of(made), "undertrained") == state


@pytest.mark.parametrize(("others", "state"), [(0.6, "failed"), (2.2, "passed")])
def test_few_pictures_are_too_few_where_the_model_is_not_good_on_others(others: float, state: str) -> None:
    made = MadeUp(others, others, sizes={"train": 60, "validation": 60, "test": 60})
    assert state_of(diagnosis_of(made), "too_few") == state


@pytest.mark.parametrize(("steepest", "state"), [(1e-6, "failed"), (5e-4, "passed")])
def test_a_network_that_learns_at_far_lower_rates_alone_is_at_one_that_is_too_high(
    steepest: float, state: str
) -> None:
    made = MadeUp(0, 0, losses=FLAT, probes={"rate_range": {"steepest": steepest, "blows_up_at": 9e-4}})
    assert state_of(diagnosis_of(made), "unstable") == state


@pytest.mark.parametrize(("rights_of_others", "is_wide"), [(229, False), (205, True)])
def test_a_gap_that_healthy_models_have_is_not_unusual(rights_of_others: int, is_wide: bool) -> None:
    train, others = Score((387, 387), (400, 400)), Score((rights_of_others,) * 2, (250, 250))
    assert is_unusual(train, others) == is_wide


@pytest.mark.parametrize(("rights", "finds"), [((66, 71), False), ((80, 80), True)])
def test_labels_say_something_only_beyond_doubt(rights: tuple[int, int], finds: bool) -> None:
    score = Score(rights, (122, 118))
    assert not score.at_chance
    assert score.finds_something == finds


@pytest.mark.parametrize(
    ("separation", "penalty_shares", "outweighs"),
    [
        (0.3, (0.9, 0.3, 0.001), True),  # the weights are gone, and their penalty with them
        (2.2, (0.9, 0.3, 0.001), False),  # it has learned all the same
        (2.2, (0.9,), True),
        (0.3, (0.3, 0.2, 0.1), False),
    ],
)
def test_what_penalties_hold_down_judges_no_labels(
    separation: float, penalty_shares: tuple[float, ...], outweighs: bool
) -> None:
    made = MadeUp(separation, separation, penalty_shares=penalty_shares)
    facts = Facts(made_up_result(made), DATA, THRESHOLDS, TRAIN)
    assert not facts.unseen.at_chance
    assert facts.penalties_outweigh is outweighs
    assert (facts.best_judge is None) is outweighs


@pytest.mark.parametrize(("trainable", "verdict"), [("none", "dead"), ("all", "stalled")])
def test_no_learning_rate_makes_random_features_good(trainable: Literal["none", "all"], verdict: str) -> None:
    """As in the article's first recipe, on real photos: only a head learns, and slowly."""
    random = {"input_range": {"weights": "random"}}
    made = MadeUp(0, 0, losses=FLAT, probes=SLOW_RATES | random, update_ratio=1e-6)
    train = TRAIN.model_copy(update={"phases": (Phase(trainable=trainable, num_epochs=9),)})
    found = diagnosis_of(made, DATA, train)
    assert found.verdict == verdict
    assert ("frozen with random weights" in found.sentence) == (trainable == "none")


@pytest.mark.parametrize(
    ("cats", "dogs", "new_cats", "nothing"),
    [
        (54, 1710, 14, True),  # a frozen random VGG16 on real photos: measurable, and nothing
        (54, 1710, 90, False),  # the same, but better on new pictures too
        (190, 1710, 14, False),  # 5 points: by heart
        (0, 1728, 0, True),
    ],
)
def test_a_hair_above_chance_on_the_pictures_that_it_was_fitted_to_is_nothing(
    cats: int, dogs: int, new_cats: int, nothing: bool
) -> None:
    new = Score((new_cats, 763), (769, 772))
    assert learned_nothing(Score((cats, dogs), (1731, 1728)), new) == nothing


@pytest.mark.parametrize(("separation", "state"), [(0.0, "not known"), (2.2, "passed")])
def test_labels_that_no_model_can_judge_have_not_passed(separation: float, state: str) -> None:
    made = MadeUp(separation, separation, losses=FLAT if separation == 0 else MadeUp().losses)
    assert state_of(diagnosis_of(made), "label_noise") == state
