"""Divide the examples into train, validation and test; no picture is in two of them.

Arrives: data/raw, `split.*`, `probe.overlap_distance`.
Leaves: data/splits/{train,validation,test}.csv, data/splits/rejected.csv with thumbnails of what
it lists, data/splits/overlap.csv, and reports/data.json, the facts of the data.
Run: python -m stages.split
"""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.base.files import csv_text, new_folder, write_json, write_text
from pawtrace.base.ordered import ordered_map
from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.config.sections import LABELS, SPLITS, SplitParams
from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.examples.pixels import decode, encode_jpeg
from pawtrace.dataset.examples.raw import RawExample, raw_size, read_raw
from pawtrace.dataset.splitting.duplicates import group_duplicates, pixel_digest
from pawtrace.dataset.splitting.linear_baseline import Baseline, choose_examples, linear_baseline
from pawtrace.dataset.splitting.overlap import HELD_OUT, Overlap, find_overlap, write_overlap
from pawtrace.dataset.splitting.splits import (
    LABEL_CONFLICT,
    Example,
    Membership,
    anchor,
    choose_split,
    write_manifest,
)
from pawtrace.running.entry_point import run_stage

_THUMBNAIL_PX = 128
_THUMBNAIL_QUALITY = 90
_NUM_PICTURES = 24  # thumbnails kept for the report


class Look(NamedTuple):
    """An example and what its pixels say."""

    example: Example
    hashes: np.ndarray  # uint64 (2, 4): perceptual, of the image and of its mirror image


def look_at(raw: RawExample) -> Look:
    """Decode one example and fingerprint its pixels."""
    image = decode(raw.encoded)
    num_pixels = image.shape[0] * image.shape[1]
    example = Example(raw.id, raw.label, pixel_digest(image), num_pixels, len(raw.encoded))
    return Look(example, with_mirrored(image))


def assign(
    looks: list[Look], params: SplitParams
) -> tuple[dict[str, list[Membership]], list[Example], dict[str, Any]]:
    """Group duplicates, give every group a split, and count.

    Returns:
      The members of each split; the rejected examples; the summary that goes to git.
    """
    numbers, num_mirrored = group_duplicates(
        [look.example.digest for look in looks],
        np.stack([look.hashes for look in looks]),
        params.near_duplicate_distance,
    )
    groups: dict[int, list[Example]] = defaultdict(list)
    for number, look in zip(numbers, looks, strict=True):
        groups[int(number)].append(look.example)

    members: dict[str, list[Membership]] = {split: [] for split in SPLITS}
    rejected: list[Example] = []
    for group in groups.values():
        if len({example.label for example in group}) > 1:
            rejected += group
            continue
        digest = anchor(group).digest
        split = choose_split(digest, params.seed, params.fractions)
        members[split] += [Membership(example.id, LABELS[example.label], digest[:16]) for example in group]
    summary = _summary(list(groups.values()), members, num_mirrored)
    return members, sorted(rejected), summary | {"num_rejected": len(rejected)}


def _summary(
    groups: list[list[Example]], members: dict[str, list[Membership]], num_mirrored: int
) -> dict[str, Any]:
    exact = [len(group) - len({example.digest for example in group}) for group in groups]
    copies = [len({example.digest for example in group}) - 1 for group in groups]
    return {
        "splits": {
            split: {label: Counter(m.label for m in split_members)[label] for label in LABELS}
            for split, split_members in members.items()
        },
        "num_examples": sum(map(len, groups)),
        "num_groups": len(groups),
        "num_exact_duplicates": sum(exact),
        "num_near_duplicates": sum(copies) - num_mirrored,
        "num_mirrored_duplicates": num_mirrored,
    }


def check_splits(summary: dict[str, Any]) -> None:
    """Refuse a split without both labels: nothing could be trained or measured on it.

    Raises:
      DataError: names the split and the label.
    """
    for split, counts in summary["splits"].items():
        for label, count in counts.items():
            if count == 0:
                raise DataError(
                    f"data/splits: expected at least one {label} in {split}, found none among "
                    f"{summary['num_examples']} examples; add photos or raise split.fractions.{split}, "
                    "then run: dvc repro split"
                )


def _write_rejected(folder: Path, rejected: list[Example]) -> None:
    pictures = folder / "pictures"
    pictures.mkdir()
    shown = {example.id: f"{number:02d}.jpg" for number, example in enumerate(rejected[:_NUM_PICTURES])}
    for raw in read_raw(paths.RAW) if shown else ():
        if raw.id in shown:
            _write_thumbnail(pictures / shown[raw.id], decode(raw.encoded))
    rows = ((example.id, LABEL_CONFLICT, shown.get(example.id, "")) for example in rejected)
    write_text(folder / "rejected.csv", csv_text(("file", "reason", "picture"), rows))


def _write_thumbnail(path: Path, image: np.ndarray) -> None:
    scale = _THUMBNAIL_PX / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    path.write_bytes(encode_jpeg(small, _THUMBNAIL_QUALITY))


def _overlap(looks: list[Look], members: dict[str, list[Membership]], distance: int) -> list[Overlap]:
    ids = {split: [member.id for member in split_members] for split, split_members in members.items()}
    return list(find_overlap(ids, {look.example.id: look.hashes for look in looks}, distance))


def _baseline(train: list[Membership], seed: int) -> Baseline | None:
    return linear_baseline(read_raw(paths.RAW), choose_examples(train, seed))


def main() -> None:
    """Run the stage."""
    params = load_params()
    looks = list(ordered_map(look_at, read_raw(paths.RAW), title="fingerprints", total=raw_size(paths.RAW)))
    members, rejected, summary = assign(looks, params.split)
    check_splits(summary)
    overlap = _overlap(looks, members, params.probe.overlap_distance)
    baseline = _baseline(members["train"], params.split.seed)
    with new_folder(paths.SPLITS) as folder:
        for split, split_members in members.items():
            write_manifest(folder / f"{split}.csv", split_members)
        write_overlap(folder / "overlap.csv", overlap)
        _write_rejected(folder, rejected)
    num_like_train = Counter(pair.split for pair in overlap)
    facts = {
        "num_like_train": {split: num_like_train[split] for split in HELD_OUT},
        "baseline": None if baseline is None else baseline._asdict(),
    }
    write_json(paths.REPORTS / "data.json", summary | facts)
    _say(summary, overlap, baseline)


def _say(summary: dict[str, Any], overlap: list[Overlap], baseline: Baseline | None) -> None:
    counts = ", ".join(f"{split} {sum(labels.values())}" for split, labels in summary["splits"].items())
    print(f"split: {counts}; {summary['num_rejected']} rejected ({LABEL_CONFLICT})")
    print(f"split: {len(overlap)} validation and test pictures look like a train picture")
    right = f"{baseline.num_right} of {baseline.num_examples} right" if baseline else "too few pictures"
    print(f"split: simple baseline (edges + linear model): {right}")


if __name__ == "__main__":
    run_stage(main, "split")
