"""Which data a promoted model was made from, and whether the project's data is still the same.

Arrives: params.yaml, data/review.csv, and what the stages have prepared. Leaves: a `DataRecord`, which
promoted.json keeps, and a sentence about it.
"""

import json
from pathlib import Path
from typing import Any

from pawtrace.base.files import fingerprint, sha256_of
from pawtrace.base.stage_outputs import read_json
from pawtrace.config import paths
from pawtrace.config.params import Params
from pawtrace.config.sections import Section
from pawtrace.dataset.splitting.review import REVIEW
from pawtrace.results.data_summary import Source, SplitSummary

_MANIFEST = paths.RECORDS / "manifest.json"


class DataState(Section):
    """What tells one state of the data from another. None: not known, or not there."""

    photos: str | None  # fingerprint of data/raw
    split: str | None  # of data/splits
    params: str  # of the sections data and split of params.yaml
    review: str | None  # sha256 of data/review.csv
    num_archive_bytes: int | None  # of an archive that is a file


class DataRecord(Section):
    """The data that a model was made from."""

    name: str  # of the archive, or of the source where there is none
    num_examples: dict[str, dict[str, int]]  # split -> label -> examples
    state: DataState


def data_now(params: Params) -> DataRecord | None:
    """The data that the stages have prepared; None where it is not on this machine.

    Raises:
      DataError: a file is not what its stage writes.
    """
    source_file, summary_file = paths.RAW / "source.json", paths.REPORTS / "data.json"
    if not (source_file.is_file() and summary_file.is_file()):
        return None
    source = read_json(Source, source_file, "download")
    splits = read_json(SplitSummary, summary_file, "split").splits
    # The sample's archive is drawn anew each time, and its name says nothing.
    name = source.source if source.source == "sample" else source.archive or source.source
    return DataRecord(name=name, num_examples=splits, state=state_now(params))


def state_now(params: Params) -> DataState:
    """The state of the data as it is, edits included that no stage has seen yet."""
    archive = Path(params.data.archive) if params.data.archive else None
    made_from = _made_from()
    return DataState(
        photos=made_from.get("raw"),
        split=made_from.get("splits"),
        params=fingerprint([params.data.model_dump(), params.split.model_dump()]),
        review=sha256_of(REVIEW) if REVIEW.is_file() else None,
        num_archive_bytes=archive.stat().st_size if archive is not None and archive.is_file() else None,
    )


def data_sentences(record: DataRecord | None, params: Params) -> list[str]:
    """What a model was made from, and, if anything has changed since then, what and what to run.

    Args:
      record: of promoted.json; None in one that an earlier version wrote.
      params: of params.yaml as it is.
    """
    if record is None:
        return ["unknown data (an earlier version did not record it); to record it: pawtrace promote --force"]
    counts = {split: sum(by_label.values()) for split, by_label in record.num_examples.items()}
    labels = ", ".join(f"{count:,} {label}" for label, count in record.num_examples["train"].items())
    made = f"{record.name}: {counts['train']:,} photos to train ({labels}), {counts['test']:,} to test"
    changed = changed_since(record.state, state_now(params))
    if not changed:
        return [made]
    return [
        made,
        f"since then, these have changed: {', '.join(changed)}; no model of the present data is promoted; "
        "run: make repro (unless it has run), then: pawtrace promote",
    ]


def changed_since(then: DataState, now: DataState) -> list[str]:
    """What differs between two states, in words; a value that one of them lacks counts as equal."""
    words = {
        "params": f"data or split in {paths.PARAMS}",
        "review": str(REVIEW),
        "num_archive_bytes": "the archive",
        "photos": "the photos",
        "split": "their split",
    }
    old, new = then.model_dump(), now.model_dump()
    differing = [name for name in words if old[name] != new[name] and None not in (old[name], new[name])]
    causes = [name for name in differing if name in ("params", "review", "num_archive_bytes")]
    return [words[name] for name in causes or differing]  # photos and split follow from their causes


def _made_from() -> dict[str, Any]:
    """What the records were made from; nothing where there are none."""
    try:
        made_from = json.loads(_MANIFEST.read_text(encoding="utf-8"))["made_from"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return made_from if isinstance(made_from, dict) else {}
