"""Which split an example belongs to, and the CSV manifests that say so.

A whole group of duplicates shares a split. Membership follows from the pixels of one of its
members and the seed alone, so examples that come later move no other.
"""

import csv
import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.base.files import csv_text, write_text
from pawtrace.config.sections import LABELS, SPLITS, Fractions

LABEL_CONFLICT = "the same picture under both labels"
COPY_OF_GIVEN = "a copy of a picture in a given test or validation set"


class Example(NamedTuple):
    """An example as the split stage sees it, without its pixels."""

    id: str
    label: int
    digest: str  # of its pixels
    num_pixels: int
    num_bytes: int
    given: str | None = None  # the split that `data.given_splits` gives it


class Membership(NamedTuple):
    """A line of a manifest: `data/splits/<split>.csv`."""

    id: str
    label: str
    group: str


def anchor(group: Iterable[Example]) -> Example:
    """The member whose pixels place the whole group: its likeliest original.

    Copies are made by shrinking, cropping or compressing, so the largest member comes first; a
    copy that is added later then leaves the group where it is.
    """
    return max(group, key=lambda example: (example.num_pixels, example.num_bytes, example.digest))


def choose_split(digest: str, seed: int, fractions: Fractions, given: Collection[str] = ()) -> str:
    """The split of the group that a pixel digest stands for: a fixed draw from the fractions.

    Args:
      digest: of the anchor's pixels.
      seed: another seed is another draw.
      fractions: the shares of the splits; those that are not given share what is left.
      given: splits whose photos params name (`data.given_splits`): nothing is drawn for them.
    """
    draw = int.from_bytes(hashlib.sha256(f"{seed}:{digest}".encode()).digest()[:8]) / 2**64
    shares = fractions.model_dump()
    drawn = 1 - sum(shares[split] for split in given)
    test, validation = (0 if split in given else shares[split] for split in ("test", "validation"))
    if draw < test / drawn:
        return "test"
    return "validation" if draw < (test + validation) / drawn else "train"


def write_manifest(path: Path, members: Iterable[Membership]) -> None:
    """Write one split's manifest, sorted by id, so that the same members are the same bytes."""
    write_text(path, csv_text(Membership._fields, sorted(members)))


def read_manifests(folder: Path) -> dict[str, list[Membership]]:
    """Read the manifests of all splits.

    Raises:
      DataError: a manifest is missing or is not one, or an example is in two splits.
    """
    manifests = {split: _read_manifest(folder / f"{split}.csv") for split in SPLITS}
    split_of: dict[str, str] = {}
    for split, members in manifests.items():
        for member in members:
            if (first_split := split_of.setdefault(member.id, split)) != split:
                raise DataError(
                    f"{folder}: expected each example in one split, found {member.id} in "
                    f"{first_split} and {split}; run: dvc repro split"
                )
    return manifests


def group_by_id(folder: Path) -> dict[str, str]:
    """The group of duplicates of each example of all splits.

    Raises:
      DataError: see `read_manifests`.
    """
    return {member.id: member.group for members in read_manifests(folder).values() for member in members}


def _read_manifest(path: Path) -> list[Membership]:
    again = "run: dvc repro split"
    if not path.exists():
        raise DataError(f"{path} is missing; {again}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != Membership._fields:
        raise DataError(f"{path}: expected the columns {','.join(Membership._fields)}; {again}")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(Membership._fields) or row[1] not in LABELS:
            raise DataError(
                f"{path}:{number}: expected id,label,group, found {','.join(row)[:80]!r}; {again}"
            )
    return [Membership(*row) for row in rows[1:]]
