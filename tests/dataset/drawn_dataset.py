"""Drawn pictures as the stages leave a data set, and what the split stage measures of them."""

from pathlib import Path

import numpy as np

from pawtrace.config.params import Params
from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import write_manifest
from pawtrace.dataset.splitting.linear_baseline import choose_examples, linear_baseline
from pawtrace.dataset.splitting.overlap import find_overlap
from pawtrace.dataset.splitting.splits import Membership
from pawtrace.dataset.splitting.splits import write_manifest as write_members
from pawtrace.results.data_summary import DataSummary
from tests.conftest import write_splits
from tests.results.made_up_results import made_up_data

SIZE_PX = 32
Drawn = dict[str, list[tuple[int, np.ndarray]]]


def write(drawn: Drawn, folder: Path = Path("data/records")) -> None:
    (folder.parent / "splits").mkdir(parents=True)
    serialized: dict[str, list[bytes]] = {}
    for split, pictures in drawn.items():
        ids = [f"{split}/{number}.jpg" for number in range(len(pictures))]
        serialized[split] = [
            serialize(Record(id, label, encode_jpeg(pixels, 95)), *pixels.shape[:2])
            for id, (label, pixels) in zip(ids, pictures, strict=True)
        ]
        labels = [LABELS[label] for label, _ in pictures]
        members = [Membership(id, label, id) for id, label in zip(ids, labels, strict=True)]
        write_members(folder.parent / "splits" / f"{split}.csv", members)
    write_manifest(folder, SIZE_PX, write_splits(folder, serialized))


def data_of(drawn: Drawn, params: Params) -> DataSummary:
    """What the split stage measures of pictures that are in these splits."""
    pixels = {f"{split}/{n}.jpg": image for split, of in drawn.items() for n, (_, image) in enumerate(of)}
    hashes = {id: with_mirrored(image) for id, image in pixels.items()}
    splits = {split: [f"{split}/{n}.jpg" for n in range(len(of))] for split, of in drawn.items()}
    overlap = find_overlap(splits, hashes, params.probe.overlap_distance)
    train = [
        RawExample(id, label, encode_jpeg(image, 95))
        for id, (label, image) in zip(splits["train"], drawn["train"], strict=True)
    ]
    chosen = choose_examples([Membership(each.id, LABELS[each.label], each.id) for each in train], seed=0)
    baseline = linear_baseline(train, chosen)
    return made_up_data(
        None if baseline is None else (baseline.num_examples, baseline.num_right),
        {"test": {pair.id for pair in overlap if pair.split == "test"}},
    )
