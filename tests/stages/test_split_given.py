"""A division that the photos came with is kept if params say so; else its mixing is said."""

import csv
import json
import re
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError, ParamsError
from pawtrace.dataset.examples.raw import RawExample
from stages import split
from tests.conftest import WriteParams, picture
from tests.stages.raw_dataset import examples, jpeg, serve, splits_of

NUM_TEST = 24


def presplit() -> list[RawExample]:
    """Ninety pictures, of which the last twenty-four came as a test set."""
    return [
        RawExample(f"{'test_set' if n >= 90 - NUM_TEST else 'training_set'}/{raw.id}", raw.label, raw.encoded)
        for n, raw in enumerate(examples(90))
    ]


def run(monkeypatch: pytest.MonkeyPatch, raw: list[RawExample]) -> dict[str, str]:
    serve(monkeypatch, raw)
    split.main()
    return splits_of(Path("data/splits"))


def facts() -> dict[str, object]:
    content: dict[str, object] = json.loads(Path("reports/data.json").read_text())
    return content


def rejected() -> list[dict[str, str]]:
    with Path("data/splits/rejected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def given(write_params: WriteParams, **folders: str) -> None:
    write_params({"data": {"given_splits": folders}})


def test_all_of_a_given_test_set_is_test_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    given(write_params, test_set="test")
    splits = run(monkeypatch, presplit())
    assert len(splits) == 90
    for name, where in splits.items():
        assert (where == "test") == name.startswith("test_set/")
    assert 2 <= list(splits.values()).count("validation") <= 30
    assert facts()["given_splits"] == {"test_set": "test"}
    assert "mixed" not in capsys.readouterr().out


def test_given_validation_and_test_leave_the_rest_for_training(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    raw = [
        RawExample(each.id.replace("training_set", "val"), each.label, each.encoded) if n < 20 else each
        for n, each in enumerate(presplit())
    ]
    given(write_params, test_set="test", val="validation")
    wanted = {"test_set": "test", "val": "validation", "training_set": "train"}
    splits = run(monkeypatch, raw)
    assert {name: wanted[name.split("/")[0]] for name in splits} == splits


def test_copies_of_given_test_pictures_are_left_out_counted_listed_and_said(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    given(write_params, test_set="test")
    raw = presplit()
    copies = [
        RawExample(f"training_set/copy/{n}.jpg", n % 2, jpeg(picture(n, 64, 80), 60)) for n in range(80, 85)
    ]
    splits = run(monkeypatch, raw + copies)
    assert {copy.id for copy in copies}.isdisjoint(splits)
    assert sum(where == "test" for where in splits.values()) == NUM_TEST
    assert {row["file"] for row in rejected()} == {copy.id for copy in copies}
    assert all(re.search("copy.*given", row["reason"]) for row in rejected())
    assert facts()["num_copies_of_given"] == facts()["num_rejected"] == 5
    assert re.search("left out 5 .*given sets", capsys.readouterr().out)


def test_a_picture_of_two_given_sets_stays_in_test(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    given(write_params, test_set="test", val="validation")
    raw = presplit()
    in_both = RawExample("val/again.jpg", raw[-1].label, raw[-1].encoded)
    others = [
        RawExample(f"val/{n}.jpg", n % 2, each.encoded) for n, each in enumerate(examples(6, first=200))
    ]
    splits = run(monkeypatch, [*raw, in_both, *others])
    assert in_both.id not in splits
    assert splits[raw[-1].id] == "test"
    assert all(splits[each.id] == "validation" for each in others)


def test_pictures_that_come_later_move_no_other_across_a_given_border(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    given(write_params, test_set="test")
    before = run(monkeypatch, presplit())
    later = [RawExample(f"training_set/{raw.id}", raw.label, raw.encoded) for raw in examples(40, first=300)]
    after = run(monkeypatch, later + presplit())
    assert {name: after[name] for name in before} == before


def test_a_division_that_is_mixed_is_said_with_what_would_keep_it(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    splits = run(monkeypatch, presplit())
    assert {where for name, where in splits.items() if name.startswith("test_set/")} != {"test"}
    said = capsys.readouterr().out
    assert re.search(r"training_set \(66\), test_set \(24\).*data.given_splits: \{test_set: test\}", said)
    assert facts()["divided_folders"] == {"train": {"training_set": 66}, "test": {"test_set": NUM_TEST}}


def test_pictures_in_one_folder_train_did_not_come_divided(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    run(monkeypatch, [RawExample(f"train/{raw.id}", raw.label, raw.encoded) for raw in examples(80)])
    assert "given_splits" not in capsys.readouterr().out
    assert facts()["divided_folders"] == {}


def test_a_given_folder_without_pictures_is_refused_with_those_that_are_there(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    given(write_params, tset="test")
    with pytest.raises(DataError, match=r"data.given_splits: .*tset.*test_set, training_set"):
        run(monkeypatch, presplit())


def test_a_given_set_without_one_label_points_to_given_splits(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    given(write_params, test_set="test")
    only_cats = [raw for raw in presplit() if not (raw.id.startswith("test_set/") and raw.label == 1)]
    with pytest.raises(DataError, match=r"dog in test.*data.given_splits"):
        run(monkeypatch, only_cats)


@pytest.mark.parametrize("split_name", ["train", "Test", ""])
def test_only_validation_and_test_can_be_given(write_params: WriteParams, split_name: str) -> None:
    with pytest.raises(ParamsError, match=r"data.given_splits.a: expected .*validation.*test"):
        given(write_params, a=split_name)
