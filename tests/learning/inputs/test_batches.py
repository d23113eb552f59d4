"""Every epoch shows every example once, in an order that depends on seed and epoch alone."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from pawtrace.config.train_params import Transform
from pawtrace.dataset.examples.pixels import decode, square
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.inputs.batches import plain_batches, shuffled_places
from pawtrace.learning.inputs.loader import Batch, Loader, Part, mixed
from tests.conftest import write_records


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    folder: Path = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 21, "validation": 2, "test": 2})
    return open_records(folder)["train"]


def order(seed: int, epoch: int, first_step: int = 0) -> list[int]:
    places = shuffled_places(21, 8, seed, epoch, first_step)
    assert {place.epoch for place in places} <= {epoch}
    return [int(number) for place in places for number in place.numbers]


def joined(batches: Iterable[Batch]) -> list[np.ndarray]:
    """All images and all labels of a series of batches."""
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def test_an_epoch_is_a_permutation_of_its_own_whose_last_batch_is_filled_up() -> None:
    first, second = order(0, 0), order(0, 1)
    assert sorted(first[:21]) == sorted(second[:21]) == list(range(21))
    assert first[21:] == first[:3]
    assert first != second
    assert order(1, 0) != first


def test_all_batches_have_one_size_which_is_at_most_that_of_the_epoch() -> None:
    assert [len(numbers) for _, numbers in shuffled_places(21, 8, 0, 0)] == [8, 8, 8]
    assert [len(numbers) for _, numbers in shuffled_places(3, 8, 0, 0)] == [3]
    assert sorted(shuffled_places(3, 10**9, 0, 0)[0].numbers) == [0, 1, 2]


def test_an_epoch_goes_on_where_it_was_broken_off() -> None:
    assert order(0, 3, first_step=2) == order(0, 3)[16:]
    assert order(0, 3, first_step=3) == []


def test_training_batches_are_views_of_the_right_examples(records: Records) -> None:
    view = AugmentedView((Transform(name="HorizontalFlip", arguments={"p": 0.5}),), seed=3)
    images, labels = joined(map(Loader(records, 32, view).load, shuffled_places(21, 8, 3, 1)))
    numbers = order(3, 1)
    expected = [view(square(records[number], 32), records[number].id, 1) for number in numbers]
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(labels[:, 0], records.labels[numbers])
    assert (images.dtype, labels.dtype) == (np.uint8, np.float32)


def test_mixup_blends_pairs_of_a_batch_and_their_labels_alike() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 2, 2, 3), np.uint8)
    labels = (np.arange(6) % 2).astype(np.float32)[:, None]
    blend, soft = mixed(images, labels, 0.4, [1, 2, 3])
    assert blend.dtype == np.uint8
    assert soft.dtype == np.float32
    random = np.random.default_rng([1, 2, 3])
    share, partner = random.beta(0.4, 0.4), random.permutation(6)
    np.testing.assert_allclose(blend, share * images + (1 - share) * images[partner], atol=0.51)
    np.testing.assert_allclose(soft, share * labels + (1 - share) * labels[partner], rtol=1e-4, atol=1e-6)
    again, _ = mixed(images, labels, 0.4, [1, 2, 3])
    np.testing.assert_array_equal(again, blend)


def test_without_mixup_a_batch_stays_as_it_is() -> None:
    images, labels = np.ones((4, 2, 2, 3), np.uint8), np.ones((4, 1), np.float32)
    assert mixed(images, labels, 0.0, [0])[0] is images


def test_mixup_makes_soft_labels_in_training(records: Records) -> None:
    loader = Loader(records, 32, AugmentedView((), seed=0), mixup_alpha=1.0)
    _, labels = joined(map(loader.load, shuffled_places(21, 8, 0, 0)))
    assert np.any((labels > 0) & (labels < 1))


def test_plain_batches_keep_the_order_of_the_records(records: Records) -> None:
    images, labels = joined(plain_batches(records, size_px=32, batch_size=8))
    np.testing.assert_array_equal(images, [square(records[number], 32) for number in range(21)])
    np.testing.assert_array_equal(labels[:, 0], records.labels)


def test_the_square_is_the_centre_of_the_record(records: Records) -> None:
    whole = decode(records[0].encoded)
    assert whole.shape == (32, 40, 3)
    np.testing.assert_array_equal(square(records[0], 32), whole[:, 4:36])
    assert square(records[0], 20).shape == (20, 20, 3)


@pytest.mark.parametrize("mixup_alpha", [0.0, 0.4])
def test_a_host_makes_its_rows_of_a_batch_and_decodes_no_others_but_those_mixed_into_them(
    mixup_alpha: float, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place, *_) = shuffled_places(21, 8, 3, 1)
    whole, labels = Loader(records, 32, None, mixup_alpha, 3).load(place)
    read, get = list[int](), Records.__getitem__
    monkeypatch.setattr(Records, "__getitem__", lambda self, row: read.append(row) or get(self, row))
    num_read = []
    parts = {Part(0, 1, 2): slice(0, 4), Part(1, 2, 2): slice(4, 8), Part(1, 3, 4): slice(2, 6)}
    for part, rows in parts.items():
        read.clear()
        images, own_labels = Loader(records, 32, None, mixup_alpha, 3, part).load(place)
        np.testing.assert_array_equal(images[rows], whole[rows])
        np.testing.assert_array_equal(own_labels, labels)
        num_read.append(len(read))
    assert all(4 < number < 8 for number in num_read) if mixup_alpha else num_read == [4, 4, 4]


def test_a_batch_that_hosts_cannot_share_evenly_is_made_by_each() -> None:
    assert Part(1, 2, 2).rows(7).tolist() == list(range(7))
    assert Part().rows(3).tolist() == [0, 1, 2]
