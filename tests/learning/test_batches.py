"""Every epoch shows every example once, in an order that depends on seed and epoch alone."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pawtrace.config.train_params import Transform
from pawtrace.dataset.pixels import decode
from pawtrace.dataset.shards import Records, open_records
from pawtrace.learning.augmentation import augmented_view
from pawtrace.learning.batches import epoch_numbers, plain_batches, square, training_batches
from tests.conftest import write_records


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    folder: Path = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 21, "validation": 2, "test": 2})
    return open_records(folder)["train"]


def orders(seed: int, epochs: range) -> list[list[int]]:
    batches = [(int(epoch), numbers.numpy()) for epoch, numbers in epoch_numbers(21, 8, seed, epochs)]
    return [np.concatenate([n for e, n in batches if e == epoch]).tolist() for epoch in epochs]


def test_an_epoch_is_a_permutation_of_its_own() -> None:
    first, second = orders(0, range(2))
    assert sorted(first) == sorted(second) == list(range(21))
    assert first != second != list(range(21))
    assert orders(1, range(1)) != [first]


def test_an_epoch_does_not_depend_on_where_training_began() -> None:
    assert orders(0, range(5))[3:] == orders(0, range(3, 5))


def test_batches_do_not_reach_across_epochs() -> None:
    sizes = [len(numbers) for _, numbers in epoch_numbers(21, 8, 0, range(2))]
    assert sizes == [8, 8, 5, 8, 8, 5]


def test_training_batches_are_views_of_the_right_examples(records: Records) -> None:
    view = augmented_view((Transform(name="HorizontalFlip", arguments={"p": 0.5}),), seed=3)
    batches = training_batches(records, view, size_px=32, batch_size=8, seed=3, epochs=range(1, 2))
    images = np.concatenate([images.numpy() for images, _ in batches])
    labels = np.concatenate([labels.numpy() for _, labels in batches])
    order = orders(3, range(1, 2))[0]
    expected = [view(square(records[number], 32), records[number].id, 1) for number in order]
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(labels[:, 0], records.labels[order])
    assert batches.element_spec == (
        tf.TensorSpec((None, 32, 32, 3), tf.uint8),
        tf.TensorSpec((None, 1), tf.float32),
    )


def test_plain_batches_keep_the_order_of_the_records(records: Records) -> None:
    images = np.concatenate(
        [images.numpy() for images, _ in plain_batches(records, size_px=32, batch_size=8)]
    )
    np.testing.assert_array_equal(images, [square(records[number], 32) for number in range(21)])


def test_the_square_is_the_centre_of_the_record(records: Records) -> None:
    whole = decode(records[0].encoded)
    assert whole.shape == (32, 40, 3)
    np.testing.assert_array_equal(square(records[0], 32), whole[:, 4:36])
    assert square(records[0], 20).shape == (20, 20, 3)
