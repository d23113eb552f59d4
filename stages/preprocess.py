"""Turn every example into a small record, so that training only decodes and augments.

Arrives: data/raw, data/splits, `preprocess.*`.
Leaves: data/records/<split>-00000-of-00008.tfrecord and manifest.json.
Run: python -m stages.preprocess
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.files import files_fingerprint, new_folder
from pawtrace.base.ordered import ordered_map
from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.config.sections import LABELS, SPLITS, PreprocessParams
from pawtrace.dataset.examples.raw import RawExample, read_raw
from pawtrace.dataset.examples.recording import recorded
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import ShardWriter, write_manifest
from pawtrace.dataset.splitting.splits import read_manifests
from pawtrace.running.entry_point import run_stage


class SplitRecord(NamedTuple):
    """A serialized record and the split it belongs to."""

    split: str
    serialized: bytes


def to_record(raw: RawExample, params: PreprocessParams) -> bytes:
    """Scale one image to its record's size and serialize it."""
    encoded, height, width = recorded(raw.encoded, params)
    return serialize(Record(raw.id, raw.label, encoded), height, width)


def write_shards(folder: Path, params: PreprocessParams, num_workers: int | None = None) -> dict[str, int]:
    """Write the records of all splits, the same bytes for any number of workers.

    Returns:
      The number of records of each split.
    Raises:
      DataError: a manifest lists an example that data/raw does not have.
    """
    manifests = read_manifests(paths.SPLITS)
    split_of = {member.id: split for split, members in manifests.items() for member in members}
    # As `split` has it: a review may have corrected the label.
    label_of = {member.id: member.label for members in manifests.values() for member in members}
    writers = {
        split: ShardWriter(folder, split, len(members), params.examples_per_shard)
        for split, members in manifests.items()
    }

    def transform(raw: RawExample) -> SplitRecord:
        labelled = raw._replace(label=LABELS.index(label_of[raw.id]))
        return SplitRecord(split_of.pop(raw.id), to_record(labelled, params))

    members_only = (raw for raw in read_raw(paths.RAW) if raw.id in split_of)
    records: Iterator[SplitRecord] = ordered_map(
        transform, members_only, title="records", total=len(split_of), num_workers=num_workers
    )
    for split, serialized in records:
        writers[split].write(serialized)
    for writer in writers.values():
        writer.close()
    if split_of:
        raise DataError(
            f"data/splits: expected only examples of data/raw, found {len(split_of)} others, "
            f"{min(split_of)} first; run: dvc repro split"
        )
    return {split: len(members) for split, members in manifests.items()}


def made_from() -> dict[str, str]:
    """Fingerprints of the examples and of their split, for the provenance of what is trained on them."""
    return {
        "raw": files_fingerprint(paths.RAW.glob("*.tfrecord*")),
        "splits": files_fingerprint(paths.SPLITS / f"{split}.csv" for split in SPLITS),
    }


def main() -> None:
    """Run the stage."""
    params = load_params().preprocess
    with new_folder(paths.RECORDS) as folder:
        counts = write_shards(folder, params)
        write_manifest(folder, params.image_size_px, made_from())
    print("preprocess: " + ", ".join(f"{split} {count}" for split, count in counts.items()))


if __name__ == "__main__":
    run_stage(main, "preprocess")
