"""Work on the files of an archive, several at a time: on this machine's cores, or on a cluster.

Arrives: files, read one after the other. Leaves: what a function makes of each, in their order.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from pawtrace.dataset.sources.archive import Member
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.dataset.sources.inspection import inspect
from pawtrace.running.cluster.shard_map import results_in_order

Result = TypeVar("Result")
_PIECE_BYTES = 2**20  # handed over at once, if a file is not larger
_PIECE_FILES = 64


def map_files(
    function: Callable[[Member], Result], members: Iterable[Member], num_workers: int | None = None
) -> Iterator[Result]:
    """Apply a function to each file of an archive.

    Two pieces for each core wait in memory (eight for each worker of a cluster): 1 MiB of files, or one
    larger file.

    Args:
      function: called in parallel; of a module of pawtrace, or a `partial` of one.
      members: read only a little ahead of the results.
      num_workers: threads on this machine; one per core when not given. Changes no result.
    Yields:
      The results, in the order of the files.
    Raises:
      DeviceError: the cluster cannot be used, or is lost.
      Whatever `members` or the function raises.
    """
    for results in results_in_order(partial(_for_each, function), _pieces(members), num_workers):
        yield from results


def inspected(member: Member, max_pixels: int) -> Member:
    """The same file with the bytes to store, or with the reason why there are none; see `inspect`."""
    if member.content is None:
        return member
    try:
        return member._replace(content=inspect(member.name, member.content, max_pixels))
    except Rejected as reason:
        return member._replace(content=None, problem=str(reason))


def _for_each(function: Callable[[Member], Result], piece: list[Member]) -> list[Result]:
    return [function(member) for member in piece]


def _pieces(members: Iterable[Member]) -> Iterator[list[Member]]:
    """Cut the files into short lists: handing over costs the same for one file and for many."""
    piece: list[Member] = []
    num_bytes = 0
    for member in members:
        size = len(member.content or b"")
        if piece and (num_bytes + size > _PIECE_BYTES or len(piece) == _PIECE_FILES):
            yield piece
            piece, num_bytes = [], 0
        piece.append(member)
        num_bytes += size
    if piece:
        yield piece
