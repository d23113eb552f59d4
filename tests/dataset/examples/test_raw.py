import json
import shutil
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.raw import RawExample, raw_size, read_raw
from pawtrace.dataset.sources.builders import PetArchive
from pawtrace.dataset.sources.intake import Intake
from tests.dataset.photos import data_params, pet_files, write_archive

FRAME_BYTES = 16  # of a record of a TFRecord file: its length and two checksums


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    archive = write_archive(folder / "a.zip", pet_files())
    builder = PetArchive(archive=archive, data=data_params(), intake=Intake(print), data_dir=folder)
    builder.download_and_prepare()
    return Path(builder.data_dir)


@pytest.fixture
def raw(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "raw"))


def shard(raw: Path) -> Path:
    (path,) = raw.glob("*.tfrecord*")
    return path


def problem(raw: Path) -> str:
    with pytest.raises(DataError) as error:
        list(read_raw(raw))
    message = str(error.value)
    assert message.endswith("run: dvc repro download")
    assert "\n" not in message
    return message


def test_examples_come_back_with_their_bytes_and_labels(raw: Path) -> None:
    found = list(read_raw(raw))

    expected = {RawExample(name, int("Dog" in name), content) for name, content in pet_files().items()}
    assert set(found) == expected
    assert raw_size(raw) == len(found) == 6


def test_the_order_is_the_same_each_time(raw: Path) -> None:
    assert list(read_raw(raw)) == list(read_raw(raw))


def test_a_missing_folder_says_what_to_run(tmp_path: Path) -> None:
    assert str(tmp_path / "raw") in problem(tmp_path / "raw")
    with pytest.raises(DataError, match=f"{tmp_path / 'raw'}.*run: dvc repro download"):
        raw_size(tmp_path / "raw")


def test_a_missing_shard_is_damage(raw: Path) -> None:
    shard(raw).unlink()

    assert "damaged" in problem(raw)


def test_a_shard_cut_inside_a_record_is_damage(raw: Path) -> None:
    shard(raw).write_bytes(shard(raw).read_bytes()[:-100])

    assert "damaged" in problem(raw)


def test_a_shard_cut_between_two_records_is_damage(raw: Path) -> None:
    content = shard(raw).read_bytes()
    shard(raw).write_bytes(content[: FRAME_BYTES + int.from_bytes(content[:8], "little")])

    assert "expected 6 examples, found 1" in problem(raw)


def test_a_changed_byte_is_damage(raw: Path) -> None:
    content = bytearray(shard(raw).read_bytes())
    content[500] ^= 0xFF
    shard(raw).write_bytes(content)

    assert "damaged" in problem(raw)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "no JSON", json.dumps({"name": "x", "version": "1.0.0"})]
)
def test_an_unreadable_description_is_damage(raw: Path, content: str) -> None:
    (raw / "dataset_info.json").write_text(content)

    assert "damaged" in problem(raw)


def test_other_labels_are_damage(raw: Path) -> None:
    (raw / "label.labels.txt").write_text("dog\ncat\n")

    assert "expected the labels ('cat', 'dog')" in problem(raw)
