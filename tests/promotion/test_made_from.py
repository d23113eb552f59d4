"""The promoted model says which data it was made from, and after a change that it is of the data before."""

import json
from pathlib import Path

import pytest

from pawtrace.config.params import Params
from pawtrace.dataset.splitting.review import REVIEW, write_review
from pawtrace.promotion.made_from import DataRecord, changed_since, data_now, data_sentences, state_now
from tests.conftest import WriteParams

COUNTS = {"train": {"cat": 40, "dog": 30}, "validation": {"cat": 5, "dog": 5}, "test": {"cat": 9, "dog": 8}}
ARCHIVE = Path("pets.zip")
DATA = {"data": {"source": "archive", "archive": str(ARCHIVE)}}
BEFORE = "since then, these have changed: "


@pytest.fixture
def params(write_params: WriteParams) -> Params:
    """A project whose data is prepared."""
    ARCHIVE.write_bytes(b"photos")
    write_review({})
    prepare("raw", "splits")
    return write_params(DATA)


def prepare(raw: str, splits: str) -> None:
    for folder in ("data/raw", "data/records", "reports"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    source = {"source": "archive", "archive": "pets.zip", "archive_sha256": None}
    source |= {"num_examples": {}, "num_rejected": 0}
    Path("data/raw/source.json").write_text(json.dumps(source))
    made_from = {"made_from": {"raw": raw, "splits": splits}}
    Path("data/records/manifest.json").write_text(json.dumps(made_from))
    zeros = ("examples", "groups", "exact_duplicates", "near_duplicates", "mirrored_duplicates", "rejected")
    facts = {f"num_{name}": 0 for name in zeros} | {"splits": COUNTS, "num_like_train": {}, "baseline": None}
    Path("reports/data.json").write_text(json.dumps(facts))


def recorded(params: Params) -> DataRecord:
    record = data_now(params)
    assert record is not None
    return DataRecord.model_validate_json(record.model_dump_json())


def test_it_names_the_archive_and_counts_its_photos(params: Params) -> None:
    said = data_sentences(recorded(params), params)
    assert said == ["pets.zip: 70 photos to train (40 cat, 30 dog), 17 to test"]


def test_decisions_about_photos_are_a_change_before_any_stage_has_seen_them(params: Params) -> None:
    record = recorded(params)
    write_review({"a.jpg": "drop"})
    assert f"{BEFORE}{REVIEW}; " in data_sentences(record, params)[1]
    prepare("raw", "other splits")  # after make repro: one cause, said once
    assert f"{BEFORE}{REVIEW}; " in data_sentences(record, params)[1]
    write_review({})
    prepare("raw", "splits")
    assert len(data_sentences(record, params)) == 1


def test_another_archive_and_other_classes_are_changes(params: Params, write_params: WriteParams) -> None:
    record = recorded(params)
    ARCHIVE.write_bytes(b"more photos")
    assert f"{BEFORE}the archive; " in data_sentences(record, params)[1]
    ARCHIVE.write_bytes(b"photos")
    edited = write_params({"data": DATA["data"] | {"classes": {"kittens": "cat"}}})
    assert f"{BEFORE}data or split in params.yaml; " in data_sentences(record, edited)[1]
    assert len(data_sentences(record, write_params(DATA | {"train": {"seed": 3}}))) == 1


def test_photos_of_the_same_size_are_noticed_by_what_was_prepared_of_them(params: Params) -> None:
    record = recorded(params)
    prepare("other raw", "splits")
    assert f"{BEFORE}the photos; " in data_sentences(record, params)[1]


def test_what_is_not_there_is_not_called_a_change(params: Params) -> None:
    then = recorded(params).state
    Path("data/records/manifest.json").unlink()
    assert changed_since(then, state_now(params)) == []
    assert "unknown data" in data_sentences(None, params)[0]
