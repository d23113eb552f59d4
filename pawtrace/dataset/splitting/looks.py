"""What the pixels of the examples say, piece by piece of data/raw, here or on a cluster.

Arrives: data/raw and the decisions about single photos. Leaves: fingerprints, and where each example lies.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.examples.raw import RawExample, RawPiece, RawPlace, raw_pieces, read_piece
from pawtrace.dataset.splitting.appearance import Appearance, appearance_of
from pawtrace.dataset.splitting.duplicates import pixel_digest
from pawtrace.dataset.splitting.given import given_split
from pawtrace.dataset.splitting.review import Decision
from pawtrace.dataset.splitting.reviewed import reviewed
from pawtrace.dataset.splitting.splits import Example
from pawtrace.running.cluster.shard_map import map_shards


class Look(NamedTuple):
    """An example and what its pixels say."""

    example: Example
    hashes: np.ndarray  # uint64 (2, 4): perceptual, of the image and of its mirror image
    appearance: Appearance


class Looks(NamedTuple):
    """What was seen of data/raw."""

    looks: list[Look]  # of all examples that are not dropped, in the order of data/raw
    places: dict[str, RawPlace]  # of all examples, by id, in the order of data/raw


def look_at_all(raw: Path, given: Mapping[str, str], decisions: Mapping[str, Decision]) -> Looks:
    """Decode all examples and fingerprint their pixels.

    Args:
      raw: data/raw.
      given: `data.given_splits`.
      decisions: about single photos.
    Raises:
      DataError: data/raw is missing or damaged.
    """
    pieces = raw_pieces(raw)
    look = partial(look_at_piece, given=given, decisions=decisions)
    looks = Looks([], {})
    sizes = [piece.num_examples for piece in pieces]
    for of_piece in map_shards(look, pieces, title="fingerprints", sizes=sizes):
        looks.looks.extend(of_piece.looks)
        looks.places.update(of_piece.places)
    return looks


def look_at_piece(piece: RawPiece, given: Mapping[str, str], decisions: Mapping[str, Decision]) -> Looks:
    """See `look_at_all`; one example is in memory at a time."""
    looks = Looks([], {})
    for place, raw in read_piece(piece):
        looks.places[raw.id] = place
        looks.looks.extend(_look_at(example, given) for example in reviewed([raw], decisions))
    return looks


def _look_at(raw: RawExample, given: Mapping[str, str]) -> Look:
    image = decode(raw.encoded, raw.id)
    num_pixels = image.shape[0] * image.shape[1]
    example = Example(
        raw.id, raw.label, pixel_digest(image), num_pixels, len(raw.encoded), given_split(raw.id, given)
    )
    return Look(example, with_mirrored(image), appearance_of(raw.id, image, len(raw.encoded)))
