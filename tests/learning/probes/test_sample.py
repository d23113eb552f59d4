"""A sample for the probes has both labels equally often, and is always the same one."""

from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import Records, open_records, write_manifest
from pawtrace.learning.probes.sample import balanced_sample
from tests.conftest import picture, write_records, write_splits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Records]:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 24, "validation": 8, "test": 8})
    return open_records(folder)


def test_a_sample_is_balanced_and_a_smaller_one_is_part_of_it(records: dict[str, Records]) -> None:
    large, small = (balanced_sample(records["train"], 32, number, seed=0) for number in (12, 6))
    assert large.labels[:, 0].tolist() == [0, 1] * 6  # every batch has both: batch normalisation needs them
    assert small.labels.sum() == 3
    for image in small.images:
        assert any((image == other).all() for other in large.images)
    assert len(balanced_sample(records["train"], 32, 1000, seed=0).images) == 24
    other = balanced_sample(records["train"], 32, 12, seed=1)
    assert (other.images != large.images).any()


def test_a_train_split_without_dogs_is_refused(tmp_path: Path) -> None:
    cat = serialize(Record("1.jpg", 0, encode_jpeg(picture(1), 90)), 40, 48)
    write_manifest(tmp_path, 40, write_splits(tmp_path, {"train": [cat], "validation": [cat], "test": [cat]}))
    with pytest.raises(DataError, match="both labels.*1 of cat, 0 of dog"):
        balanced_sample(open_records(tmp_path)["train"], 32, 8, seed=0)
