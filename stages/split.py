"""Divide the examples into train, validation and test; no picture is in two of them.

Arrives: data/raw, data/review.csv, `split.*`, `data.given_splits`, `probe.overlap_distance`.
Leaves: data/splits/{train,validation,test}.csv, data/splits/rejected.csv with thumbnails of what
it lists, data/splits/overlap.csv, data/splits/appearance.csv, and reports/data.json, the facts of the data.
Run: python -m stages.split
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from pawtrace.base.errors import DataError
from pawtrace.base.files import new_folder, write_json
from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.config.sections import LABELS, SPLITS, SplitParams
from pawtrace.dataset.examples.raw import RawExample, RawPlace, read_places
from pawtrace.dataset.splitting.appearance import write_appearances
from pawtrace.dataset.splitting.duplicates import group_duplicates
from pawtrace.dataset.splitting.given import check_given, divided_folders
from pawtrace.dataset.splitting.linear_baseline import Baseline, choose_examples, linear_baseline
from pawtrace.dataset.splitting.looks import Look, look_at_all
from pawtrace.dataset.splitting.overlap import HELD_OUT, Overlap, find_overlap, write_overlap
from pawtrace.dataset.splitting.pairs_on_cluster import pairs_for_split
from pawtrace.dataset.splitting.rejected import write_rejected
from pawtrace.dataset.splitting.review import DECISIONS, DROPPED, REVIEW, Decision, read_review
from pawtrace.dataset.splitting.reviewed import reviewed
from pawtrace.dataset.splitting.splits import (
    COPY_OF_GIVEN,
    LABEL_CONFLICT,
    Example,
    Membership,
    anchor,
    choose_split,
    write_manifest,
)
from pawtrace.running.entry_point import run_stage

_MAX_NAMED = 5  # files of data/review.csv without effect


class Rejection(NamedTuple):
    """An example that is in no split."""

    example: Example
    reason: str


def assign(
    looks: list[Look], params: SplitParams
) -> tuple[dict[str, list[Membership]], list[Rejection], dict[str, Any]]:
    """Group duplicates, give every group a split, and count.

    Of a group with pictures of a given test or validation set, only those are used: a copy of them
    elsewhere would leak.

    Returns:
      The members of each split; the rejected examples; the summary that goes to git.
    """
    given = {look.example.given for look in looks if look.example.given is not None}
    numbers, num_mirrored = group_duplicates(
        [look.example.digest for look in looks],
        np.stack([look.hashes for look in looks]),
        params.near_duplicate_distance,
        pairs_for_split,
    )
    groups: dict[int, list[Example]] = defaultdict(list)
    for number, look in zip(numbers, looks, strict=True):
        groups[int(number)].append(look.example)

    members: dict[str, list[Membership]] = {split: [] for split in SPLITS}
    rejected: list[Rejection] = []
    for group in groups.values():
        if len({example.label for example in group}) > 1:
            rejected += [Rejection(example, LABEL_CONFLICT) for example in group]
            continue
        digest = anchor(group).digest
        split = _given_to(group) or choose_split(digest, params.seed, params.fractions, given)
        kept = [example for example in group if split not in given or example.given == split]
        rejected += [Rejection(example, COPY_OF_GIVEN) for example in group if example not in kept]
        members[split] += [Membership(example.id, LABELS[example.label], digest[:16]) for example in kept]
    summary = _summary(list(groups.values()), members, num_mirrored)
    return members, sorted(rejected), summary | _rejected_facts(rejected)


def _given_to(group: list[Example]) -> str | None:
    """The split that params give a group: test before validation, where it has pictures of both."""
    given = {example.given for example in group}
    return next((split for split in ("test", "validation") if split in given), None)


def _rejected_facts(rejected: list[Rejection]) -> dict[str, int]:
    num_leaking = sum(rejection.reason == COPY_OF_GIVEN for rejection in rejected)
    return {"num_rejected": len(rejected), "num_copies_of_given": num_leaking}


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


def check_splits(summary: dict[str, Any], given: Mapping[str, str]) -> None:
    """Refuse a split without both labels: nothing could be trained or measured on it.

    Raises:
      DataError: names the split and the label.
    """
    for split, counts in summary["splits"].items():
        for label, count in counts.items():
            if count == 0:
                way_on = (
                    f"correct data.given_splits for {split}"
                    if split in given.values()
                    else f"raise split.fractions.{split}"
                )
                raise DataError(
                    f"data/splits: expected at least one {label} in {split}, found none among "
                    f"{summary['num_examples']} examples; add photos or {way_on}, then run: dvc repro split"
                )


def _overlap(looks: list[Look], members: dict[str, list[Membership]], distance: int) -> list[Overlap]:
    ids = {split: [member.id for member in split_members] for split, split_members in members.items()}
    hashes = {look.example.id: look.hashes for look in looks}
    return list(find_overlap(ids, hashes, distance, pairs_for_split))


def _baseline(
    train: list[Membership], seed: int, places: Mapping[str, RawPlace], decisions: Mapping[str, Decision]
) -> Baseline | None:
    chosen = choose_examples(train, seed)
    return linear_baseline(reviewed(_read(chosen, places), decisions), chosen)


def _read(ids: Iterable[str], places: Mapping[str, RawPlace]) -> Iterator[RawExample]:
    """Only these examples of data/raw, in its order."""
    return read_places(sorted(places[id] for id in ids))


def _used(decisions: dict[str, Decision], ids: Container[str]) -> dict[str, Decision]:
    """The decisions about examples that there are."""
    used = {id: decision for id, decision in decisions.items() if id in ids}
    if others := sorted(decisions.keys() - used.keys()):
        more = f" and {len(others) - _MAX_NAMED} more" if len(others) > _MAX_NAMED else ""
        print(f"split: these decisions of {REVIEW} have no effect, as no such photos can be used: "
              f"{', '.join(others[:_MAX_NAMED])}{more}; correct the paths, or delete the lines")  # fmt: skip
    return used


def main() -> None:
    """Run the stage."""
    params = load_params()
    given, decisions = params.data.given_splits, read_review()
    looks, places = look_at_all(paths.RAW, given, decisions)
    decisions = _used(decisions, places)
    ids = [look.example.id for look in looks]
    check_given(ids, given)
    members, rejected, summary = assign(looks, params.split)
    check_splits(summary, given)
    overlap = _overlap(looks, members, params.probe.overlap_distance)
    baseline = _baseline(members["train"], params.split.seed, places, decisions)
    reason_of = {each.example.id: each.reason for each in rejected}
    reason_of |= {id: DROPPED for id in sorted(decisions) if decisions[id] == "drop"}
    with new_folder(paths.SPLITS) as folder:
        for split, split_members in members.items():
            write_manifest(folder / f"{split}.csv", split_members)
        write_overlap(folder / "overlap.csv", overlap)
        write_appearances(folder, (look.appearance for look in looks))
        write_rejected(folder, reason_of, lambda ids: _read(ids, places))
    num_like_train = Counter(pair.split for pair in overlap)
    facts = {
        "given_splits": given,
        "divided_folders": divided_folders(ids),
        "num_like_train": {split: num_like_train[split] for split in HELD_OUT},
        "baseline": None if baseline is None else baseline._asdict(),
        "review": {decision: list(decisions.values()).count(decision) for decision in DECISIONS},
    }
    write_json(paths.REPORTS / "data.json", summary | facts)
    _say(summary | facts, overlap, baseline)


def _say(summary: dict[str, Any], overlap: list[Overlap], baseline: Baseline | None) -> None:
    counts = ", ".join(f"{split} {sum(labels.values())}" for split, labels in summary["splits"].items())
    num_leaking = summary["num_copies_of_given"]
    print(f"split: {counts}; {summary['num_rejected'] - num_leaking} rejected ({LABEL_CONFLICT})")
    if any(summary["review"].values()):
        done = ", ".join(f"{count} {decision}" for decision, count in summary["review"].items() if count)
        print(f"split: {REVIEW}: {done}")
    if num_leaking:
        print(f"split: left out {num_leaking} pictures that are copies of pictures in the given sets")
    if summary["divided_folders"] and not summary["given_splits"]:
        print(f"split: {_mixing(summary['divided_folders'])}")
    print(f"split: {len(overlap)} validation and test pictures look like a train picture")
    right = f"{baseline.num_right} of {baseline.num_examples} correct" if baseline else "too few pictures"
    print(f"split: simple baseline (edges + linear model): {right}")


def _mixing(divided: dict[str, dict[str, int]]) -> str:
    folders = {folder: count for counts in divided.values() for folder, count in counts.items()}
    listed = ", ".join(f"{folder} ({count})" for folder, count in folders.items())
    given = ", ".join(f"{folder}: {split}" for split in HELD_OUT for folder in divided.get(split, ()))
    return (
        f"the pictures came in the split folders {listed}, but were mixed and split anew; "
        f"to keep the original split, set data.given_splits: {{{given}}}"
    )


if __name__ == "__main__":
    run_stage(main, "split")
