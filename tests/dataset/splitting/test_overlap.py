"""What looks like a train example is found in validation and test, mirrored or not, and nothing else."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.splitting.overlap import Overlap, find_overlap, write_overlap
from tests.conftest import picture


def overlap_of(images: dict[str, Sequence[np.ndarray]], distance: int) -> list[Overlap]:
    """The overlap of given pictures, with ids like test/0."""
    ids = {split: [f"{split}/{number}" for number in range(len(of))] for split, of in images.items()}
    hashes = {
        id: with_mirrored(image)
        for split, of in images.items()
        for id, image in zip(ids[split], of, strict=True)
    }
    return list(find_overlap(ids, hashes, distance))


def test_copies_and_mirrored_copies_across_splits_are_found_and_nothing_else() -> None:
    images = {
        "train": [picture(seed) for seed in range(9)],
        "validation": [picture(100), picture(7), picture(101)],
        "test": [picture(200), picture(201), picture(3)[:, ::-1], np.clip(picture(5), 8, 240)],
    }
    overlap = overlap_of(images, distance=40)
    assert [(pair.id, pair.split, pair.train_id, pair.mirrored) for pair in overlap] == [
        ("validation/1", "validation", "train/7", False),
        ("test/2", "test", "train/3", True),
        ("test/3", "test", "train/5", False),
    ]
    assert overlap[0].distance == 0
    assert all(pair.distance <= 40 for pair in overlap)


def test_of_several_copies_the_nearest_is_named() -> None:
    image = picture(1)
    noise = np.random.default_rng(0).integers(-20, 21, image.shape)
    rough = np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)
    images = {"train": [rough, image, image[:, ::-1]], "validation": [rough], "test": [image]}
    of_rough, of_image = overlap_of(images, distance=80)
    assert of_rough.train_id == "train/0"
    assert (of_image.train_id, of_image.distance, of_image.mirrored) == ("train/1", 0, False)


def test_the_table_holds_a_row_for_each_example(tmp_path: Path) -> None:
    overlap = [Overlap("a,b.jpg", "test", "c.jpg", 3, True)]
    write_overlap(tmp_path / "overlap.csv", overlap)
    with (tmp_path / "overlap.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"id": "a,b.jpg", "split": "test", "train_id": "c.jpg", "distance": "3", "mirrored": "True"}
    ]


def test_a_split_without_examples_has_no_overlap() -> None:
    overlap = overlap_of({"train": [picture(1)], "validation": [], "test": [picture(1)]}, distance=0)
    assert [(pair.id, pair.train_id) for pair in overlap] == [("test/0", "train/0")]
