"""Files of an archive are worked on several at a time, in their order, and few wait in memory."""

from collections.abc import Iterator

import pytest

from pawtrace.base.errors import DataError
from pawtrace.dataset.sources.archive import Member
from pawtrace.dataset.sources.file_map import map_files

MIB = 2**20


def name_of(member: Member) -> str:
    if member.name == "bad":
        raise DataError("bad: expected better")
    return member.name


class Files:
    """Files of some sizes; counts how many have been read."""

    def __init__(self, *sizes: int) -> None:
        self.sizes, self.num_read = sizes, 0

    def __iter__(self) -> Iterator[Member]:
        for number, size in enumerate(self.sizes):
            self.num_read += 1
            yield Member(str(number), bytes(size), None)


@pytest.mark.parametrize("sizes", [[10] * 1000, [0, MIB + 1, 10, 3 * MIB, 10], [], [MIB] * 9])
def test_results_come_in_the_order_of_the_files(sizes: list[int]) -> None:
    assert list(map_files(name_of, Files(*sizes))) == [str(number) for number in range(len(sizes))]


@pytest.mark.parametrize("size", [MIB // 4, MIB, 8 * MIB])
def test_only_few_files_wait_in_memory_whatever_their_size(size: int) -> None:
    files = Files(*[size] * 100)
    results = map_files(name_of, files, num_workers=2)
    assert next(results) == "0"
    # The piece of the first result, four more that wait, the one that is being collected and its next file.
    assert files.num_read * size <= max(7 * MIB, 7 * size)
    results.close()  # type: ignore[attr-defined]


def test_small_files_are_handed_over_together_but_not_too_many() -> None:
    files = Files(*[1] * 1000)
    next(map_files(name_of, files, num_workers=2))
    assert 64 < files.num_read < 64 * 8


def test_an_error_comes_out() -> None:
    members = [Member("good", b"", None), Member("bad", b"", None)]
    with pytest.raises(DataError, match="^bad: expected better$"):
        list(map_files(name_of, members))
