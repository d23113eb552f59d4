"""A shard that is short, swapped, changed or missing stops the run with its name."""

import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tensorflow as tf

from pawtrace.base.errors import DataError
from pawtrace.base.files import sha256_of
from pawtrace.dataset.examples import shards
from pawtrace.dataset.examples.shards import MANIFEST, open_records, read_manifest
from tests.conftest import write_records

COUNTS = {"train": 20, "validation": 4, "test": 4}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_records(tmp_path / "records", COUNTS)
    return tmp_path / "records"


def shard(folder: Path, name: str) -> Path:
    return folder / f"{name}.tfrecord"


def test_shards_are_named_by_split_number_and_total(folder: Path) -> None:
    names = [entry["name"] for entry in read_manifest(folder)["shards"] if entry["split"] == "train"]
    assert names == [f"train-0000{number}-of-00003.tfrecord" for number in range(3)]
    assert [e["num_examples"] for e in read_manifest(folder)["shards"] if e["split"] == "train"] == [8, 8, 4]


def test_records_are_the_ones_that_tensorflow_reads_in_its_order(folder: Path) -> None:
    records = open_records(folder)["train"]
    paths = sorted(str(path) for path in folder.glob("train-*.tfrecord"))
    features = {"image/filename": tf.io.FixedLenFeature([], tf.string)}
    expected = [
        tf.io.parse_single_example(serialized, features)["image/filename"].numpy().decode()
        for serialized in tf.data.TFRecordDataset(paths)
    ]
    assert records.ids == expected
    assert [records[number].id for number in (19, 0, 7)] == [expected[number] for number in (19, 0, 7)]
    assert records.labels.tolist() == [number % 2 for number in range(20)]


def test_opening_reads_no_shard(folder: Path) -> None:
    written = open_records(folder)["train"]
    for path in folder.glob("*.tfrecord"):
        path.write_bytes(bytes(path.stat().st_size))
    records = open_records(folder)["train"]
    assert records.ids == written.ids
    assert records.labels.tolist() == written.labels.tolist()


def test_a_copy_in_another_process_reads_the_same_records(folder: Path) -> None:
    records = open_records(folder)["train"]
    assert records[3].id == records.ids[3]
    copy = pickle.loads(pickle.dumps(records))
    assert [copy[number] for number in range(20)] == [records[number] for number in range(20)]
    assert copy.ids == records.ids


def test_the_digest_of_a_shard_is_checked_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = open_records(folder)["train"]
    hashed: list[str] = []
    monkeypatch.setattr(shards, "sha256_of", lambda path: hashed.append(path.name) or sha256_of(path))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(records.__getitem__, [*range(8), *range(8)]))
    assert hashed == ["train-00000-of-00003.tfrecord"]


def test_few_of_many_shards_are_open_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "_MOST_OPEN", 2)
    records = open_records(folder)["train"]
    num_open = len(list(Path("/proc/self/fd").iterdir()))
    for number in (0, 8, 16, 0, 19):
        assert records[number].id == records.ids[number]
    assert len(list(Path("/proc/self/fd").iterdir())) == num_open + 2


def test_a_shard_cut_at_a_record_boundary_is_named(folder: Path) -> None:
    path = shard(folder, "train-00001-of-00003")
    first = next(iter(tf.data.TFRecordDataset(str(path)))).numpy()
    path.write_bytes(path.read_bytes()[: len(first) + 16])
    assert sum(1 for _ in tf.data.TFRecordDataset(str(path))) == 1  # TensorFlow alone sees nothing wrong
    with pytest.raises(DataError, match=r"train-00001-of-00003.tfrecord: .*\d+ bytes.*8 records"):
        open_records(folder)


@pytest.mark.parametrize("suffix", [".tfrecord", ".index.npy"])
def test_swapped_files_are_named(folder: Path, suffix: str) -> None:
    first, second = (folder / f"train-0000{number}-of-00003{suffix}" for number in range(2))
    shutil.move(first, folder / "x")
    shutil.move(second, first)
    shutil.move(folder / "x", second)
    with pytest.raises(DataError, match=f"train-00000-of-00003{suffix}: "):
        open_records(folder)["train"][0]


def test_a_changed_bit_is_found_before_the_shards_first_record_is_used(folder: Path) -> None:
    path = shard(folder, "train-00001-of-00003")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    records = open_records(folder)["train"]
    assert records[7].id == records.ids[7]
    for _ in range(2):
        with pytest.raises(DataError, match="train-00001-of-00003.tfrecord: .*sha256"):
            records[8]


def test_a_shard_that_vanishes_after_opening_is_named(folder: Path) -> None:
    records = open_records(folder)["test"]
    shard(folder, "test-00000-of-00001").unlink()
    with pytest.raises(DataError, match="test-00000-of-00001.tfrecord is missing"):
        records[0]


@pytest.mark.parametrize("suffix", [".tfrecord", ".index.npy"])
def test_a_deleted_file_is_named_with_the_next_command(folder: Path, suffix: str) -> None:
    (folder / f"validation-00000-of-00001{suffix}").unlink()
    with pytest.raises(DataError, match=f"validation-00000-of-00001{suffix}.*run: dvc repro"):
        open_records(folder)


def test_a_missing_or_damaged_manifest_is_named(folder: Path) -> None:
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text()[:50])
    with pytest.raises(DataError, match="manifest.json: "):
        open_records(folder)
    manifest.unlink()
    with pytest.raises(DataError, match="manifest.json.*run: dvc repro preprocess"):
        open_records(folder)


def test_a_manifest_without_a_split_is_refused(folder: Path) -> None:
    manifest = folder / MANIFEST
    content = json.loads(manifest.read_text())
    content["shards"] = [entry for entry in content["shards"] if entry["split"] != "test"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(DataError, match="test"):
        open_records(folder)
