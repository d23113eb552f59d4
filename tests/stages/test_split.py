"""No picture is in two splits, and an example stays where it is when others come."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.raw import RawExample
from stages import split
from tests.conftest import WriteParams, picture
from tests.stages.raw_dataset import examples, jpeg, serve, splits_of


@pytest.fixture(autouse=True)
def _params(write_params: WriteParams) -> None:
    write_params()


def run(monkeypatch: pytest.MonkeyPatch, raw: list[RawExample]) -> dict[str, str]:
    serve(monkeypatch, raw)
    split.main()
    return splits_of(Path("data/splits"))


def near_copies(number: int) -> list[RawExample]:
    """A re-encoded, a rescaled and a slightly cropped copy of a picture."""
    image = picture(number, 64, 80)
    small = cv2.resize(image, (64, 51), interpolation=cv2.INTER_AREA)
    label = number % 2
    return [
        RawExample(f"reencoded/{number}.jpg", label, jpeg(image, 50)),
        RawExample(f"rescaled/{number}.jpg", label, jpeg(small, 90)),
        RawExample(f"cropped/{number}.jpg", label, jpeg(np.ascontiguousarray(image[1:-1, 1:-1]), 90)),
    ]


def test_copies_share_the_split_of_their_original(monkeypatch: pytest.MonkeyPatch) -> None:
    originals = examples(80)
    exact = [RawExample(f"again/{raw.id}", raw.label, raw.encoded) for raw in originals[:20]]
    near = [copy for number in range(20, 40) for copy in near_copies(number)]
    splits = run(monkeypatch, originals + exact + near)
    for raw in originals[:20]:
        assert splits[f"again/{raw.id}"] == splits[raw.id]
    for raw in originals[20:40]:
        number = raw.id.split("/")[-1]
        assert {splits[f"{kind}/{number}"] for kind in ("reencoded", "rescaled", "cropped")} == {
            splits[raw.id]
        }
    summary = json.loads(Path("reports/data.json").read_text())
    assert summary["num_examples"] == 160
    assert summary["num_groups"] == 80
    assert summary["num_exact_duplicates"] == 20
    assert summary["num_near_duplicates"] == 60
    assert sum(sum(labels.values()) for labels in summary["splits"].values()) == 160


def mirrored(raw: RawExample) -> RawExample:
    image = np.ascontiguousarray(decode(raw.encoded)[:, ::-1])
    return RawExample(f"mirrored/{raw.id}", raw.label, jpeg(image))


def test_mirror_images_share_the_split_of_their_original(monkeypatch: pytest.MonkeyPatch) -> None:
    originals = examples(60)
    splits = run(monkeypatch, originals + [mirrored(raw) for raw in originals[:20]])
    assert all(splits[f"mirrored/{raw.id}"] == splits[raw.id] for raw in originals[:20])
    summary = json.loads(Path("reports/data.json").read_text())
    assert (summary["num_examples"], summary["num_groups"]) == (80, 60)
    assert (summary["num_near_duplicates"], summary["num_mirrored_duplicates"]) == (0, 20)


def test_what_looks_like_a_train_picture_but_is_no_duplicate_by_params_is_listed_and_counted(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    write_params({"split": {"near_duplicate_distance": 0}})
    raw = [copy for example in examples(60) for copy in (example, mirrored(example))]
    splits = run(monkeypatch, raw)
    with Path("data/splits/overlap.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = json.loads(Path("reports/data.json").read_text())["num_like_train"]
    assert {split: [row["split"] for row in rows].count(split) for split in counts} == counts
    assert sum(counts.values()) > 5
    for row in rows:
        assert splits[row["train_id"]] == "train"
        assert splits[row["id"]] == row["split"]
        assert row["mirrored"] == "True"
    write_params()
    run(monkeypatch, raw)
    assert Path("data/splits/overlap.csv").read_text().splitlines() == ["id,split,train_id,distance,mirrored"]


def test_each_picture_is_described_by_its_appearance(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = examples(40)
    run(monkeypatch, raw)
    with Path("data/splits/appearance.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert set(rows) == {one.id for one in raw}
    for one in raw:
        height, width = decode(one.encoded).shape[:2]
        assert (int(rows[one.id]["width_px"]), int(rows[one.id]["height_px"])) == (width, height)


def test_the_linear_baseline_is_measured_on_train_or_null(monkeypatch: pytest.MonkeyPatch) -> None:
    splits = run(monkeypatch, examples(80))
    baseline = json.loads(Path("reports/data.json").read_text())["baseline"]
    assert baseline["num_right"] <= baseline["num_examples"] <= list(splits.values()).count("train")
    monkeypatch.setattr(split, "choose_examples", lambda *_: [])
    run(monkeypatch, examples(80))
    assert json.loads(Path("reports/data.json").read_text())["baseline"] is None


def test_examples_that_come_later_move_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    before = run(monkeypatch, examples(80))
    later = examples(60, first=80) + near_copies(3)
    after = run(monkeypatch, later + examples(80))
    assert {example: after[example] for example in before} == before
    assert len(after) == 143


def test_the_order_of_the_examples_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = examples(60) + near_copies(7)
    run(monkeypatch, raw)
    first = {path.name: path.read_bytes() for path in Path("data/splits").glob("*.csv")}
    run(monkeypatch, raw[::-1])
    assert {path.name: path.read_bytes() for path in Path("data/splits").glob("*.csv")} == first


def test_the_seed_changes_the_splits(monkeypatch: pytest.MonkeyPatch, write_params: WriteParams) -> None:
    before = run(monkeypatch, examples(80))
    write_params({"split": {"seed": 1}})
    assert run(monkeypatch, examples(80)) != before


def test_a_picture_under_both_labels_is_rejected_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = examples(60)
    wrong = RawExample("PetImages/Dog/wrong.jpg", 1, raw[0].encoded)
    splits = run(monkeypatch, [*raw, wrong])
    assert raw[0].id not in splits
    assert wrong.id not in splits
    with Path("data/splits/rejected.csv").open(encoding="utf-8", newline="") as file:
        rejected = list(csv.DictReader(file))
    assert [row["file"] for row in rejected] == [raw[0].id, wrong.id]
    assert {row["reason"] for row in rejected} == {"the same picture under both labels"}
    assert all((Path("data/splits/pictures") / row["picture"]).exists() for row in rejected)


def test_a_split_without_a_label_is_refused_and_the_former_one_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, examples(80))
    before = Path("data/splits/train.csv").read_bytes()
    with pytest.raises(
        DataError, match=r"expected at least one (cat|dog) in \w+, found none among 2 examples"
    ):
        run(monkeypatch, examples(2))
    assert Path("data/splits/train.csv").read_bytes() == before
