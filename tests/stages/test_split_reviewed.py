"""What was decided about single photos reaches the splits, the records and the report's lists."""

import csv
import json
from pathlib import Path

import pytest

from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.examples.shards import open_records
from pawtrace.dataset.splitting.review import DROPPED, write_review
from pawtrace.dataset.splitting.splits import read_manifests
from stages import preprocess, split
from tests.conftest import WriteParams
from tests.stages.raw_dataset import examples, serve

COPY = RawExample("again/0.jpg", 1, examples(1)[0].encoded)  # example 0 as a dog


@pytest.fixture(autouse=True)
def _params(write_params: WriteParams) -> None:
    write_params()


def labels_after(monkeypatch: pytest.MonkeyPatch, decisions: dict[str, str]) -> dict[str, str]:
    write_review(decisions)
    serve(monkeypatch, [*examples(60), COPY])
    split.main()
    return {m.id: m.label for members in read_manifests(Path("data/splits")).values() for m in members}


def test_a_relabelled_photo_has_its_new_label_in_splits_and_records(monkeypatch: pytest.MonkeyPatch) -> None:
    relabelled = examples(4)[3].id
    labels = labels_after(monkeypatch, {relabelled: "cat"})
    assert labels[relabelled] == "cat"
    preprocess.main()
    records = open_records(Path("data/records"))
    recorded = {
        id: LABELS[label]
        for of_split in records.values()
        for id, label in zip(of_split.ids, of_split.labels, strict=True)
    }
    assert recorded == labels


def test_a_dropped_photo_is_in_no_split_and_listed_with_its_picture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dropped = examples(4)[3].id
    labels = labels_after(monkeypatch, {dropped: "drop", "gone.jpg": "drop"})
    assert dropped not in labels
    rows = list(csv.DictReader(Path("data/splits/rejected.csv").read_text().splitlines()))
    (row,) = [row for row in rows if row["reason"] == DROPPED]
    assert row["file"] == dropped
    assert Path("data/splits/pictures", row["picture"]).is_file()
    assert json.loads(Path("reports/data.json").read_text())["review"]["drop"] == 1
    assert "have no effect, as no such photos can be used: gone.jpg;" in capsys.readouterr().out


@pytest.mark.parametrize("decision", ["cat", "drop"])
def test_a_decision_settles_a_picture_with_two_labels(monkeypatch: pytest.MonkeyPatch, decision: str) -> None:
    assert examples(1)[0].id not in labels_after(monkeypatch, {})
    labels = labels_after(monkeypatch, {COPY.id: decision})
    assert labels[examples(1)[0].id] == "cat"
    assert labels.get(COPY.id) == (None if decision == "drop" else "cat")
