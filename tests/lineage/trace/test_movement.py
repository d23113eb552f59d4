"""A difference on the same examples is told from noise."""

import json
from pathlib import Path

import pytest

from pawtrace.lineage.trace.movement import movements_of
from pawtrace.lineage.trace.revisions import open_revision
from pawtrace.lineage.trace.snapshot import Snapshot
from tests.lineage.traced_project import NUM_TEST, TracedProject


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
    path.write_text(json.dumps({"test": {"accuracy": 0.99, "accuracy_low": 0.9, "accuracy_high": 1.0}}))
    assert moved()["test.accuracy"].paired is None


def test_the_bounds_of_accuracy_are_its_interval(traced: TracedProject) -> None:
    traced.num_right["plain"] = 60
    traced.run()
    found = moved()
    assert set(found) == {"test.accuracy"}
    assert found["test.accuracy"].new_interval == pytest.approx((0.5, 0.7))


def test_a_difference_that_other_seeds_make_too_is_no_more_than_noise(traced: TracedProject) -> None:
    traced.seeds = (0.55, 0.85)
    traced.run()
    traced.commit("seeds")
    traced.num_right["plain"] = 60
    traced.run()
    accuracy = moved()["test.accuracy"]
    assert accuracy.paired.within_seeds
    assert not accuracy.paired.more_than_noise
