"""A prepared data/raw, made without an archive: the stages after download start from it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from pawtrace.config.sections import SPLITS
from pawtrace.dataset.examples.pixels import encode_jpeg
from pawtrace.dataset.examples.raw import RawExample
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


def serve(monkeypatch: pytest.MonkeyPatch, raw: Iterable[RawExample]) -> None:
    """Let the stages read these examples as data/raw."""
    content = list(raw)
    for module in ("stages.split", "stages.preprocess"):
        monkeypatch.setattr(f"{module}.read_raw", lambda _: iter(content))
    monkeypatch.setattr("stages.split.raw_size", lambda _: len(content))


def splits_of(folder: Path) -> dict[str, str]:
    """The split of every example, from the manifests."""
    return {
        line.split(",")[0]: path.stem
        for path in folder.glob("*.csv")
        if path.stem in SPLITS
        for line in path.read_text().splitlines()[1:]
    }
