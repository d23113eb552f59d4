"""Turn every example into a small record, so that training only decodes and augments.

Arrives: data/raw, data/splits, `preprocess.*`.
Leaves: data/records/<split>-00000-of-00008.tfrecord, an index beside each, and manifest.json.
Each shard is made by itself, here or on a cluster: see pawtrace/running/cluster/shard_map.py.
Run: python -m stages.preprocess
"""

from functools import partial
from pathlib import Path

from pawtrace.base.files import files_fingerprint, new_folder
from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.config.sections import SPLITS, PreprocessParams
from pawtrace.dataset.examples.planned import plan_shards, write_planned
from pawtrace.dataset.examples.raw import raw_fingerprint
from pawtrace.dataset.examples.shards import ShardEntry, write_manifest
from pawtrace.dataset.splitting.splits import read_manifests
from pawtrace.running.cluster.shard_map import map_shards
from pawtrace.running.entry_point import run_stage


def write_shards(folder: Path, params: PreprocessParams, num_workers: int | None = None) -> list[ShardEntry]:
    """Write the records of all splits, the same bytes for any number of workers.

    Returns:
      What the manifest says of each shard.
    Raises:
      DataError: a manifest lists an example that data/raw does not have.
    """
    members = {
        split: {member.id: member.label for member in of_split}
        for split, of_split in read_manifests(paths.SPLITS).items()
    }
    plans = plan_shards(paths.RAW, folder, members, params.examples_per_shard)
    write, sizes = partial(write_planned, params=params), [len(plan.examples) for plan in plans]
    return list(map_shards(write, plans, title="records", sizes=sizes, num_workers=num_workers))


def made_from() -> dict[str, str]:
    """Fingerprints of the examples and of their split, for the provenance of what is trained on them."""
    return {
        "raw": raw_fingerprint(paths.RAW),
        "splits": files_fingerprint(paths.SPLITS / f"{split}.csv" for split in SPLITS),
    }


def main() -> None:
    """Run the stage."""
    params = load_params().preprocess
    with new_folder(paths.RECORDS) as folder:
        shards = write_shards(folder, params)
        write_manifest(folder, params.image_size_px, shards, made_from())
    counts = {split: sum(s.num_examples for s in shards if s.split == split) for split in SPLITS}
    print("preprocess: " + ", ".join(f"{split} {count}" for split, count in counts.items()))


if __name__ == "__main__":
    run_stage(main, "preprocess")
