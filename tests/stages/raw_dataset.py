"""A prepared data/raw, made without an archive: the stages after download start from it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from pawtrace.config.sections import SPLITS
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.examples.raw import RawExample, RawShard
from pawtrace.dataset.examples.tfrecords import append, serialize_example
from tests.conftest import picture


def examples(count: int, first: int = 0, size_px: int = 64) -> list[RawExample]:
    """Pictures of which no two are alike, cats and dogs in turn."""
    return [
        RawExample(
            f"PetImages/{('Cat', 'Dog')[n % 2]}/{n}.jpg", n % 2, jpeg(picture(n, size_px, size_px + 16))
        )
        for n in range(first, first + count)
    ]


def jpeg(image: np.ndarray, quality: int = 95) -> bytes:
    """An image as JPEG."""
    return encode_jpeg(image, quality)


def serve(monkeypatch: pytest.MonkeyPatch, raw: Iterable[RawExample], num_shards: int = 2) -> None:
    """Write these examples as the shards of data/raw, without what TFDS describes them by."""
    content = list(raw)
    folder = Path("data/raw").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    per_shard = -(-len(content) // num_shards)
    shards = []
    for number in range(num_shards):
        examples = content[number * per_shard : (number + 1) * per_shard]
        path = folder / f"pets-train.tfrecord-{number:05d}-of-{num_shards:05d}"
        with path.open("wb") as file:
            for id, label, encoded in examples:
                features = {"image": encoded, "image/filename": id.encode(), "label": label}
                append(file, serialize_example(features))
        shards.append(RawShard(path, len(examples)))
    monkeypatch.setattr("pawtrace.dataset.examples.raw.raw_shards", lambda _: shards)


def splits_of(folder: Path) -> dict[str, str]:
    """The split of every example, from the manifests."""
    return {
        line.split(",")[0]: path.stem
        for path in folder.glob("*.csv")
        if path.stem in SPLITS
        for line in path.read_text().splitlines()[1:]
    }
