"""Which examples differ between two splits of the data: added, removed, relabelled, moved, replaced.

Arrives: the manifests of two revisions. Leaves: `ExampleChanges`, names included.
"""

import csv
import io
from collections import defaultdict
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.config.sections import SPLITS
from pawtrace.lineage.trace.snapshot import Snapshot

_SPLITS = "data/splits"


class Member(NamedTuple):
    """An example of a split."""

    split: str
    label: str
    group: str  # digest of the pixels that place it


class ExampleChanges(NamedTuple):
    """Names of examples, with what happened to them where the name alone does not say it."""

    added: list[str]
    removed: list[str]
    relabelled: list[str]  # `Cat/1.jpg: cat -> dog`
    moved: list[str]  # `Cat/1.jpg: train -> test`
    replaced: list[str]  # other pixels under the same name

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return any(self)


def compare_examples(older: Snapshot, newer: Snapshot) -> ExampleChanges:
    """What differs between the examples of two revisions.

    Raises:
      DataError: a revision has no record of its split, or DVC's cache does not have it any more.
    """
    return _compare(_members(older), _members(newer))


def split_changed(older: Snapshot, newer: Snapshot) -> bool:
    """Whether the manifests of two revisions differ, as far as dvc.lock knows."""
    old, new = older.stage("split"), newer.stage("split")
    return old is None or new is None or old.outputs.get(_SPLITS) != new.outputs.get(_SPLITS)


def _members(snapshot: Snapshot) -> dict[str, Member]:
    record = snapshot.stage("split")
    if record is None or _SPLITS not in record.outputs:
        raise DataError(f"{_SPLITS} of {snapshot.revision}: expected an entry in dvc.lock, found none")
    members = {}
    for split in SPLITS:
        text = snapshot.file(_SPLITS, f"{split}.csv", record.outputs[_SPLITS])
        try:
            for row in csv.DictReader(io.StringIO(text.decode()), strict=True):
                members[row["id"]] = Member(split, row["label"], row["group"])
        except (ValueError, KeyError, csv.Error):
            raise DataError(
                f"{_SPLITS}/{split}.csv of {snapshot.revision} is damaged; run: pawtrace verify"
            ) from None
    return members


def _compare(old: dict[str, Member], new: dict[str, Member]) -> ExampleChanges:
    shared = sorted(old.keys() & new.keys())
    renamed = _renamed(
        {id: old[id] for id in old.keys() - new.keys()}, {id: new[id] for id in new.keys() - old.keys()}
    )
    arrows = [(id, id) for id in shared] + sorted(renamed.items())
    relabelled, moved = [], []
    for old_id, new_id in arrows:
        name = old_id if old_id == new_id else f"{old_id} -> {new_id}"
        if old[old_id].label != new[new_id].label:
            relabelled.append(f"{name}: {old[old_id].label} -> {new[new_id].label}")
        if old[old_id].split != new[new_id].split:
            moved.append(f"{name}: {old[old_id].split} -> {new[new_id].split}")
    return ExampleChanges(
        added=sorted(new.keys() - old.keys() - set(renamed.values())),
        removed=sorted(old.keys() - new.keys() - renamed.keys()),
        relabelled=relabelled,
        moved=moved,
        replaced=[id for id in shared if old[id].group != new[id].group],
    )


def _renamed(removed: dict[str, Member], added: dict[str, Member]) -> dict[str, str]:
    """The same pixels under another name: to relabel an example is to move it to another folder."""
    by_group: dict[str, list[str]] = defaultdict(list)
    for id in sorted(added, reverse=True):
        by_group[added[id].group].append(id)
    return {id: by_group[removed[id].group].pop() for id in sorted(removed) if by_group[removed[id].group]}
