"""A difference on the same examples is told from noise."""

import json
from pathlib import Path

import pytest

from pawtrace.lineage.trace.movement import movements_of
from pawtrace.lineage.trace.revisions import open_revision
from pawtrace.lineage.trace.snapshot import Snapshot
from tests.lineage.traced_project import NUM_TEST, TracedProject

EIGHT_SEEDS = [0.962, 0.968, 0.969, 0.97, 0.97, 0.971, 0.972, 0.978]


def moved(older: str = "HEAD") -> dict[str, object]:
    old, new = Snapshot(open_revision(older)), Snapshot(open_revision("workspace"))
    return {of.metric: of for of in movements_of("plain", old, new, (), [])}


@pytest.mark.parametrize(("num_right", "more_than_noise"), [(78, False), (60, True), (99, True)])
def test_a_large_difference_is_more_than_noise(
    traced: TracedProject, num_right: int, more_than_noise: bool
) -> None:
    traced.num_right["plain"] = num_right
    traced.run()
    accuracy = moved()["test.accuracy"]
    assert (accuracy.old, accuracy.new) == (0.8, num_right / NUM_TEST)
    assert accuracy.paired.num_examples == NUM_TEST
    assert accuracy.paired.difference == pytest.approx(num_right / NUM_TEST - 0.8)
    assert accuracy.paired.low < accuracy.paired.difference < accuracy.paired.high
    assert accuracy.paired.more_than_noise is more_than_noise


def test_the_provenance_alone_gives_the_same_answer(traced: TracedProject) -> None:
    traced.num_right["plain"] = 60
    traced.run()
    with_cache = moved()["test.accuracy"].paired
    traced.commit("worse")
    traced.empty_cache()
    assert moved("HEAD~1")["test.accuracy"].paired == with_cache


def test_only_shared_examples_are_compared(traced: TracedProject) -> None:
    for number in range(10):
        del traced.examples[f"Cat/t{2 * number}.jpg"]
    traced.num_right["plain"] = 60
    traced.run()
    assert moved()["test.accuracy"].paired.num_examples == NUM_TEST - 10


@pytest.mark.usefixtures("traced")
def test_the_predictions_say_nothing_about_numbers_edited_by_hand() -> None:
    path = Path("reports/metrics/plain.json")
    path.write_text(json.dumps({"test": {"accuracy": 0.99, "ci_low": 0.9, "ci_high": 1.0}}))
    assert moved()["test.accuracy"].paired is None


def test_the_bounds_of_accuracy_are_its_interval(traced: TracedProject) -> None:
    traced.num_right["plain"] = 60
    traced.run()
    found = moved()
    assert set(found) == {"test.accuracy"}
    assert found["test.accuracy"].new_interval == pytest.approx((0.5, 0.7))


def test_a_metric_that_is_no_longer_reported_has_not_moved(traced: TracedProject) -> None:
    path = Path("reports/metrics/plain.json")
    new = json.loads(path.read_text())
    test = new["test"]
    old = {"accuracy": test["accuracy"], "accuracy_low": test["ci_low"], "accuracy_high": test["ci_high"]}
    path.write_text(json.dumps({"test": {**old, "roc_auc": 0.9}}))
    traced.commit("as an older version reported")
    path.write_text(json.dumps(new))
    assert moved() == {}


@pytest.mark.parametrize(
    ("old_seeds", "new_seeds", "within_seeds"),
    [
        ([0.55, 0.85, 0.7], [0.6, 0.8, 0.65], True),
        (EIGHT_SEEDS, [accuracy - 0.01 for accuracy in EIGHT_SEEDS], False),  # though their ranges overlap
        ([0.8, 0.8], [0.6, 0.6], False),
        ([0.8, 0.8], [0.8, 0.8], False),  # seeds that do not vary: the pictures decide
        ([0.8], [0.6, 0.9], True),  # one seed is taken to vary as the others do
        ([0.8], [0.61, 0.6, 0.62], False),
    ],
)
def test_a_difference_is_held_against_that_of_the_seeds_by_welchs_test(
    traced: TracedProject, old_seeds: list[float], new_seeds: list[float], within_seeds: bool
) -> None:
    traced.seeds = old_seeds
    traced.run()
    traced.commit("seeds")
    traced.seeds, traced.num_right["plain"] = new_seeds, 60
    traced.run()
    accuracy = moved()["test.accuracy"]
    assert accuracy.paired.within_seeds is within_seeds
    assert accuracy.paired.more_than_noise is not within_seeds


@pytest.mark.parametrize("noise", [1e-16, -1e-16, 3e-9])
def test_a_rounding_is_no_movement(traced: TracedProject, noise: float) -> None:
    traced.noise = noise
    traced.run()
    assert moved() == {}


def test_the_last_digit_that_is_stored_is_a_movement(traced: TracedProject) -> None:
    traced.noise = 1e-6
    traced.run()
    assert set(moved()) == {"test.accuracy"}


def test_an_interval_that_moves_alone_is_a_movement(traced: TracedProject) -> None:
    del traced
    path = Path("reports/metrics/plain.json")
    path.write_text(path.read_text().replace(": 0.9", ": 0.91"))
    (accuracy,) = moved().values()
    assert accuracy.old == accuracy.new == 0.8
    assert (accuracy.old_interval[1], accuracy.new_interval[1]) == pytest.approx((0.9, 0.91))


def test_other_examples_that_are_right_are_a_movement_of_accuracy(traced: TracedProject) -> None:
    del traced
    path = Path("reports/provenance/plain.json")
    content = json.loads(path.read_text())
    content["test"]["right"] = content["test"]["right"][::-1]
    path.write_text(json.dumps(content))
    (accuracy,) = moved().values()
    assert accuracy.old == accuracy.new == 0.8


def test_duplicates_of_one_picture_are_one_example_with_and_without_dvcs_cache(traced: TracedProject) -> None:
    traced.num_right["plain"] = 60
    traced.run()
    as_many = moved()["test.accuracy"].paired
    traced.num_right["plain"] = 80
    for id, (split, label, _) in traced.examples.items():
        if split == "test":
            traced.examples[id] = (split, label, f"burst of {label}")
    traced.run()
    traced.commit("bursts")
    traced.num_right["plain"] = 60
    traced.run()
    as_two = moved()["test.accuracy"].paired
    assert as_many.more_than_noise
    assert not as_two.more_than_noise
    assert as_two.low < 0 < as_two.high
    traced.commit("worse")
    traced.empty_cache()
    assert moved("HEAD~1")["test.accuracy"].paired == as_two
