"""The linear baseline tells labels that follow the pictures from labels that do not."""

import numpy as np
import pytest

from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.splitting.linear_baseline import choose_examples, linear_baseline
from pawtrace.dataset.splitting.splits import Membership

NUM_EXAMPLES = 120


def striped(number: int) -> np.ndarray:
    """Noisy stripes: upright for even numbers, level for odd ones."""
    image = np.random.default_rng(number).integers(0, 120, (64, 80, 3), dtype=np.uint8)
    stripes = image[:, ::8] if number % 2 == 0 else image[::8]
    stripes += np.uint8(120)
    return image


def raw(labels: np.ndarray) -> list[RawExample]:
    return [RawExample(f"{n}.jpg", int(label), encode_jpeg(striped(n), 95)) for n, label in enumerate(labels)]


def members(examples: list[RawExample]) -> list[Membership]:
    return [Membership(example.id, LABELS[example.label], f"of {example.id}") for example in examples]


def test_labels_that_follow_the_pictures_are_predicted_and_others_are_not() -> None:
    labels = np.arange(NUM_EXAMPLES) % 2
    shuffled = np.random.default_rng(0).permutation(labels)
    for of_examples, low, high in ((labels, 0.95, 1.0), (shuffled, 0.3, 0.7)):
        examples = raw(of_examples)
        chosen = choose_examples(members(examples), seed=0)
        baseline = linear_baseline(examples, chosen)
        assert baseline is not None
        assert baseline.num_examples == NUM_EXAMPLES
        assert low <= baseline.num_right / NUM_EXAMPLES <= high
        assert linear_baseline(examples[::-1], chosen) == baseline  # whatever the order of data/raw


def test_the_choice_is_balanced_bounded_and_the_same_for_the_same_seed() -> None:
    train = [Membership(f"{n}.jpg", "cat" if n % 3 else "dog", str(n)) for n in range(3000)]
    chosen = choose_examples(train, seed=1)
    label_of = {member.id: member.label for member in train}
    assert len(chosen) == len(set(chosen)) == 1500
    assert [label_of[id] for id in chosen].count("cat") == 750
    assert choose_examples(train[::-1], seed=1) == chosen
    assert choose_examples(train, seed=2) != chosen


def test_of_duplicates_only_one_is_chosen() -> None:
    train = [Membership(f"{n}.jpg", LABELS[n % 2], str(n % 10)) for n in range(40)]
    group_of = {member.id: member.group for member in train}
    groups = [group_of[id] for id in choose_examples(train, seed=0)]
    assert sorted(groups) == sorted(set(group_of.values()))


@pytest.mark.parametrize("num_examples", [0, 2])
def test_too_few_examples_are_not_measured_rather_than_none_right(num_examples: int) -> None:
    examples = raw(np.arange(num_examples) % 2)
    assert linear_baseline(examples, choose_examples(members(examples), seed=0)) is None
