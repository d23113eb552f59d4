"""The data behind the results: where it came from, how it was split, what was rejected and why.

Arrives: reports/data.json, data/raw/{source.json,rejected.csv}, data/splits/{overlap,rejected,appearance}.csv
and thumbnails. Leaves: `DataSummary`.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_type_hints

from pawtrace.base.stage_outputs import StageOutput, read_json, read_rows, unexpected
from pawtrace.config.sections import SPLITS

if TYPE_CHECKING:
    from pawtrace.dataset.splitting.appearance import Appearance  # with OpenCV: `pawtrace status` needs none

_NUM_EXAMPLES = 6  # listed for each reason; the files list all


class Baseline(StageOutput):
    """How many train examples a linear classifier on edges predicts rightly that was fitted without them."""

    num_examples: int  # as many cats as dogs
    num_right: int


class SplitSummary(StageOutput):
    """What the split stage measured: reports/data.json."""

    splits: dict[str, dict[str, int]]  # split -> label -> examples
    num_examples: int
    num_groups: int
    num_exact_duplicates: int
    num_near_duplicates: int
    num_mirrored_duplicates: int
    num_rejected: int
    num_like_train: dict[str, int]  # by split: examples that look like a train example
    baseline: Baseline | None  # None: too few examples to measure it


class Source(StageOutput):
    """Where the photos come from: data/raw/source.json."""

    source: str
    archive: str | None
    archive_sha256: str | None
    num_examples: dict[str, int]
    num_rejected: int


class RejectedFile(NamedTuple):
    """A file that is in no split."""

    file: str
    detail: str  # what was found, where the reason has such a part
    picture: Path | None


class Rejection(NamedTuple):
    """All files that were rejected for one reason."""

    reason: str
    stage: str
    num_files: int
    examples: list[RejectedFile]  # the first few, those with a picture before the others


class DataSummary(NamedTuple):
    """What is known about the data."""

    source: Source
    split: SplitSummary
    like_train: dict[str, set[str]]  # by split: ids of the examples that look like a train example
    rejections: list[Rejection]  # most frequent first
    appearances: dict[str, "Appearance"] = {}  # what each example looks like, by id
    reviewed: frozenset[str] = frozenset()  # ids of the examples whose label the user has decided


def read_data_summary(raw: Path, splits: Path, summary: Path) -> DataSummary:
    """Read what the download and split stages left.

    Args:
      raw: the folder of the download stage.
      splits: the folder of the split stage.
      summary: reports/data.json.
    Raises:
      DataError: a file is missing or is not what its stage writes; names the stage to run.
    """
    rejections = [
        *_read_rejections(raw / "rejected.csv", "download"),
        *_read_rejections(splits / "rejected.csv", "split"),
    ]
    return DataSummary(
        source=read_json(Source, raw / "source.json", "download"),
        split=read_json(SplitSummary, summary, "split"),
        like_train=_read_like_train(splits / "overlap.csv"),
        rejections=sorted(rejections, key=lambda rejection: (-rejection.num_files, rejection.reason)),
        appearances=_read_appearances(splits),
    )


def _read_like_train(path: Path) -> dict[str, set[str]]:
    like_train: dict[str, set[str]] = {split: set() for split in SPLITS}
    for row in read_rows(path, ("id", "split"), "split"):
        like_train.setdefault(row["split"], set()).add(row["id"])
    return like_train


def _read_appearances(splits: Path) -> dict[str, "Appearance"]:
    from pawtrace.dataset.splitting.appearance import APPEARANCE, Appearance

    path, columns = splits / APPEARANCE, get_type_hints(Appearance)
    try:
        return {
            row["id"]: Appearance(**{name: kind(row[name]) for name, kind in columns.items()})
            for row in read_rows(path, Appearance._fields, "split")
        }
    except ValueError as error:
        raise unexpected(path, "split", str(error)) from None


def _read_rejections(path: Path, stage: str) -> Iterator[Rejection]:
    files: dict[str, list[RejectedFile]] = defaultdict(list)
    for row in read_rows(path, ("file", "reason"), stage):
        reason, _, detail = row["reason"].partition(":")
        files[reason].append(RejectedFile(row["file"], detail.strip(), _picture(path, row)))
    for reason, rejected_files in files.items():
        shown = sorted(rejected_files, key=lambda rejected: rejected.picture is None)[:_NUM_EXAMPLES]
        yield Rejection(reason, stage, len(rejected_files), shown)


def _picture(path: Path, row: dict[str, str]) -> Path | None:
    """The thumbnail of a rejected file, where its stage could draw one."""
    name = row.get("picture")
    picture = path.parent / "pictures" / Path(name).name if name else None
    return picture if picture is not None and picture.is_file() else None
