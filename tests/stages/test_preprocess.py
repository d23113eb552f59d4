"""Records are the same bytes for any number of workers, and nothing half-written remains."""

import errno
from pathlib import Path
from typing import Any

import pytest

from pawtrace.base.errors import DataError
from pawtrace.config.params import load_params
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.shards import open_records
from stages import preprocess, split
from tests.conftest import WriteParams
from tests.stages.raw_dataset import examples, serve, splits_of


@pytest.fixture(autouse=True)
def _splits(write_params: WriteParams, monkeypatch: pytest.MonkeyPatch) -> None:
    write_params({"preprocess": {"image_size_px": 32, "examples_per_shard": 16}})
    serve(monkeypatch, examples(80))
    split.main()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_example_is_in_its_split_once() -> None:
    preprocess.main()
    records = open_records(Path("data/records"))
    found = {example_id: name for name, of_split in records.items() for example_id in of_split.ids}
    assert found == splits_of(Path("data/splits"))
    assert sum(map(len, records.values())) == 80
    assert all(
        record_label(example) == label
        for of in records.values()
        for example, label in zip(of.ids, of.labels, strict=True)
    )


def record_label(example_id: str) -> int:
    return int("Dog" in example_id)


def test_the_shorter_side_has_the_size_of_the_params() -> None:
    preprocess.main()
    assert decode(open_records(Path("data/records"))["train"][0].encoded).shape == (32, 40, 3)


def test_the_bytes_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    written = []
    for num_workers in (1, 2, 5):
        folder = tmp_path / str(num_workers)
        folder.mkdir()
        preprocess.write_shards(folder, load_params().preprocess, num_workers)
        written.append(contents(folder))
    assert written[0] == written[1] == written[2]


def test_an_example_that_is_gone_from_the_data_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, examples(79))
    with pytest.raises(DataError, match="PetImages/Dog/79.jpg.*run: dvc repro split"):
        preprocess.main()


def test_a_full_disk_leaves_the_former_records(monkeypatch: pytest.MonkeyPatch) -> None:
    preprocess.main()
    before = contents(Path("data/records"))

    def no_space(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pawtrace.dataset.examples.shards.write_json", no_space)
    with pytest.raises(OSError, match="No space left"):
        preprocess.main()
    assert contents(Path("data/records")) == before
    assert sorted(path.name for path in Path("data").iterdir()) == ["raw", "records", "splits"]
