"""The plan of the shards of records, and the function that makes one of them from its plan.

Arrives: data/raw and the members of each split. Leaves: shards, the same bytes wherever each is made.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.config.sections import LABELS, PreprocessParams
from pawtrace.dataset.examples.raw import (
    RawExample,
    RawPiece,
    RawPlace,
    raw_pieces,
    read_piece,
    read_places,
)
from pawtrace.dataset.examples.recording import recorded
from pawtrace.dataset.examples.records import Record, serialize
from pawtrace.dataset.examples.shards import ShardEntry, shard_name, write_shard
from pawtrace.running.cluster.shard_map import map_shards


class Planned(NamedTuple):
    """An example that a shard is to hold."""

    id: str
    label: int  # index into LABELS, as `split` has it: a review may have corrected it
    place: RawPlace


class ShardPlan(NamedTuple):
    """A shard that is to be written."""

    path: Path  # absolute
    examples: list[Planned]  # in order


def plan_shards(
    raw: Path, folder: Path, members: Mapping[str, Mapping[str, str]], examples_per_shard: int
) -> list[ShardPlan]:
    """Divide the examples of each split into shards, in the order of data/raw.

    Args:
      raw: data/raw.
      folder: where the shards go.
      members: of each split, the label of each example by its id.
      examples_per_shard: but for the last shard of a split.
    Raises:
      DataError: data/raw is damaged, or does not have a member.
    """
    split_of = {id: split for split, label_of in members.items() for id in label_of}
    planned: dict[str, list[Planned]] = {split: [] for split in members}
    for id, place in _places(raw):
        if (split := split_of.pop(id, None)) is not None:
            planned[split].append(Planned(id, LABELS.index(members[split][id]), place))
    if split_of:
        raise _others(f"found {len(split_of)} others, {min(split_of)} first")
    plans = []
    for split, examples in planned.items():
        starts = range(0, len(examples), examples_per_shard)
        for number, start in enumerate(starts):
            path = folder.resolve() / shard_name(split, number, len(starts))
            plans.append(ShardPlan(path, examples[start : start + examples_per_shard]))
    return plans


def write_planned(plan: ShardPlan, params: PreprocessParams) -> ShardEntry:
    """Make a shard; one example is in memory at a time.

    Raises:
      DataError: an example is not where the plan says.
    """

    def serialized() -> Iterator[bytes]:
        raw = read_places(example.place for example in plan.examples)
        for example, planned in zip(raw, plan.examples, strict=True):
            if example.id != planned.id:
                raise _others(f"found {example.id} in place of {planned.id}")
            yield to_record(example._replace(label=planned.label), params)

    return write_shard(plan.path, serialized())


def to_record(raw: RawExample, params: PreprocessParams) -> bytes:
    """Scale one image to its record's size and serialize it."""
    encoded, height, width = recorded(raw.encoded, params)
    return serialize(Record(raw.id, raw.label, encoded), height, width)


def _places(raw: Path) -> Iterator[tuple[str, RawPlace]]:
    pieces = raw_pieces(raw)
    sizes = [piece.num_examples for piece in pieces]
    for of_piece in map_shards(ids_in, pieces, title="examples", sizes=sizes):
        yield from of_piece


def ids_in(piece: RawPiece) -> list[tuple[str, RawPlace]]:
    """The id and the place of each example of a piece."""
    return [(example.id, place) for place, example in read_piece(piece)]


def _others(problem: str) -> DataError:
    return DataError(f"data/splits: expected only examples of data/raw, {problem}; run: dvc repro split")
