"""Describe the prepared data as Croissant metadata, which data catalogues and loaders understand.

Writes data/croissant.json, which lists each shard of records and the list of each split, with their sha256.
See https://docs.mlcommons.org/croissant.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pawtrace.config import paths
from pawtrace.config.sections import SPLITS

_VERSION = "1.0"
_FILE = Path("data/croissant.json")  # paths in it are relative to its folder
_COLUMNS = {
    "id": "the photo's path in the archive",
    "label": "cat or dog",
    "group": "pictures that look the same have the same group; a group is always in one split",
}
_TERMS = ("column", "extract", "field", "fileObject", "key", "recordSet", "source")
_CONTEXT = {  # the terms used here; source: Croissant 1.0, appendix 1
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{term: f"cr:{term}" for term in _TERMS},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Write the file."""
    del arguments
    from pawtrace.base.files import write_json
    from pawtrace.base.stage_outputs import read_json
    from pawtrace.dataset.examples.shards import read_manifest
    from pawtrace.results.data_summary import Source

    source = read_json(Source, paths.RAW / "source.json", "download")
    write_json(_FILE, croissant(source.archive or source.source, read_manifest(paths.RECORDS)))
    print(f"{_FILE}: describes {paths.RECORDS} and {paths.SPLITS}")
    return 0


def croissant(archive: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the file.

    Args:
      archive: the name of what the photos come from.
      manifest: of the records.
    Raises:
      DataError: data/splits is not there.
    """
    counts = dict.fromkeys(SPLITS, 0)
    for shard in manifest["shards"]:
        counts[shard["split"]] += shard["num_examples"]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": f"http://mlcommons.org/croissant/{_VERSION}",
        "name": "pawtrace",
        "description": (
            f"Cats and dogs from {archive}, prepared by pawtrace: "
            f"{', '.join(f'{count:,} {split}' for split, count in counts.items())} examples. The shards are "
            "TFRecord files of tf.train.Example with the keys of the TensorFlow model garden's ImageNet "
            f"records; images are JPEG, {manifest['image_size_px']} px at the shorter side."
        ),
        "version": f"1.0.0+{manifest['made_from'].get('splits', 'unknown')[:12]}",
        "distribution": [*_shards(manifest), *map(_list_of, SPLITS)],
        "recordSet": [_record_set(split) for split in SPLITS],
    }


def _shards(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for shard in manifest["shards"]:
        path = paths.RECORDS / shard["name"]
        about = f"{shard['num_examples']:,} records of {shard['split']}"
        yield _file(path, about, "application/x-tfrecord", shard["num_bytes"], shard["sha256"])


def _list_of(split: str) -> dict[str, Any]:
    from pawtrace.base.files import sha256_of
    from pawtrace.base.stage_outputs import missing

    path = paths.SPLITS / f"{split}.csv"
    if not path.is_file():
        raise missing(path, "split")
    return _file(path, f"the examples of {split}", "text/csv", path.stat().st_size, sha256_of(path))


def _file(path: Path, about: str, encoding: str, num_bytes: int, sha256: str) -> dict[str, Any]:
    relative = path.relative_to(_FILE.parent).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": relative,
        "name": path.name,
        "description": about,
        "contentUrl": relative,
        "contentSize": f"{num_bytes} B",
        "encodingFormat": encoding,
        "sha256": sha256,
    }


def _record_set(split: str) -> dict[str, Any]:
    file = (paths.SPLITS / f"{split}.csv").relative_to(_FILE.parent).as_posix()
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"The examples of {split}.",
        "key": {"@id": f"{split}/id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{split}/{column}",
                "name": column,
                "description": about,
                "dataType": "sc:Text",
                "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
            }
            for column, about in _COLUMNS.items()
        ],
    }
