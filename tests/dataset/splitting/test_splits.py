"""Membership is a fixed draw; manifests hold each example once."""

from collections import Counter
from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.config.sections import SPLITS, Fractions
from pawtrace.dataset.splitting.splits import (
    Example,
    Membership,
    anchor,
    choose_split,
    read_manifests,
    write_manifest,
)

FRACTIONS = Fractions(train=0.7, validation=0.2, test=0.1)


def test_the_draw_follows_the_fractions_and_the_seed() -> None:
    digests = [f"digest {number}" for number in range(20_000)]
    splits = [choose_split(digest, 0, FRACTIONS) for digest in digests]
    counts = Counter(splits)
    assert counts["train"] / 20_000 == pytest.approx(0.7, abs=0.015)
    assert counts["validation"] / 20_000 == pytest.approx(0.2, abs=0.015)
    assert counts["test"] / 20_000 == pytest.approx(0.1, abs=0.015)
    assert [choose_split(d, 0, FRACTIONS) for d in digests] == [
        choose_split(d, 0, FRACTIONS) for d in digests
    ]
    assert [choose_split(d, 0, FRACTIONS) for d in digests] != [
        choose_split(d, 1, FRACTIONS) for d in digests
    ]


@pytest.mark.parametrize(
    ("given", "shares"),
    [
        (["test"], {"train": 7 / 9, "validation": 2 / 9}),
        (["validation"], {"train": 7 / 8, "test": 1 / 8}),
        (["validation", "test"], {"train": 1.0}),
    ],
)
def test_nothing_is_drawn_for_a_given_split_and_the_others_share_the_rest(
    given: list[str], shares: dict[str, float]
) -> None:
    counts = Counter(choose_split(f"digest {number}", 0, FRACTIONS, given) for number in range(20_000))
    assert {split: count / 20_000 for split, count in counts.items()} == pytest.approx(shares, abs=0.015)


def test_a_smaller_copy_does_not_become_the_anchor() -> None:
    original = Example("z.jpg", 0, "00", num_pixels=100, num_bytes=50)
    rescaled = Example("a.jpg", 0, "ff", num_pixels=64, num_bytes=90)
    reencoded = Example("b.jpg", 0, "ee", num_pixels=100, num_bytes=40)
    assert anchor([rescaled, original, reencoded]) == anchor([original]) == original


def write_all(folder: Path, train: list[Membership]) -> None:
    folder.mkdir(exist_ok=True)
    for split in SPLITS:
        write_manifest(folder / f"{split}.csv", train if split == "train" else [])


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    members = [
        Membership('Cat/with,comma "and" quotes.jpg', "cat", "ab"),
        Membership("Dog/ü.jpg", "dog", "cd"),
    ]
    write_all(tmp_path, members[::-1])
    assert read_manifests(tmp_path) == {"train": sorted(members), "validation": [], "test": []}


def test_an_example_in_two_splits_is_refused(tmp_path: Path) -> None:
    member = Membership("Cat/1.jpg", "cat", "ab")
    write_all(tmp_path, [member])
    write_manifest(tmp_path / "test.csv", [member])
    with pytest.raises(DataError, match=r"found Cat/1.jpg in train and test; run: dvc repro split"):
        read_manifests(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "id,label\n", "id,label,group\na,bird,c\n", "id,label,group\na,cat\n"]
)
def test_a_damaged_manifest_is_refused_by_name(tmp_path: Path, content: str) -> None:
    write_all(tmp_path, [])
    (tmp_path / "validation.csv").write_text(content)
    with pytest.raises(DataError, match=r"validation.csv.*expected.*run: dvc repro split"):
        read_manifests(tmp_path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train.csv is missing; run: dvc repro split"):
        read_manifests(tmp_path)
